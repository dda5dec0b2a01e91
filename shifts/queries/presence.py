"""Reads of presence: where managers stand now, when inactivity is due, what happened in a period."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone
from shifts.core import machine
from shifts.core.machine import Cause, Mode, Policy, Presence, ShiftState, What
from shifts.models import Shift, ShiftSettings

__all__ = [
    "ShiftState",
    "TimelineEntry",
    "ended_shift_at",
    "inactive_managers_on_shift",
    "latest_states",
    "next_inactivity_at",
    "policy_of",
    "presence_of",
    "settings_of",
    "shift_states",
    "timeline",
]

# One probe a manager into shift_latest, one a running shift into shift_pause_latest. The columns are
# those that `state_from_row` takes, beside a table of managers called m.
STATE_COLUMNS = """
s.id, s.started_at, s.ended_at, s.start_cause, s.end_cause,
p.started_at, p.ended_at, p.cause, p.end_cause, seen.last_seen_at
"""
STATE_JOINS = """
LEFT JOIN LATERAL (
  SELECT id, started_at, ended_at, start_cause, end_cause FROM shifts_shift
  WHERE manager_id = m.id ORDER BY started_at DESC, id DESC LIMIT 1
) s ON true
LEFT JOIN LATERAL (
  SELECT started_at, ended_at, cause, end_cause FROM shifts_shiftpause
  WHERE shift_id = s.id AND s.ended_at IS NULL ORDER BY started_at DESC, id DESC LIMIT 1
) p ON true
LEFT JOIN shifts_presence seen ON seen.manager_id = m.id
"""
_LATEST = f"""
SELECT m.kommo_id, {STATE_COLUMNS}
FROM accounts_manager m {STATE_JOINS}
WHERE m.account_id = %(account)s AND (%(users)s::bigint[] IS NULL OR m.kommo_id = ANY(%(users)s))
"""


def shift_states(account: Account, now: datetime) -> dict[int, ShiftState]:
    """Return where every manager of `account` stands, by Kommo user id; one query.

    What is committed counts, even if another process's clock was ahead; its instants are then
    shown as `now`, so that no span from them is negative.
    """
    return {user: not_after(state, now) for user, state in latest_states(account).items()}


def latest_states(account: Account, users: Collection[int] | None = None) -> dict[int, ShiftState]:
    """Return the state of every manager (or of those with these Kommo ids), by Kommo user id."""
    ids = None if users is None else list(users)
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"account": account.pk, "users": ids})
        return {row[0]: state_from_row(*row[1:]) for row in cursor.fetchall()}


def presence_of(manager: Manager) -> ShiftState:
    """Return where one manager stands."""
    return latest_states(manager.account, [manager.kommo_id])[manager.kommo_id]


def ended_shift_at(account: Account, user_id: int) -> datetime | None:
    """Return when the manager's last shift ended; None while on shift or without any shift."""
    last = (
        Shift.objects.for_account(account)
        .filter(manager__account=account, manager__kommo_id=user_id)
        .order_by("-started_at", "-id")
        .values_list("ended_at", flat=True)
        .first()
    )
    return last  # noqa: RET504 - typed: the query set of an account is one of Any


def next_inactivity_at(
    account: Account, users: Collection[int] | None = None
) -> dict[int, datetime]:
    """Return when inactivity is due for each manager (or of `users`) whom it may move.

    By Kommo user id; the turn sets its timers by it; empty in manual mode.
    """
    policy = policy_of(account)
    if policy.mode is Mode.MANUAL:
        return {}
    due = {
        user: machine.inactivity_due_at(state, policy)
        for user, state in latest_states(account, users).items()
    }
    return {user: at for user, at in due.items() if at is not None}


def settings_of(account_id: int) -> ShiftSettings:
    """Return the account's settings of shifts; the defaults, unsaved, where it has saved none."""
    return ShiftSettings.objects.for_account(account_id).first() or ShiftSettings()


def policy_of(account: Account) -> Policy:
    """Return the account's settings of shifts; the defaults where it has saved none."""
    settings = settings_of(account.pk)
    return Policy(
        mode=Mode(settings.mode),
        zone=known_zone(account.zone),
        pause_after=timedelta(minutes=settings.pause_after_minutes),
        offline_after=timedelta(minutes=settings.offline_after_minutes),
        inactivity_ends_hand_pause=settings.inactivity_ends_hand_pause,
    )


