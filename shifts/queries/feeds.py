"""Calendar feeds: whose they are, and what a calendar that reads one is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import Account, Group, Manager
from shifts.core.layers import Cause, Kind
from shifts.models import CalendarFeed, Holiday, PlannedDay, ScheduleChange, WorkSpan

DAYS_BACK = 31
_DAY = timedelta(days=1)
_GONE = (Account.State.LEFT, Account.State.CLOSING)


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of work, or a day off that had hours; `ends` is exclusive, days are plain dates."""

    user: int  # Kommo user id
    name: str
    on: date  # the day whose hours these are
    place: int  # which stretch of the day it is, from 0
    starts: date
    ends: date
    cause: str = ""  # of a day off: "holiday" or "absence"
    holiday: str = ""  # its name

    @property
    def uid(self) -> str:
        """Return what stays the same when the hours change."""
        return f"{self.user}-{self.on:%Y%m%d}-{'off' if self.cause else self.place}"


@dataclass(frozen=True, slots=True)
class Timetable:
    """What a feed shows, and when the schedule was last changed."""

    entries: tuple[Shown, ...]
    changed_at: datetime


def digest_of(token: str) -> bytes:
    """Return what is kept of a feed's address."""
    return hashlib.sha256(token.encode()).digest()


def feed_at(token: str) -> CalendarFeed | None:
    """Return the feed at an address, if its account, and its manager or group, are still there."""
    found: CalendarFeed | None = (
        _living(CalendarFeed.objects.filter(token_digest=digest_of(token)))
        .exclude(account__state__in=_GONE)
        .select_related("account", "manager", "group")
        .first()
    )
    return found


def feeds_of(account: Account) -> list[CalendarFeed]:
    """Return the feeds that can be read, by whose they are."""
    rows = _living(CalendarFeed.objects.for_account(account)).select_related("manager", "group")
    return list(rows.order_by("group__name", "manager__name", "pk"))


def feed_of_manager(manager: Manager) -> CalendarFeed | None:
    """Return a manager's feed; None where there is none."""
    rows = CalendarFeed.objects.for_account(manager.account_id).filter(manager=manager)
    found: CalendarFeed | None = _living(rows).order_by("-pk").first()
    return found


def _living(rows: QuerySet[CalendarFeed]) -> QuerySet[CalendarFeed]:
    is_somebodys = Q(manager__is_active_in_kommo=True) | Q(group__is_gone=False)
    return rows.filter(is_somebodys, revoked_at=None)


def can_have_feed(account: Account) -> tuple[list[Manager], list[Group]]:
    """Return who can get a feed: active managers, and groups that are not gone."""
    managers = Manager.objects.for_account(account).filter(is_active_in_kommo=True)
    groups = Group.objects.for_account(account).filter(is_gone=False)
    return list(managers.order_by("name", "pk")), list(groups.order_by("name", "pk"))


def timetable_of(feed: CalendarFeed, now: datetime) -> Timetable:
    """Return what a feed shows: 31 days back, ahead as far as the plan; five queries."""
    first = (now - DAYS_BACK * _DAY).astimezone(UTC).date()
    names = _people(feed)
    ids = list(names)
    entries = [*_work(feed, ids, names, first), *_days_off(feed, ids, names, first)]
    changes = ScheduleChange.objects.for_account(feed.account_id).order_by("-version")
    changed_at = changes.values_list("at", flat=True).first()
    return Timetable(
        tuple(sorted(entries, key=lambda entry: (entry.on, entry.name, entry.user, entry.uid))),
        (changed_at or feed.created_at).replace(microsecond=0),
    )


def _people(feed: CalendarFeed) -> dict[int, tuple[int, str]]:
    """Return Kommo id and name of those whose schedule the feed shows, by our id."""
    whose = Q(pk=feed.manager_id) if feed.manager_id else Q(group_id=feed.group_id)
    rows = Manager.objects.for_account(feed.account_id).filter(whose, is_active_in_kommo=True)
    return {pk: (user, name) for pk, user, name in rows.values_list("pk", "kommo_id", "name")}


def _work(
    feed: CalendarFeed, ids: list[int], names: dict[int, tuple[int, str]], first: date
) -> Iterable[Shown]:
    rows = (
        WorkSpan.objects.for_account(feed.account_id)
        .filter(
            manager_id__in=ids,
            on__gte=first,
            ends_at__gt=datetime(first.year, first.month, first.day, tzinfo=UTC) - _DAY,
        )
        .order_by("manager_id", "on", "starts_at")
    )
    places: dict[tuple[int, date], int] = {}
    for pk, on, starts, ends in rows.values_list("manager_id", "on", "starts_at", "ends_at"):
        place = places[pk, on] = places.get((pk, on), -1) + 1
        yield Shown(*names[pk], on, place, starts.astimezone(UTC), ends.astimezone(UTC))


def _days_off(
    feed: CalendarFeed, ids: list[int], names: dict[int, tuple[int, str]], first: date
) -> Iterable[Shown]:
    rows = (
        PlannedDay.objects.for_account(feed.account_id)
        .filter(
            manager_id__in=ids,
            on__gte=first,
            kind=Kind.DAY_OFF.value,
            cause__in=[Cause.HOLIDAY.value, Cause.ABSENCE.value],
        )
        .exclude(hours=[])
    )
    holidays = dict(
        Holiday.objects.for_account(feed.account_id).filter(on__gte=first).values_list("on", "name")
    )
    for pk, on, cause in rows.values_list("manager_id", "on", "cause"):
        name = holidays.get(on, "") if cause == Cause.HOLIDAY.value else ""
        yield Shown(*names[pk], on, 0, on, on + _DAY, cause, name)
