"""What follows a lead's being given to somebody: its clocks, and the moves of its stage."""

from __future__ import annotations

from distribution.core import decide
from distribution.operations.acceptance import start_clock
from distribution.operations.bulk import DecisionRow
from distribution.operations.first_touch import start_touch_clock
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork


def given(work: TurnWork, row: LeadRow, decision: decide.Decision, recorded: DecisionRow) -> None:
    """Start what a template asks for when a lead has got an owner."""
    with work.changing(row):
        row.cycle.given, row.cycle.entry, row.cycle.accepted = recorded.id, row.stage_entry, ""
    start_clock(work, row, recorded)
    start_touch_clock(work, row, recorded)


def move_to_stage(
    work: TurnWork, row: LeadRow, stage: tuple[int, int] | None, recorded: DecisionRow
) -> None:
    """Have Kommo move the lead to another stage, unless a person moves it before."""
    if stage is None or stage == row.place:
        return
    payload = {"from": list(row.place), "to": list(stage)}
    work.send(row, recorded, kind="stage", payload=payload)
