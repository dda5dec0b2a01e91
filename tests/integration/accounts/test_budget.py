"""The budget of calls: no sliding second holds more than the limit, and the breakers open and heal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection

from accounts.kommo.connection import budget
from accounts.kommo.errors import BudgetExhausted
from accounts.models import CallBudget

ACCOUNT, OTHER = 7, 8


@pytest.fixture(autouse=True)
def limits(settings: Any) -> None:
    settings.KOMMO_CALLS_PER_SECOND = 7
    settings.KOMMO_IP_CALLS_PER_SECOND = 0


def densest_second(moments: list[float]) -> int:
    moments = sorted(moments)
    return max(sum(1 for one in moments if start <= one < start + 1) for start in moments)


def wait_until_free(key: str) -> None:
    """Put the row's past a while back instead of sleeping."""
    CallBudget.objects.filter(key=key).update(
        blocked_until=datetime.now(UTC) - timedelta(seconds=1)
    )


@pytest.mark.django_db
def test_seven_calls_begin_at_once_and_the_eighth_a_second_later() -> None:
    waits = [budget.take_slot(ACCOUNT) for _ in range(7)]
    assert max(waits) < 0.02
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(ACCOUNT)
    gap = refused.value.retry_at - CallBudget.objects.get().slots[0]
    assert gap == timedelta(seconds=1.04)


@pytest.mark.django_db
def test_a_refused_call_reserves_nothing() -> None:
    for _ in range(7):
        budget.take_slot(ACCOUNT)
    before = CallBudget.objects.get().slots
    with pytest.raises(BudgetExhausted):
        budget.take_slot(ACCOUNT)
    assert CallBudget.objects.get().slots == before


@pytest.mark.django_db
def test_a_slot_costs_one_query(django_assert_num_queries: Any, settings: Any) -> None:
    settings.KOMMO_IP_CALLS_PER_SECOND = 7
    budget.take_slot(ACCOUNT)
    with django_assert_num_queries(1):
        budget.take_slot(ACCOUNT)
    assert set(CallBudget.objects.values_list("key", flat=True)) == {"account:7", "ip"}


@pytest.mark.django_db
def test_a_limit_of_zero_touches_no_row(settings: Any) -> None:
    settings.KOMMO_CALLS_PER_SECOND = 0
    assert all(budget.take_slot(ACCOUNT) < 0.01 for _ in range(50))
    assert not CallBudget.objects.exists()


@pytest.mark.django_db
def test_a_changed_limit_is_followed_at_once(settings: Any) -> None:
    settings.KOMMO_CALLS_PER_SECOND = 3
    for _ in range(3):
        budget.take_slot(ACCOUNT)
    with pytest.raises(BudgetExhausted):
        budget.take_slot(ACCOUNT)
    settings.KOMMO_CALLS_PER_SECOND = 10
    waits = [budget.take_slot(ACCOUNT) for _ in range(7)]
    assert max(waits) < 0.02
    settings.KOMMO_CALLS_PER_SECOND = 2
    with pytest.raises(BudgetExhausted):
        budget.take_slot(ACCOUNT)


@pytest.mark.django_db
def test_accounts_share_the_address_and_not_each_others_limit(settings: Any) -> None:
    settings.KOMMO_IP_CALLS_PER_SECOND = 9
    for _ in range(7):
        budget.take_slot(ACCOUNT)
    assert budget.take_slot(OTHER) < 0.02
    assert budget.take_slot(OTHER) < 0.02
    with pytest.raises(BudgetExhausted):
        budget.take_slot(OTHER)


@pytest.mark.django_db
def test_a_busy_account_does_not_hold_up_another_while_the_address_has_room(settings: Any) -> None:
    settings.KOMMO_IP_CALLS_PER_SECOND = 50
    ahead = datetime.now(UTC) + timedelta(seconds=0.9)
    CallBudget.objects.create(key="ip", slots=[ahead] * 5)
    CallBudget.objects.create(key="account:7", slots=[ahead] * 5)
    assert budget.take_slot(OTHER) < 0.02


@pytest.mark.django_db
def test_no_call_squeezes_between_reserved_ones_beyond_the_address_limit(settings: Any) -> None:
    settings.KOMMO_IP_CALLS_PER_SECOND = 5
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    CallBudget.objects.create(key="ip", slots=[soon] * 5)
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(OTHER)
    assert refused.value.retry_at >= soon + timedelta(seconds=1.04)


@pytest.mark.django_db
def test_the_fifth_failure_opens_the_breaker_and_one_probe_tries_it() -> None:
    for _ in range(4):
        budget.report_trouble(ACCOUNT)
    budget.take_slot(ACCOUNT)
    budget.report_trouble(ACCOUNT)
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(ACCOUNT)
    assert 28 < (refused.value.retry_at - datetime.now(UTC)).total_seconds() < 31
    assert budget.take_slot(OTHER) < 0.02
    wait_until_free("account:7")
    assert budget.wait_for_slot(ACCOUNT).counts_failures
    with pytest.raises(BudgetExhausted):  # the others wait for the probe
        budget.take_slot(ACCOUNT)
    budget.report_success(ACCOUNT)
    assert not budget.wait_for_slot(ACCOUNT).counts_failures


