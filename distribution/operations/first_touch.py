"""The first-touch clock: until when a dealt lead is to be touched, and when it was (B13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.kommo.webhook import Touch
from distribution.operations.acceptance_clock import accept, running_rule
from distribution.operations.bulk import DecisionRow
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork

Json = dict[str, Any]


def start_touch_clock(work: TurnWork, row: LeadRow, recorded: DecisionRow) -> None:
    """Start the clock of a lead that has just been given, where its template has one."""


def note_touches(work: TurnWork, touches: Sequence[tuple[Touch, datetime]]) -> None:
    """Take in what people did with leads, as webhooks tell it."""
    for touch, _heard_at in touches:
        row = work.rows.get(touch.lead_id)
        if row is not None:
            _note_acceptance(work, row, touch)


def _note_acceptance(work: TurnWork, row: LeadRow, touch: Touch) -> None:
    rule = running_rule(work, row)
    is_owners = touch.user_id is None or touch.user_id == row.owner_id
    if rule is not None and "touch" in rule.accepted_by and is_owners and touch.kind != "stage":
        accept(work, row, "touch")


def judge_touch(work: TurnWork, row: LeadRow, payload: Json) -> None:
    """Warn of a lead that is still to be touched, or note that its time is over."""
