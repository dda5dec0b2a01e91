"""Whose customer a lead is, and what it asks for: read when it comes, remembered with its row."""

from __future__ import annotations

from distribution.core.facts import Sticky
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork


def sticky_of(work: TurnWork, row: LeadRow) -> Sticky | None:
    """Return the owner of the lead's customer where the template asks for it; None: nobody (F126)."""
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or trigger.template.body.sticky.by == "off" or not row.cycle.customer:
        return None
    owner, through, entity_id = row.cycle.customer
    if owner in trigger.template.body.sticky.always_distribute or not work.crowd.knows(owner):
        return None
    part = work.crowd.parts_of(trigger).get(owner)
    facts = work.crowd.candidate(owner, trigger, part, work.changes())
    return Sticky(facts, through, entity_id)