def inactive_managers_on_shift(account: Account) -> list[Manager]:
    """Return managers with a running shift who are deactivated in Kommo or no longer take part."""
    running = Shift.objects.for_account(account).filter(ended_at=None).values("manager_id")
    return list(
        Manager.objects.for_account(account)
        .filter(Q(is_active_in_kommo=False) | Q(is_licensed=False), pk__in=running)
        .order_by("pk")
    )


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One transition as it was recorded (F35)."""

    user_id: int  # the manager's Kommo user id
    at: datetime
    what: What
    cause: Cause
    by: int | None  # Kommo user id of the hand; None: the service itself
    shift_id: int


_TIMELINE = """
SELECT m.kommo_id, t.at, t.what, t.cause, t.by, t.shift_id FROM (
  SELECT manager_id, started_at AS at, 'started' AS what, start_cause AS cause, started_by AS by,
         id AS shift_id, 1 AS place
  FROM shifts_shift
  WHERE account_id = %(account)s AND started_at >= %(since)s AND started_at < %(until)s
  UNION ALL
  SELECT manager_id, ended_at, 'ended', end_cause, ended_by, id, 4
  FROM shifts_shift
  WHERE account_id = %(account)s AND ended_at >= %(since)s AND ended_at < %(until)s
  UNION ALL
  SELECT s.manager_id, p.started_at, 'paused', p.cause, p.started_by, s.id, 2
  FROM shifts_shiftpause p JOIN shifts_shift s ON s.id = p.shift_id
  WHERE p.account_id = %(account)s AND p.started_at >= %(since)s AND p.started_at < %(until)s
  UNION ALL
  SELECT s.manager_id, p.ended_at, 'resumed', p.end_cause, p.ended_by, s.id, 3
  FROM shifts_shiftpause p JOIN shifts_shift s ON s.id = p.shift_id
  WHERE p.account_id = %(account)s AND p.ended_at >= %(since)s AND p.ended_at < %(until)s
    AND p.end_cause <> ''
) t JOIN accounts_manager m ON m.id = t.manager_id
ORDER BY t.at, t.shift_id, t.place
"""


def timeline(account: Account, *, since: datetime, until: datetime) -> list[TimelineEntry]:
    """Return every transition of the account's managers in [since, until), oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMELINE, {"account": account.pk, "since": since, "until": until})
        return [
            TimelineEntry(user, at, What(what), Cause(cause), by, shift)
            for user, at, what, cause, by, shift in cursor.fetchall()
        ]


def state_from_row(
    shift_id: int | None,
    started_at: datetime | None,
    ended_at: datetime | None,
    start_cause: str,
    end_cause: str,
    paused_at: datetime | None,
    resumed_at: datetime | None,
    pause_cause: str,
    resume_cause: str,
    last_seen_at: datetime | None,
) -> ShiftState:
    """Return the state that STATE_COLUMNS of a manager amount to."""
    if shift_id is None:
        return ShiftState(Presence.OFFLINE, last_seen_at=last_seen_at)
    common: dict[str, Any] = {"shift_id": shift_id, "last_seen_at": last_seen_at}
    if ended_at is not None:
        return ShiftState(Presence.OFFLINE, None, ended_at, Cause(end_cause), **common)
    if resumed_at is not None:
        return ShiftState(Presence.ONLINE, started_at, resumed_at, Cause(resume_cause), **common)
    if paused_at is not None:
        return ShiftState(Presence.PAUSED, started_at, paused_at, Cause(pause_cause), **common)
    return ShiftState(Presence.ONLINE, started_at, started_at, Cause(start_cause), **common)


def not_after(state: ShiftState, now: datetime) -> ShiftState:
    """Return the state with instants that lie ahead of `now` shown as `now`."""
    if state.since is None or state.since <= now:
        return state
    started_at = state.shift_started_at and min(state.shift_started_at, now)
    return replace(state, since=now, shift_started_at=started_at)
