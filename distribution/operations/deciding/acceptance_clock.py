"""The clock of acceptance: started with each giving, stopped by whatever shows that the lead is worked on."""

from __future__ import annotations

from distribution.core.policy.body import Acceptance
from distribution.models import Timer
from distribution.operations.deciding.bulk import TimerRow
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.config import window_of
from peresmenka.lib.zones import known_zone
from shifts.core.windows import open_until


def running_rule(work: TurnWork, row: LeadRow) -> Acceptance | None:
    """Return the rule by which the lead's clock runs; None: it has none, or it stands still."""
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or not row.cycle.given or row.cycle.accepted or row.cycle.sticky:
        return None
    rule = trigger.template.body.acceptance
    return None if rule.minutes is None or trigger.template.is_shadow else rule


def start_clock(work: TurnWork, row: LeadRow) -> None:
    """Let the lead's owner have the whole time from now on, where its template has a clock (F137).

    Its minutes are those of the template's hours (F138).
    """
    rule = running_rule(work, row)
    if rule is None or rule.minutes is None or row.owner_id is None:
        return
    zone = known_zone(work.config.zone)
    due_at = open_until(window_of(rule.hours), zone, work.now, rule.minutes)
    payload = {"owner": row.owner_id, "entry": row.cycle.entry, "given": row.cycle.given}
    work.set_timer(TimerRow(Timer.Kind.ACCEPT, row.lead_id, due_at, payload))


def accept(work: TurnWork, row: LeadRow, by: str) -> None:
    """Stop the clock: the lead is accepted, and its owner has missed nothing (B8)."""
    with work.changing(row):
        row.cycle.accepted = by
    work.cancel_timer(Timer.Kind.ACCEPT, row.lead_id)
    if row.owner_id is not None:
        work.accepted.add(row.owner_id)


def note_stage(work: TurnWork, row: LeadRow) -> None:
    """Take a change of stage as acceptance, where the template does (F141); before it is placed anew."""
    rule = running_rule(work, row)
    if rule is not None and "stage" in rule.accepted_by:
        accept(work, row, "stage")


def give_up_clock(work: TurnWork, row: LeadRow) -> None:
    """End the cycle: a person has decided, or nothing more is to be done (R40).

    The caller has the row under `work.changing`.
    """
    if running_rule(work, row) is not None:
        work.cancel_timer(Timer.Kind.ACCEPT, row.lead_id)
    row.cycle.given = 0
