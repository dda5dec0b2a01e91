"""Why not, as data: stable codes with their facts. Labels and translations live elsewhere."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Fact = int | str


class Reason(StrEnum):
    """Why a manager may not have a lead, or a lead not be dealt. Stored: never rename a value."""

    # about the manager
    NOT_IN_GROUP = "not_in_group"
    LEAVING = "leaving"
    UNLICENSED = "unlicensed"
    INACTIVE_IN_KOMMO = "inactive_in_kommo"
    FORCED_OFF = "forced_off"
    PARTICIPATION_OFF = "participation_off"
    NO_WEIGHT = "no_weight"
    OFF_SCHEDULE = "off_schedule"
    OFFLINE = "offline"
    NOT_ONLINE = "not_online"
    PAUSED = "paused"
    START_DELAY = "start_delay"
    AT_LIMIT = "at_limit"
    AT_TASK_LIMIT = "at_task_limit"
    AT_PACE = "at_pace"
    # about the manager and the lead
    ALREADY_TRIED = "already_tried"
    NOT_IN_LEADS_GROUP = "not_in_leads_group"
    MISSING_SKILL = "missing_skill"
    # about the lead alone
    LEAD_EXCLUDED = "lead_excluded"
    STAGE_NOT_TRACKED = "stage_not_tracked"
    OUTSIDE_HOURS = "outside_hours"
    INCOMING_STAGE = "incoming_stage"
    # about the return of a lead (R9)
    NOT_OUR_TRANSFEREE = "not_our_transferee"
    OWNER_CHANGED_BY_HAND = "owner_changed_by_hand"
    STAGE_ADVANCED = "stage_advanced"


class Because(StrEnum):
    """What made a lead go where it went, if not the strategy alone. Stored: never rename a value."""

    STICKY = "sticky"  # its customer belongs to that manager
    KEPT = "kept"  # its present owner could take it
    DUTY = "duty"  # nobody could, so the duty person has it
    TO_STAGE = "to_stage"  # nobody could, so it moves to another stage


class Waiting(StrEnum):
    """Why a lead waits: how far the nearest manager got. Stored: never rename a value."""

    OUTSIDE_HOURS = "outside_hours"
    NO_MEMBERS = "no_members"
    NOBODY_TAKES_PART = "nobody_takes_part"
    NOBODY_IN_SERVICE = "nobody_in_service"
    NOBODY_ON_SHIFT = "nobody_on_shift"
    START_DELAY = "start_delay"
    ALL_AT_LIMIT = "all_at_limit"
    ALL_TRIED = "all_tried"
    NOBODY_ONLINE = "nobody_online"
    NOBODY_SKILLED = "nobody_skilled"
    ALL_AT_PACE = "all_at_pace"
    OWNER_AWAY = "owner_away"


class Wake(StrEnum):
    """What may end the wait (B4). Stored: never rename a value."""

    MEMBERS_CHANGED = "members_changed"
    SEAT_ASSIGNED = "seat_assigned"
    MANAGER_ACTIVATED = "manager_activated"
    PARTICIPATION_ON = "participation_on"
    WEIGHT_CHANGED = "weight_changed"
    SCHEDULE_OPENED = "schedule_opened"
    SHIFT_STARTED = "shift_started"
    SHIFT_RESUMED = "shift_resumed"
    CAPACITY_FREED = "capacity_freed"
    MOMENT_REACHED = "moment_reached"
    NEXT_CYCLE = "next_cycle"
    CAME_ONLINE = "came_online"
    TASK_DONE = "task_done"
    SKILLS_CHANGED = "skills_changed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule's objection."""

    reason: Reason
    facts: Mapping[str, Fact] = field(default_factory=dict)  # limit 12, actual 12
    until: datetime | None = None  # when the objection ends by itself


@dataclass(frozen=True, slots=True)
class WaitingReason:
    """Why nobody has the lead now, and what will wake it."""

    code: Waiting
    until: datetime | None = None  # look again then, whatever else happens
    wakes: tuple[Wake, ...] = ()  # look again when one of these happens


