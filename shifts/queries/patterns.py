"""Reads of patterns: which there are, who follows them, how they come out on the calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Q

from accounts.models import Account
from shifts.core.patterns import Pattern
from shifts.models import Holiday, SchedulePattern, StandingPattern
from shifts.queries.schedule import account_today, today_of

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Follower:
    """A manager who follows a pattern now or later."""

    standing: StandingPattern
    today: date  # of the manager's own calendar

    @property
    def has_begun(self) -> bool:
        """Say whether the first day has come."""
        return self.standing.starts_on <= self.today


@dataclass(slots=True)
class PatternUse:
    """A pattern and those who follow it."""

    pattern: SchedulePattern
    followers: list[Follower] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """A day as a pattern would have it."""

    on: date
    hours: tuple[tuple[int, int], ...]
    holiday: str


def patterns_of(account: Account, now: datetime) -> list[PatternUse]:
    """Return the account's patterns by name, each with those who follow it now or later."""
    rows = SchedulePattern.objects.for_account(account).order_by("name", "pk")
    found = {row.pk: PatternUse(row) for row in rows}
    for follower in _followers(account, now, Q()):
        found[follower.standing.pattern_id].followers.append(follower)
    return list(found.values())


def followers_of(pattern: SchedulePattern, now: datetime) -> list[Follower]:
    """Return who follows a pattern now or later."""
    return _followers(pattern.account, now, Q(pattern=pattern))


def _followers(account: Account, now: datetime, which: Q) -> list[Follower]:
    since = account_today(account, now) - _DAY
    rows = (
        StandingPattern.objects.for_account(account)
        .filter(which, Q(ends_on=None) | Q(ends_on__gte=since))
        .select_related("manager", "pattern")
        .order_by("manager__name", "manager_id", "starts_on")
    )
    found = [Follower(row, today_of(row.manager, account, now)) for row in rows]
    return [
        one for one in found if one.standing.ends_on is None or one.standing.ends_on >= one.today
    ]


def preview_of(account: Account, pattern: Pattern, first: date, days: int) -> list[PreviewDay]:
    """Return how a pattern comes out on so many days from `first` on."""
    last = first + (days - 1) * _DAY
    rows = Holiday.objects.for_account(account).filter(on__gte=first, on__lte=last)
    holidays = dict(rows.values_list("on", "name"))
    calendar = [first + number * _DAY for number in range(days)]
    return [PreviewDay(on, pattern.hours_on(on), holidays.get(on, "")) for on in calendar]
