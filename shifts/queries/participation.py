"""Reads of participation: what counts now of each manager, and what they may change themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from accounts.identity import Role, has_role
from accounts.models import Account, Manager
from shifts.core import participation
from shifts.core.participation import Denied, Standing, Status, denied_to_self
from shifts.models import Participation
from shifts.queries.presence import settings_of

__all__ = [
    "Standing",
    "Status",
    "denied_now",
    "own_denial",
    "standing_from_row",
    "standing_of",
    "standings",
]

_ON = Standing()
_ALL = """
SELECT m.kommo_id, p.status, p.until, p.status_after, p.note
FROM accounts_manager m LEFT JOIN shifts_participation p ON p.manager_id = m.id
WHERE m.account_id = %s
"""


def standings(account: Account, now: datetime) -> dict[int, Standing]:
    """Return what counts of every manager of `account`, by Kommo user id; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL, [account.pk])
        rows = cursor.fetchall()
    return {user_id: standing_from_row(now, *columns) for user_id, *columns in rows}


def standing_from_row(
    now: datetime, status: str | None, until: datetime | None, status_after: str, note: str
) -> Standing:
    """Return what counts of a row's columns; a manager without the row (no status) is On (F29)."""
    if status is None:
        return _ON
    return participation.standing_at(now, Status(status), until, Status(status_after), note)


def standing_of(manager: Manager, now: datetime) -> Standing:
    """Return what counts of one manager; one query."""
    row = Participation.objects.for_account(manager.account_id).filter(manager=manager).first()
    if row is None:
        return _ON
    return standing_from_row(now, row.status, row.until, row.status_after, row.note)


def own_denial(manager: Manager, current: Status, wanted: Status) -> Denied | None:
    """Say why the manager may not set their own status to `wanted`; None: they may.

    Forced states and the account's switch bind managers; supervisors and admins only may not force
    themselves this way. At most one query.
    """
    if wanted.is_forced or has_role(manager, Role.SUPERVISOR):
        return denied_to_self(Status.ON, wanted, users_may_change=True)
    row = settings_of(manager.account_id)
    return denied_to_self(current, wanted, users_may_change=row.users_may_change_activity)


def denied_now(manager: Manager, current: Status) -> Denied | None:
    """Say why the manager may not switch themselves to the other state; None: they may."""
    return own_denial(manager, current, Status.OFF if current.is_in else Status.ON)
