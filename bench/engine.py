"""The engine with every rule: one decision among 200, and a burst with weights, limits and customers."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.burst import decide_all
from bench.kommo import Kommo
from bench.setup import Place, fill_inbox, make_place
from distribution.core.decide import Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Policy, Situation
from distribution.core.policy import read_body, to_json
from distribution.models import Decision, Template

NOW = datetime(2026, 9, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROUNDS = 400


def one_decision() -> dict[str, float]:
    """Return milliseconds to judge 200 candidates by every gate and deal one lead, median and p95."""
    policy = Policy(
        strategy="weighted",
        members=range(1, 201),
        require_schedule=True,
        presence="prefer",
        start_delay_seconds=300,
        pace_leads=10,
        pace_seconds=3600,
        keep_owner=True,
        skills="soft",
        widen_seconds=60,
        when_nobody="ignore_presence",
        catch_up_percent=50,
    )
    situation = Situation(NOW, policy, tuple(map(_candidate, range(1, 201))), register_id=1)
    lead = LeadFacts(1, skills=frozenset({"spanish"}), owner_id=3)
    spent = []
    for round_ in range(ROUNDS):
        began = time.perf_counter()
        Turn(situation).deal(replace(lead, lead_id=round_), NOW)
        spent.append(1000 * (time.perf_counter() - began))
    cuts = statistics.quantiles(spent, n=20)
    return {"p50_ms": round(statistics.median(spent), 2), "p95_ms": round(cuts[18], 2)}


def _candidate(number: int) -> CandidateFacts:
    """Return one of 200 people: every rule objects to some of them."""
    return CandidateFacts(
        number,
        licensed=number % 29 > 0,
        participation="off" if number % 23 == 0 else "on",
        schedule="completed" if number % 11 == 0 else "in_service",
        presence="paused" if number % 13 == 0 else "online",
        shift_started_at=NOW - (1 if number % 17 == 0 else 60) * MINUTE,
        open_leads=number % 20,
        limit=19,
        tasks=number % 7,
        task_limit=6,
        weight=number % 5 + 1,
        tier=number % 3 + 1,
        online=number % 4 > 0,
        recent=tuple(NOW - minute * MINUTE for minute in range(number % 12, 0, -1)),
        skills=frozenset({"spanish"} if number % 6 == 0 else ()),
        on_leave=number % 11 == 0,
    )


def burst(kommo: Kommo, *, leads: int, managers: int, number: int) -> dict[str, Any]:
    """Deal a burst by weights, under limits, a third of it to its customers' owners; the figures."""
    place = make_place(kommo, number, managers=managers, limit=0, strategy="weighted")
    _by_every_rule(place, leads)
    ids = _arrive(kommo, place, leads)
    fill_inbox(place, ids)
    calls = kommo.ask("calls", host=place.host, last=1)["total"]
    began = time.perf_counter()
    watch = decide_all(place)
    total = time.perf_counter() - began
    decided = Decision.objects.for_account(place.account).exclude(chosen_id=None)
    return {
        "managers": managers,
        "leads": leads,
        "dealt": decided.count(),
        "sticky": decided.filter(reason="sticky").count(),
        "decided_per_second": round(leads / watch.seconds),
        "end_to_end_per_second": round(leads / total),
        "api_calls": kommo.ask("calls", host=place.host, last=1)["total"] - 1 - calls,
    }


def queries_a_lead(kommo: Kommo, *, leads: int, number: int) -> float:
    """Return the SQL statements that a lead of such a burst costs, delivery included."""
    place = make_place(kommo, number, managers=50, limit=0, strategy="weighted")
    _by_every_rule(place, leads)
    fill_inbox(place, _arrive(kommo, place, leads))
    with CaptureQueriesContext(connection) as captured:
        decide_all(place)
    return round(len(captured) / leads, 3)


def _by_every_rule(place: Place, leads: int) -> None:
    """Give the place's template weights, limits, a pace that never ends, and recurring customers."""
    template = Template.objects.for_account(place.account).get(is_simple=True)
    body = template.body | {
        "limits": {"leads": leads, "counts": "all", "pace_leads": 1000, "pace_minutes": 60},
        "sticky": {"by": "both"},
        "keep_owner": False,
        "linked": [],
    }
    template.body = to_json(read_body(body)[0])
    template.version += 1
    template.save(update_fields=["body", "version"])


def _arrive(kommo: Kommo, place: Place, leads: int) -> list[int]:
    """Create leads; of a third each second one is of a customer who has had one before."""
    users = [user["id"] for user in place.card["users"] if user["title"] == "manager"]
    each = max(2, leads // 3 // len(users))
    found: list[int] = []
    for user in users:
        if len(found) + each > leads:
            break
        made = kommo.tell(
            "leads",
            host=place.host,
            count=each,
            contacts=each // 2,
            responsible_user_id=user,
            pipeline_id=place.pipeline,
            status_id=place.stage,
        )
        found += made["lead_ids"]
    return found + place.arrive(kommo, leads - len(found))
