"""A lead of somebody's customer: does its owner get it, is he waited for, or passed over (R20)?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from distribution.core.facts import DISTRIBUTE, GIVE, LeadFacts, Situation
from distribution.core.reasons import (
    Reason,
    Refusal,
    Waiting,
    WaitingReason,
    earliest,
    free_at,
    wakes_of,
)

_OF_THE_TEMPLATE = frozenset(
    {Reason.NOT_IN_GROUP, Reason.NO_WEIGHT, Reason.NOT_IN_LEADS_GROUP, Reason.MISSING_SKILL}
)
"""Whether the template would ask him at all does not matter to his own customer."""

GONE = frozenset(
    {Reason.INACTIVE_IN_KOMMO, Reason.UNLICENSED, Reason.FORCED_OFF, Reason.ALREADY_TRIED}
)
"""Whoever is gone is passed over: his customer's lead is dealt like any other."""


class Course(Enum):
    """What becomes of a customer's lead."""

    GIVE = auto()
    WAIT = auto()
    DISTRIBUTE = auto()


def course_of(situation: Situation, lead: LeadFacts, refusals: Sequence[Refusal]) -> Course:
    """Return what becomes of the lead, from all objections to its customer's owner."""
    policy = situation.policy
    found = {refusal.reason for refusal in refusals} - _OF_THE_TEMPLATE
    if found & GONE:
        return Course.DISTRIBUTE
    if not found or policy.owner_away == GIVE:
        return Course.GIVE
    if policy.owner_away == DISTRIBUTE or _waits_until(situation, lead) <= situation.now:
        return Course.DISTRIBUTE
    return Course.WAIT


def wait_for_owner(
    situation: Situation, lead: LeadFacts, refusals: Sequence[Refusal]
) -> WaitingReason:
    """Return the wait for an owner who is away; it is over when he is free, or time has passed."""
    away = [refusal for refusal in refusals if refusal.reason not in _OF_THE_TEMPLATE]
    until = earliest(_waits_until(situation, lead), free_at(away))
    return WaitingReason(Waiting.OWNER_AWAY, until, tuple(sorted(wakes_of(away))))


def _waits_until(situation: Situation, lead: LeadFacts) -> datetime:
    since = lead.waiting_since or situation.now
    return since + timedelta(seconds=situation.policy.owner_wait_seconds)
