"""Reads of what was decided: the log page by page, and everything about one decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import Account, AuditEntry
from distribution.core.decisions import Verdict
from distribution.core.records import situation_from_json
from distribution.models import Decision, Effect, LeadMirror, Template
from distribution.queries.board import lead_name
from distribution.queries.records import DecisionRecord, differences, record_of
from distribution.queries.settings import SAVED
from reports.paging import page_of

PAGE = 50
TIMELINE_SHOWN = 100


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is asked for; None and empty do not restrict."""

    kind: str = ""
    user_id: int | None = None  # who got the lead or lost it
    lead_id: int | None = None
    template_id: int | None = None
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
    return LogPage(*page_of(rows.annotate(lead_name=lead_name()), "decided_at", after, PAGE))


def _condition(wish: LogFilter) -> Q:
    condition = Q()
    if wish.kind:
        condition &= Q(kind=wish.kind)
    for user_id in (wish.user_id, wish.only_of):
        if user_id is not None:
            condition &= Q(chosen_id=user_id) | Q(previous_owner_id=user_id)
    if wish.lead_id is not None:
        condition &= Q(lead_id=wish.lead_id)
    if wish.template_id is not None:
        condition &= Q(template_id=wish.template_id)
    if wish.since is not None:
        condition &= Q(decided_at__gte=wish.since)
    if wish.until is not None:
        condition &= Q(decided_at__lt=wish.until)
    return condition


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
class DecisionDetails:
    """Everything that is known about one decision."""

    decision: Decision
    lead: LeadMirror | None
    candidates: tuple[Candidate, ...]  # empty: nobody was chosen among several
    policy: dict[str, Any]  # strategy, hours and delay that counted; empty as above
    settings_version: int | None
    differences: list[str] | None  # decided again: empty = identical; None = nothing to decide


def decision_details(account: Account, decision: Decision) -> DecisionDetails:
    """Return a decision with its candidates, and what comes out when it is decided again (B2)."""
    record = record_of(account, decision)
    return DecisionDetails(
        decision,
        LeadMirror.objects.for_account(account).filter(lead_id=decision.lead_id).first(),
        _candidates(record) if record.roster else (),
        record.roster.get("policy", {}),
        _settings_version(account, decision.decided_at),
        differences(record),
    )


def _settings_version(account: Account, at: datetime) -> int | None:
    """Return the version of the settings that was saved last before `at`."""
    entries = AuditEntry.objects.for_account(account).filter(
        at__lte=at, after__has_key="version", action=SAVED
    )
    after = entries.order_by("-at", "-pk").values_list("after", flat=True).first()
    return after["version"] if after else None


def _candidates(record: DecisionRecord) -> tuple[Candidate, ...]:
    """Return the candidates, the chosen one first, then those who could, then the others."""
    facts = {
        row.manager_id: row for row in situation_from_json(record.roster, record.opening).candidates
    }
    found = [
        Candidate(
            verdict.manager_id,
            verdict,
            facts[verdict.manager_id].presence,
            facts[verdict.manager_id].load,
            facts[verdict.manager_id].lag,
            facts[verdict.manager_id].last_lead_at,
        )
        for verdict in record.verdicts
    ]
    chosen = record.decision.chosen_id
    return tuple(
        sorted(
            found,
            key=lambda row: (row.user_id != chosen, not row.verdict.eligible, row.load, -row.lag),
        )
    )


def template_names(account: Account) -> dict[int, str]:
    """Return the names of the account's templates, by id."""
    return dict(Template.objects.for_account(account).values_list("pk", "name"))


def decisions_of_lead(account: Account, lead_id: int) -> list[Decision]:
    """Return what was decided about a lead, oldest first."""
    rows = Decision.objects.for_account(account).filter(lead_id=lead_id).order_by("-pk")
    return list(rows[:TIMELINE_SHOWN])[::-1]


def effects_of_lead(account: Account, lead_id: int) -> list[Effect]:
    """Return the writes to Kommo about a lead, oldest first."""
    rows = Effect.objects.for_account(account).filter(lead_id=lead_id).order_by("-pk")
    return list(rows[:TIMELINE_SHOWN])[::-1]
