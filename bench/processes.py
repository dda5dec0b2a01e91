"""Whole processes: draining under Kommo's limit, lone leads, and eight workers."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import requests
from django.db import connection

from bench.kommo import Kommo
from bench.setup import Place, fill_inbox, make_place
from bench.web import running_web
from bench.workers import Busy, is_settled, running_workers, seconds_until
from distribution.models import Effect

LIMITED = {"KOMMO_CALLS_PER_SECOND": "7", "KOMMO_IP_CALLS_PER_SECOND": "7"}
UNLIMITED = {"KOMMO_CALLS_PER_SECOND": "0", "KOMMO_IP_CALLS_PER_SECOND": "0"}


def clear() -> None:
    """Forget all work of earlier benchmarks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE distribution_effect, accounts_inboxevent, distribution_timer,"
            " accounts_callbudget"
        )


def drain(kommo: Kommo, *, leads: int, number: int) -> dict[str, Any]:
    """Deal a burst under the limit of 7 calls a second with two workers."""
    clear()
    place = make_place(kommo, number, managers=50, limit=7)
    ids = place.arrive(kommo, leads)
    with running_workers(2, **LIMITED):
        time.sleep(1.5)  # the grant's own call has left the window
        fill_inbox(place, ids)
        seconds = seconds_until(lambda: is_settled(leads))
    calls = kommo.ask("calls", host=place.host, last=1)
    allowed = math.ceil(leads / 200) + math.ceil(leads / 250) + 10
    made = calls["total"] - 1
    return {
        "leads": leads,
        "seconds": round(seconds, 2),
        "floor_seconds": round((made - 7) / 7, 2),
        "ratio": round(seconds / ((made - 7) / 7), 2),
        "api_calls": made,
        "api_calls_allowed": allowed,
        "most_calls_in_a_second": calls["most_in_a_second"],
        "answers": calls["by_status"],
    }


def lone_leads(
    kommo: Kommo, *, accounts: int, per_second: float, seconds: float, number: int
) -> dict[str, Any]:
    """One lead at a time over many accounts, from webhook to PATCH, limits lifted."""
    clear()
    places = [make_place(kommo, number + n, managers=10, limit=0) for n in range(accounts)]
    total = int(per_second * seconds)
    leads = [(places[n % accounts], places[n % accounts].arrive(kommo, 1)[0]) for n in range(total)]
    with running_web(workers=1) as web, running_workers(2, **UNLIMITED):
        sent = _send_steadily(web, leads, per_second)
        seconds_until(lambda: is_settled(total))
    return {"accounts": accounts, "leads": total, **_latencies(sent)}


def _send_steadily(web: str, leads: list[tuple[Place, int]], per_second: float) -> dict[int, float]:
    from accounts.operations.hooks import hook_key

    session = requests.Session()
    sent: dict[int, float] = {}
    began = time.perf_counter()
    for index, (place, lead_id) in enumerate(leads):
        wait = began + index / per_second - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        sent[place.account.pk * 10**9 + lead_id] = time.time()
        url = f"{web}/hooks/kommo/{hook_key(place.account)}"
        answer = session.post(
            url,
            data=place.body(lead_id),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=5,
        )
        if answer.status_code != 204:
            raise RuntimeError(f"the webhook was answered {answer.status_code}")
    return sent


def _latencies(sent: dict[int, float]) -> dict[str, Any]:
    """Return milliseconds from webhook sent to decision committed and to PATCH answered."""
    decided, patched = [], []
    rows = Effect.objects.filter(kind=Effect.Kind.OWNER).values_list(
        "account_id", "lead_id", "created_at", "settled_at"
    )
    for account_id, lead_id, created_at, settled_at in rows:
        began = sent.get(account_id * 10**9 + lead_id)
        if began is not None and settled_at is not None:
            decided.append(1000 * (created_at.timestamp() - began))
            patched.append(1000 * (settled_at.timestamp() - began))
    return {"decided_ms": _spread(decided), "patched_ms": _spread(patched)}


def _spread(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}


def eight_workers(kommo: Kommo, *, leads: int, number: int) -> dict[str, Any]:
    """The same leads with one worker and with eight, on one account and on eight."""
    found: dict[str, Any] = {}
    for accounts in (1, 8):
        for workers in (1, 8):
            clear()
            places = [make_place(kommo, number + n, managers=50, limit=0) for n in range(accounts)]
            number += accounts
            _fill(kommo, places, leads)
            busy = Busy()
            with running_workers(workers, **UNLIMITED):
                seconds = seconds_until(lambda: is_settled(leads))
            found[f"{accounts} accounts, {workers} workers"] = {
                "leads_per_second": round(leads / seconds),
                "cores_busy": busy.share(),
            }
    return found


def _fill(kommo: Kommo, places: list[Place], leads: int) -> None:
    for place in places:
        fill_inbox(place, place.arrive(kommo, leads // len(places)))
