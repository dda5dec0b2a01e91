"""One turn of one account's deciding lane: claim, enrich, decide, write.

enrich    outside any transaction: one batched read of the leads at hand
decide    one short transaction without I/O: events, then due timers → mirror, ledger, decisions,
          timers, effects
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.kommo.connection import connect
from accounts.kommo.errors import BudgetExhausted, KommoError, NeedsAuthorization
from accounts.kommo.payloads import Lead, Task
from accounts.kommo.retry import account_wait
from accounts.models import Account, InboxEvent, Lane
from distribution.operations import lanes
from distribution.operations.deciding import acceptance, asking
from distribution.operations.deciding.absorb import absorb_gone, absorb_lead, needs_read
from distribution.operations.deciding.agenda import Agenda, claim_events, read_agenda
from distribution.operations.deciding.bulk import write_turn
from distribution.operations.deciding.customers import (
    Customer,
    may_follow_customers,
    read_customers,
    remember,
)
from distribution.operations.deciding.dealing import deal_all, set_drain
from distribution.operations.deciding.first_touch import note_touches
from distribution.operations.deciding.happenings import absorb_happenings, absorb_later, fire_timers
from distribution.operations.deciding.misses import settle_misses
from distribution.operations.deciding.moves import run_returns, run_waves
from distribution.operations.deciding.overwrites import note_overwrites
from distribution.operations.deciding.rows import LeadRow, rows_by_ids
from distribution.operations.deciding.task_counts import absorb_tasks
from distribution.operations.deciding.work_state import TurnWork
from distribution.operations.lanes import LaneLease, LostLane
from distribution.queries.config import AccountConfig, config_of
from shifts.operations.presence import record_activity

log = logging.getLogger(__name__)

RETRY_AFTER_ERROR_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What Kommo said about the leads at hand."""

    leads: dict[int, Lead]
    asked: frozenset[int]
    observed_at: datetime
    was_slow: bool = False
    customers: dict[int, Customer] = field(default_factory=dict)  # by lead, where asked for
    tasks: list[Task] | None = None  # None: no task was asked for


class Later(Exception):
    """Kommo cannot be asked now: the events stay as they are."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"in {wait_seconds:.1f} s")


def take_turn(
    *,
    account_id: int | None = None,
    slow: bool = True,
    before_commit: Callable[[], None] | None = None,
) -> int | None:
    """Serve the account longest unserved; return its id, None when no account has work.

    `before_commit` runs inside the transaction, after the write: tests stop a worker there.
    """
    lease = lanes.claim_lane(kind=Lane.Kind.DECIDE, account_id=account_id, slow=slow)
    if lease is None:
        return None
    try:
        _serve(lease, before_commit)
    except LostLane:
        log.warning("account %s: the lane was lost, another worker has it", lease.account_id)
    except Exception:
        # The events' tries count: what keeps failing is taken alone, then put aside.
        log.exception("account %s: the turn failed", lease.account_id)
        lanes.release_lane(lease, wait_seconds=RETRY_AFTER_ERROR_SECONDS)
    return lease.account_id


def _serve(lease: LaneLease, before_commit: Callable[[], None] | None) -> None:
    agenda = read_agenda(lease, claim_events(lease))
    config = config_of(lease.account_id)
    if lease.has_due_timers and not agenda.has_more:  # else none fires in this turn
        agenda.reads |= acceptance.leads_due(lease.account_id, lease.business_now)
    rows = {row.lead_id: row for row in _known_rows(lease, agenda)}
    try:
        reading = _enrich(lease, config, agenda, rows)
    except Later as later:
        _put_back(lease, agenda, later.wait_seconds)
        return
    with transaction.atomic():
        now, block = lanes.hold_lane(lease)
        work = TurnWork(lease=lease, config=config, now=now, block=block)
        work.rows = rows
        _decide(work, agenda, reading)
        release = lanes.release_values(lease, was_slow=reading.was_slow)
        write_turn(lease.account_id, work.finish(), last=(lanes.RELEASE_SQL, release))
        if before_commit:
            before_commit()


def _known_rows(lease: LaneLease, agenda: Agenda) -> list[LeadRow]:
    ids = agenda.lead_ids | {
        int(payload["lead"]) for kind, payload in agenda.internal if kind == InboxEvent.Kind.SETTLED
    }
    return rows_by_ids(lease.account_id, ids) if ids else []


def _enrich(
    lease: LaneLease, config: AccountConfig, agenda: Agenda, rows: dict[int, LeadRow]
) -> Reading:
    """Read the leads of which something new may be true; raise Later if Kommo cannot be asked."""
    asked = agenda.reads | {
        lead_id
        for lead_id, hints in agenda.hints.items()
        if any(needs_read(config, rows.get(lead_id), hint) for hint in hints)
    }
    observed_at = lease.clock()
    task_ids = agenda.task_ids if config.counts_tasks else set()
    if not asked and not task_ids:
        return Reading({}, frozenset(), observed_at)
    began = time.monotonic()
    client = connect(Account(pk=lease.account_id))
    try:
        found = (
            client.leads_by_ids(sorted(asked), with_contacts=config.asks_customers) if asked else []
        )
        wanted = may_follow_customers(config, agenda, rows, found)
        customers = read_customers(client, config, wanted) if wanted else {}
        tasks = client.tasks_by_ids(sorted(task_ids)) if task_ids else None
    except KommoError as error:
        raise _later(error, lease) from error
    was_slow = time.monotonic() - began > lanes.SLOW_CALL_SECONDS
    leads = {lead.id: lead for lead in found}
    return Reading(leads, frozenset(asked), observed_at, was_slow, customers, tasks)


def _later(error: KommoError, lease: LaneLease) -> Later:
    if isinstance(error, NeedsAuthorization):
        log.warning("account %s: no valid token, its inbox waits", lease.account_id)
    elif not isinstance(error, BudgetExhausted):
        log.info("account %s: leads not read: %s", lease.account_id, error)
    return Later(account_wait(error, 3))


def _put_back(lease: LaneLease, agenda: Agenda, wait_seconds: float) -> None:
    """Leave the events for later; that Kommo did not answer is no death of theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_inboxevent SET crashes = 0 WHERE id = ANY(%s)",
            [agenda.taken + agenda.left],
        )
    lanes.release_lane(lease, wait_seconds=wait_seconds)


