"""What a file would change: absences that a calendar would add, and whom a table may name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from accounts.models import Account, Manager
from shifts.core.calendar_import import (
    Event,
    Reason,
    days_taken,
    owners_of,
    periods_of,
    reason_without_days,
)
from shifts.core.grid import MOST_DAYS_AHEAD
from shifts.core.people import Person
from shifts.models import Override
from shifts.queries.schedule import Layers, account_today, layers_of, local_day, zone_of

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Absence:
    """Days off of one manager, [first, last]."""

    manager: Manager
    first: date
    last: date
    titles: tuple[str, ...] = ()
    is_known: bool = False  # an absence of these days is there already

    @property
    def days(self) -> int:
        """Return how many days it takes."""
        return (self.last - self.first).days + 1


@dataclass(slots=True)
class AbsencePreview:
    """What a calendar comes to."""

    absences: list[Absence] = field(default_factory=list)
    left_out: list[tuple[Event, Reason]] = field(default_factory=list)
    begun: int = 0  # events that reach from the past into the days looked at
    endless: int = 0  # events that reach beyond them

    @property
    def fresh(self) -> list[Absence]:
        """Return the absences that would be added."""
        return [absence for absence in self.absences if not absence.is_known]


def people_of(account: Account) -> list[Person]:
    """Return everybody whom a file may name."""
    return [_person(row) for row in Manager.objects.for_account(account).order_by("pk")]


def _person(row: Manager) -> Person:
    return Person(row.kommo_id, row.name, row.email, row.is_active_in_kommo)


def window_of(account: Account, now: datetime) -> tuple[date, date]:
    """Return the days that events are looked at in, whatever zone a manager lives in."""
    today = account_today(account, now)
    return today - _DAY, today + (MOST_DAYS_AHEAD + 1) * _DAY


def absences_in(
    account: Account, events: Iterable[Event], *, of: Manager | None, now: datetime
) -> AbsencePreview:
    """Return the absences that events come to, of one manager or of whom each event names; six queries."""
    found = AbsencePreview()
    rows = list(Manager.objects.for_account(account).order_by("pk"))
    managers = {row.kommo_id: row for row in rows}
    people = [_person(row) for row in rows]
    layers = layers_of(account, *window_of(account, now))
    known = _known_days(account, now)
    taken: dict[Manager, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        manager, reason = _owner(event, of, people, managers)
        if manager is not None:
            reason = _take(event, manager, account, layers, now, taken[manager], found)
        if reason is not None:
            found.left_out.append((event, reason))
    for manager, days in taken.items():
        found.absences += _absences(manager, days, known[manager.pk])
    found.absences.sort(
        key=lambda absence: (absence.manager.name, absence.manager.pk, absence.first)
    )
    return found


def _owner(
    event: Event, of: Manager | None, people: list[Person], managers: dict[int, Manager]
) -> tuple[Manager | None, Reason | None]:
    if of is not None:
        return of, None
    owners = owners_of(event, people)
    active = [person for person in owners if person.is_active]
    if len(active) == 1:
        return managers[active[0].user], None
    if not owners:
        return None, Reason.NOBODY
    return None, Reason.SEVERAL if active else Reason.INACTIVE


def _take(
    event: Event,
    manager: Manager,
    account: Account,
    layers: Layers,
    now: datetime,
    taken: dict[date, list[str]],
    found: AbsencePreview,
) -> Reason | None:
    """Note the days that an event takes; return why it takes none."""
    zone = zone_of(manager, account)
    today = local_day(now, zone)
    last = today + MOST_DAYS_AHEAD * _DAY
    days = days_taken(event, today, last, zone, lambda on: layers.day(manager.pk, on).hours)
    if not days:
        return reason_without_days(event, today, last, zone)
    found.begun += _day(event.starts, zone) < today
    found.endless += _day(event.ends, zone) > last + _DAY
    for on in days:
        taken[on].append(event.title)
    return None


def _day(moment: date, zone: tzinfo) -> date:
    if not isinstance(moment, datetime):
        return moment
    return (moment.astimezone(zone) if moment.tzinfo else moment).date()


def _absences(manager: Manager, days: dict[date, list[str]], known: set[date]) -> list[Absence]:
    fresh = [(period, False) for period in periods_of(days.keys() - known)]
    old = [(period, True) for period in periods_of(days.keys() & known)]
    found = []
    for (first, last), is_known in fresh + old:
        titles = Counter(
            title for on, own in days.items() if first <= on <= last for title in own if title
        )
        found.append(Absence(manager, first, last, tuple(titles), is_known))
    return found


def _known_days(account: Account, now: datetime) -> dict[int, set[date]]:
    """Return the days of absence from today on that are there already, by our id of the manager."""
    first, last = window_of(account, now)
    return known_days(account, first, last)


def known_days(account: Account, first: date, last: date) -> dict[int, set[date]]:
    """Return the days of absence in [first, last] of everybody, by our id of the manager."""
    rows = Override.objects.for_account(account).filter(
        kind=Override.Kind.ABSENCE, ends_on__gte=first, starts_on__lte=last
    )
    found: dict[int, set[date]] = defaultdict(set)
    for manager_id, starts_on, ends_on in rows.values_list("manager_id", "starts_on", "ends_on"):
        begins, ends = max(starts_on, first), min(ends_on, last)
        found[manager_id] |= {begins + number * _DAY for number in range((ends - begins).days + 1)}
    return found
