"""Dealing the leads of a turn: what waits first, then new leads, then those of managers who left."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from distribution.core import decide, records
from distribution.core.facts import OFF, LeadFacts
from distribution.core.reasons import Reason
from distribution.models import Decision, LeadMirror, Timer
from distribution.operations.deciding.bulk import DecisionRow, TimerRow
from distribution.operations.deciding.customers import sticky_of
from distribution.operations.deciding.following import given, move_to_stage
from distribution.operations.deciding.notes import REFUSED
from distribution.operations.deciding.rows import LeadRow, rows_in_queue
from distribution.operations.deciding.work_state import TurnWork

QUEUE_LIMIT = 250
MOST_CHANGES = 50  # of triggers in one drain, each some milliseconds for 200 people
QueueEnd = tuple[datetime, int]  # since when a lead waits, and its id
State = LeadMirror.State
Kind = Decision.Kind


def deal_all(work: TurnWork) -> None:
    """Deal what waits, if anything can have changed for it, then the new leads, in their order."""
    waiting, ends = _waiting(work, _queues(work))
    moved_on = _drain(work, [row for row in waiting if row.state == State.WAITING])
    for row in _by_trigger(work.to_deal):
        deal_new(work, row)
    moved_on |= _move_parked(work, [row for row in waiting if row.state == State.PARKED])
    _go_on(work, ends, moved_on)


def _queues(work: TurnWork) -> dict[int, QueueEnd | None]:
    """Return whose queues are looked at, and behind which lead of theirs; None: from the first on."""
    asked: dict[int, QueueEnd | None] = {}
    if work.config.triggers and (work.is_released or (work.to_deal and work.anyone_free())):
        asked = {trigger.trigger_id: None for trigger in work.config.triggers}
    for trigger_id, payload in work.going_on.items():
        since, lead_id = payload["after"]
        asked[trigger_id] = datetime.fromisoformat(since), int(lead_id)
    return asked


def _go_on(work: TurnWork, ends: dict[int | None, QueueEnd], moved_on: set[int | None]) -> None:
    """Let the next turn go on with long queues, behind leads that wait for reasons of their own."""
    for trigger_id, (since, lead_id) in ends.items():
        if trigger_id is not None and _may_differ(work, trigger_id):
            is_again = trigger_id in work.going_on and _is_again(work, trigger_id)
            payload = {"after": [since.isoformat(), lead_id], "again": is_again}
            work.set_timer(TimerRow(Timer.Kind.DRAIN, trigger_id, work.now, payload))
        elif trigger_id in moved_on:
            set_drain(work, work.now)
    if any(one not in ends and _is_again(work, one) for one in work.going_on):
        set_drain(work, work.now)


def _is_again(work: TurnWork, trigger_id: int) -> bool:
    """Say whether something was released after the beginning of the queue was looked at."""
    return work.is_released or bool(work.going_on[trigger_id]["again"])


def _may_differ(work: TurnWork, trigger_id: int) -> bool:
    """Say whether one lead of the queue may find somebody where those before it have not."""
    trigger, turn = work.config.trigger(trigger_id), work.turn_of(trigger_id)
    if trigger is None or turn is None or trigger.template.waits_alike:
        return False
    is_sticky = trigger.template.body.sticky.by != OFF
    is_dealing = work.config.is_enabled and work.is_open(trigger)
    return is_dealing and (is_sticky or turn.anyone_free())


def _by_trigger(rows: list[LeadRow]) -> list[LeadRow]:
    """Return leads in their order, trigger by trigger: each change of trigger costs a judging."""
    first = {row.trigger_id: place for place, row in reversed(list(enumerate(rows)))}
    return sorted(rows, key=lambda row: first[row.trigger_id])


def _in_runs(rows: list[LeadRow]) -> list[LeadRow]:
    """Return waiting leads in their order; a mixed long queue goes trigger by trigger from a point on."""
    changes = 0
    for place, (one, other) in enumerate(pairwise(rows), 1):
        changes += one.trigger_id != other.trigger_id
        if changes > MOST_CHANGES:
            return rows[:place] + _by_trigger(rows[place:])
    return rows


def _waiting(
    work: TurnWork, asked: dict[int, QueueEnd | None]
) -> tuple[list[LeadRow], dict[int | None, QueueEnd]]:
    """Return the leads in the queue, longest waiting first, without those that are new anyway.

    With them, by trigger, where its queue was cut off.
    """
    fresh = {row.lead_id for row in work.to_deal}
    found = rows_in_queue(work.config.account_id, asked, QUEUE_LIMIT) if asked else []
    counts = Counter(row.trigger_id for row in found)
    ends = {
        row.trigger_id: (row.waiting_since, row.lead_id)
        for row in found
        if row.waiting_since is not None and counts[row.trigger_id] >= QUEUE_LIMIT
    }
    rows = {row.lead_id: row for row in work.known(found)}
    rows |= {lead_id: work.rows[lead_id] for lead_id in work.refused}  # queued by this turn
    return [row for row in rows.values() if row.in_queue and row.lead_id not in fresh], ends


def _drain(work: TurnWork, rows: list[LeadRow]) -> set[int | None]:
    """Deal waiting leads, first come first served (F41, F82); return the triggers that moved on.

    Where nobody is free the leads learn at least why they wait now.
    """
    moved_on: set[int | None] = set()
    stuck: set[int | None] = set()  # triggers in which nobody can take another lead
    for row in _in_runs(rows):
        chosen = work.choose_trigger(row)
        if (chosen.trigger_id if chosen else None) not in stuck:
            if _try(work, row):
                moved_on.add(row.trigger_id)
            elif _wait_alike(work, row):
                stuck.add(row.trigger_id)
    return moved_on


def _wait_alike(work: TurnWork, row: LeadRow) -> bool:
    """Say whether what keeps this lead waiting keeps all of its trigger waiting."""
    trigger = work.config.trigger(row.trigger_id)
    return trigger is None or trigger.template.waits_alike


def _try(work: TurnWork, row: LeadRow) -> bool:
    """Deal a waiting lead, or let it learn why it waits now; False = nothing has changed for it."""
    reason = row.waiting_reason
    return work.config.is_enabled and (deal_new(work, row) or row.waiting_reason != reason)


def _move_parked(work: TurnWork, rows: list[LeadRow]) -> set[int | None]:
    """Move parked leads whose manager is still away; the manager who is back keeps theirs."""
    moved_on: set[int | None] = set()
    stuck: set[int | None] = set()
    for row in _in_runs(rows):
        if row.lead_id in work.refused:
            move_lead(work, row, wave_id=None)
        elif _is_back(work, row.owner_id):
            with work.changing(row):
                row.leave_queue(State.DEALT)
            moved_on.add(row.trigger_id)
        elif row.trigger_id not in stuck:
            (moved_on if move_lead(work, row, wave_id=None) else stuck).add(row.trigger_id)
    return moved_on


def _is_back(work: TurnWork, user_id: int | None) -> bool:
    return user_id is not None and work.presence(user_id) not in (None, "offline")


def deal_new(work: TurnWork, row: LeadRow) -> bool:
    """Deal a lead for its present stage entry; False = nobody can take it now."""
    trigger = work.choose_trigger(row)
    turn = work.turn_of(trigger.trigger_id) if trigger else None
    if trigger is None or turn is None:
        return False
    if row.trigger_id != trigger.trigger_id:
        with work.changing(row):
            row.trigger_id = trigger.trigger_id
    facts = facts_of(work, row, moves=False)
    decision = turn.deal(facts, work.now)
    if trigger.template.is_shadow:
        return _in_shadow(work, row, decision, facts)
    if decision.kind is decide.Kind.DEALT and decision.chosen is not None:
        previous = row.owner_id
        with work.changing(row):
            row.dealt_entry = row.stage_entry
            row.forget_original()
            row.leave_queue(State.DEALT)
        recorded = record_dealing(work, row, Kind.DISTRIBUTION, decision, facts, previous)
        work.give(row, decision.chosen, recorded)
        given(work, row, decision, recorded)
        return True
    if decision.kind is decide.Kind.TO_STAGE and row.cycle.unmoved == row.stage_entry:
        decision = replace(decision, kind=decide.Kind.WAITING, because=None)
    if decision.kind in (decide.Kind.LEFT_ALONE, decide.Kind.TO_STAGE):
        recorded = _let_go(work, row, decision, facts)
        if decision.kind is decide.Kind.TO_STAGE:
            move_to_stage(work, row, trigger.template.body.nobody.stage, recorded)
        return True
    _wait(work, row, decision, facts)
    return False


def _let_go(
    work: TurnWork, row: LeadRow, decision: decide.Decision, facts: LeadFacts
) -> DecisionRow:
    """Leave a lead with whom it has: nothing more is done in this stage entry."""
    with work.changing(row):
        row.is_counted = True
        row.dealt_entry = row.stage_entry
        row.leave_queue(State.SEEN)
    return record_dealing(work, row, Kind.DISTRIBUTION, decision, facts, row.owner_id)


def _in_shadow(work: TurnWork, row: LeadRow, decision: decide.Decision, facts: LeadFacts) -> bool:
    """Record what would have been done; the lead stays as it is (N8)."""
    if decision.kind is not decide.Kind.WAITING:
        _let_go(work, row, decision, facts).is_shadow = True
        return True
    if _enqueue(work, row, State.WAITING, decision, is_counted=True):
        recorded = record_dealing(work, row, Kind.DISTRIBUTION, decision, facts, row.owner_id)
        recorded.is_shadow = True
    return False


def _wait(work: TurnWork, row: LeadRow, decision: decide.Decision, facts: LeadFacts) -> None:
    opens = work.next_opening(row)
    if opens is not None:
        set_drain(work, opens)
    if _enqueue(work, row, State.WAITING, decision, is_counted=False):
        record_dealing(work, row, Kind.DISTRIBUTION, decision, facts, row.owner_id)


def _enqueue(
    work: TurnWork, row: LeadRow, state: str, decision: decide.Decision, *, is_counted: bool
) -> bool:
    """Let a lead wait, with the reason and the moment to look again; False: it waits so already."""
    reason, until = why(decision)
    if until is not None:
        set_drain(work, until)
    if row.state == state and row.waiting_reason == reason:
        return False
    with work.changing(row):
        row.is_counted = is_counted
        row.waiting_since = row.waiting_since or work.now
        row.state, row.waiting_reason = state, reason
    return True


def move_lead(work: TurnWork, row: LeadRow, *, wave_id: int | None) -> bool:
    """Move the lead of a manager who left to a colleague; False = nobody can take it: parked."""
    trigger, turn = work.config.trigger(row.trigger_id), work.turn_of(row.trigger_id, by_load=True)
    if turn is None or (row.lead_id not in work.refused and not _may_move(work, row)):
        return False
    if trigger is None or trigger.template.is_shadow:
        return False
    facts = facts_of(work, row, moves=True, tried=work.refused.get(row.lead_id, frozenset()))
    if facts.tried and row.cycle.tried:  # nor to whom has let it pass, if there is somebody else
        fresh = replace(facts, tried=facts.tried.union(row.cycle.tried))
        facts = fresh if turn.eligible_for(fresh) else facts
    decision = turn.deal(facts, work.now)
    if decision.chosen is None:
        _park(work, row, decision, facts, wave_id)
        return False
    left = row.owner_id
    recorded = record_dealing(
        work, row, Kind.REDISTRIBUTION, decision, facts, left, wave_id=wave_id, by_load=True
    )
    if row.cycle.accepted:  # an undo must know that it was not the colleague who accepted it
        recorded.lead_facts["accepted"] = row.cycle.accepted
    with work.changing(row):
        row.leave_queue(State.DEALT)
        if row.lead_id not in work.refused:
            row.original_owner_id = row.original_owner_id or left
            row.transferee_id, row.displaced_entry = decision.chosen, row.stage_entry
        if row.original_owner_id == decision.chosen:
            row.forget_original()
    work.give(row, decision.chosen, recorded)
    given(work, row, decision, recorded)
    return True


def _may_move(work: TurnWork, row: LeadRow) -> bool:
    """Say whether redistribution is on, and for a parked lead whether its hours are open again."""
    config = work.config
    if not (config.is_enabled and config.redistribution_enabled):
        return False
    opens = work.opens(config.redistribution_hours, work.now)
    if row.state == State.PARKED and opens > work.now:
        set_drain(work, opens)
        return False
    return True


def _park(
    work: TurnWork,
    row: LeadRow,
    decision: decide.Decision,
    facts: LeadFacts,
    wave_id: int | None,
) -> None:
    """Leave the lead with the one who left, to be tried again at the next release."""
    if _enqueue(work, row, State.PARKED, decision, is_counted=row.is_counted):
        left = row.owner_id
        record_dealing(
            work, row, Kind.REDISTRIBUTION, decision, facts, left, wave_id=wave_id, by_load=True
        )


def set_drain(work: TurnWork, due_at: datetime) -> None:
    """Look at the waiting leads at `due_at`, or earlier if that is set already."""
    work.set_timer(TimerRow(Timer.Kind.DRAIN, 0, due_at, earliest=True))


def facts_of(
    work: TurnWork, row: LeadRow, *, moves: bool, tried: frozenset[int] = frozenset()
) -> LeadFacts:
    """Return a lead as the engine sees it."""
    weighs = _weighs(work, row)
    return LeadFacts(
        row.lead_id,
        row.pipeline_id,
        row.status_id,
        row.owner_id,
        row.is_excluded,
        tried,
        arrived_at=datetime.fromtimestamp(row.created_in_kommo_at, UTC),
        moves=moves,
        waiting_since=row.waiting_since,
        skills=frozenset(row.cycle.skills),
        sticky=None if moves else sticky_of(work, row),
        counted=row.is_counted and weighs,
        weightless=not weighs,
        is_incoming=row.place in work.config.unsorted,
    )


def _weighs(work: TurnWork, row: LeadRow) -> bool:
    """Say whether the lead lies in a stage that the limits of its template look at (F120)."""
    trigger = work.config.trigger(row.trigger_id)
    return trigger is None or trigger.template.scope in work.config.scopes_of(*row.place)


def record_dealing(
    work: TurnWork,
    row: LeadRow,
    kind: Kind,
    decision: decide.Decision,
    facts: LeadFacts,
    previous: int | None,
    *,
    wave_id: int | None = None,
    by_load: bool = False,
    reason: str = "",
) -> DecisionRow:
    """Note what the engine decided, with all that is needed to decide it again."""
    found, until = why(decision)
    reason = REFUSED if row.lead_id in work.refused else found or reason
    is_dealt = decision.chosen is not None
    return work.record(
        row,
        kind,
        chosen_id=decision.chosen,
        previous_owner_id=previous,
        reason=reason,
        until=until,
        turn_key=work.turn_key(row.trigger_id, by_load=by_load),
        seq=decision.seq,
        lead_facts=records.lead_to_json(facts),
        verdicts=decision.as_json().get("verdicts", []),
        load_before=decision.load_before if is_dealt else None,
        lag_before=decision.lag_before if is_dealt else None,
        eligible=decision.eligible_count,
        wave_id=wave_id,
    )


def why(decision: decide.Decision) -> tuple[str, datetime | None]:
    """Return the code of what became of a lead, and when it is looked at again."""
    if decision.because is not None:
        return decision.because.value, None
    if decision.waiting is not None:
        return decision.waiting.code.value, decision.waiting.until
    if decision.refusal is not None:
        return Reason(decision.refusal.reason).value, decision.refusal.until
    return "", None
