"""The rules. Each answers "why not?" and is named after its objection; the hardest come first.

All rules run for every candidate: the first refusal is the headline, the others are kept.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from distribution.core.facts import (
    IN_SERVICE,
    OFF,
    WEIGHTED,
    WHOLE_PIPELINE,
    CandidateFacts,
    LeadFacts,
    Situation,
)
from distribution.core.reasons import Reason, Refusal

CandidateRule = Callable[[Situation, CandidateFacts], Refusal | None]
LeadGate = Callable[[Situation, LeadFacts], Refusal | None]


def not_in_group(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Only members take part; an empty list is nobody, not everybody (F84)."""
    if candidate.manager_id in situation.policy.members:
        return None
    return Refusal(Reason.NOT_IN_GROUP)


def leaving(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Whoever's leads are being moved away gets none of them back in the same wave (F1)."""
    return Refusal(Reason.LEAVING) if candidate.manager_id in situation.leaving else None


def inactive_in_kommo(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """A user deactivated or deleted in Kommo leaves at once."""
    return None if candidate.active_in_kommo else Refusal(Reason.INACTIVE_IN_KOMMO)


def unlicensed(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Only managers with a seat receive."""
    return None if candidate.licensed else Refusal(Reason.UNLICENSED)


def forced_off(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Excluded by a supervisor (F50)."""
    if candidate.participation != "forced_off":
        return None
    return Refusal(Reason.FORCED_OFF, until=candidate.participation_until)


def participation_off(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Has opted out himself (F48)."""
    if candidate.participation != "off":
        return None
    return Refusal(Reason.PARTICIPATION_OFF, until=candidate.participation_until)


def no_weight(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """A coefficient of zero is a share of nothing; other strategies do not look at coefficients."""
    if candidate.ramp <= 0:
        return Refusal(Reason.NO_WEIGHT, {"weight": candidate.weight, "ramp": candidate.ramp})
    if situation.policy.strategy != WEIGHTED or candidate.weight > 0:
        return None
    return Refusal(Reason.NO_WEIGHT, {"weight": candidate.weight})


def off_schedule(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Where schedules count, only people in service receive; no schedule is no service (F67, F68)."""
    if not situation.policy.require_schedule or candidate.schedule == IN_SERVICE:
        return None
    return Refusal(Reason.OFF_SCHEDULE, {"state": candidate.schedule}, candidate.works_from)


def offline(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Incoming leads go only to people on shift, where the policy asks for a shift (F2)."""
    if not situation.policy.require_shift or candidate.presence != "offline":
        return None
    return Refusal(Reason.OFFLINE)


def not_online(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Only, or first, people who have Kommo open; what "first" means is the levels' (F107)."""
    if candidate.online or situation.policy.presence == OFF:
        return None
    return Refusal(Reason.NOT_ONLINE)


def paused(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """A pause is a statement: no new leads, whether or not a shift is asked for (F38)."""
    return Refusal(Reason.PAUSED) if candidate.presence == "paused" else None


def start_delay(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """No new leads for the first minutes of a shift; the end of the delay is free (F45)."""
    delay = situation.policy.start_delay_seconds
    if delay <= 0 or candidate.shift_started_at is None:
        return None
    free_at = candidate.shift_started_at + timedelta(seconds=delay)
    if situation.now >= free_at:
        return None
    return Refusal(Reason.START_DELAY, {"seconds": delay}, free_at)


def at_limit(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Receives if and only if current + reserved < limit (R17)."""
    if candidate.limit is None or candidate.load < candidate.limit:
        return None
    return Refusal(Reason.AT_LIMIT, {"limit": candidate.limit, "actual": candidate.load})


def at_task_limit(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """Receives if and only if he has fewer open tasks than he may have (F122, F123)."""
    if candidate.task_limit is None or candidate.tasks < candidate.task_limit:
        return None
    return Refusal(Reason.AT_TASK_LIMIT, {"limit": candidate.task_limit, "actual": candidate.tasks})


def paced(situation: Situation, candidate: CandidateFacts) -> list[datetime]:
    """Return the leads that count against his pace at the situation's moment, oldest first."""
    period = timedelta(seconds=situation.policy.pace_seconds)
    return [at for at in candidate.recent if at + period > situation.now]


def at_pace(situation: Situation, candidate: CandidateFacts) -> Refusal | None:
    """At most so many leads a person in so long; the period's last moment is free (B6)."""
    most, seconds = situation.policy.pace_leads, situation.policy.pace_seconds
    if most is None or len(candidate.recent) < most:
        return None
    counted = paced(situation, candidate)
    if len(counted) < most:
        return None
    facts = {"limit": most, "actual": len(counted), "minutes": -(-seconds // 60)}
    free_at = counted[-most] + timedelta(seconds=seconds) if most > 0 else None
    return Refusal(Reason.AT_PACE, facts, free_at)


CANDIDATE_RULES: tuple[CandidateRule, ...] = (
    not_in_group,
    leaving,
    inactive_in_kommo,
    unlicensed,
    forced_off,
    participation_off,
    no_weight,
    off_schedule,
    offline,
    not_online,
    paused,
    start_delay,
    at_limit,
    at_task_limit,
    at_pace,
)
"""About the candidate: judged once a turn, and again for the one who has just been dealt a lead."""


_ASKED_WHERE: dict[CandidateRule, Callable[[Situation], bool]] = {
    leaving: lambda situation: bool(situation.leaving),
    off_schedule: lambda situation: situation.policy.require_schedule,
    offline: lambda situation: situation.policy.require_shift,
    not_online: lambda situation: situation.policy.presence != OFF,
    start_delay: lambda situation: situation.policy.start_delay_seconds > 0,
    at_pace: lambda situation: situation.policy.pace_leads is not None,
}


def asked_by(
    situation: Situation, candidate_rules: Sequence[CandidateRule]
) -> tuple[CandidateRule, ...]:
    """Return the rules without those that can object to nobody in the situation."""
    return tuple(
        rule
        for rule in candidate_rules
        if rule not in _ASKED_WHERE or _ASKED_WHERE[rule](situation)
    )


def already_tried(
    situation: Situation, lead: LeadFacts, candidate: CandidateFacts
) -> Refusal | None:
    """Each manager has a lead at most once a cycle."""
    return Refusal(Reason.ALREADY_TRIED) if candidate.manager_id in lead.tried else None


def not_in_leads_group(
    situation: Situation, lead: LeadFacts, candidate: CandidateFacts
) -> Refusal | None:
    """A lead that belongs to certain groups goes to their members (F85, F86)."""
    if not lead.only_groups or lead.only_groups & candidate.group_ids:
        return None
    return Refusal(Reason.NOT_IN_LEADS_GROUP)


def missing_skill(
    situation: Situation, lead: LeadFacts, candidate: CandidateFacts
) -> Refusal | None:
    """Whoever gets the lead should know what it asks for; the levels may relax that (B14)."""
    if situation.policy.skills == OFF or lead.skills <= candidate.skills:
        return None
    return Refusal(
        Reason.MISSING_SKILL, {"skills": ", ".join(sorted(lead.skills - candidate.skills))}
    )


@dataclass(frozen=True, slots=True)
class LeadRule:
    """A rule about a lead and a candidate."""

    objection: Callable[[Situation, LeadFacts, CandidateFacts], Refusal | None]
    whom: Callable[[LeadFacts], Collection[int] | None]  # ids it may object to; None: anybody


LEAD_RULES: tuple[LeadRule, ...] = (
    LeadRule(not_in_leads_group, whom=lambda lead: None if lead.only_groups else ()),
    LeadRule(already_tried, whom=lambda lead: lead.tried),
    LeadRule(missing_skill, whom=lambda lead: None if lead.skills else ()),
)
"""About lead and candidate: judged for each lead, and only for those it may object to."""


def lead_excluded(situation: Situation, lead: LeadFacts) -> Refusal | None:
    """The exclusion field is filled: hands off (F146)."""
    return Refusal(Reason.LEAD_EXCLUDED) if lead.excluded else None


def incoming_stage(situation: Situation, lead: LeadFacts) -> Refusal | None:
    """An incoming lead has no owner until somebody accepts it in Kommo."""
    return Refusal(Reason.INCOMING_STAGE) if lead.is_incoming else None


def stage_not_tracked(situation: Situation, lead: LeadFacts) -> Refusal | None:
    """The lead has left the stages that the policy deals with (F40, F85)."""
    stages = situation.policy.stages
    whole = (lead.pipeline_id, WHOLE_PIPELINE)
    if not stages or (lead.pipeline_id, lead.status_id) in stages or whole in stages:
        return None
    return Refusal(
        Reason.STAGE_NOT_TRACKED, {"pipeline": lead.pipeline_id, "stage": lead.status_id}
    )


def outside_hours(situation: Situation, lead: LeadFacts) -> Refusal | None:
    """Outside the working window a new lead waits for its opening, or is left (F81, F82, R6)."""
    if situation.policy.window_open or lead.moves:
        return None
    return Refusal(Reason.OUTSIDE_HOURS, until=situation.policy.window_opens_at)


LEAD_GATES: tuple[LeadGate, ...] = (
    lead_excluded,
    incoming_stage,
    stage_not_tracked,
    outside_hours,
)
"""About the lead alone: the first objection ends the matter before any candidate is looked at."""
