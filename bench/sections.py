"""The sections of the benchmark with their sizes; each returns its figures, JSON-ready."""

from __future__ import annotations

from itertools import count
from typing import Any

from bench import burst as bursts
from bench import engine as engines
from bench import processes
from bench import schedules as rotas
from bench.core import deal_microseconds
from bench.ingest import ingest as run_ingest
from bench.kommo import Kommo
from bench.setup import make_place

_numbers = count(1, 200)  # account numbers: 200 for each use


def core(kommo: Kommo, smaller: int) -> Any:
    """The pure engine alone: microseconds a lead."""
    return deal_microseconds(leads=5000 // smaller)


def burst(kommo: Kommo, smaller: int) -> Any:
    """10,000 leads to one account; the rate at 200 managers against the rate at 10."""
    leads = 10_000 // smaller
    rows = [
        bursts.run(kommo, leads=leads, managers=managers, number=next(_numbers), strategy=strategy)
        for strategy in ("least_loaded", "even")
        for managers in (10, 50, 200, 10, 200)
    ]
    best = {
        (row["strategy"], row["managers"]): row["decided_per_second"]
        for row in sorted(rows, key=lambda row: row["decided_per_second"])
    }
    return {
        "rows": rows,
        "rate_200_against_10": {
            strategy: round(best[strategy, 200] / best[strategy, 10], 2)
            for strategy in ("least_loaded", "even")
        },
        "queries_a_lead": bursts.queries_a_lead(kommo, leads=leads // 4, number=next(_numbers)),
    }


def drain(kommo: Kommo, smaller: int) -> Any:
    """10,000 leads under the limit of 7 calls a second."""
    return processes.drain(kommo, leads=10_000 // smaller, number=next(_numbers))


def single(kommo: Kommo, smaller: int) -> Any:
    """Lone leads: 100 accounts, 20 a second."""
    steps = bursts.lone_decisions(kommo, leads=300 // smaller, number=next(_numbers))
    number = next(_numbers)
    return steps | processes.lone_leads(
        kommo, accounts=100 // smaller, per_second=20, seconds=30 / smaller, number=number
    )


def workers(kommo: Kommo, smaller: int) -> Any:
    """One worker against eight."""
    return processes.eight_workers(kommo, leads=8000 // smaller, number=next(_numbers))


def ingest(kommo: Kommo, smaller: int) -> Any:
    """Durable webhooks a second."""
    place = make_place(kommo, next(_numbers), managers=5, limit=0)
    return run_ingest(place, seconds=8 / smaller)


def schedules(kommo: Kommo, smaller: int) -> Any:
    """Who works now and the month grid, for 200 people; their past must cost nothing."""
    people = 200 // smaller
    young = rotas.make_team(next(_numbers), people)
    rotas.remember(young, 30)
    month = rotas.reads(young)
    old = rotas.make_team(next(_numbers), people)
    rotas.remember(old, 3 * 365 // smaller)
    return {
        "managers": people,
        "one_month": month,
        "three_years": rotas.reads(old),
        "grid": rotas.grid(old),
        "goals": {
            "who_works_ms": 5,
            "month_ms": 300,
            "month_queries": 15,
            "operation_ms": 500,
        },
    }


def engine(kommo: Kommo, smaller: int) -> Any:
    """Every gate for one lead among 200; a burst with weights, limits and recurring customers."""
    leads = 10_000 // smaller
    return {
        "one_decision_of_200": engines.one_decision(),
        "bursts": [
            engines.burst(kommo, leads=leads, managers=managers, number=next(_numbers))
            for managers in (50, 200)
        ],
        "queries_a_lead": engines.queries_a_lead(kommo, leads=leads // 4, number=next(_numbers)),
        "goals": {"one_decision_ms": 1, "decided_per_second": 1500, "queries_a_lead": 0.2},
    }
