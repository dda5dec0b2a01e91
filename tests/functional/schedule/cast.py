"""Schedules of acme's people, written by the door that all pages use, and what came of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from shifts.core.hours import Hours, format_hours, parse_hours
from shifts.core.roster import State
from shifts.models import PlannedDay, SchedulePattern, StandingPattern
from shifts.operations.plan import changing
from shifts.queries.availability import schedules_of
from tests.functional.console.cast import (
    ANA,
    LUCAS,
    MALLORY,
    OLEG,
    SONIA,
    VERA,
    World,
    build_acme,
    build_rival,
)

__all__ = [
    "ANA",
    "IRINA",
    "LUCAS",
    "MALLORY",
    "MEHMET",
    "MONDAY",
    "NOON",
    "OLEG",
    "SALES_GROUP",
    "SERVICE_GROUP",
    "SONIA",
    "VERA",
    "World",
    "build_acme",
    "build_rival",
    "hours",
    "in_service",
    "planned",
    "stand",
    "week",
]

MEHMET, IRINA = 17, 18
SALES_GROUP, SERVICE_GROUP = 0, 5  # Kommo ids: Oleg, Ana, Lucas and Dewi; Mehmet and Irina
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)  # a Monday, 12:00 in Madrid
MONDAY = date(2026, 3, 2)


def hours(text: str) -> Hours:
    """Return the hours that a text stands for."""
    return parse_hours(text)


def week(
    world: World, name: str = "5/2", text: str = "09:00-18:00", days: int = 5
) -> SchedulePattern:
    """Write a weekly pattern with these hours from Monday on."""
    own = [list(pair) for pair in parse_hours(text)]
    cycle = [own if number < days else [] for number in range(7)]
    row: SchedulePattern = SchedulePattern.objects.create(
        account=world.account, name=name, cycle=cycle, anchor_on=MONDAY
    )
    return row


def stand(
    world: World,
    users: Iterable[int],
    pattern: SchedulePattern,
    *,
    starts_on: date = MONDAY,
    ends_on: date | None = None,
    now: datetime = NOON,
) -> None:
    """Let people (Kommo ids) follow a pattern from a day on."""
    ids = [world[user].pk for user in users]
    with changing(world.account, kind="standing", actor=None, now=now) as change:
        for manager_id in ids:
            StandingPattern.objects.create(
                account=world.account,
                manager_id=manager_id,
                pattern=pattern,
                starts_on=starts_on,
                ends_on=ends_on,
                anchor_on=pattern.anchor_on,
            )
        change.touch(ids, starts_on, ends_on)


def planned(world: World, user: int, on: date) -> tuple[str, str, str] | None:
    """Return (kind, cause, hours) as they are planned; None for an empty day."""
    row = PlannedDay.objects.filter(manager=world[user], on=on).first()
    return None if row is None else (row.kind, row.cause, format_hours(row.hours))


def in_service(world: World, moment: datetime) -> set[int]:
    """Return who is in service at a moment, by Kommo user id."""
    found = schedules_of(world.account, moment)
    return {user for user, schedule in found.items() if schedule.state is State.IN_SERVICE}
