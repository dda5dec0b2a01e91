"""Facts and refusals as JSON and back: what is stored of a turn, and how it is read again.

A roster holds what stays the same from turn to turn (policy, candidates, standing verdicts) and is
named by its own digest; an opening holds what moves (the moment, loads, ledger). The two together
are a Situation.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from distribution.core.facts import (
    IN_SERVICE,
    OFF,
    CandidateFacts,
    LeadFacts,
    Policy,
    Situation,
    Sticky,
)
from distribution.core.reasons import Fact, Reason, Refusal

Json = dict[str, Any]
FORMAT = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RosterRecord:
    """A roster as it is stored, once for all turns that share it."""

    digest: str  # sha256 of the canonical JSON of the body
    body: Json  # JSON-ready


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the sha256 of the body's canonical JSON, in hex."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def moment_to_json(moment: datetime | None) -> int | None:
    """Return microseconds since 1970, exactly."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment_from_json(stored: int | None) -> datetime | None:
    """Return the moment in UTC."""
    return None if stored is None else _EPOCH + stored * _MICROSECOND


def refusal_to_json(refusal: Refusal) -> Json:
    """Return a refusal; empty parts are left out."""
    stored: Json = {"reason": refusal.reason.value}
    if refusal.facts:
        stored["facts"] = dict(refusal.facts)
    if refusal.until is not None:
        stored["until"] = moment_to_json(refusal.until)
    return stored


def refusal_from_json(stored: Mapping[str, Any]) -> Refusal:
    """Return the refusal that was stored."""
    facts: Mapping[str, Fact] = stored.get("facts", {})
    return Refusal(Reason(stored["reason"]), facts, moment_from_json(stored.get("until")))


def lead_to_json(lead: LeadFacts) -> Json:
    """Return a lead's facts; what few leads have is left out of the others."""
    stored: Json = {
        "lead_id": lead.lead_id,
        "pipeline_id": lead.pipeline_id,
        "status_id": lead.status_id,
        "owner_id": lead.owner_id,
        "excluded": lead.excluded,
        "tried": sorted(lead.tried),
        "arrived_at": moment_to_json(lead.arrived_at),
        "only_groups": sorted(lead.only_groups),
        "moves": lead.moves,
    }
    rare: Json = {
        "waiting_since": moment_to_json(lead.waiting_since),
        "skills": sorted(lead.skills),
        "sticky": None if lead.sticky is None else _sticky_to_json(lead.sticky),
        "counted": lead.counted,
        "weightless": lead.weightless,
        "incoming": lead.is_incoming,
    }
    return stored | {name: value for name, value in rare.items() if value}


def _sticky_to_json(sticky: Sticky) -> Json:
    owner = _candidate_to_json(sticky.owner, ()) | {
        name: value
        for name, value in _moving_to_json(sticky.owner).items()
        if value != _UNMOVED[name]
    }
    return {"owner": owner, "through": sticky.through, "entity": sticky.entity_id}


def _sticky_from_json(stored: Mapping[str, Any]) -> Sticky:
    owner = _candidate_from_json({**_USUAL, **stored["owner"]}, {**_UNMOVED, **stored["owner"]})
    return Sticky(owner, stored["through"], stored["entity"])


def lead_from_json(stored: Mapping[str, Any]) -> LeadFacts:
    """Return the lead's facts that were stored."""
    sticky = stored.get("sticky")
    return LeadFacts(
        lead_id=stored["lead_id"],
        pipeline_id=stored["pipeline_id"],
        status_id=stored["status_id"],
        owner_id=stored["owner_id"],
        excluded=stored["excluded"],
        tried=frozenset(stored["tried"]),
        arrived_at=moment_from_json(stored["arrived_at"]),
        only_groups=frozenset(stored["only_groups"]),
        moves=stored["moves"],
        waiting_since=moment_from_json(stored.get("waiting_since")),
        skills=frozenset(stored.get("skills", ())),
        sticky=None if sticky is None else _sticky_from_json(sticky),
        counted=stored.get("counted", False),
        weightless=stored.get("weightless", False),
        is_incoming=stored.get("incoming", False),
    )


