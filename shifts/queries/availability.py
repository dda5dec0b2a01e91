"""The three axes of everybody at one moment: shift, participation, schedule; one query, no history read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from accounts.models import Account
from shifts.core import participation, roster
from shifts.core.layers import Cause, Kind
from shifts.core.machine import Presence, ShiftState
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
