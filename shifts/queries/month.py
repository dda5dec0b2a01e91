"""A month of everybody's schedule, as the grid shows it: days, states, coverage, history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone
from shifts.core import coverage
from shifts.core.clock import ZoneClock
from shifts.core.grid import days_of
from shifts.core.hours import Hours
from shifts.core.layers import EMPTY, Cause, Day, Kind, Layer
from shifts.core.roster import Span
from shifts.models import (
    PlannedDay,
    ScheduleChange,
    ScheduleSettings,
    StandingPattern,
    Workday,
)
from shifts.queries.availability import Schedule, schedules_of
from shifts.queries.schedule import (
    Key,
    Layers,
    layers_of,
    local_day,
    settings_of,
    stored_hours,
    zone_of,
)

HISTORY_SHOWN = 30
Ends = tuple[date | None, bool]
"""The last day with a schedule of a manager, and whether it goes on without end."""
_ROWS = ("group__name", "name", "pk")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A manager's row in the grid."""

    manager: Manager
    zone: tzinfo
    frozen_before: date  # the first day that can still be changed
    state: Schedule
    set_until: date | None  # the last day with a schedule; None: none, or without end
    is_endless: bool  # a standing pattern goes on until further notice
    pattern: str  # name of the standing pattern, "" without one


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """How many people work on a day of the account's calendar."""

    on: date
    people: int  # different people, at any time
    least: int  # at the emptiest moment of the hours that need people; 0 where none need them
    is_gap: bool


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A change as the history shows it; its cells, thousands in some, are not read."""

    version: int
    kind: str
    at: datetime
    summary: dict[str, Any]
    undone_by: int | None
    actor: str | None  # name; None: the service itself


@dataclass(slots=True)
class Month:
    """Everything that the grid shows."""

    first: date
    today: date
    zone: tzinfo
    settings: ScheduleSettings
    days: list[date]
    people: list[Person]
    layers: Layers
    coverage: list[DayCoverage]
    history: list[HistoryEntry]
    stamp: str  # see `stamp_of`
    _frozen: dict[Key, Day] = field(default_factory=dict)
    _days: dict[Key, Day] = field(default_factory=dict)  # asked for twice: coverage and cells

    def day(self, person: Person, on: date) -> Day:
        """Return a manager's day: as it was frozen, or what the layers come to."""
        key = (person.manager.pk, on)
        if on < person.frozen_before:
            return self._frozen.get(key, EMPTY)
        if key not in self._days:
            self._days[key] = self.layers.day(*key)
        return self._days[key]


def month_of(account: Account, first: date, now: datetime, *, group: int | None = None) -> Month:
    """Return the month that begins on `first`, of all or of one group (Kommo id); ten queries.

    Coverage counts everybody who can take leads, whatever the group.
    """
    zone = known_zone(account.zone)
    today = local_day(now, zone)
    days = days_of(first)
    states = schedules_of(account, now)
    managers = _managers_with_days(account, days)
    layers = layers_of(account, days[0] - _DAY, days[-1] + _DAY)
    frozen = _frozen_days(account, days, now)
    people = [
        _person(row, account, now, states, ends, layers, days) for row, ends in managers.items()
    ]
    settings = settings_of(account)
    month = Month(
        first=first,
        today=today,
        zone=zone,
        settings=settings,
        days=days,
        people=people,
        layers=layers,
        coverage=[],
        history=_history(account),
        stamp=_stamp(settings.version, today, managers),
        _frozen=frozen,
    )
    month.coverage = _coverage(month)
    if group is not None:
        month.people = [
            person
            for person in people
            if person.manager.group is not None and person.manager.group.kommo_id == group
        ]
    return month


def stamp_of(account: Account, first: date, now: datetime) -> str:
    """Return what stays the same while nobody changes schedules or people and no day begins; two queries."""
    managers = _managers_with_days(account, days_of(first))
    return _stamp(settings_of(account).version, local_day(now, known_zone(account.zone)), managers)


def _stamp(version: int, today: date, managers: Iterable[Manager]) -> str:
    people = [
        (row.kommo_id, row.name, row.zone, row.group_id, row.is_active_in_kommo, row.is_licensed)
        for row in managers
    ]
    return sha256(repr((version, today, people)).encode()).hexdigest()[:16]


def _history(account: Account) -> list[HistoryEntry]:
    actor = Manager.objects.for_account(account).filter(kommo_id=OuterRef("actor_id"))
    rows = ScheduleChange.objects.for_account(account).order_by("-version")
    named = rows.annotate(actor=Subquery(actor.values("name")[:1]))
    columns = ("version", "kind", "at", "summary", "undone_by", "actor")
    return [HistoryEntry(*row) for row in named.values_list(*columns)[:HISTORY_SHOWN]]