# Settings that most policies leave as they are: left out of a roster then, and of all older ones.
_SETTINGS: Json = {
    "presence": "off",
    "off_hours": "wait",
    "pace_leads": None,
    "pace_seconds": 0,
    "strict_totals": False,
    "catch_up_percent": 0,
    "catch_up_leads": 3,
    "keep_owner": False,
    "skills": "off",
    "skills_relax_seconds": None,
    "owner_away": "give",
    "owner_wait_seconds": 0,
    "sticky_counts": False,
    "widen_seconds": 0,
    "nobody_seconds": 0,
    "duty_id": None,
}


def _policy_to_json(policy: Policy, present: set[int]) -> Json:
    stored = {
        "strategy": policy.strategy,
        "members": sorted(present.intersection(policy.members)),
        "require_shift": policy.require_shift,
        "require_schedule": policy.require_schedule,
        "window_open": policy.window_open,
        "window_opens_at": moment_to_json(policy.window_opens_at),
        "start_delay_seconds": policy.start_delay_seconds,
        "when_nobody": policy.when_nobody,
        "usual_limit": policy.usual_limit,
        "stages": sorted(list(stage) for stage in policy.stages),
    }
    asked = {name: getattr(policy, name) for name in _SETTINGS}
    return stored | {name: value for name, value in asked.items() if value != _SETTINGS[name]}


def _policy_from_json(stored: Mapping[str, Any]) -> Policy:
    return Policy(
        strategy=stored["strategy"],
        members=frozenset(stored["members"]),
        require_shift=stored["require_shift"],
        require_schedule=stored.get("require_schedule", False),  # older rosters have none
        window_open=stored["window_open"],
        window_opens_at=moment_from_json(stored["window_opens_at"]),
        start_delay_seconds=stored["start_delay_seconds"],
        when_nobody=stored["when_nobody"],
        usual_limit=stored["usual_limit"],
        stages=frozenset((pipeline, stage) for pipeline, stage in stored["stages"]),
        **{name: stored.get(name, usual) for name, usual in _SETTINGS.items()},
    )


# What most managers are: left out of a roster, since there is a roster for each change of presence.
_USUAL: Json = {
    "licensed": True,
    "active": True,
    "participation": "on",
    "participation_until": None,
    "schedule": IN_SERVICE,
    "works_from": None,
    "presence": "online",
    "shift_started_at": None,
    "limit": None,
    "weight": 1,
    "groups": [],
    "online": True,
    "tier": 1,
    "ramp": 100,
    "task_limit": None,
    "skills": [],
    "on_leave": False,
    "refusals": [],
}

# What moves from turn to turn, as it is of a manager of whom nothing is known.
_UNMOVED: Json = {
    "open": 0,
    "reserved": 0,
    "lag": 0,
    "count": 0,
    "last": None,
    "tasks": 0,
    "recent": [],
}
_ALWAYS = ("open", "reserved", "lag", "count", "last")


def _candidate_to_json(candidate: CandidateFacts, refusals: Sequence[Refusal]) -> Json:
    row: Json = {
        "licensed": candidate.licensed,
        "active": candidate.active_in_kommo,
        "participation": candidate.participation,
        "participation_until": moment_to_json(candidate.participation_until),
        "schedule": candidate.schedule,
        "works_from": moment_to_json(candidate.works_from),
        "presence": candidate.presence,
        "shift_started_at": moment_to_json(candidate.shift_started_at),
        "limit": candidate.limit,
        "weight": candidate.weight,
        "groups": sorted(candidate.group_ids),
        "online": candidate.online,
        "tier": candidate.tier,
        "ramp": candidate.ramp,
        "task_limit": candidate.task_limit,
        "skills": sorted(candidate.skills),
        "on_leave": candidate.on_leave,
        "refusals": [refusal_to_json(refusal) for refusal in refusals],
    }
    unusual = {name: value for name, value in row.items() if value != _USUAL[name]}
    return {"id": candidate.manager_id, **unusual}


def candidate_rows(roster: Mapping[str, Any]) -> list[Json]:
    """Return the roster's candidates with every field, by id: what a page shows of them."""
    return [{**_USUAL, **row} for row in roster["candidates"]]