# Hardest first: (the wait it means when nobody gets further, what lifts it).
_STEPS: dict[Reason, tuple[Waiting, Wake]] = {
    Reason.NOT_IN_GROUP: (Waiting.NO_MEMBERS, Wake.MEMBERS_CHANGED),
    Reason.LEAVING: (Waiting.NO_MEMBERS, Wake.SHIFT_STARTED),
    Reason.NOT_IN_LEADS_GROUP: (Waiting.NO_MEMBERS, Wake.MEMBERS_CHANGED),
    Reason.INACTIVE_IN_KOMMO: (Waiting.NOBODY_TAKES_PART, Wake.MANAGER_ACTIVATED),
    Reason.UNLICENSED: (Waiting.NOBODY_TAKES_PART, Wake.SEAT_ASSIGNED),
    Reason.FORCED_OFF: (Waiting.NOBODY_TAKES_PART, Wake.PARTICIPATION_ON),
    Reason.PARTICIPATION_OFF: (Waiting.NOBODY_TAKES_PART, Wake.PARTICIPATION_ON),
    Reason.NO_WEIGHT: (Waiting.NOBODY_TAKES_PART, Wake.WEIGHT_CHANGED),
    Reason.ALREADY_TRIED: (Waiting.ALL_TRIED, Wake.NEXT_CYCLE),
    Reason.OFF_SCHEDULE: (Waiting.NOBODY_IN_SERVICE, Wake.SCHEDULE_OPENED),
    Reason.MISSING_SKILL: (Waiting.NOBODY_SKILLED, Wake.SKILLS_CHANGED),
    Reason.OFFLINE: (Waiting.NOBODY_ON_SHIFT, Wake.SHIFT_STARTED),
    Reason.NOT_ONLINE: (Waiting.NOBODY_ONLINE, Wake.CAME_ONLINE),
    Reason.PAUSED: (Waiting.NOBODY_ON_SHIFT, Wake.SHIFT_RESUMED),
    Reason.START_DELAY: (Waiting.START_DELAY, Wake.MOMENT_REACHED),
    Reason.AT_LIMIT: (Waiting.ALL_AT_LIMIT, Wake.CAPACITY_FREED),
    Reason.AT_TASK_LIMIT: (Waiting.ALL_AT_LIMIT, Wake.TASK_DONE),
    Reason.AT_PACE: (Waiting.ALL_AT_PACE, Wake.MOMENT_REACHED),
}
_RANK = {reason: rank for rank, reason in enumerate(_STEPS)}
_WAITS = [waiting for waiting, _ in _STEPS.values()]


def free_at(refusals: Collection[Refusal]) -> datetime | None:
    """Return when the mere passing of time has ended all the objections; None: never."""
    ends = [refusal.until for refusal in refusals if refusal.until is not None]
    return max(ends) if ends and len(ends) == len(refusals) else None


def wakes_of(refusals: Iterable[Refusal]) -> set[Wake]:
    """Return what would lift one of the objections."""
    return {_STEPS[refusal.reason][1] for refusal in refusals}


def earliest(*moments: datetime | None) -> datetime | None:
    """Return the first of those moments that are known; None: none is."""
    return min((moment for moment in moments if moment is not None), default=None)


def why_waiting(
    refused: Iterable[Collection[Refusal]], relaxed: Collection[Reason] = ()
) -> WaitingReason:
    """Say why nobody has the lead, from each candidate's refusals; `relaxed` ones do not count.

    The code is the hardest objection to the candidate who got furthest; `until` is the earliest
    moment at which some candidate becomes free of all objections by the mere passing of time;
    `wakes` is everything that would lift an objection of a member.
    """
    furthest, until = -1, None
    wakes: set[Wake] = set()
    for objections in refused:
        refusals = [refusal for refusal in objections if refusal.reason not in relaxed]
        hardest = min(_RANK[refusal.reason] for refusal in refusals)
        furthest = max(furthest, hardest)
        if hardest > 0:
            wakes |= wakes_of(refusals)
        until = earliest(until, free_at(refusals))
    code = _WAITS[max(furthest, 0)]
    return WaitingReason(code, until, tuple(sorted(wakes or {Wake.MEMBERS_CHANGED})))
