"""The three axes of everybody at one moment: shift, participation, schedule; one query, no history read.

A second one where a policy names a schedule.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import Account
from peresmenka.lib.zones import known_zone
from shifts.core import named, participation, roster
from shifts.core.clock import ZoneClock
from shifts.core.layers import Cause, Kind
from shifts.core.machine import Presence, ShiftState
from shifts.core.patterns import Pattern, pattern_from_json
from shifts.queries.participation import standing_from_row
from shifts.queries.presence import STATE_COLUMNS, STATE_JOINS, not_after, state_from_row

_PARTICIPATION_COLUMNS = "part.status, part.until, part.status_after, part.note"
_PARTICIPATION_JOIN = "LEFT JOIN shifts_participation part ON part.manager_id = m.id"

# One probe a manager into planned_day_now and one into work_span_next.
_SCHEDULE_COLUMNS = """
day."on", day.kind, day.cause, day.closes_at, span."on",
(extract(epoch FROM span.starts_at) * 1000000)::bigint,
(extract(epoch FROM span.ends_at) * 1000000)::bigint
"""
_SCHEDULE_JOINS = """
LEFT JOIN LATERAL (
  SELECT "on", kind, cause, closes_at FROM shifts_plannedday
  WHERE manager_id = m.id AND begins_at <= %(now)s ORDER BY begins_at DESC LIMIT 1
) day ON true
LEFT JOIN LATERAL (
  SELECT "on", starts_at, ends_at FROM shifts_workspan
  WHERE manager_id = m.id AND ends_at > %(now)s ORDER BY ends_at LIMIT 1
) span ON true
"""
_WHOSE = """
WHERE m.account_id = %(account)s AND (%(users)s::bigint[] IS NULL OR m.kommo_id = ANY(%(users)s))
"""
_STATE_WIDTH = 10
_OFFLINE = ShiftState(Presence.OFFLINE)
_ON = participation.Standing()


@dataclass(frozen=True, slots=True)
class Schedule(roster.Standing):
    """Where a manager's schedule stands now, and why a day off is off."""

    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """Where a manager stands on all three axes."""

    shift: ShiftState = _OFFLINE
    participation: participation.Standing = _ON
    schedule: Schedule | None = None  # None: it was not asked for


def availability_of(
    account: Account, now: datetime, *, with_schedule: bool, users: Sequence[int] | None = None
) -> dict[int, Availability]:
    """Return where every manager (or those with these Kommo ids) stands, by Kommo user id; one query."""
    columns = f"m.kommo_id, {STATE_COLUMNS}, {_PARTICIPATION_COLUMNS}"
    joins = f"{STATE_JOINS} {_PARTICIPATION_JOIN}"
    if with_schedule:
        columns, joins = f"{columns}, {_SCHEDULE_COLUMNS}", f"{joins} {_SCHEDULE_JOINS}"
    rows = _rows(f"SELECT {columns} FROM accounts_manager m {joins} {_WHOSE}", account, now, users)
    first, second = 1 + _STATE_WIDTH, 5 + _STATE_WIDTH
    return {
        row[0]: Availability(
            not_after(state_from_row(*row[1:first]), now),
            standing_from_row(now, *row[first:second]),
            _schedule(now, *row[second:]) if with_schedule else None,
        )
        for row in rows
    }


def schedules_of(account: Account, now: datetime) -> dict[int, Schedule]:
    """Return where everybody's schedule stands, by Kommo user id; "who works at t" in one query."""
    sql = (
        f"SELECT m.kommo_id, {_SCHEDULE_COLUMNS} FROM accounts_manager m {_SCHEDULE_JOINS} {_WHOSE}"
    )
    return {row[0]: _schedule(now, *row[1:]) for row in _rows(sql, account, now, None)}


def _rows(
    sql: str, account: Account, now: datetime, users: Sequence[int] | None
) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "account": account.pk,
        "now": now,
        "users": None if users is None else list(users),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _schedule(
    now: datetime,
    today: date | None,
    kind: str | None,
    cause: str,
    closes_at: datetime | None,
    on: date | None,
    starts: int | None,
    ends: int | None,
) -> Schedule:
    is_today = closes_at is not None and now < closes_at
    day = Kind(kind) if is_today and kind else Kind.EMPTY
    upcoming = []
    if on is not None and starts is not None and ends is not None:
        upcoming = [(on, (_moment(starts), _moment(ends)))]
    found = roster.standing_at(
        now, today=today if is_today and today else date.min, kind=day, upcoming=upcoming
    )
    why = Cause(cause) if found.state is roster.State.DAY_OFF and cause else None
    return Schedule(found.state, found.ends_at, found.starts_at, why)


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


