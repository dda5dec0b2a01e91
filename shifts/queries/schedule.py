"""Reads of the schedule: the layers of people's days, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from django.db.models import Q

from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone
from shifts.core.hours import Hours
from shifts.core.layers import (
    Day,
    MonthCell,
    OverrideCell,
    OverrideKind,
    day_of,
)
from shifts.core.patterns import Pattern, pattern_from_json
from shifts.models import Holiday, Override, ScheduleSettings, StandingPattern, Workday

Key = tuple[int, date]
"""A cell of the schedule: our id of the manager, and the day."""


def zone_of(manager: Manager, account: Account) -> tzinfo:
    """Return the manager's own zone, else the account's; UTC where this machine knows neither."""
    return known_zone(manager.zone, account.zone)


def local_day(now: datetime, zone: tzinfo) -> date:
    """Return the date that the zone's calendar shows."""
    return now.astimezone(zone).date()


def today_of(manager: Manager, account: Account, now: datetime) -> date:
    """Return the date of the manager's calendar."""
    return local_day(now, zone_of(manager, account))


def account_today(account: Account, now: datetime) -> date:
    """Return the date of the account's calendar."""
    return local_day(now, known_zone(account.zone))


def settings_of(account: Account) -> ScheduleSettings:
    """Return the account's settings of schedules; the defaults, unsaved, where it has none."""
    row: ScheduleSettings | None = ScheduleSettings.objects.for_account(account).first()
    return row or ScheduleSettings(account=account)


def stored_hours(value: Iterable[Iterable[int]] | None) -> Hours | None:
    """Return hours as a row's JSON column holds them."""
    if value is None:
        return None
    return tuple((start, end) for start, end in value)


@dataclass(frozen=True, slots=True)
class _Standing:
    starts_on: date
    ends_on: date | None
    pattern: Pattern
    name: str


@dataclass(frozen=True, slots=True)
class _Period:
    starts_on: date
    ends_on: date
    cell: OverrideCell
    cause: str
    note: str


@dataclass(slots=True)
class Layers:
    """Every layer of some managers' days in a period."""

    workdays: dict[Key, MonthCell] = field(default_factory=dict)
    holidays: dict[date, str] = field(default_factory=dict)
    _standing: dict[int, list[_Standing]] = field(default_factory=lambda: defaultdict(list))
    _overrides: dict[int, list[_Period]] = field(default_factory=lambda: defaultdict(list))

    def pattern_on(self, manager_id: int, on: date) -> Hours | None:
        """Return the hours of the manager's standing pattern, () for a day of rest, None without."""
        standing = self._standing_on(manager_id, on)
        return standing.pattern.hours_on(on) if standing else None

    def pattern_name_on(self, manager_id: int, on: date) -> str:
        """Return the name of the manager's standing pattern, "" without one."""
        standing = self._standing_on(manager_id, on)
        return standing.name if standing else ""

    def absence_on(self, manager_id: int, on: date) -> tuple[str, str]:
        """Return cause and note of the manager's absence, ("", "") without one."""
        found = [
            period
            for period in self._reaching(manager_id, on)
            if period.cell.kind is OverrideKind.ABSENCE
        ]
        return (found[-1].cause, found[-1].note) if found else ("", "")

    def base(self, manager_id: int, on: date) -> Day:
        """Return what pattern and month alone come to."""
        return day_of(
            pattern=self.pattern_on(manager_id, on), month=self.workdays.get((manager_id, on))
        )

    def day(self, manager_id: int, on: date) -> Day:
        """Return what all layers come to."""
        return day_of(
            pattern=self.pattern_on(manager_id, on),
            month=self.workdays.get((manager_id, on)),
            is_holiday=on in self.holidays,
            overrides=[period.cell for period in self._reaching(manager_id, on)],
        )

    def _standing_on(self, manager_id: int, on: date) -> _Standing | None:
        for standing in self._standing.get(manager_id, ()):
            if standing.starts_on <= on and (standing.ends_on is None or on <= standing.ends_on):
                return standing
        return None

    def _reaching(self, manager_id: int, on: date) -> list[_Period]:
        periods = self._overrides.get(manager_id)
        if not periods:
            return []
        return [period for period in periods if period.starts_on <= on <= period.ends_on]


def layers_of(
    account: Account, first: date, last: date, managers: Collection[int] | None = None
) -> Layers:
    """Return the layers of [first, last], of everybody or of these managers (our ids); four queries."""
    found = Layers()
    whose = Q() if managers is None else Q(manager_id__in=managers)
    days = Workday.objects.for_account(account).filter(whose, on__gte=first, on__lte=last)
    for manager_id, on, hours, day_off in days.values_list("manager_id", "on", "hours", "day_off"):
        found.workdays[manager_id, on] = MonthCell(stored_hours(hours), day_off)
    holidays = Holiday.objects.for_account(account).filter(on__gte=first, on__lte=last)
    found.holidays = dict(holidays.values_list("on", "name"))
    _add_standing(found, account, whose, first, last)
    _add_overrides(found, account, whose, first, last)
    return found


def _add_standing(found: Layers, account: Account, whose: Q, first: date, last: date) -> None:
    rows = (
        StandingPattern.objects.for_account(account)
        .filter(whose, Q(ends_on=None) | Q(ends_on__gte=first), starts_on__lte=last)
        .select_related("pattern")
    )
    known: dict[tuple[int, date], Pattern] = {}
    for row in rows:
        key = (row.pattern_id, row.anchor_on)
        pattern = known.setdefault(key, pattern_from_json(row.pattern.cycle, row.anchor_on))
        standing = _Standing(row.starts_on, row.ends_on, pattern, row.pattern.name)
        found._standing[row.manager_id].append(standing)


def _add_overrides(found: Layers, account: Account, whose: Q, first: date, last: date) -> None:
    rows = (
        Override.objects.for_account(account)
        .filter(whose, ends_on__gte=first, starts_on__lte=last)
        .order_by("pk")
    )
    for row in rows:
        cell = OverrideCell(OverrideKind(row.kind), stored_hours(row.hours) or ())
        period = _Period(row.starts_on, row.ends_on, cell, row.cause, row.note)
        found._overrides[row.manager_id].append(period)