def _decide(work: TurnWork, agenda: Agenda, reading: Reading) -> None:
    """Absorb what happened, then return, move and deal; the order of a turn is this function."""
    absorb_happenings(work, agenda.internal)
    for lead_id in _in_order(agenda, reading):
        lead = reading.leads.get(lead_id)
        if lead is None:
            absorb_gone(work, lead_id, reading.observed_at)
        else:
            absorb_lead(work, lead, agenda.hints.get(lead_id, ()), reading.observed_at)
            remember(work, lead, reading.customers.get(lead_id))
            acceptance.note_read(work, lead)
    absorb_later(work, agenda.internal)
    if reading.tasks is not None:
        absorb_tasks(work, agenda.task_ids, reading.tasks, reading.observed_at)
    note_overwrites(work, agenda.hints)
    note_touches(work, agenda.touches)
    _note_activity(work, agenda)
    if work.lease.has_due_timers and not agenda.has_more:
        fire_timers(work)
    freed = work.freed()
    work.is_released = work.is_released or bool(freed)
    is_moving = work.returning or work.leaving or work.overdue
    if is_moving or work.to_deal or work.is_released or work.going_on:
        run_returns(work)
        deal_all(work)
        run_waves(work)
        acceptance.run_overdue(work)
    settle_misses(work)
    asking.answer_bots(work)
    if work.freed() - freed:  # by what has moved on since the queue was looked at
        set_drain(work, work.now)
    work.written.done_events = agenda.taken
    work.written.untouched_events = agenda.left


def _in_order(agenda: Agenda, reading: Reading) -> list[int]:
    """Return the read leads in the order in which they were heard of: first come, first served."""
    heard = [lead_id for lead_id in agenda.hints if lead_id in reading.asked]
    rest: Any = reading.asked.difference(heard)
    return heard + sorted(rest)


def _note_activity(work: TurnWork, agenda: Agenda) -> None:
    """Count what people did in Kommo as their activity (R38), where shifts or a gate look at it."""
    if work.config.shift_mode == "manual" and not work.config.has_presence_gate:
        return
    seen = {user: at for user, at in agenda.seen.items() if user != work.config.service_user_id}
    if seen:
        record_activity(work.account, seen=seen, now=work.now, source="webhook")
