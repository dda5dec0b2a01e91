"""Who may receive, worked out a second time: from what people did, by the wall clock of each.

Knows nothing of the service's layers, plans and spans; what it says is compared with what was decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

Hours = tuple[tuple[int, int], ...]  # minutes after midnight by the wall clock, half-open
Cell = tuple[int, date]
DAYS = 20  # no history lasts longer
_DAY = timedelta(days=1)


@dataclass
class Person:
    """What was said of one manager."""

    zone: ZoneInfo
    status: str = "on"
    passing: tuple[str, datetime] | None = None  # a status that ends by itself, and when
    limit: int | None = None
    weeks: dict[date, dict[int, Hours]] = field(default_factory=dict)  # patterns, by first day
    absences: list[tuple[date, date]] = field(default_factory=list)


@dataclass
class Rota:
    """Everybody's wishes, and the days that follow from them; days that are over stay."""

    people: dict[int, Person]
    set_hours: dict[Cell, Hours] = field(default_factory=dict)
    marks: dict[Cell, bool] = field(default_factory=dict)  # a supervisor's cup; False: works anyway
    holidays: set[date] = field(default_factory=set)
    _worked: dict[Cell, Hours] = field(default_factory=dict)

    def today(self, user: int, now: datetime) -> date:
        """Return the date on the person's wall."""
        return now.astimezone(self.people[user].zone).date()

    def hours(self, user: int, on: date) -> Hours:
        """Return the hours of a day, worked or not."""
        if (user, on) in self.set_hours:
            return self.set_hours[user, on]
        weeks = self.people[user].weeks
        return (
            weeks[self._follows(user, on)].get(on.weekday(), ()) if self.follows(user, on) else ()
        )

    def follows(self, user: int, on: date) -> bool:
        """Say whether some pattern holds on the day."""
        return any(first <= on for first in self.people[user].weeks)

    def _follows(self, user: int, on: date) -> date:
        return max(first for first in self.people[user].weeks if first <= on)

    def assign(self, user: int, first: date, week: dict[int, Hours]) -> None:
        """Let a pattern hold from a day on, in place of those from then on."""
        weeks = self.people[user].weeks
        self.people[user].weeks = {day: own for day, own in weeks.items() if day < first}
        self.people[user].weeks[first] = week

    def replan(self, now: datetime) -> None:
        """Let what was said count from everybody's today on."""
        for user, person in self.people.items():
            today = self.today(user, now)
            for number in range(DAYS):
                on = today + number * _DAY
                mark = self.marks.get((user, on))  # no mark: as holidays say
                is_off = on in self.holidays if mark is None else mark
                is_away = any(first <= on <= last for first, last in person.absences)
                self._worked[user, on] = () if is_off or is_away else self.hours(user, on)

    def is_in_service(self, user: int, now: datetime) -> bool:
        """Say whether the person's wall clock shows a time of work: today's, or of last night."""
        there = now.astimezone(self.people[user].zone)
        minute = there.hour * 60 + there.minute
        today = self._worked.get((user, there.date()), ())
        last_night = self._worked.get((user, there.date() - _DAY), ())
        return _holds(today, minute) or _holds(last_night, minute + 1440)

    def takes_part(self, user: int, now: datetime) -> bool:
        """Say whether the status lets leads come."""
        person = self.people[user]
        is_passing = person.passing is not None and now < person.passing[1]
        counts = person.passing[0] if person.passing and is_passing else person.status
        return counts in ("on", "forced_on")

    def set_status(self, user: int, status: str, until: datetime | None) -> None:
        """Note a supervisor's choice: for good, or until a moment after which the old one counts."""
        person = self.people[user]
        person.passing = None if until is None else (status, until)
        if until is None:
            person.status = status


def _holds(hours: Iterable[tuple[int, int]], minute: int) -> bool:
    return any(start <= minute < end for start, end in hours)
