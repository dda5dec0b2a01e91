"""What a template says, section by section. A value that is not given has its default.

The document is what versions store, what a settings file holds and what the editor edits; ids are
Kommo's. The JSON names of fields are those of the attributes. See docs/settings.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from distribution.core.policy.schema import (
    choice,
    clock,
    identity,
    ids,
    picks,
    rows,
    stage,
    stages,
    tick,
    weekdays,
    whole,
    words,
)

MOST_MINUTES = 7 * 24 * 60
MOST_LEADS = 100_000
LINKED = (
    "contacts",
    "companies",
    "customers",
    "lead_tasks",
    "linked_tasks",
    "company_leads",
    "contact_leads",
)
ACCEPTED_BY = ("stage", "field", "touch", "click")


@dataclass(frozen=True, slots=True)
class Member:
    """A manager or a live group in the distribution list (F23, F97–F99)."""

    kind: str = choice("manager", "group")
    id: int = whole(0, 0, 2**63 - 1)  # Kommo's id of the user or the group
    weight: int = whole(1, 0, 1000)  # coefficient; looked at by "weighted"
    tier: int = whole(1, 1, 20)  # asked in order (F102)
    leads: int | None = whole(None, 0, MOST_LEADS)  # own limit, instead of the template's
    tasks: int | None = whole(None, 0, MOST_LEADS)


@dataclass(frozen=True, slots=True)
class Hours:
    """When something goes on, by the account's clock; equal ends: around the clock (F79)."""

    start: str = clock("09:00")
    end: str = clock("18:00")
    weekdays: tuple[int, ...] = weekdays()


@dataclass(frozen=True, slots=True)
class Gates:
    """Who can take leads, by the three axes of availability (R1)."""

    shift: str = choice("off", "require")
    presence: str = choice("off", "prefer", "require")  # Kommo open right now (F107)
    schedule: str = choice("off", "personal", "named")
    pattern: str = words()  # name of the schedule, with "named" (F58)
    start_delay_minutes: int = whole(0, 0, 24 * 60)  # after the beginning of a shift (F45)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a person may hold or get; blank is not looked at (F119–F125, B6)."""

    leads: int | None = whole(None, 0, MOST_LEADS)
    tasks: int | None = whole(None, 0, MOST_LEADS)
    # Which open leads count: all active stages, those that watches track, or the chosen ones.
    counts: str = choice("all", "tracked", "chosen")
    stages: tuple[tuple[int, int | None], ...] = stages()
    pace_leads: int | None = whole(None, 1, 1000)
    pace_minutes: int = whole(60, 1, 24 * 60)


@dataclass(frozen=True, slots=True)
class StickyRules:
    """Recurring leads go to whom their customer belongs (F126–F130, R20–R22)."""

    by: str = choice("off", "contact", "company", "both")
    always_distribute: tuple[int, ...] = ids()  # owners who count as nobody: robots, admins
    excluded: bool = tick(True)  # never redistributed (F128, R21)
    owner_away: str = choice("give", "wait", "distribute")
    wait_minutes: int = whole(30, 1, MOST_MINUTES)
    counts: bool = tick()  # in the statistics, too


@dataclass(frozen=True, slots=True)
class Skills:
    """What the lead asks for, in one of its fields, against the managers' skills (B14)."""

    mode: str = choice("off", "soft", "hard")
    field_id: int | None = identity()
    relax_minutes: int | None = whole(None, 0, MOST_MINUTES)  # with "hard": then anybody


@dataclass(frozen=True, slots=True)
class Nobody:
    """What happens when nobody is eligible (R4, B12)."""

    then: str = choice("wait", "ignore_presence", "duty", "move_stage")
    after_minutes: int = whole(0, 0, MOST_MINUTES)
    duty: int | None = identity()
    stage: tuple[int, int] | None = stage()
    widen_minutes: int = whole(0, 0, MOST_MINUTES)  # each further tier only after so long


@dataclass(frozen=True, slots=True)
class Departure:
    """What happens to the open leads of a manager who goes off shift (F1, F40)."""

    moves: bool = tick()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Redistribution by time: not accepted within the minutes → the next (F137–F142)."""

    minutes: int | None = whole(None, 1, MOST_MINUTES)
    hours: Hours = field(default_factory=lambda: Hours("00:00", "00:00"))
    cap: int = whole(100, 1, 100)
    accepted_by: tuple[str, ...] = picks(("stage",), *ACCEPTED_BY)
    field_id: int | None = identity()
    cap_stage: tuple[int, int] | None = stage()  # after the cap, once (F140)
    pause_after: int | None = whole(None, 1, 100)  # misses in a row that switch a manager off (B8)


@dataclass(frozen=True, slots=True)
class FirstTouch:
    """Until when a new lead is to be touched, in working time; and when to warn (B13)."""

    minutes: int | None = whole(None, 1, MOST_MINUTES)
    warn_minutes: int | None = whole(None, 1, MOST_MINUTES)  # before the breach


@dataclass(frozen=True, slots=True)
class Body:
    """A template's whole policy."""

    strategy: str = choice("even", "weighted", "least_loaded")
    members: tuple[Member, ...] = rows(Member)
    hours: Hours = field(default_factory=lambda: Hours("00:00", "00:00"))
    off_hours: str = choice("wait", "leave")  # what a new lead does while closed (R6)
    gates: Gates = field(default_factory=Gates)
    limits: Limits = field(default_factory=Limits)
    keep_owner: bool = tick()  # consider the current responsible (F108)
    sticky: StickyRules = field(default_factory=StickyRules)
    skills: Skills = field(default_factory=Skills)
    nobody: Nobody = field(default_factory=Nobody)
    departure: Departure = field(default_factory=Departure)
    acceptance: Acceptance = field(default_factory=Acceptance)
    first_touch: FirstTouch = field(default_factory=FirstTouch)
    linked: tuple[str, ...] = picks((), *LINKED)  # whose owner changes with the lead's (F131–F136)
