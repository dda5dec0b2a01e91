"""Waves and returns: the leads of a manager who left move on, and come back with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from distribution.core.waves import ReturnFacts, may_return, wave_due_at, wave_may_start
from distribution.models import Decision, LeadMirror, Timer
from distribution.operations.deciding.bulk import TimerRow
from distribution.operations.deciding.dealing import move_lead, set_drain
from distribution.operations.deciding.following import returned
from distribution.operations.deciding.rows import LeadRow, rows_displaced, rows_of_owner
from distribution.operations.deciding.work_state import TurnWork
from peresmenka.lib.zones import known_zone
from shifts.core.windows import DailyWindow, closed_at

Json = dict[str, Any]
WAVE_LIMIT = 250


def plan_wave(work: TurnWork, user_id: int, off_at: datetime, cause: str) -> None:
    """Set the timer by which a manager's leads move, unless they return before (R7, R8)."""
    config = work.config
    if not config.redistribution_enabled or not config.is_enabled:
        return
    window = DailyWindow(*config.redistribution_hours)
    opens = work.opens(config.redistribution_hours, off_at)
    may_start = wave_may_start(
        off_at=off_at,
        scheduled=cause == "schedule",
        window_open=opens <= off_at,
        window_closed_at=closed_at(window, known_zone(config.zone), off_at),
    )
    due = wave_due_at(off_at, config.redistribution_delay_seconds, config.transfer_seconds)
    if not may_start:
        due = max(due, opens)
    work.set_timer(TimerRow(Timer.Kind.WAVE, user_id, due, {"off_at": off_at.isoformat()}))


def run_waves(work: TurnWork) -> None:
    """Move the leads of those who left and are still away, a quantum a turn (F1, F40, F104)."""
    for user_id, payload in work.leaving.items():
        if work.presence(user_id) in (None, "offline") and work.config.redistribution_enabled:
            _move_all(work, user_id, payload)


def _move_all(work: TurnWork, user_id: int, payload: Json) -> None:
    config = work.config
    found = rows_of_owner(
        config.account_id,
        user_id,
        list(config.moving),
        WAVE_LIMIT,
        with_sticky=not work.crowd.is_active(user_id),  # his customers stay his, unless he is gone
    )
    rows = work.known(found)
    rows = [
        row for row in rows if row.owner_id == user_id and row.is_counted and not row.is_excluded
    ]
    if not rows:
        return
    wave_id = payload.get("wave") or work.ids.take()
    moved = sum(move_lead(work, row, wave_id=wave_id) for row in rows)
    kind = Decision.Kind.REDISTRIBUTION.value
    work.written.waves.append((wave_id, kind, user_id, moved, len(rows) - moved))
    if len(rows) == WAVE_LIMIT:
        payload = {**payload, "wave": wave_id}
        work.set_timer(TimerRow(Timer.Kind.WAVE, user_id, work.now, payload))


def run_returns(work: TurnWork) -> None:
    """Give managers who are back the leads that were moved away from them (F147, R9)."""
    if not work.config.return_enabled:
        return
    for user_id in work.returning:
        rows = work.known(rows_displaced(work.config.account_id, user_id))
        rows = [row for row in rows if row.original_owner_id == user_id and _may_write(work, row)]
        _return_all(work, user_id, rows)


def _may_write(work: TurnWork, row: LeadRow) -> bool:
    """Say whether the lead's template is not in shadow: then its leads stay as they are (N8)."""
    trigger = work.config.trigger(row.trigger_id)
    return trigger is None or not trigger.template.is_shadow


def _return_all(work: TurnWork, user_id: int, rows: list[LeadRow]) -> None:
    wave_id = work.ids.take() if rows else 0
    moved = 0
    for row in rows:
        moved += _return_one(work, user_id, row, wave_id)
    if rows:
        kind = Decision.Kind.RETURN.value
        work.written.waves.append((wave_id, kind, user_id, moved, len(rows) - moved))


def _return_one(work: TurnWork, user_id: int, row: LeadRow, wave_id: int) -> bool:
    """Return a lead, or cancel its return for good with the reason recorded."""
    refusal = may_return(
        ReturnFacts(
            owner_id=row.owner_id,
            transferee_id=row.transferee_id or 0,
            owner_changed_by_hand=False,  # a change by hand has cancelled the return already
            tracked=row.trigger_id is not None and not row.is_deleted,
            excluded=row.is_excluded,
            stage_advanced=row.stage_entry != row.displaced_entry,
            keep_if_advanced=work.config.return_only_untouched,
        )
    )
    previous = row.owner_id
    with work.changing(row):
        row.forget_original()
        if refusal is None:
            row.leave_queue(LeadMirror.State.DEALT)
    decision = work.record(
        row,
        Decision.Kind.RETURN,
        chosen_id=user_id if refusal is None else None,
        previous_owner_id=previous,
        reason=refusal.reason.value if refusal else "",
        wave_id=wave_id,
    )
    if refusal is None:
        work.give(row, user_id, decision)
        returned(work, row, decision)
    return refusal is None


def plan_release(work: TurnWork, started_at: datetime) -> None:
    """Look at the waiting leads when a manager's distribution delay is over (F45)."""
    delays = {one.body.gates.start_delay_minutes * 60 for one in work.config.templates}
    for delay in sorted(delays - {0}):
        set_drain(work, wave_due_at(started_at, delay, None))
