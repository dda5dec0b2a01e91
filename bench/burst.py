"""A burst to one account: how fast leads are decided, with how many queries and API calls."""

from __future__ import annotations

import statistics
import time
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.kommo import Kommo
from bench.setup import Place, fill_inbox, make_place
from distribution.models import Decision
from distribution.operations import lanes
from distribution.operations.deciding import turn
from distribution.operations.delivering.deliver import deliver


class Stopwatch:
    """Time spent between holding the lane and its commit: the decide step."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.turns: list[float] = []
        self._began = 0.0

    def begin(self) -> None:
        """Start: the lane is about to be held."""
        self._began = time.perf_counter()

    def stop_at_commit(self) -> None:
        """Stop when the surrounding transaction has committed."""
        transaction.on_commit(self._stop)

    def _stop(self) -> None:
        spent = time.perf_counter() - self._began
        self.seconds += spent
        self.turns.append(spent)


@contextmanager
def watched(watch: Stopwatch) -> Any:
    """Let the stopwatch start whenever a turn holds its lane."""
    hold = lanes.hold_lane

    def held(lease: lanes.LaneLease) -> Any:
        watch.begin()
        return hold(lease)

    lanes.hold_lane = held
    try:
        yield
    finally:
        lanes.hold_lane = hold


def decide_all(place: Place) -> Stopwatch:
    """Take turns until the inbox is empty, delivering between them; return the decide time."""
    watch = Stopwatch()
    with watched(watch):
        while turn.take_turn(account_id=place.account.pk, before_commit=watch.stop_at_commit):
            deliver(account_id=place.account.pk)
    return watch


def run(kommo: Kommo, *, leads: int, managers: int, number: int, strategy: str) -> dict[str, Any]:
    """Deal a burst with limits lifted; return the figures."""
    place = make_place(kommo, number, managers=managers, limit=0, strategy=strategy)
    fill_inbox(place, place.arrive(kommo, leads))
    began = time.perf_counter()
    watch = decide_all(place)
    total = time.perf_counter() - began
    dealt = Decision.objects.for_account(place.account).exclude(chosen_id=None).count()
    return {
        "managers": managers,
        "strategy": strategy,
        "leads": leads,
        "dealt": dealt,
        "decided_per_second": round(leads / watch.seconds),
        "end_to_end_per_second": round(leads / total),
        "api_calls": kommo.ask("calls", host=place.host, last=1)["total"] - 1,
    }


def queries_a_lead(kommo: Kommo, *, leads: int, number: int) -> float:
    """Return the SQL statements a lead of a burst costs, delivery included."""
    place = make_place(kommo, number, managers=50, limit=0)
    fill_inbox(place, place.arrive(kommo, leads))
    with CaptureQueriesContext(connection) as captured:
        decide_all(place)
    return round(len(captured) / leads, 3)


def lone_decisions(kommo: Kommo, *, leads: int, number: int) -> dict[str, Any]:
    """Deal leads one at a time; return the decide step's milliseconds and the statements of a lead.

    The step is what a lead's decision costs: hold the lane, read the situation, judge, write, commit.
    """
    place = make_place(kommo, number, managers=10, limit=0)
    watch = Stopwatch()
    statements = []
    for lead_id in place.arrive(kommo, leads):
        fill_inbox(place, [lead_id])
        with watched(watch), CaptureQueriesContext(connection) as captured:
            turn.take_turn(account_id=place.account.pk, before_commit=watch.stop_at_commit)
            deliver(account_id=place.account.pk)
        statements.append(sum(not _is_bracket(query["sql"]) for query in captured))
    cuts = statistics.quantiles([1000 * spent for spent in watch.turns], n=100)
    return {
        "decide_ms": {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)},
        "statements": max(statements),
    }


def _is_bracket(statement: str) -> bool:
    return statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
