"""Activity and its absence: who is started, resumed, paused and sent home without a hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shifts.core.machine import Cause, Presence
from shifts.models import Presence as PresenceRow
from shifts.models import Shift
from shifts.operations import presence as operations
from shifts.queries import presence as queries
from tests.integration.shifts.cast import ANA, MALLORY, MINUTE, NOON, OLEG, set_mode, told_what

pytestmark = pytest.mark.django_db


def seen(account, minutes, *users, told_at=None):
    at = NOON + minutes * MINUTE
    now = at if told_at is None else NOON + told_at * MINUTE
    return operations.record_activity(
        account, seen=dict.fromkeys(users or (OLEG,), at), now=now, source="webhook"
    )


def check(manager, minutes):
    due = operations.inactivity_check(manager, now=NOON + minutes * MINUTE)
    return None if due is None else (due - NOON) / MINUTE


def hand(operation, manager, minutes, cause=Cause.BUTTON):
    return operation(manager, now=NOON + minutes * MINUTE, cause=cause, by=OLEG)


@pytest.mark.feature("F32")
def test_in_manual_mode_activity_is_noted_once_a_minute_and_moves_nobody(acme, oleg):
    with CaptureQueriesContext(connection) as made:
        assert seen(acme, 0) == {}
    assert len(made) == 1
    seen(acme, 0.5)
    assert PresenceRow.objects.get().last_seen_at == NOON
    seen(acme, 1)
    assert PresenceRow.objects.get().last_seen_at == NOON + MINUTE
    assert queries.presence_of(oleg).presence is Presence.OFFLINE
    hand(operations.start_shift, oleg, 2)
    assert check(oleg, 10_000) is None
    assert queries.next_inactivity_at(acme) == {}
    assert told_what(acme) == ["started"]


@pytest.mark.feature("F33")
@pytest.mark.feature("F36")
@pytest.mark.parametrize(("pause_after", "offline_after"), [(15, 15), (5, 40)])
def test_activity_starts_a_shift_and_silence_pauses_then_ends_it(
    acme, oleg, pause_after, offline_after
):
    set_mode(
        acme,
        "automatic",
        pause_after_minutes=pause_after,
        offline_after_minutes=offline_after,
    )
    assert seen(acme, 0)[OLEG].presence is Presence.ONLINE
    assert seen(acme, 3) == {}
    paused_at, ended_at = 3 + pause_after, 3 + pause_after + offline_after
    assert queries.next_inactivity_at(acme) == {OLEG: NOON + paused_at * MINUTE}
    assert check(oleg, paused_at - 0.01) == paused_at
    assert check(oleg, paused_at) == ended_at
    assert queries.presence_of(oleg).presence is Presence.PAUSED
    assert check(oleg, ended_at - 0.01) == ended_at
    assert check(oleg, ended_at) is None
    state = queries.presence_of(oleg)
    assert (state.presence, state.cause) == (Presence.OFFLINE, Cause.INACTIVITY)
    assert told_what(acme) == ["started", "paused", "ended"]
    assert seen(acme, ended_at + 1)[OLEG].presence is Presence.ONLINE  # back from wherever


@pytest.mark.feature("F33")
def test_activity_ends_a_pause_that_silence_began(acme, oleg):
    set_mode(acme, "automatic")
    seen(acme, 0)
    check(oleg, 15)
    state = seen(acme, 20)[OLEG]
    assert (state.presence, state.cause) == (Presence.ONLINE, Cause.ACTIVITY)
    assert state.shift_started_at == NOON
    assert check(oleg, 20) == 35


@pytest.mark.feature("F36")
def test_a_check_that_comes_late_still_gives_the_second_time(acme, oleg):
    set_mode(acme, "hybrid")
    seen(acme, 0)
    assert check(oleg, 300) == 315
    assert queries.presence_of(oleg).since == NOON + 300 * MINUTE


@pytest.mark.feature("F34")
def test_in_hybrid_mode_a_manual_end_stands_until_start_or_tomorrow(acme, oleg):
    set_mode(acme, "hybrid")
    seen(acme, 0)
    hand(operations.end_shift, oleg, 60)
    for minutes in (61, 120, 719):
        assert seen(acme, minutes) == {}
    assert hand(operations.start_shift, oleg, 719.5).presence is Presence.ONLINE
    hand(operations.end_shift, oleg, 719.8)
    assert seen(acme, 720)[OLEG].presence is Presence.ONLINE
    assert Shift.objects.count() == 3


@pytest.mark.feature("F34")
def test_the_next_day_is_the_account_s(acme, oleg):
    type(acme).objects.update(zone="Asia/Tokyo")  # midnight at 15:00 UTC
    acme.refresh_from_db()
    set_mode(acme, "hybrid")
    seen(acme, 0)
    hand(operations.end_shift, oleg, 60)
    assert seen(acme, 179) == {}
    assert list(seen(acme, 180)) == [OLEG]


@pytest.mark.feature("F46")
def test_a_lunch_survives_activity_and_silence(acme, oleg):
    set_mode(acme, "hybrid")
    seen(acme, 0)
    hand(operations.pause_shift, oleg, 5)
    assert seen(acme, 6) == {}
    assert check(oleg, 600) is None
    assert queries.presence_of(oleg).presence is Presence.PAUSED
    assert hand(operations.resume_shift, oleg, 601).presence is Presence.ONLINE


def test_presence_moves_forward_only_and_never_into_the_future(acme, oleg):
    set_mode(acme, "automatic")
    seen(acme, 10)
    seen(acme, 5, told_at=10)
    assert PresenceRow.objects.get().last_seen_at == NOON + 10 * MINUTE
    seen(acme, 99, told_at=11)
    assert PresenceRow.objects.get().last_seen_at == NOON + 11 * MINUTE


def test_news_of_long_ago_starts_nothing(acme, oleg):
    set_mode(acme, "automatic")
    assert seen(acme, 0, told_at=15) == {}
    assert list(seen(acme, 1, told_at=15)) == [OLEG]


@pytest.mark.feature("R38")
def test_a_batch_is_one_statement_whoever_is_in_it(acme, oleg, ana, rival, mallory):
    set_mode(acme, "automatic")
    type(ana).objects.filter(pk=ana.pk).update(is_licensed=False)
    assert list(seen(acme, 0, OLEG, ANA, MALLORY, 999)) == [OLEG]
    assert list(PresenceRow.objects.values_list("manager__kommo_id", flat=True)) == [OLEG]
    with CaptureQueriesContext(connection) as made:
        assert seen(acme, 1, OLEG, ANA, MALLORY, 999) == {}
    assert len(made) == 1
    assert seen(acme, 2, told_at=2) == {}
    assert operations.record_activity(acme, seen={}, now=NOON, source="webhook") == {}


def test_who_went_home_costs_no_lock_when_seen_again(acme, oleg):
    set_mode(acme, "hybrid")
    seen(acme, 0)
    hand(operations.end_shift, oleg, 1)
    with CaptureQueriesContext(connection) as made:
        seen(acme, 2)
    assert not any("FOR NO KEY UPDATE" in query["sql"] for query in made.captured_queries)


def test_two_managers_are_moved_each_by_themselves(acme, oleg, ana):
    set_mode(acme, "automatic")
    assert sorted(seen(acme, 0, OLEG, ANA)) == [OLEG, ANA]
    seen(acme, 10, ANA)
    assert check(oleg, 15) == 30
    assert check(ana, 15) == 25
    assert queries.next_inactivity_at(acme, [ANA]) == {ANA: NOON + 25 * MINUTE}
    states = queries.shift_states(acme, NOON + 15 * MINUTE)
    assert [states[user].presence for user in (OLEG, ANA)] == ["paused", "online"]
    assert states[OLEG].since - timedelta(minutes=15) == NOON
