"""Shifts by hand: the rows, the event in the inbox, repeated clicks, refusals, constraints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, transaction

from shifts.core.machine import Cause, Presence
from shifts.models import Shift, ShiftPause, ShiftSettings
from shifts.operations import presence as operations
from shifts.queries import presence as queries
from tests.integration.shifts.cast import MINUTE, NOON, OLEG, set_mode, told, told_what

pytestmark = pytest.mark.django_db


def click(operation, manager, minutes=0, key=None, cause=Cause.BUTTON, by=OLEG):
    return operation(manager, now=NOON + minutes * MINUTE, cause=cause, by=by, client_key=key)


@pytest.mark.feature("F32")
@pytest.mark.feature("F35")
@pytest.mark.feature("F46")
def test_a_day_by_hand_is_recorded_with_every_cause(acme, oleg):
    click(operations.start_shift, oleg, 0)
    click(operations.pause_shift, oleg, 60)
    click(operations.resume_shift, oleg, 90)
    click(operations.end_shift, oleg, 480, cause=Cause.CONSOLE, by=12)

    entries = queries.timeline(acme, since=NOON, until=NOON + timedelta(days=1))
    assert [(e.what, e.at, e.cause, e.by) for e in entries] == [
        ("started", NOON, "button", OLEG),
        ("paused", NOON + 60 * MINUTE, "button", OLEG),
        ("resumed", NOON + 90 * MINUTE, "button", OLEG),
        ("ended", NOON + 480 * MINUTE, "console", 12),
    ]
    shift = Shift.objects.get()
    assert told(acme)[-1] == {
        "manager": OLEG,
        "what": "ended",
        "at": (NOON + 480 * MINUTE).isoformat(),
        "cause": "console",
        "shift": shift.pk,
    }
    assert told_what(acme) == ["started", "paused", "resumed", "ended"]


@pytest.mark.feature("F35")
def test_each_step_answers_the_state_that_the_query_then_gives(acme, oleg):
    steps = [operations.start_shift, operations.pause_shift, operations.resume_shift]
    for minutes, step in enumerate([*steps, operations.pause_shift, operations.end_shift]):
        answered = click(step, oleg, minutes)
        assert queries.presence_of(oleg) == answered
        assert queries.shift_states(acme, NOON + minutes * MINUTE)[OLEG] == answered


@pytest.mark.feature("F35")
def test_an_end_in_a_pause_closes_both_and_is_told_once(acme, oleg):
    click(operations.start_shift, oleg)
    click(operations.pause_shift, oleg, 1)
    click(operations.end_shift, oleg, 2)
    assert ShiftPause.objects.get().ended_at == Shift.objects.get().ended_at == NOON + 2 * MINUTE
    assert told_what(acme) == ["started", "paused", "ended"]
    entries = queries.timeline(acme, since=NOON, until=NOON + 3 * MINUTE)
    assert [entry.what for entry in entries] == ["started", "paused", "ended"]


@pytest.mark.parametrize("name", ["start_shift", "pause_shift", "resume_shift", "end_shift"])
def test_a_second_click_of_the_same_kind_changes_nothing(acme, oleg, name):
    operation = getattr(operations, name)
    if name != "start_shift":
        click(operations.start_shift, oleg)
    if name == "resume_shift":
        click(operations.pause_shift, oleg, 1)
    first = click(operation, oleg, 2, key="a")
    before = told(acme)
    assert click(operation, oleg, 3, key="b") == first
    assert told(acme) == before


def test_a_request_repeated_after_other_clicks_counts_once(acme, oleg):
    click(operations.start_shift, oleg, 0, key="first")
    click(operations.end_shift, oleg, 1, key="second")
    state = click(operations.start_shift, oleg, 2, key="first")
    assert state.presence is Presence.OFFLINE
    assert told_what(acme) == ["started", "ended"]


def test_the_same_key_of_two_managers_is_two_clicks(acme, oleg, ana):
    click(operations.start_shift, oleg, key="x")
    click(operations.start_shift, ana, key="x")
    assert told_what(acme) == ["started", "started"]


@pytest.mark.parametrize("operation", [operations.pause_shift, operations.resume_shift])
def test_without_a_shift_there_is_nothing_to_pause(acme, oleg, operation):
    with pytest.raises(operations.NotOnShift, match="start the shift first"):
        click(operation, oleg)
    assert told(acme) == []


@pytest.mark.feature("F33")
def test_in_automatic_mode_only_others_end_a_shift(acme, oleg):
    set_mode(acme, "automatic")
    click(operations.start_shift, oleg)
    with pytest.raises(operations.RunsByActivity, match="ask a supervisor"):
        click(operations.end_shift, oleg, 1)
    assert click(operations.end_shift, oleg, 2, cause=Cause.CONSOLE).presence is Presence.OFFLINE


@pytest.mark.parametrize("field", ["is_active_in_kommo", "is_licensed"])
def test_who_takes_no_part_starts_no_shift(acme, oleg, field):
    type(oleg).objects.filter(pk=oleg.pk).update(**{field: False})
    with pytest.raises(operations.NotTakingPart):
        click(operations.start_shift, oleg)  # `oleg` itself still says otherwise: the row counts
    assert not Shift.objects.exists()
    assert told(acme) == []


def test_shifts_of_the_deactivated_end_with_their_cause(acme, oleg, ana, rival, mallory):
    for manager in (oleg, ana, mallory):
        click(operations.start_shift, manager)
    type(oleg).objects.filter(pk__in=[oleg.pk, mallory.pk]).update(is_active_in_kommo=False)
    assert operations.end_shifts_of_inactive(acme, now=NOON + MINUTE) == [OLEG]
    assert operations.end_shifts_of_inactive(acme, now=NOON + MINUTE) == []
    assert queries.presence_of(oleg).cause is Cause.DEACTIVATED
    assert queries.presence_of(ana).presence is Presence.ONLINE
    assert queries.presence_of(mallory).presence is Presence.ONLINE


def test_a_clock_that_lags_neither_overlaps_nor_runs_backwards(acme, oleg):
    click(operations.start_shift, oleg, 10)
    click(operations.end_shift, oleg, 20)
    state = click(operations.start_shift, oleg, 19)  # another process, a second behind
    assert state.shift_started_at == NOON + 20 * MINUTE + timedelta(microseconds=1)
    shown = queries.shift_states(acme, NOON + 19 * MINUTE)[OLEG]
    assert shown.shift_started_at == shown.since == NOON + 19 * MINUTE  # no span is negative


def test_many_steps_in_one_instant_keep_their_order_and_are_all_told(acme, oleg):
    steps = [operations.start_shift, operations.pause_shift, operations.resume_shift] * 2
    for step in [*steps, operations.end_shift, operations.start_shift]:
        state = click(step, oleg)
    assert (state.presence, queries.presence_of(oleg)) == (Presence.ONLINE, state)
    what = ["started", "paused", "resumed", "paused", "resumed", "ended", "started"]
    assert told_what(acme) == what
    entries = queries.timeline(acme, since=NOON, until=NOON + MINUTE)
    assert [entry.what for entry in entries] == what
    assert len({entry.at for entry in entries}) == len(entries)


@pytest.mark.parametrize("key", [None, "k"])
def test_the_doorbell_rings_once_a_change_after_the_commit(
    acme, oleg, rings, key, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        click(operations.start_shift, oleg, key=key)
        click(operations.start_shift, oleg, key=key)
        assert rings == []
    assert (len(callbacks), len(rings)) == (1, 1)


def test_without_its_event_no_row_is_written(acme, oleg, monkeypatch):
    monkeypatch.setattr(operations, "append_event", lambda *_args, **_kwargs: False)
    with pytest.raises(operations.ClientKeyTaken):
        click(operations.start_shift, oleg, key="k")
    assert not Shift.objects.exists()


def test_the_last_end_is_known_and_none_while_on_shift(acme, oleg, rival):
    assert queries.ended_shift_at(acme, OLEG) is None
    click(operations.start_shift, oleg)
    assert queries.ended_shift_at(acme, OLEG) is None
    click(operations.end_shift, oleg, 5)
    assert queries.ended_shift_at(acme, OLEG) == NOON + 5 * MINUTE
    assert queries.ended_shift_at(rival, OLEG) is None


def test_one_account_does_not_see_the_other_s(acme, oleg, rival, mallory):
    click(operations.start_shift, mallory)
    assert list(queries.shift_states(acme, NOON)) == [OLEG]
    assert queries.timeline(acme, since=NOON, until=NOON + MINUTE) == []


@pytest.mark.feature("F36")
def test_the_defaults_are_manual_and_fifteen_minutes_each(acme):
    policy = queries.policy_of(acme)
    assert (policy.mode, policy.pause_after, policy.offline_after) == (
        "manual", 15 * MINUTE, 15 * MINUTE,
    )  # fmt: skip


def refused_by(constraint):
    return pytest.raises(IntegrityError, match=constraint)


@pytest.mark.parametrize(
    ("started", "ended", "constraint"),
    [
        (5, 15, "shift_no_overlap"),
        (-5, 1, "shift_no_overlap"),
        (2, 3, "shift_no_overlap"),
        (-5, None, "shift_no_overlap"),
        (20, 19, "shift_ends_after_start|range lower bound"),
    ],
)
def test_postgresql_itself_refuses_shifts_that_overlap(acme, oleg, started, ended, constraint):
    def row(start, end):
        return Shift.objects.create(
            account=acme,
            manager=oleg,
            started_at=NOON + start * MINUTE,
            ended_at=None if end is None else NOON + end * MINUTE,
            start_cause="button",
            end_cause="" if end is None else "button",
        )

    row(0, 10)
    row(10, 11)  # half-open: what touches does not overlap
    error = pytest.raises((IntegrityError, DataError), match=constraint)
    with error, transaction.atomic():
        row(started, ended)


def test_postgresql_itself_refuses_a_second_running_shift_pause_or_settings(acme, oleg):
    common = {"account": acme, "start_cause": "button"}
    shift = Shift.objects.create(manager=oleg, started_at=NOON, **common)
    with refused_by("shift_one_running|shift_no_overlap"), transaction.atomic():
        Shift.objects.create(manager=oleg, started_at=NOON + MINUTE, **common)
    ShiftPause.objects.create(account=acme, shift=shift, started_at=NOON, cause="button")
    with refused_by("shift_pause_one_running|shift_pause_no_overlap"), transaction.atomic():
        ShiftPause.objects.create(account=acme, shift=shift, started_at=NOON + MINUTE, cause="api")
    with refused_by("shift_settings_pause_after"), transaction.atomic():
        ShiftSettings.objects.create(account=acme, pause_after_minutes=0)
    with refused_by("shift_settings_offline_after"), transaction.atomic():
        ShiftSettings.objects.create(account=acme, offline_after_minutes=0)
    with refused_by("shift_end_has_cause"), transaction.atomic():
        Shift.objects.filter(pk=shift.pk).update(ended_at=NOON + MINUTE)