def _managers_with_days(account: Account, days: list[date]) -> dict[Manager, Ends]:
    """Return who can have a schedule, with its end: active people with a licence, and who has days."""
    takes_part = Q(is_active_in_kommo=True, is_licensed=True)
    has_days = Q(
        pk__in=PlannedDay.objects.for_account(account)
        .filter(on__gte=days[0], on__lte=days[-1], kind=Kind.WORK.value)
        .values("manager_id")
    )
    own = StandingPattern.objects.for_account(account).filter(manager=OuterRef("pk"))
    workdays = Workday.objects.for_account(account).filter(manager=OuterRef("pk"))
    set_days = workdays.exclude(hours=[]).order_by("-on").values("on")
    rows = (
        Manager.objects.for_account(account)
        .filter(takes_part | has_days)
        .annotate(
            last_set=Subquery(set_days[:1]),
            last_standing=Subquery(
                own.exclude(ends_on=None).order_by("-ends_on").values("ends_on")[:1]
            ),
            is_endless=Exists(own.filter(ends_on=None)),
        )
    )
    return {row: _ends(row) for row in rows.select_related("group").order_by(*_ROWS)}


def _ends(row: Any) -> Ends:
    dates = [day for day in (row.last_set, row.last_standing) if day]
    return max(dates, default=None), row.is_endless


def _frozen_days(account: Account, days: list[date], now: datetime) -> dict[tuple[int, date], Day]:
    """Return what was planned for the days of the month that may be over for somebody."""
    latest = (now + _DAY).date()
    if days[0] > latest:
        return {}
    rows = PlannedDay.objects.for_account(account).filter(
        on__gte=days[0] - _DAY, on__lte=min(days[-1] + _DAY, latest)
    )
    return {
        (manager_id, on): Day(
            Kind(kind),
            stored_hours(hours) or (),
            Cause(cause) if cause else None,
            Layer.NONE,
        )
        for manager_id, on, kind, hours, cause in rows.values_list(
            "manager_id", "on", "kind", "hours", "cause"
        )
    }


def _person(
    row: Manager,
    account: Account,
    now: datetime,
    states: Mapping[int, Schedule],
    ends: Ends,
    layers: Layers,
    days: list[date],
) -> Person:
    zone = zone_of(row, account)
    today = local_day(now, zone)
    until, is_endless = ends
    return Person(
        manager=row,
        zone=zone,
        frozen_before=today,
        state=states.get(row.kommo_id, Schedule()),
        set_until=None if until is None or until < today else until,
        is_endless=is_endless,
        pattern=layers.pattern_name_on(row.pk, _within(today, days)),
    )


def _within(today: date, days: list[date]) -> date:
    """Return the day of the month whose pattern names a person's row: today, or the nearest to it."""
    return min(max(today, days[0]), days[-1])


def _coverage(month: Month) -> list[DayCoverage]:
    """Return the coverage of each day of the month by the account's clock."""
    clock = ZoneClock(month.zone)
    spans = _spans_by_day(month)
    return [_day_coverage(month, clock, on, spans.get(on, [])) for on in month.days]


def _spans_by_day(month: Month) -> dict[date, list[tuple[int, Span]]]:
    """Return (manager, span) of everybody who can take leads, by each day of the account that it meets."""
    clocks: dict[str, ZoneClock] = {}
    known: dict[tuple[str, date, Hours], list[tuple[date, Span]]] = {}  # few of them are different
    found: dict[date, list[tuple[int, Span]]] = {}
    around = [month.days[0] - _DAY, *month.days, month.days[-1] + _DAY]
    for person in month.people:
        row = person.manager
        if not (row.is_active_in_kommo and row.is_licensed):
            continue
        own = clocks.setdefault(row.zone, ZoneClock(person.zone))
        for on in around:
            key = (row.zone, on, month.day(person, on).works)
            if key not in known:
                spans = own.spans(on, key[2])
                known[key] = [(met, span) for span in spans for met in _days_met(span, month.zone)]
            for met, span in known[key]:
                found.setdefault(met, []).append((row.pk, span))
    return found


def _days_met(span: Span, zone: tzinfo) -> Collection[date]:
    first = span[0].astimezone(zone).date()
    last = (span[1] - timedelta(microseconds=1)).astimezone(zone).date()
    return (first,) if first == last else (first, last)


def _day_coverage(
    month: Month, clock: ZoneClock, on: date, spans: list[tuple[int, Span]]
) -> DayCoverage:
    windows = needed_windows(month.settings, clock, on)
    least = min(
        (coverage.least([span for _, span in spans], window) for window in windows), default=0
    )
    is_gap = bool(windows) and on >= month.today and least < month.settings.coverage_minimum
    return DayCoverage(on, len({manager for manager, _ in spans}), least, is_gap)


def needed_windows(settings: ScheduleSettings, clock: ZoneClock, on: date) -> list[Span]:
    """Return when the account needs people on a day; nothing on weekdays that it has left out."""
    weekdays = settings.coverage_weekdays
    if weekdays and on.weekday() not in weekdays:
        return []
    start = settings.coverage_from.hour * 60 + settings.coverage_from.minute
    end = settings.coverage_to.hour * 60 + settings.coverage_to.minute
    return clock.spans(on, ((start, end if end > start else end + 1440),))