# Patterns, everybody's zone, who follows them, and the days off of all; one row a fact.
_NAMED = """
WITH named AS (
  SELECT id, name, cycle, anchor_on FROM shifts_schedulepattern
  WHERE account_id = %(account)s AND name = ANY(%(names)s)
)
SELECT 0, NULL::bigint, name::text, anchor_on, NULL::date, NULL::boolean, cycle::text FROM named
UNION ALL
SELECT 1, kommo_id, zone::text, NULL, NULL, NULL, NULL FROM accounts_manager
WHERE account_id = %(account)s
UNION ALL
SELECT 2, m.kommo_id, named.name, f.starts_on, f.ends_on, NULL, NULL
FROM shifts_standingpattern f JOIN named ON named.id = f.pattern_id
JOIN accounts_manager m ON m.id = f.manager_id
WHERE f.starts_on <= %(last)s AND (f.ends_on IS NULL OR f.ends_on >= %(first)s)
UNION ALL
SELECT 3, NULL, NULL, "on", NULL, NULL, NULL FROM shifts_holiday
WHERE account_id = %(account)s AND "on" BETWEEN %(first)s AND %(last)s
UNION ALL
SELECT 4, m.kommo_id, NULL, w."on", NULL, w.day_off, NULL
FROM shifts_workday w JOIN accounts_manager m ON m.id = w.manager_id
WHERE w.account_id = %(account)s AND w."on" BETWEEN %(first)s AND %(last)s AND w.day_off IS NOT NULL
UNION ALL
SELECT 5, m.kommo_id, NULL, v.starts_on, v.ends_on, v.kind = 'absence' OR v.hours = '[]', v.id::text
FROM shifts_override v JOIN accounts_manager m ON m.id = v.manager_id
WHERE v.account_id = %(account)s AND v.ends_on >= %(first)s AND v.starts_on <= %(last)s
"""
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Everybody:
    """What the named schedules of an account are judged by."""

    now: datetime
    zones: dict[int, str] = field(default_factory=dict)  # by Kommo user id
    holidays: set[date] = field(default_factory=set)
    off: dict[int, named.DaysOff] = field(default_factory=lambda: defaultdict(named.DaysOff))
    _clocks: dict[str, ZoneClock] = field(default_factory=dict)

    def clock(self, user_id: int, account_zone: str) -> ZoneClock:
        """Return the clock by which a person works."""
        zone = self.zones.get(user_id, "")
        if zone not in self._clocks:
            self._clocks[zone] = ZoneClock(known_zone(zone, account_zone))
        return self._clocks[zone]


@dataclass(slots=True)
class NamedSchedule:
    """A schedule by its name: who follows it today, and where everybody else would stand in it."""

    _everybody: _Everybody
    _zone: str  # the account's
    _pattern: Pattern | None = None  # None: no schedule has this name (any more)
    _stretches: dict[int, list[tuple[date, date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def followers(self) -> frozenset[int]:
        """Return the Kommo ids of those who follow it today, each by their own calendar."""
        return frozenset(user for user in self._stretches if self.is_followed_by(user))

    def is_followed_by(self, user_id: int) -> bool:
        """Say whether a manager follows it today."""
        today = self._everybody.now.astimezone(self._clock(user_id).zone).date()
        return any(
            first <= today and (last is None or today <= last)
            for first, last in self._stretches.get(user_id, ())
        )

    def schedule_of(self, user_id: int, own: Schedule | None) -> Schedule:
        """Return where a manager stands in it; whoever follows it stands where their `own` plan says.

        Anybody else: in its cycle from its first day on, by their own clock, but for their days off.
        """
        if self._pattern is None:
            return Schedule()
        if self.is_followed_by(user_id):
            return own or Schedule()
        off = self._days_off(user_id)
        now = self._everybody.now
        standing, day = named.standing_in(self._pattern, off, self._clock(user_id), now)
        cause = day.cause if standing.state is roster.State.DAY_OFF else None
        return Schedule(standing.state, standing.ends_at, standing.starts_at, cause)

    def spans_of(self, user_id: int, first: date, end: date) -> list[roster.Span] | None:
        """Return a manager's hours in it on the days [first, end), the night before them included.

        None of whoever follows it today: their own plan counts.
        """
        if self.is_followed_by(user_id):
            return None
        if self._pattern is None:
            return []
        clock, off = self._clock(user_id), self._days_off(user_id)
        days = [first + number * _DAY for number in range(-1, (end - first).days)]
        return [
            span
            for on in days
            for span in clock.spans(on, named.day_in(self._pattern, off, on).works)
        ]

    def _days_off(self, user_id: int) -> named.DaysOff:
        given = self._everybody.off.get(user_id, named.DaysOff())
        holidays = frozenset(self._everybody.holidays)
        return named.DaysOff(holidays, given.marked, given.absences)

    def _clock(self, user_id: int) -> ZoneClock:
        return self._everybody.clock(user_id, self._zone)


def named_schedules_of(
    account: Account, now: datetime, names: Collection[str]
) -> dict[str, NamedSchedule]:
    """Return the schedules of these names; one query. A name that no schedule has is there, too."""
    today = now.astimezone(UTC).date()
    values: dict[str, Any] = {
        "account": account.pk,
        "names": list(names),
        "first": today - 2 * _DAY,
        "last": today + (named.FARTHEST_DAYS + 2) * _DAY,
    }
    everybody = _Everybody(now)
    found = {name: NamedSchedule(everybody, account.zone) for name in names}
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, values)
        for what, user, text, first, last, flag, more in cursor.fetchall():
            if what == 0:
                found[text]._pattern = pattern_from_json(json.loads(more), first)
            elif what == 1:
                everybody.zones[user] = text
            elif what == 2:
                found[text]._stretches[user].append((first, last))
            elif what == 3:
                everybody.holidays.add(first)
            elif what == 4:
                everybody.off[user].marked[first] = flag
            else:
                everybody.off[user].absences.append(named.Absence(int(more), first, last, flag))
    return found
