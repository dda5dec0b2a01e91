"""Other leads of a customer follow one that was given: active leads of its company, of its main contact."""

from __future__ import annotations

from typing import Any

from accounts.models import Stage
from distribution.models import Decision, LeadMirror
from distribution.operations.deciding.acceptance_clock import give_up_clock
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork

Json = dict[str, Any]


def expect_linked(work: TurnWork, payload: Json) -> None:
    """Have the turn meet these leads wherever they stand: it is about to read them."""
    work.linked.update(int(lead_id) for lead_id in payload["leads"])


def absorb_linked(work: TurnWork, payload: Json) -> None:
    """Other leads of the same customer follow a lead that was given (F135, F136).

    payload: {"lead": id of the lead that was given, "target": user id, "leads": [ids]}
    """
    given, target = work.rows.get(int(payload["lead"])), int(payload["target"])
    if not work.config.is_enabled or given is None or given.owner_id != target:
        return  # somebody else has it by now
    for lead_id in payload["leads"]:
        row = work.rows.get(int(lead_id))
        if row is not None and row is not given and _may_follow(work, row):
            _follow(work, row, target)


def _may_follow(work: TurnWork, row: LeadRow) -> bool:
    is_active = row.status_id not in Stage.CLOSED and row.place not in work.config.unsorted
    return is_active and not row.is_deleted and not row.is_excluded


def _follow(work: TurnWork, row: LeadRow, target: int) -> None:
    is_new = any(one is row for one in work.to_deal)
    if row.owner_id == target and not row.in_queue and not is_new:
        return
    decision = work.record(
        row,
        Decision.Kind.LINKED,
        chosen_id=target,
        previous_owner_id=row.owner_id,
        reason="linked",
    )
    work.to_deal = [one for one in work.to_deal if one is not row]
    with work.changing(row):
        row.dealt_entry = row.stage_entry
        row.forget_original()
        row.leave_queue(LeadMirror.State.DEALT)
        give_up_clock(work, row)  # its time is that of the lead which it follows
    work.give(row, target, decision)
