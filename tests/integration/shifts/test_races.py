"""Two connections at once: what locks must keep apart."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from shifts.core.machine import Cause, Presence
from shifts.models import Shift
from shifts.operations import presence as operations
from shifts.queries import presence as queries
from tests.integration.shifts.cast import MINUTE, NOON, OLEG, set_mode, told_what

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run each call on a connection of its own, all let go together; return their answers."""
    gate = threading.Barrier(len(calls))

    def run(call):
        try:
            connection.ensure_connection()
            gate.wait(timeout=10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=20) for future in [pool.submit(run, call) for call in calls]]


@pytest.mark.parametrize("keys", [("same", "same"), ("one", "two"), (None, None)])
def test_two_requests_that_race_to_start_begin_one_shift(acme, oleg, keys):
    def start(key):
        return lambda: operations.start_shift(
            oleg, now=NOON, cause=Cause.BUTTON, by=OLEG, client_key=key
        )

    for round_ in range(5):
        states = at_once(*[start(key and f"{key}{round_}") for key in keys])
        assert [state.presence for state in states] == [Presence.ONLINE] * 2
        assert states[0].shift_id == states[1].shift_id
        operations.end_shift(oleg, now=NOON, cause=Cause.CONSOLE)
    assert Shift.objects.count() == 5
    assert told_what(acme).count("started") == 5


def test_a_heartbeat_and_a_batch_start_one_shift(acme, oleg):
    set_mode(acme, "automatic")

    def beat():
        return operations.record_activity(acme, seen={OLEG: NOON}, now=NOON, source="widget")

    def turn():
        with transaction.atomic():
            return beat()

    answers = at_once(beat, turn, beat)
    assert sum(bool(answer) for answer in answers) == 1
    assert told_what(acme) == ["started"]


def test_a_click_waits_for_the_check_that_pauses(acme, oleg):
    set_mode(acme, "hybrid")
    operations.record_activity(acme, seen={OLEG: NOON}, now=NOON, source="widget")
    later = NOON + 15 * MINUTE
    at_once(
        lambda: operations.inactivity_check(oleg, now=later),
        lambda: operations.end_shift(oleg, now=later, cause=Cause.BUTTON, by=OLEG),
    )
    assert queries.presence_of(oleg).presence is Presence.OFFLINE
    assert told_what(acme) in (["started", "ended"], ["started", "paused", "ended"])


def test_a_batch_that_waited_does_not_set_presence_back(acme, oleg):
    def see(minutes):
        at = NOON + minutes * MINUTE
        operations.record_activity(acme, seen={OLEG: at}, now=at, source="webhook")

    def late():
        try:
            see(5)
        finally:
            connection.close()

    set_mode(acme, "automatic")
    see(0)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            see(10)
            waiting = pool.submit(late)
            while not waiting.done() and not somebody_waits():
                pass
            assert not waiting.done()
        waiting.result(timeout=20)
    assert queries.presence_of(oleg).last_seen_at == NOON + 10 * MINUTE


def somebody_waits():
    """Say whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone()[0] > 0
