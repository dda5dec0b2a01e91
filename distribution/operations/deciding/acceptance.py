"""Redistribution by time: a lead that nobody accepts goes to the next; see core.acceptance (F137–F143)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.kommo.payloads import Lead
from accounts.models import InboxEvent, Manager, Stage
from accounts.operations.inbox import append_event
from distribution.core.acceptance import AcceptPolicy, Held, Step, StepKind, next_step
from distribution.core.policy.body import Acceptance
from distribution.models import Decision, LeadMirror, Timer
from distribution.operations.deciding.absorb import is_filled
from distribution.operations.deciding.acceptance_clock import (
    accept,
    give_up_clock,
    running_rule,
    start_clock,
)
from distribution.operations.deciding.bulk import TimerRow
from distribution.operations.deciding.dealing import facts_of, record_dealing
from distribution.operations.deciding.first_touch import judge_touches
from distribution.operations.deciding.following import given, move_to_stage
from distribution.operations.deciding.notes import CAP_REACHED, NOT_ACCEPTED, cap_note
from distribution.operations.deciding.rows import LeadRow, rows_by_ids
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.config import window_of
from peresmenka.lib.zones import known_zone
from shifts.core.windows import closed_at, opens_at

Json = dict[str, Any]

LEADS_A_TURN = 240
TAKEN_TO_WORK_MINUTES = 10
"""What the preset "Taken to work" offers: a flag field and ten minutes (F142)."""

LATE_BY = timedelta(minutes=1)
"""So long after its window has closed a clock that ran out in time may still move a lead."""


def leads_due(account_id: int, now: datetime) -> set[int]:
    """Return the leads whose acceptance or first touch is due: the turn reads them before it judges."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject FROM distribution_timer WHERE account_id = %s AND due_at <= %s"
            " AND kind = ANY(%s) ORDER BY due_at, kind, subject LIMIT %s",
            [account_id, now, [Timer.Kind.ACCEPT.value, Timer.Kind.TOUCH.value], LEADS_A_TURN],
        )
        return {subject for (subject,) in cursor.fetchall()}


def note_read(work: TurnWork, lead: Lead) -> None:
    """Take a filled field as acceptance, where the template does (F142)."""
    row = work.rows.get(lead.id)
    if row is None or lead.updated_at < row.version:
        return
    rule = running_rule(work, row)
    if rule is not None and "field" in rule.accepted_by and is_filled(lead, rule.field_id):
        accept(work, row, "field")


def accept_by_click(account_id: int, lead_id: int, user: Manager, now: datetime) -> None:
    """Leave in the inbox that a manager has accepted a lead by a click; only its owner's counts.

    Joins the caller's transaction; the caller rings.
    """
    payload = {"ids": [lead_id], "accepted_by": user.kommo_id, "source": "click"}
    append_event(account_id, InboxEvent.Kind.LEADS, payload, now)


def absorb_click(work: TurnWork, payload: Json) -> None:
    """Take in a click of `accept_by_click`."""
    row = work.rows.get(int(payload["ids"][0]))
    rule = running_rule(work, row) if row is not None else None
    if row is None or rule is None or row.owner_id != payload["accepted_by"]:
        return
    if "click" in rule.accepted_by:
        accept(work, row, "click")


def run_overdue(work: TurnWork) -> None:
    """Judge the leads of `work.overdue`: accepted, passed on, kept, moved to a stage, or stopped."""
    unread = {lead_id for _, lead_id in work.overdue if lead_id not in work.rows}
    known = {row.lead_id for row in rows_by_ids(work.config.account_id, unread)} if unread else ()
    due: dict[str, list[tuple[LeadRow, Json]]] = defaultdict(list)
    for (kind, lead_id), payload in work.overdue.items():
        if (row := work.rows.get(lead_id)) is not None:
            due[kind].append((row, payload))
        elif lead_id in known:  # due since the leads were read: the next turn reads it
            work.set_timer(TimerRow(kind, lead_id, work.now, payload))
    judge_touches(work, due[Timer.Kind.TOUCH])  # while whoever should have touched it still has it
    for row, payload in due[Timer.Kind.ACCEPT]:
        _judge(work, row, payload)


def _judge(work: TurnWork, row: LeadRow, payload: Json) -> None:
    rule = running_rule(work, row)
    is_stale = payload["given"] != row.cycle.given or payload["owner"] != row.owner_id
    if rule is None or is_stale or row.in_queue or not work.config.is_enabled:
        return
    if _sleeps(work, row, rule, payload):
        return
    if row.is_in_flight:  # Kommo does not have it yet: nobody can have accepted it
        start_clock(work, row)
        return
    _take(work, row, rule, _next_step(work, row, rule))


