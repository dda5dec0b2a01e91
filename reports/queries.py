"""Reads of what was decided: the log page by page, and everything about one decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from accounts.models import Account, AuditEntry
from distribution.core.decide import Kind, rebuild
from distribution.core.decisions import Verdict, all_verdicts
from distribution.core.records import candidate_rows, lead_from_json
from distribution.models import Decision, Effect, LeadMirror, Roster, TurnRecord
from distribution.queries.board import lead_name

PAGE = 50
TIMELINE_SHOWN = 100


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is asked for; None and empty do not restrict."""

    kind: str = ""
    user_id: int | None = None  # who got the lead or lost it
    lead_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_of: int | None = None  # a manager sees only what concerns them, whatever else is asked


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page of the log, newest first."""

    rows: tuple[Decision, ...]  # each with `lead_name`
    older: str  # the key with which the next page begins; empty at the end


def log_page(account: Account, wish: LogFilter, after: str = "") -> LogPage:
    """Return the decisions that follow the key `after` ("" = the newest); one query."""
    rows = Decision.objects.for_account(account).filter(_condition(wish))
    key = _key_from(after)
    if key is not None:
        rows = rows.filter(Q(decided_at__lt=key[0]) | Q(decided_at=key[0], pk__lt=key[1]))
        rows = rows.filter(decided_at__lte=key[0])
    rows = rows.annotate(lead_name=lead_name()).order_by("-decided_at", "-pk")
    found = list(rows[: PAGE + 1])
    older = _key_of(found[PAGE - 1]) if len(found) > PAGE else ""
    return LogPage(tuple(found[:PAGE]), older)


def _condition(wish: LogFilter) -> Q:
    condition = Q()
    if wish.kind:
        condition &= Q(kind=wish.kind)
    for user_id in (wish.user_id, wish.only_of):
        if user_id is not None:
            condition &= Q(chosen_id=user_id) | Q(previous_owner_id=user_id)
    if wish.lead_id is not None:
        condition &= Q(lead_id=wish.lead_id)
    if wish.since is not None:
        condition &= Q(decided_at__gte=wish.since)
    if wish.until is not None:
        condition &= Q(decided_at__lt=wish.until)
    return condition


def _key_of(row: Decision) -> str:
    return f"{row.decided_at.isoformat()}_{row.pk}"


def _key_from(text: str) -> tuple[datetime, int] | None:
    moment, _sep, pk = text.rpartition("_")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, int(pk)) if pk.isdecimal() and at.tzinfo else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A manager as the engine saw them when it decided."""

    user_id: int
    verdict: Verdict
    presence: str
    load: int
    lag: int  # millionths of a lead
    last_lead_at: datetime | None


@dataclass(frozen=True, slots=True)
class Replay:
    """The decision made again from its record by today's rules."""

    is_same: bool
    chosen_id: int | None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Everything that is known about one decision."""

    decision: Decision
    lead: LeadMirror | None
    candidates: tuple[Candidate, ...]  # empty: nobody was chosen among several
    policy: dict[str, Any]  # strategy, hours and delay that counted; empty as above
    settings_version: int | None
    replay: Replay | None


def decision_record(account: Account, decision: Decision) -> DecisionRecord:
    """Return a decision with its candidates and its replay (B2)."""
    turn = roster = None
    if decision.turn_key:
        turn = TurnRecord.objects.for_account(account).filter(key=decision.turn_key).first()
    if turn is not None:
        rosters = Roster.objects.for_account(account).filter(digest=bytes(turn.roster_digest))
        roster = rosters.first()
    lead = LeadMirror.objects.for_account(account).filter(lead_id=decision.lead_id).first()
    version = _settings_version(account, decision.decided_at)
    if turn is None or roster is None:
        return DecisionRecord(decision, lead, (), {}, version, None)
    return DecisionRecord(
        decision,
        lead,
        _candidates(roster.body, turn.opening, decision),
        roster.body["policy"],
        version,
        _replay(account, roster.body, turn.opening, decision),
    )


def _settings_version(account: Account, at: datetime) -> int | None:
    """Return the version of the settings that was saved last before `at`."""
    entries = AuditEntry.objects.for_account(account).filter(
        at__lte=at, after__has_key="version", action="settings_saved"
    )
    after = entries.order_by("-at", "-pk").values_list("after", flat=True).first()
    return after["version"] if after else None


def _candidates(
    roster: dict[str, Any], opening: dict[str, Any], decision: Decision
) -> tuple[Candidate, ...]:
    """Return the candidates, the chosen one first, then those who could, then the others."""
    situation = rebuild(roster, opening).situation
    facts = {row.manager_id: row for row in situation.candidates}
    presence = {row["id"]: row["presence"] for row in candidate_rows(roster)}
    found = [
        Candidate(
            verdict.manager_id,
            verdict,
            presence[verdict.manager_id],
            facts[verdict.manager_id].load,
            facts[verdict.manager_id].lag,
            facts[verdict.manager_id].last_lead_at,
        )
        for verdict in all_verdicts(roster, {"verdicts": decision.verdicts})
    ]
    chosen = decision.chosen_id
    return tuple(
        sorted(
            found,
            key=lambda row: (row.user_id != chosen, not row.verdict.eligible, row.load, -row.lag),
        )
    )


def _replay(
    account: Account, roster: dict[str, Any], opening: dict[str, Any], decision: Decision
) -> Replay | None:
    """Decide the turn again up to this lead; None where its record is not complete."""
    rows = list(
        Decision.objects.for_account(account)
        .filter(turn_key=decision.turn_key, seq__lte=decision.seq)
        .order_by("seq")
        .values_list("pk", "seq", "lead_facts", "decided_at")
    )
    turn = rebuild(roster, opening)
    result = None
    for pk, _seq, facts, _at in rows:
        result = turn.deal(lead_from_json(facts), turn.situation.now)
        if pk == decision.pk:
            break
    if result is None:
        return None
    is_same = result.chosen == decision.chosen_id
    if is_same and result.kind is Kind.DEALT:
        is_same = (result.load_before, result.lag_before) == (
            decision.load_before,
            decision.lag_before,
        )
    return Replay(is_same, result.chosen)


def decisions_of_lead(account: Account, lead_id: int) -> list[Decision]:
    """Return what was decided about a lead, oldest first."""
    rows = Decision.objects.for_account(account).filter(lead_id=lead_id).order_by("-pk")
    return list(rows[:TIMELINE_SHOWN])[::-1]


def effects_of_lead(account: Account, lead_id: int) -> list[Effect]:
    """Return the writes to Kommo about a lead, oldest first."""
    rows = Effect.objects.for_account(account).filter(lead_id=lead_id).order_by("-pk")
    return list(rows[:TIMELINE_SHOWN])[::-1]


def day_after(moment: datetime) -> datetime:
    """Return the same time of the next day: the end of a period that includes its last day."""
    return moment + timedelta(days=1)
