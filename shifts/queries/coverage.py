"""Who is able to take leads, hour by hour, and where fewer are than the account needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone
from shifts.core.clock import ZoneClock
from shifts.core.coverage import Change, Gap, Hour, Profile, hours_of
from shifts.core.participation import Status
from shifts.core.roster import Span
from shifts.models import CoverageWarning, ScheduleSettings, WorkSpan
from shifts.queries.month import needed_windows
from shifts.queries.schedule import local_day

# An account whose last work span ended longer ago has given its schedules up.
GIVEN_UP_AFTER = timedelta(days=31)
_DAY = timedelta(days=1)
_GONE = (Account.State.LEFT, Account.State.CLOSING)

# What each account's number of people changes by, and when. A status "until" cuts a span in two: one
# part of it counts. The spans of a period are found by work_span_period.
_CHANGES = """
WITH able AS MATERIALIZED (
  SELECT span.account_id,
    greatest(span.starts_at, %(since)s, CASE WHEN NOT coalesce(part.status = ANY(%(taking)s), true)
      THEN CASE WHEN part.status_after = ANY(%(taking)s) THEN coalesce(part.until, 'infinity')
                ELSE 'infinity' END END) AS starts_at,
    least(span.ends_at, %(until)s, CASE WHEN part.status = ANY(%(taking)s)
      AND NOT part.status_after = ANY(%(taking)s) THEN part.until END) AS ends_at
  FROM shifts_workspan span
  JOIN accounts_manager m ON m.id = span.manager_id AND m.is_active_in_kommo AND m.is_licensed
  LEFT JOIN accounts_group own ON own.id = m.group_id
  LEFT JOIN shifts_participation part ON part.manager_id = m.id
  WHERE span.account_id = ANY(%(accounts)s)
    AND span.ends_at > %(since)s AND span.starts_at < %(until)s
    AND (%(group)s::bigint IS NULL OR own.kommo_id = %(group)s)
)
SELECT account_id, (extract(epoch FROM at) * 1000000)::bigint, sum(change)::int FROM (
  SELECT account_id, starts_at AS at, 1 AS change FROM able WHERE starts_at < ends_at
  UNION ALL
  SELECT account_id, ends_at, -1 FROM able WHERE starts_at < ends_at
) changes GROUP BY account_id, at
"""


@dataclass(frozen=True, slots=True)
class DayHours:
    """A day of the account's calendar, hour by hour."""

    on: date
    hours: list[Hour]
    length: timedelta  # 23 or 25 hours where the clock is changed
    has_gap: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """People able to take leads over some days, by the account's clock."""

    settings: ScheduleSettings | None  # None: the account plans no schedules
    zone: tzinfo
    today: date
    days: list[DayHours]
    gaps: list[Gap]

    @property
    def most(self) -> int:
        """Return the number of people in the fullest hour."""
        return max((hour.people or 0 for day in self.days for hour in day.hours), default=0)


def coverage_of(
    account: Account, first: date, days: int, now: datetime, *, group: int | None = None
) -> Coverage:
    """Return who can take leads from `first` on, of all or of one group (Kommo id); two queries.

    Days end with the plan. What is over at `now` has neither people nor gaps. The need is the
    account's, whatever the group.
    """
    zone = known_zone(account.zone)
    today = local_day(now, zone)
    settings = used_settings(now).filter(account=account).first()
    if settings is None:
        return Coverage(None, zone, today, [], [])
    clock = ZoneClock(zone)
    # Beyond the plan nobody works yet: that is no gap.
    last = min(first + (days - 1) * _DAY, max(first, settings.planned_until or first))
    dates = [first + number * _DAY for number in range((last - first).days + 1)]
    window = clock.bounds(dates[0])[0], clock.bounds(dates[-1])[1]
    changes = changes_of([account.pk], window, group=group)
    profile = Profile(changes.get(account.pk, ()), window)
    # The night before the first day may reach into it.
    windows = windows_left(settings, clock, [first - _DAY, *dates], now)
    minimum = settings.coverage_minimum
    found = []
    for on in dates:
        hours = hours_of(on, clock, profile, windows, minimum, now)
        length = sum((hour.length for hour in hours), timedelta(0))
        found.append(DayHours(on, hours, length, any(hour.is_gap for hour in hours)))
    return Coverage(settings, zone, today, found, profile.gaps(windows, minimum))


