"""Redistribution by time: a lead that nobody accepts goes to the next; see core.acceptance (F137–F143)."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from distribution.models import Timer
from distribution.operations.bulk import DecisionRow
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork

LEADS_A_TURN = 240


def leads_due(account_id: int, now: datetime) -> set[int]:
    """Return the leads whose acceptance or first touch is due: the turn reads them before it judges."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject FROM distribution_timer WHERE account_id = %s AND due_at <= %s"
            " AND kind = ANY(%s) ORDER BY due_at, kind, subject LIMIT %s",
            [account_id, now, [Timer.Kind.ACCEPT.value, Timer.Kind.TOUCH.value], LEADS_A_TURN],
        )
        return {subject for (subject,) in cursor.fetchall()}


def start_clock(work: TurnWork, row: LeadRow, recorded: DecisionRow) -> None:
    """Start the acceptance clock of a lead that has just been given, where its template has one."""


def run_overdue(work: TurnWork) -> None:
    """Judge the leads of `work.overdue`: accepted, passed on, kept, moved to a stage, or stopped."""


def pass_on(work: TurnWork, row: LeadRow, *, reason: str) -> bool:
    """Give a dealt lead to the next of its template who has not had it in this cycle; False: nobody."""
    return False
