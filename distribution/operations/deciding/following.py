"""What follows a lead's being given to somebody: its clocks, and the moves of its stage."""

from __future__ import annotations

from distribution.core import decide
from distribution.core.reasons import Because
from distribution.models import Decision
from distribution.operations.deciding.acceptance_clock import start_clock
from distribution.operations.deciding.bulk import DecisionRow
from distribution.operations.deciding.first_touch import start_touch_clock
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork


def given(work: TurnWork, row: LeadRow, decision: decide.Decision, recorded: DecisionRow) -> None:
    """Start what a template asks for when a lead has got an owner."""
    trigger = work.config.trigger(row.trigger_id)
    if decision.chosen is not None and decision.because is not Because.KEPT:
        work.note_pace(decision.chosen)
    with work.changing(row):
        cycle = row.cycle
        cycle.given, cycle.entry = recorded.id, row.stage_entry
        if recorded.kind == Decision.Kind.DISTRIBUTION:
            keeps = trigger is not None and trigger.template.body.sticky.excluded
            cycle.sticky = keeps and decision.because is Because.STICKY
            cycle.tried, cycle.moves, cycle.accepted = [], 0, ""
        else:  # what a colleague had accepted before he left needs no clock any more
            cycle.sticky = False
            _note_tried(work, row, recorded.previous_owner_id)
    start_clock(work, row)
    start_touch_clock(work, row, recorded)


def _note_tried(work: TurnWork, row: LeadRow, previous: int | None) -> None:
    """Remember who has had the lead, so that it does not come back to him within the cycle (B7)."""
    trigger = work.config.trigger(row.trigger_id)
    has_clock = trigger is not None and trigger.template.body.acceptance.minutes is not None
    if has_clock and previous is not None and previous not in row.cycle.tried:
        row.cycle.tried.append(previous)


def returned(work: TurnWork, row: LeadRow, recorded: DecisionRow) -> None:
    """Let the clocks run for whom a lead has come back to, unless it was accepted meanwhile."""
    with work.changing(row):
        row.cycle.given = recorded.id
    start_clock(work, row)
    start_touch_clock(work, row, recorded)


def move_to_stage(
    work: TurnWork, row: LeadRow, stage: tuple[int, int] | None, recorded: DecisionRow
) -> None:
    """Have Kommo move the lead to another stage, unless a person moves it before."""
    if stage is None or stage == row.place:
        return
    payload = {"from": list(row.place), "to": list(stage)}
    work.send(row, recorded, kind="stage", payload=payload)