def standing_refusals(roster: Mapping[str, Any]) -> dict[int, tuple[Refusal, ...]]:
    """Return each candidate's standing refusals, by manager id."""
    rows = candidate_rows(roster)
    return {row["id"]: tuple(map(refusal_from_json, row["refusals"])) for row in rows}


def roster_record(
    situation: Situation,
    candidates: Sequence[CandidateFacts],
    standing: Sequence[Sequence[Refusal]],
) -> RosterRecord:
    """Return the candidates (by id) with their standing refusals; loads and lags stay out."""
    present = {candidate.manager_id for candidate in candidates}
    rows = [
        _candidate_to_json(candidate, refusals)
        for candidate, refusals in zip(candidates, standing, strict=True)
    ]
    if situation.policy.presence == OFF:  # people come and go in Kommo: no reason for a new roster
        rows = [{name: row[name] for name in row if name != "online"} for row in rows]
    body: Json = {
        "format": FORMAT,
        "register": situation.register_id,
        "policy": _policy_to_json(situation.policy, present),
        "leaving": sorted(situation.leaving & present),
        "candidates": rows,
    }
    return RosterRecord(digest_of(body), body)


def opening_record(now: datetime, candidates: Sequence[CandidateFacts]) -> Json:
    """Return what moves, in columns that follow the roster's candidates; some only if needed."""
    rows = [_moving_to_json(candidate) for candidate in candidates]
    stored: Json = {"now": moment_to_json(now)}
    for name, unmoved in _UNMOVED.items():
        column = [row[name] for row in rows]
        if name in _ALWAYS or any(value != unmoved for value in column):
            stored[name] = column
    return stored


def _moving_to_json(candidate: CandidateFacts) -> Json:
    return {
        "open": candidate.open_leads,
        "reserved": candidate.reserved,
        "lag": candidate.lag,
        "count": candidate.count,
        "last": moment_to_json(candidate.last_lead_at),
        "tasks": candidate.tasks,
        "recent": [moment_to_json(at) for at in candidate.recent],
    }


def situation_from_json(roster: Mapping[str, Any], opening: Mapping[str, Any]) -> Situation:
    """Rebuild the situation that a turn started from.

    Raises ValueError if the opening does not belong to the roster.
    """
    stored = candidate_rows(roster)
    columns = {
        name: opening[name] if name in _ALWAYS else opening.get(name, [unmoved] * len(stored))
        for name, unmoved in _UNMOVED.items()
    }
    now = moment_from_json(opening["now"])
    if now is None or any(len(column) != len(stored) for column in columns.values()):
        raise ValueError("this opening does not belong to this roster")
    candidates = tuple(
        _candidate_from_json(row, {name: column[place] for name, column in columns.items()})
        for place, row in enumerate(stored)
    )
    policy = _policy_from_json(roster["policy"])
    return Situation(now, policy, candidates, roster["register"], frozenset(roster["leaving"]))


def _candidate_from_json(row: Mapping[str, Any], moving: Mapping[str, Any]) -> CandidateFacts:
    """Return a manager from his row of the roster, complete, and what moves."""
    return CandidateFacts(
        manager_id=row["id"],
        licensed=row["licensed"],
        active_in_kommo=row["active"],
        participation=row["participation"],
        participation_until=moment_from_json(row["participation_until"]),
        schedule=row["schedule"],
        works_from=moment_from_json(row["works_from"]),
        presence=row["presence"],
        shift_started_at=moment_from_json(row["shift_started_at"]),
        open_leads=moving["open"],
        reserved=moving["reserved"],
        limit=row["limit"],
        weight=row["weight"],
        lag=moving["lag"],
        last_lead_at=moment_from_json(moving["last"]),
        group_ids=frozenset(row["groups"]),
        count=moving["count"],
        online=row["online"],
        tier=row["tier"],
        ramp=row["ramp"],
        tasks=moving["tasks"],
        task_limit=row["task_limit"],
        recent=tuple(_EPOCH + at * _MICROSECOND for at in moving["recent"]),
        skills=frozenset(row["skills"]),
        on_leave=row["on_leave"],
    )
