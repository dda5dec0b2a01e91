"""Reads of absences and other hours: now, later and over; the gaps that they leave."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import Account, Manager
from shifts.models import Override
from shifts.queries.month import month_of
from shifts.queries.schedule import account_today, today_of

MOST_PAST = 100
MOST_MONTHS = 3  # of a period in which gaps are looked for
_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=3660)  # no layer of a day lies further ahead


@dataclass(frozen=True, slots=True)
class Period:
    """An absence or other hours, as far as they have come by their manager's calendar."""

    override: Override
    today: date

    @property
    def has_begun(self) -> bool:
        """Say whether some of its days are over."""
        return self.override.starts_on < self.today

    @property
    def runs(self) -> bool:
        """Say whether today is one of its days."""
        return self.override.starts_on <= self.today <= self.override.ends_on


@dataclass(slots=True)
class Periods:
    """All absences and other hours."""

    current: list[Period]
    upcoming: list[Period]
    past: list[Period]


def periods_of(account: Account, now: datetime) -> Periods:
    """Return absences and other hours: those that run, those to come, the latest that are over."""
    since = account_today(account, now) - _DAY
    rows = (
        Override.objects.for_account(account)
        .exclude(kind=Override.Kind.SWAP)
        .select_related("manager")
    )
    ahead = [_period(row, account, now) for row in rows.filter(ends_on__gte=since)]
    over = rows.filter(ends_on__lt=since).order_by("-ends_on", "-pk")[:MOST_PAST]
    current = [one for one in ahead if one.runs]
    upcoming = [one for one in ahead if one.override.starts_on > one.today]
    just_over = [one for one in ahead if one.override.ends_on < one.today]
    return Periods(
        sorted(current, key=lambda one: (one.override.ends_on, one.override.pk)),
        sorted(upcoming, key=lambda one: (one.override.starts_on, one.override.pk)),
        just_over + [_period(row, account, now) for row in over],
    )


def _period(row: Override, account: Account, now: datetime) -> Period:
    return Period(row, today_of(row.manager, account, now))


def gaps_in(account: Account, first: date, last: date, now: datetime) -> set[date]:
    """Return the days of [first, last] with too few people, three months at the most."""
    found: set[date] = set()
    today = account_today(account, now)
    first, last = max(first, today - _DAY), min(last, today + _FARTHEST)
    month = first.replace(day=1)
    for _ in range(MOST_MONTHS):
        if month > last:
            break
        days = month_of(account, month, now).coverage
        found |= {day.on for day in days if day.is_gap and first <= day.on <= last}
        month = (month + timedelta(days=31)).replace(day=1)
    return found


def swapped_in(managers: Collection[Manager], first: date, last: date) -> list[Manager]:
    """Return those of the managers who have swapped a day of [first, last]."""
    rows = Override.objects.filter(
        manager__in=managers, kind=Override.Kind.SWAP, starts_on__lte=last, ends_on__gte=first
    )
    ids = set(rows.values_list("manager_id", flat=True))
    return [manager for manager in managers if manager.pk in ids]
