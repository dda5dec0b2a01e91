"""The engine without database or network: microseconds a lead."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from distribution.core.decide import Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Policy, Situation

NOW = datetime(2026, 9, 23, 8, tzinfo=UTC)


def deal_microseconds(*, leads: int) -> dict[str, dict[int, float]]:
    """Return microseconds a deal, by strategy and number of managers."""
    return {
        strategy: {managers: _deal(strategy, managers, leads) for managers in (10, 50, 200)}
        for strategy in ("least_loaded", "even")
    }


def _deal(strategy: str, managers: int, leads: int) -> float:
    people = tuple(
        CandidateFacts(number, presence="online", shift_started_at=NOW, open_leads=number % 7)
        for number in range(1, managers + 1)
    )
    policy = Policy(strategy=strategy, members=range(1, managers + 1))
    turn = Turn(Situation(NOW, policy, people))
    facts = [LeadFacts(number) for number in range(leads)]
    began = time.perf_counter()
    for lead in facts:
        turn.deal(lead, NOW)
    return round(1e6 * (time.perf_counter() - began) / leads, 1)