@pytest.mark.django_db
def test_a_failed_probe_opens_the_breaker_again() -> None:
    for _ in range(5):
        budget.report_trouble(ACCOUNT)
    wait_until_free("account:7")
    budget.take_slot(ACCOUNT)
    budget.report_trouble(ACCOUNT)
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(ACCOUNT)
    assert (refused.value.retry_at - datetime.now(UTC)).total_seconds() > 28


@pytest.mark.django_db
def test_failures_far_apart_open_nothing() -> None:
    for _ in range(4):
        budget.report_trouble(ACCOUNT)
    CallBudget.objects.update(first_failure_at=datetime.now(UTC) - timedelta(seconds=31))
    budget.report_trouble(ACCOUNT)
    budget.take_slot(ACCOUNT)
    assert CallBudget.objects.get(key="account:7").failures == 1


@pytest.mark.django_db
def test_a_pause_that_kommo_asked_for_is_kept() -> None:
    budget.report_pause(ACCOUNT, 300)
    budget.report_pause(ACCOUNT, 5)
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(ACCOUNT)
    assert (refused.value.retry_at - datetime.now(UTC)).total_seconds() > 298
    assert budget.take_slot(OTHER) < 0.02


@pytest.mark.django_db
@pytest.mark.parametrize("ip_limit", [0, 50])
def test_two_blocked_accounts_stop_the_whole_address(settings: Any, ip_limit: int) -> None:
    settings.KOMMO_IP_CALLS_PER_SECOND = ip_limit
    budget.report_block(ACCOUNT)
    budget.report_block(ACCOUNT)
    assert budget.take_slot(OTHER) < 0.02  # one account alone stops only itself
    budget.report_block(OTHER)
    with pytest.raises(BudgetExhausted) as refused:
        budget.take_slot(9)
    assert (refused.value.retry_at - datetime.now(UTC)).total_seconds() > 58


@pytest.mark.django_db
def test_two_blocks_far_apart_stop_only_their_accounts() -> None:
    budget.report_block(ACCOUNT)
    CallBudget.objects.update(blocked_at=datetime.now(UTC) - timedelta(seconds=61))
    budget.report_block(OTHER)
    assert budget.take_slot(9) < 0.02


class Recorder(BaseHTTPRequestHandler):
    """Notes when each call arrives."""

    protocol_version = "HTTP/1.1"
    arrivals: list[tuple[str, float]]

    def do_GET(self) -> None:
        self.arrivals.append((self.path, time.time()))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def arrivals_from(processes: int, accounts: list[int], ip_limit: int) -> list[tuple[str, float]]:
    """Let processes call a real HTTP server for four seconds; return (path, time) of each call."""
    recorder = type("OwnRecorder", (Recorder,), {"arrivals": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [sys.executable, "-m", "tests.integration.accounts.calling"]
    values = [connection.settings_dict["NAME"], 7, ip_limit, server.server_port, 4, *accounts]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "peresmenka.settings"}
    workers = [
        subprocess.Popen([*command, *map(str, values)], env=environment) for _ in range(processes)
    ]
    try:
        assert [worker.wait(timeout=40) for worker in workers] == [0] * processes
    finally:
        for worker in workers:
            worker.kill()
        server.shutdown()
        server.server_close()
    return list(recorder.arrivals)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_eight_processes_never_exceed_seven_calls_in_any_second() -> None:
    moments = sorted(moment for _, moment in arrivals_from(8, [ACCOUNT], 0))
    assert densest_second(moments) <= 7
    assert len(moments) >= 7 * (moments[-1] - moments[0]) * 0.8  # and the budget is used


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_eight_processes_share_the_limit_of_the_address() -> None:
    arrivals = arrivals_from(8, [1, 2, 3], 10)
    assert densest_second([moment for _, moment in arrivals]) <= 10
    for path in ("/1", "/2", "/3"):
        assert densest_second([moment for one, moment in arrivals if one == path]) <= 7


@pytest.mark.django_db
def test_a_slow_call_counts_from_its_end() -> None:
    with budget.one_call(ACCOUNT) as slot:
        began = slot.local
        slow = type(slot)(slot.account_id, slot.begins_at, began - 0.5, slot.counts_failures)
    budget.report_end(slow)  # as if it had begun half a second ago
    (kept,) = CallBudget.objects.get().slots
    assert timedelta(seconds=0.45) < kept - slot.begins_at < timedelta(seconds=0.6)


@pytest.mark.django_db
def test_a_quick_call_costs_no_second_query(django_assert_num_queries: Any) -> None:
    budget.take_slot(ACCOUNT)
    with django_assert_num_queries(1), budget.one_call(ACCOUNT):
        pass