def _sleeps(work: TurnWork, row: LeadRow, rule: Acceptance, payload: Json) -> bool:
    """Say whether the window has closed meanwhile; the lead is judged when it opens (F138)."""
    window, zone = window_of(rule.hours), known_zone(work.config.zone)
    opens, closed = opens_at(window, zone, work.now), closed_at(window, zone, work.now)
    if opens == work.now or closed is None or work.now - closed <= LATE_BY:
        return False
    work.set_timer(TimerRow(Timer.Kind.ACCEPT, row.lead_id, opens, payload))
    return True


def _next_step(work: TurnWork, row: LeadRow, rule: Acceptance) -> Step:
    cycle = row.cycle
    policy = AcceptPolicy(
        rule.minutes or 1,
        rule.cap,
        **{f"by_{name}": name in rule.accepted_by for name in ("stage", "field", "touch", "click")},
        has_cap_stage=rule.cap_stage not in (None, row.place),
    )
    held = Held(
        cycle.moves,
        frozenset(cycle.tried),
        row.owner_id,
        cycle.caps,
        stage_changed=row.stage_entry != cycle.entry,
        is_sticky=cycle.sticky,
        is_excluded=row.is_excluded,
        is_closed_or_gone=row.is_deleted or row.status_id in Stage.CLOSED,
    )
    owner = frozenset() if row.owner_id is None else frozenset({row.owner_id})
    return next_step(
        policy, held, _has_next(work, row, held.tried_by_now), _has_next(work, row, owner)
    )


def _has_next(work: TurnWork, row: LeadRow, tried: frozenset[int]) -> bool:
    turn = work.turn_of(row.trigger_id)
    return turn is not None and bool(
        turn.eligible_for(facts_of(work, row, moves=True, tried=tried))
    )


def _take(work: TurnWork, row: LeadRow, rule: Acceptance, step: Step) -> None:
    if step.outcome == "missed" and row.owner_id is not None:
        work.missed.append((row.owner_id, rule.pause_after))
    if step.kind in (StepKind.MOVE, StepKind.NEW_CYCLE):
        _move(work, row, step.tried, NOT_ACCEPTED)
    elif step.kind is StepKind.KEEP:
        start_clock(work, row)
    elif step.kind is StepKind.ACCEPTED:
        accept(work, row, step.by or "")
    elif step.kind in (StepKind.CAP_STAGE, StepKind.CAP_STOP):
        _end(work, row, rule, step)


def _end(work: TurnWork, row: LeadRow, rule: Acceptance, step: Step) -> None:
    """The cap is reached: another stage, once, whose trigger may begin afresh; else the end (F140)."""
    recorded = work.record(
        row, Decision.Kind.REDISTRIBUTION, previous_owner_id=row.owner_id, reason=CAP_REACHED
    )
    if step.kind is StepKind.CAP_STAGE:
        move_to_stage(work, row, rule.cap_stage, recorded)
    else:
        text = cap_note(work.config, recorded, work.names, step.moves)
        work.send(row, recorded, kind="note", note=text)
    with work.changing(row):
        give_up_clock(work, row)
        row.cycle.moves, row.cycle.caps = step.moves, step.caps_reached
        row.cycle.tried = sorted(step.tried)


def pass_on(work: TurnWork, row: LeadRow, *, reason: str) -> bool:
    """Give a dealt lead to the next of its template who has not had it in this cycle; False: nobody.

    When all have had it, the cycle begins anew (R24); the template's cap holds (R10).
    """
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or trigger.template.is_shadow or row.in_queue or row.is_deleted:
        return False
    if row.owner_id is None or row.cycle.moves >= trigger.template.body.acceptance.cap:
        return False
    for tried in (frozenset({*row.cycle.tried, row.owner_id}), frozenset({row.owner_id})):
        if _has_next(work, row, tried):
            return _move(work, row, tried, reason)
    return False


def _move(work: TurnWork, row: LeadRow, tried: Collection[int], reason: str) -> bool:
    """Deal the lead among those not `tried`, by its own trigger's register (R24)."""
    turn = work.turn_of(row.trigger_id)
    if turn is None:
        return False
    facts = facts_of(work, row, moves=True, tried=frozenset(tried))
    decision = turn.deal(facts, work.now)
    if decision.chosen is None:
        return False
    recorded = record_dealing(
        work, row, Decision.Kind.REDISTRIBUTION, decision, facts, row.owner_id, reason=reason
    )
    with work.changing(row):
        row.leave_queue(LeadMirror.State.DEALT)
        row.cycle.tried, row.cycle.moves = sorted(tried), row.cycle.moves + 1
        row.cycle.accepted = ""
    work.give(row, decision.chosen, recorded)
    given(work, row, decision, recorded)
    return True
