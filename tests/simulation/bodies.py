"""Bodies of templates as a Random draws them, section by section: every kind of policy turns up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from distribution.core.policy.body import LINKED
from tests.policies import ALL_DAY

Json = dict[str, Any]
HOURS = (("09:00", "18:00"), ("10:00", "10:20"), ("10:05", "23:00"), ("12:00", "20:00"))


@dataclass(frozen=True, slots=True)
class Place:
    """What an account has to name in a policy, by Kommo's ids."""

    users: Sequence[int]
    groups: Sequence[int]
    stages: Sequence[tuple[int, int]]
    siding: tuple[int, int]  # where leads are moved that nobody takes: no trigger moves them on
    admin: int
    has_schedules: bool


def draw_body(random: Random, place: Place) -> Json:
    """Return a policy of any kind."""
    return {name: draw(random, place) for name, draw in SECTIONS.items()}


def _strategy(random: Random, place: Place) -> str:
    return random.choice(("even", "weighted", "weighted", "least_loaded"))


def _members(random: Random, place: Place) -> list[Json]:
    rows = [{"kind": "group", "id": group} for group in place.groups]
    if random.random() < 0.6:
        count = random.randrange(1, len(place.users) + 1)
        chosen = random.sample(list(place.users), count)
        rows = [{"kind": "manager", "id": user} for user in chosen]
    return [
        {
            **row,
            "weight": random.choice((1, 1, 2, 3, 60)),
            "tier": random.choice((1, 1, 1, 2)),
            "leads": random.choice((None, None, None, 1, 3)),
            "tasks": random.choice((None, None, None, 2)),
        }
        for row in rows
    ]


def _hours(random: Random, place: Place) -> Json:
    if random.random() < 0.75:
        return dict(ALL_DAY)
    start, end = random.choice(HOURS)
    return {"start": start, "end": end, "weekdays": random.choice(([0, 1, 2, 3, 4, 5, 6], [2, 4]))}


def _off_hours(random: Random, place: Place) -> str:
    return random.choice(("wait", "wait", "leave"))


def _gates(random: Random, place: Place) -> Json:
    return {
        "shift": random.choice(("off", "require")),
        "presence": random.choice(("off", "off", "prefer", "require")),
        "schedule": random.choice(("off", "personal")) if place.has_schedules else "off",
        "start_delay_minutes": random.choice((0, 0, 0, 2)),
    }


def _limits(random: Random, place: Place) -> Json:
    return {
        "leads": random.choice((None, None, 1, 2, 4)),
        "tasks": random.choice((None, None, None, 1, 3)),
        "counts": random.choice(("all", "tracked", "chosen")),
        "stages": [list(stage) for stage in random.sample(list(place.stages), 2)],
        "pace_leads": random.choice((None, None, 1, 3)),
        "pace_minutes": random.choice((5, 60)),
    }


def _keep_owner(random: Random, place: Place) -> bool:
    return random.random() < 0.2


def _sticky(random: Random, place: Place) -> Json:
    return {
        "by": random.choice(("off", "contact", "company", "both")),
        "always_distribute": random.choice(([], [place.admin])),
        "excluded": random.random() < 0.5,
        "owner_away": random.choice(("give", "wait", "distribute")),
        "wait_minutes": random.choice((3, 30)),
        "counts": random.random() < 0.3,
    }


def _nobody(random: Random, place: Place) -> Json:
    return {
        "then": random.choice(("wait", "ignore_presence", "duty", "move_stage")),
        "after_minutes": random.choice((0, 0, 3, 15)),
        "duty": random.choice(list(place.users)),
        "stage": list(place.siding),
        "widen_minutes": random.choice((0, 0, 5)),
    }


def _departure(random: Random, place: Place) -> Json:
    return {"moves": random.random() < 0.6}


def _acceptance(random: Random, place: Place) -> Json:
    ways = ("stage", "touch", "click")
    return {
        "minutes": random.choice((None, 3, 5, 10, 30)),
        "cap": random.choice((1, 2, 3, 5)),
        "accepted_by": random.sample(ways, random.randrange(1, 4)),
        "cap_stage": random.choice((None, list(place.siding))),
    }


def _first_touch(random: Random, place: Place) -> Json:
    return {"minutes": random.choice((None, None, 10)), "warn_minutes": random.choice((None, 4))}


def _linked(random: Random, place: Place) -> list[str]:
    return random.sample(LINKED, random.randrange(1, 4)) if random.random() < 0.5 else []


SECTIONS: dict[str, Callable[[Random, Place], Any]] = {
    "strategy": _strategy,
    "members": _members,
    "hours": _hours,
    "off_hours": _off_hours,
    "gates": _gates,
    "limits": _limits,
    "keep_owner": _keep_owner,
    "sticky": _sticky,
    "nobody": _nobody,
    "departure": _departure,
    "acceptance": _acceptance,
    "first_touch": _first_touch,
    "linked": _linked,
}
