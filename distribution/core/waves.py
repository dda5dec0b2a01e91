"""Moving the leads of someone who has left, and bringing them back: when, to whom, whether."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from distribution.core import matching
from distribution.core.decide import Decision, Kind, RosterRecord, Turn, rebuild
from distribution.core.facts import LEAST_LOADED, LeadFacts
from distribution.core.reasons import Reason, Refusal


def plan_wave(leads: Sequence[LeadFacts], turn: Turn) -> list[Decision]:
    """Deal a wave's leads by the turn's strategy; what nobody can take is parked.

    The turn's situation names the leaving managers; a lead's present owner never gets it again.
    With "least_loaded" the outcome is optimal, whoever may have which lead: no other dealing has a
    smaller largest load or sum of squares (F104).
    """
    now = turn.situation.now
    asked = [_not_to_owner(lead, turn) for lead in leads]
    plan = matching.plan(asked, turn) if turn.situation.policy.strategy == LEAST_LOADED else {}
    decided = [turn.deal(lead, now, to=plan.get(place)) for place, lead in enumerate(asked)]
    return [_parked(decision) for decision in decided]


def replay_wave(
    roster: RosterRecord | Mapping[str, Any], opening: Mapping[str, Any], leads: Sequence[LeadFacts]
) -> list[Decision]:
    """Decide a stored wave again, from scratch and by today's rules."""
    return plan_wave(leads, rebuild(roster, opening))


def _not_to_owner(lead: LeadFacts, turn: Turn) -> LeadFacts:
    owner = lead.owner_id
    if owner is None or owner in lead.tried or owner in turn.situation.leaving:
        return lead
    return replace(lead, tried=lead.tried | {owner})


def _parked(decision: Decision) -> Decision:
    if decision.kind is Kind.WAITING:
        return replace(decision, kind=Kind.PARKED)
    return decision


def wave_due_at(off_at: datetime, delay_seconds: int, transfer_seconds: int | None) -> datetime:
    """Return when the leads move: after the longer of delay and transfer time; empty is 0 (R7)."""
    return off_at + timedelta(seconds=max(0, delay_seconds, transfer_seconds or 0))


def wave_may_start(
    *, off_at: datetime, scheduled: bool, window_open: bool, window_closed_at: datetime | None
) -> bool:
    """Say whether someone's going off at `off_at` lies within the redistribution window (R8).

    `window_open` is the window at `off_at`; `window_closed_at` its latest end at or before
    `off_at`. The end itself counts for a scheduled shift end, so that a shift until 18:00 under a
    window until 18:00 moves its leads; otherwise the wave is parked until the next opening.
    """
    return window_open or (scheduled and window_closed_at == off_at)


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """What decides whether a displaced lead goes back to its original owner."""

    owner_id: int | None  # who has it now
    transferee_id: int  # to whom we moved it last
    owner_changed_by_hand: bool  # a human has changed the owner since
    tracked: bool  # still in a tracked stage
    excluded: bool  # the exclusion field is filled
    stage_advanced: bool  # the colleague has moved it to another stage
    keep_if_advanced: bool = True  # option: then it stays with the colleague


def may_return(facts: ReturnFacts) -> Refusal | None:
    """Say why the lead may not go back to its original owner; None: it may (R9, F147)."""
    if facts.owner_changed_by_hand:
        return Refusal(Reason.OWNER_CHANGED_BY_HAND)
    if facts.owner_id != facts.transferee_id:
        return Refusal(Reason.NOT_OUR_TRANSFEREE)
    if facts.excluded:
        return Refusal(Reason.LEAD_EXCLUDED)
    if not facts.tracked:
        return Refusal(Reason.STAGE_NOT_TRACKED)
    if facts.stage_advanced and facts.keep_if_advanced:
        return Refusal(Reason.STAGE_ADVANCED)
    return None