def windows_left(
    settings: ScheduleSettings, clock: ZoneClock, dates: Sequence[date], now: datetime
) -> list[Span]:
    """Return what is left of the hours that need people on these days, in order."""
    windows = [window for on in dates for window in needed_windows(settings, clock, on)]
    return [(max(start, now), end) for start, end in windows if end > now]


def used_settings(now: datetime) -> QuerySet[ScheduleSettings]:
    """Return the settings of accounts that plan schedules, and have had one lately."""
    lately = WorkSpan.objects.filter(
        account_id=OuterRef("account_id"), ends_at__gt=now - GIVEN_UP_AFTER
    )
    return ScheduleSettings.objects.filter(Exists(lately), planned_until__isnull=False)


def changes_of(
    accounts: Sequence[int], window: Span, *, group: int | None = None
) -> Mapping[int, list[Change]]:
    """Return when the number of people able to take leads changes, by account (our ids); one query."""
    values: dict[str, Any] = {
        "accounts": list(accounts),
        "since": window[0],
        "until": window[1],
        "group": group,
        "taking": [status.value for status in Status if status.is_in],
    }
    found: dict[int, list[Change]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, values)
        for account_id, at, change in cursor.fetchall():
            found.setdefault(account_id, []).append((at, change))
    return found


def accounts_to_warn(
    now: datetime, *, from_hour: int, until_hour: int
) -> list[tuple[ScheduleSettings, date, list[Gap]]]:
    """Return accounts that want to be told of tomorrow's gaps, have some and were not told; 3 queries.

    Only where the account's clock shows a time in [from_hour, until_hour).
    """
    wishing = used_settings(now).filter(warns_of_gaps=True).exclude(account__state__in=_GONE)
    zones: dict[date, list[str]] = defaultdict(list)
    for zone in wishing.values_list("account__zone", flat=True).distinct():
        local = now.astimezone(known_zone(zone))
        if from_hour <= local.hour < until_hour:
            zones[local.date() + _DAY].append(zone)
    if not zones:
        return []
    told = CoverageWarning.objects.filter(account_id=OuterRef("account_id"))
    due = reduce(
        or_,
        (
            Q(Q(account__zone__in=names), ~Exists(told.filter(on=tomorrow)))
            for tomorrow, names in zones.items()
        ),
    )
    rows = list(wishing.filter(due).select_related("account").order_by("pk"))
    return _with_gaps(rows, now)


def _with_gaps(
    rows: Collection[ScheduleSettings], now: datetime
) -> list[tuple[ScheduleSettings, date, list[Gap]]]:
    wanted: list[tuple[ScheduleSettings, date, list[Span]]] = []
    for row in rows:
        clock = ZoneClock(known_zone(row.account.zone))
        tomorrow = local_day(now, clock.zone) + _DAY
        wanted.append((row, tomorrow, windows_left(row, clock, [tomorrow], now)))
    wanted = [entry for entry in wanted if entry[2]]
    if not wanted:
        return []
    window = (
        min(windows[0][0] for _, _, windows in wanted),
        max(windows[-1][1] for _, _, windows in wanted),
    )
    changes = changes_of([row.account_id for row, _, _ in wanted], window)
    found = []
    for row, on, windows in wanted:
        profile = Profile(changes.get(row.account_id, ()), window)
        gaps = profile.gaps(windows, row.coverage_minimum)
        if gaps:
            found.append((row, on, gaps))
    return found


def to_be_told(account: Account) -> list[Manager]:
    """Return supervisors and admins with an e-mail address, who are told of gaps."""
    leads = Manager.objects.for_account(account).filter(
        Q(is_admin=True) | Q(is_supervisor=True), is_active_in_kommo=True
    )
    return list(leads.exclude(email="").order_by("pk"))
