"""Patterns: days that repeat, counted from an anchor date: 5/2, 2/2, any cycle. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shifts.core.hours import Hours, check_hours

LONGEST_CYCLE_DAYS = 366


class BadCycle(ValueError):
    """A cycle has 1 to 366 days, at least one of them with hours."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The hours of each day of a cycle; a day without hours is a day of rest."""

    cycle: tuple[Hours, ...]
    anchor_on: date  # the first day of a cycle; days before it count backwards

    def hours_on(self, day: date) -> Hours:
        """Return the hours of a day, before or after the anchor."""
        return self.cycle[(day - self.anchor_on).days % len(self.cycle)]


def check_cycle(days: Sequence[Sequence[Sequence[int]]]) -> tuple[Hours, ...]:
    """Return a cycle as it is stored; what comes from JSON may be anything. Raises BadCycle, BadHours."""
    if not isinstance(days, list | tuple):
        raise BadCycle
    if not 1 <= len(days) <= LONGEST_CYCLE_DAYS:
        raise BadCycle(str(len(days)))
    cycle = tuple(check_hours(day) for day in days)
    if not any(cycle):
        raise BadCycle("0")
    return cycle


def pattern_from_json(cycle: Any, anchor_on: date) -> Pattern:
    """Return the pattern that a row of SchedulePattern holds."""
    return Pattern(tuple(tuple((s, e) for s, e in day) for day in cycle), anchor_on)
