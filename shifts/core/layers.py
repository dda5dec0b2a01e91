"""What the layers of the schedule come to for one day: pattern → month → override → swap. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shifts.core.hours import Hours


class Kind(StrEnum):
    """What a day is. Stored: never rename a value."""

    EMPTY = "empty"  # nothing is planned
    WORK = "work"
    DAY_OFF = "day_off"


class Cause(StrEnum):
    """Why a day is off. Stored: never rename a value."""

    REST = "rest"  # the pattern's day of rest
    MARKED = "marked"  # a supervisor's cup in the grid (F76)
    HOLIDAY = "holiday"
    ABSENCE = "absence"
    SWAPPED = "swapped"  # given to a colleague


class Layer(StrEnum):
    """Which layer had the last word."""

    NONE = ""
    PATTERN = "pattern"
    MONTH = "month"
    HOLIDAY = "holiday"
    OVERRIDE = "override"
    SWAP = "swap"


class OverrideKind(StrEnum):
    """What an override does. Stored: never rename a value."""

    ABSENCE = "absence"
    HOURS = "hours"
    SWAP = "swap"


@dataclass(frozen=True, slots=True)
class MonthCell:
    """A day as a supervisor has set it in the grid."""

    hours: Hours | None = None  # None: the pattern's; (): cleared, or with day_off a day of rest
    day_off: bool | None = None  # None: as holidays say; True: off; False: works on a holiday too


@dataclass(frozen=True, slots=True)
class OverrideCell:
    """An override that reaches over the day."""

    kind: OverrideKind
    hours: Hours = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A manager's day as it is planned; the hours stay on a day off, they are what returns."""

    kind: Kind = Kind.EMPTY
    hours: Hours = ()
    cause: Cause | None = None
    layer: Layer = Layer.NONE

    @property
    def works(self) -> Hours:
        """Return the hours that are worked."""
        return self.hours if self.kind is Kind.WORK else ()


EMPTY = Day()


def day_of(
    *,
    pattern: Hours | None,
    month: MonthCell | None = None,
    is_holiday: bool = False,
    overrides: Sequence[OverrideCell] = (),
) -> Day:
    """Return what a day comes to.

    `pattern` are the hours of the standing pattern, () for its day of rest, None without a pattern.
    `overrides` stand in the order of their creation, swaps among them: the last one wins. Whoever falls
    ill on a day that they have taken over is away.
    """
    day = _base(pattern, month, is_holiday)
    for override in overrides:
        day = _overridden(day, override)
    return day


def _base(pattern: Hours | None, month: MonthCell | None, is_holiday: bool) -> Day:
    is_own = month is not None and month.hours is not None
    hours = month.hours if month is not None and month.hours is not None else pattern
    if hours is None:
        return EMPTY
    layer = Layer.MONTH if is_own or (month and month.day_off is not None) else Layer.PATTERN
    if not hours:
        is_rest = not is_own or (month is not None and month.day_off is True)
        return Day(Kind.DAY_OFF, (), Cause.REST, layer) if is_rest else EMPTY
    if month is not None and month.day_off:
        return Day(Kind.DAY_OFF, hours, Cause.MARKED, layer)
    if is_holiday and (month is None or month.day_off is None):
        return Day(Kind.DAY_OFF, hours, Cause.HOLIDAY, Layer.HOLIDAY)
    return Day(Kind.WORK, hours, None, layer)


def _overridden(day: Day, override: OverrideCell) -> Day:
    if override.kind is OverrideKind.ABSENCE:
        return Day(Kind.DAY_OFF, day.hours, Cause.ABSENCE, Layer.OVERRIDE)
    layer = Layer.SWAP if override.kind is OverrideKind.SWAP else Layer.OVERRIDE
    if override.hours:
        return Day(Kind.WORK, override.hours, None, layer)
    cause = Cause.SWAPPED if override.kind is OverrideKind.SWAP else Cause.ABSENCE
    return Day(Kind.DAY_OFF, day.hours, cause, layer)
