"""A named schedule as it counts for whoever is listed with it but does not follow it (F58). Pure.

The pattern's own cycle, by the person's clock; holidays, days off and absences are taken out of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shifts.core import roster
from shifts.core.clock import ZoneClock
from shifts.core.layers import Day, MonthCell, OverrideCell, OverrideKind, day_of
from shifts.core.patterns import Pattern

FARTHEST_DAYS = 62  # as far ahead as the next hours are looked for, as in the plan
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """An override of some days: away, or with hours of their own, which end an absence below it."""

    number: int  # the later one has the last word
    starts_on: date
    ends_on: date
    is_away: bool


@dataclass(slots=True)
class DaysOff:
    """What takes days out of a cycle, or puts them back."""

    holidays: frozenset[date] = frozenset()
    marked: dict[date, bool] = field(default_factory=dict)  # day off; False: works on a holiday
    absences: list[Absence] = field(default_factory=list)

    def is_away_on(self, on: date) -> bool:
        """Say whether the last word on the day is that the person is away."""
        reaching = [row for row in self.absences if row.starts_on <= on <= row.ends_on]
        return bool(reaching) and max(reaching, key=lambda row: row.number).is_away


def day_in(pattern: Pattern, off: DaysOff, on: date) -> Day:
    """Return what a day of the pattern comes to for a person with these days off."""
    away = (OverrideCell(OverrideKind.ABSENCE),) if off.is_away_on(on) else ()
    return day_of(
        pattern=pattern.hours_on(on),
        month=MonthCell(None, off.marked[on]) if on in off.marked else None,
        is_holiday=on in off.holidays,
        overrides=away,
    )


def standing_in(
    pattern: Pattern, off: DaysOff, clock: ZoneClock, now: datetime
) -> tuple[roster.Standing, Day]:
    """Return where the person stands in the pattern now, and the day that it is for them."""
    today = now.astimezone(clock.zone).date()
    day = day_in(pattern, off, today)
    upcoming: Sequence[tuple[date, roster.Span]] = ()
    for number in range(-1, FARTHEST_DAYS + 1):
        on = today + number * _DAY
        works = day_in(pattern, off, on).works
        ahead = [span for span in clock.spans(on, works) if span[1] > now]
        if ahead:
            upcoming = [(on, ahead[0])]
            break
    return roster.standing_at(now, today=today, kind=day.kind, upcoming=upcoming), day
