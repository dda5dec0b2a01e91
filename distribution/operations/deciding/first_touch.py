"""The first-touch clock: until when a dealt lead is to be touched, and when it was (B13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from accounts.kommo.webhook import Touch
from accounts.models import Stage
from distribution.core.policy.body import Hours
from distribution.models import Alert, FirstTouch, Timer
from distribution.operations.deciding.acceptance_clock import accept, running_rule
from distribution.operations.deciding.bulk import DecisionRow, TimerRow, TouchRow
from distribution.operations.deciding.rows import LeadRow, rows_by_ids
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.config import window_of
from peresmenka.lib.zones import known_zone
from shifts.core.windows import open_time, open_until

Json = dict[str, Any]


def start_touch_clock(work: TurnWork, row: LeadRow, recorded: DecisionRow) -> None:
    """Start the clock of a lead that has just been given, where its template has one."""
    if work.config.times_touches:
        work.written.ended_touches.append(row.lead_id)  # of whoever had it before
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or row.owner_id is None:
        return
    rule, hours = trigger.template.body.first_touch, trigger.template.body.hours
    if rule.minutes is None:
        return
    looks_at = due_at = _after(work, hours, rule.minutes)
    if rule.warn_minutes is not None and rule.warn_minutes < rule.minutes:
        looks_at = _after(work, hours, rule.minutes - rule.warn_minutes)
    touch = TouchRow(
        row.lead_id,
        row.owner_id,
        trigger.template.template_id,
        recorded.id,
        due_at,
        rule.minutes,
    )
    work.written.touches.append(touch)
    payload = {"given": recorded.id}
    work.set_timer(TimerRow(Timer.Kind.TOUCH, row.lead_id, looks_at, payload))


def _after(work: TurnWork, hours: Hours, minutes: int) -> datetime:
    return open_until(window_of(hours), known_zone(work.config.zone), work.now, minutes)


def note_touches(work: TurnWork, touches: Sequence[tuple[Touch, datetime]]) -> None:
    """Take in what people did with leads, as webhooks tell it; where nobody asks, it costs nothing."""
    if not touches:
        return
    if work.config.accepts_by_touch:
        _note_acceptances(work, [touch for touch, _ in touches if touch.kind != "stage"])
    if work.config.times_touches:
        _stop_clocks(work, touches)


def _note_acceptances(work: TurnWork, touches: Sequence[Touch]) -> None:
    unknown = {touch.lead_id for touch in touches} - work.rows.keys()
    if unknown:
        work.known(rows_by_ids(work.config.account_id, unknown))
    for touch in touches:
        row = work.rows.get(touch.lead_id)
        rule = running_rule(work, row) if row is not None else None
        if row is None or rule is None or "touch" not in rule.accepted_by:
            continue
        if touch.user_id in (None, row.owner_id):
            accept(work, row, "touch")


def _stop_clocks(work: TurnWork, touches: Sequence[tuple[Touch, datetime]]) -> None:
    """Note the first touch by whoever has the lead; someone without an id here counts as him."""
    seen: dict[int, list[tuple[Touch, datetime]]] = defaultdict(list)
    for touch, heard_at in touches:
        seen[touch.lead_id].append((touch, heard_at))
    changed = []
    for record in _running(work).filter(lead_id__in=list(seen)):
        for touch, heard_at in seen[record.lead_id]:
            at = heard_at if touch.at is None else datetime.fromtimestamp(touch.at, UTC)
            is_his = touch.user_id in (None, record.user_id)
            if is_his and int(at.timestamp()) >= int(record.started_at.timestamp()):
                _touched(work, record, touch.kind, min(at, heard_at))
                changed.append(record)
                break
    if changed:
        fields = ("touched_at", "touched_by", "used_seconds", "breached_at")
        FirstTouch.objects.bulk_update(changed, fields)


def _touched(work: TurnWork, record: FirstTouch, kind: str, at: datetime) -> None:
    record.touched_at, record.touched_by = max(at, record.started_at), kind
    templates = {one.template_id: one.body.hours for one in work.config.templates}
    window = window_of(templates.get(record.template_id, Hours("00:00", "00:00")))
    used = open_time(window, known_zone(work.config.zone), record.started_at, record.touched_at)
    record.used_seconds = round(used.total_seconds())  # Kommo tells whole seconds
    record.breached_at = None if record.touched_at < record.due_at else record.due_at
    work.cancel_timer(Timer.Kind.TOUCH, record.lead_id)


def _running(work: TurnWork) -> Any:
    records = FirstTouch.objects.for_account(work.config.account_id)
    return records.filter(touched_at=None, ended_at=None)


def judge_touches(work: TurnWork, due: Sequence[tuple[LeadRow, Json]]) -> None:
    """Warn of leads that are still to be touched, and note those whose time is over."""
    rows = {payload["given"]: row for row, payload in due}
    changed = list(_running(work).filter(decision_id__in=list(rows))) if rows else []
    warned: list[Alert] = []
    for record in changed:
        row = rows[record.decision_id]
        is_over = row.is_deleted or row.status_id in Stage.CLOSED
        if is_over or row.cycle.given != record.decision_id or row.owner_id != record.user_id:
            record.ended_at = work.now
        elif work.now >= record.due_at:
            record.breached_at = record.due_at
        else:
            warned.append(_alert(work, record))
            record.warned_at = work.now
            payload = {"given": record.decision_id}
            work.set_timer(TimerRow(Timer.Kind.TOUCH, row.lead_id, record.due_at, payload))
    if changed:
        FirstTouch.objects.bulk_update(changed, ("warned_at", "breached_at", "ended_at"))
    if warned:
        Alert.objects.bulk_create(warned)


def _alert(work: TurnWork, record: FirstTouch) -> Alert:
    """Return what tells supervisors that a lead is still to be touched."""
    left = int((record.due_at - work.now).total_seconds()) // 60
    return Alert(
        account_id=work.config.account_id,
        kind=Alert.Kind.TOUCH,
        at=work.now,
        user_id=record.user_id,
        lead_id=record.lead_id,
        number=left,
    )
