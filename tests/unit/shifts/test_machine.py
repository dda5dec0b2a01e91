"""The machine of shifts as a table: who may move whom, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shifts.core import machine
from shifts.core.machine import (
    Action,
    Cause,
    Event,
    Mode,
    Policy,
    Presence,
    Reason,
    Refused,
    Rule,
    ShiftState,
    Transition,
    What,
    transition,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

OFF = ShiftState(Presence.OFFLINE)
OFF_BY_HAND = ShiftState(Presence.OFFLINE, None, NOON, Cause.BUTTON)
OFF_BY_SUPERVISOR = ShiftState(Presence.OFFLINE, None, NOON, Cause.CONSOLE)
OFF_BY_SILENCE = ShiftState(Presence.OFFLINE, None, NOON, Cause.INACTIVITY)
ON = ShiftState(Presence.ONLINE, NOON, NOON, Cause.BUTTON)
LUNCH = ShiftState(Presence.PAUSED, NOON, NOON, Cause.BUTTON)
SILENT = ShiftState(Presence.PAUSED, NOON, NOON, Cause.INACTIVITY)

MANUAL, AUTOMATIC, HYBRID = Mode.MANUAL, Mode.AUTOMATIC, Mode.HYBRID
EVERY = (MANUAL, AUTOMATIC, HYBRID)
BY_ACTIVITY = (AUTOMATIC, HYBRID)

BUTTON = {
    action: Event(action, Cause.BUTTON)
    for action in (Action.START, Action.PAUSE, Action.RESUME, Action.END)
}
CONSOLE = {action: Event(action, Cause.CONSOLE) for action in BUTTON}
ACTIVITY = Event(Action.ACTIVITY, Cause.ACTIVITY)
SILENCE = Event(Action.INACTIVE_PAUSE, Cause.INACTIVITY)
LONG_SILENCE = Event(Action.INACTIVE_END, Cause.INACTIVITY)

# modes, state, event, minutes after the state began, what comes of it
TABLE = [
    # by hand
    (EVERY, OFF, BUTTON[Action.START], 0, What.STARTED),
    (EVERY, OFF_BY_HAND, BUTTON[Action.START], 1, What.STARTED),
    (EVERY, ON, BUTTON[Action.START], 1, Reason.ALREADY),
    (EVERY, LUNCH, BUTTON[Action.START], 1, What.RESUMED),
    (EVERY, LUNCH, BUTTON[Action.RESUME], 1, What.RESUMED),
    (EVERY, SILENT, BUTTON[Action.RESUME], 1, What.RESUMED),
    (EVERY, ON, BUTTON[Action.RESUME], 1, Reason.ALREADY),
    (EVERY, OFF, BUTTON[Action.RESUME], 1, Reason.NOT_ON_SHIFT),
    (EVERY, OFF, BUTTON[Action.PAUSE], 1, Reason.NOT_ON_SHIFT),
    (EVERY, LUNCH, BUTTON[Action.PAUSE], 1, Reason.ALREADY),
    (EVERY, OFF, BUTTON[Action.END], 1, Reason.ALREADY),
    ((MANUAL, HYBRID), ON, BUTTON[Action.PAUSE], 1, What.PAUSED),
    ((MANUAL, HYBRID), ON, BUTTON[Action.END], 1, What.ENDED),
    ((MANUAL, HYBRID), LUNCH, BUTTON[Action.END], 1, What.ENDED),
    # automatic: the manager's own pause and end are refused, the supervisor's are not
    ((AUTOMATIC,), ON, BUTTON[Action.PAUSE], 1, Reason.AUTOMATIC_MODE),
    ((AUTOMATIC,), ON, BUTTON[Action.END], 1, Reason.AUTOMATIC_MODE),
    ((AUTOMATIC,), SILENT, BUTTON[Action.END], 1, Reason.AUTOMATIC_MODE),
    (EVERY, ON, CONSOLE[Action.PAUSE], 1, What.PAUSED),
    (EVERY, ON, CONSOLE[Action.END], 1, What.ENDED),
    (EVERY, ON, Event(Action.END, Cause.API), 1, What.ENDED),
    (EVERY, SILENT, Event(Action.END, Cause.DEACTIVATED), 1, What.ENDED),
    # activity
    ((MANUAL,), OFF, ACTIVITY, 1, Reason.MANUAL_MODE),
    ((MANUAL,), SILENT, ACTIVITY, 1, Reason.MANUAL_MODE),
    (BY_ACTIVITY, OFF, ACTIVITY, 1, What.STARTED),
    (BY_ACTIVITY, OFF_BY_SILENCE, ACTIVITY, 1, What.STARTED),
    (BY_ACTIVITY, OFF_BY_HAND, ACTIVITY, 1, Reason.ENDED_BY_HAND),
    (BY_ACTIVITY, OFF_BY_HAND, ACTIVITY, 11 * 60 + 59, Reason.ENDED_BY_HAND),
    (BY_ACTIVITY, OFF_BY_HAND, ACTIVITY, 12 * 60, What.STARTED),  # midnight
    (BY_ACTIVITY, OFF_BY_SUPERVISOR, ACTIVITY, 60, Reason.ENDED_BY_HAND),
    (EVERY, ON, ACTIVITY, 1, Reason.ALREADY),
    (BY_ACTIVITY, SILENT, ACTIVITY, 1, What.RESUMED),
    (BY_ACTIVITY, LUNCH, ACTIVITY, 1, Reason.PAUSED_BY_HAND),
    (BY_ACTIVITY, LUNCH, ACTIVITY, 3 * 1440, Reason.PAUSED_BY_HAND),
    # inactivity: 15 minutes to the pause, 15 more to the end
    ((MANUAL,), ON, SILENCE, 600, Reason.MANUAL_MODE),
    ((MANUAL,), SILENT, LONG_SILENCE, 600, Reason.MANUAL_MODE),
    (BY_ACTIVITY, ON, SILENCE, 14, Reason.NOT_DUE),
    (BY_ACTIVITY, ON, SILENCE, 15, What.PAUSED),
    (EVERY, ON, LONG_SILENCE, 600, Reason.NOT_DUE),
    (BY_ACTIVITY, SILENT, LONG_SILENCE, 14, Reason.NOT_DUE),
    (BY_ACTIVITY, SILENT, LONG_SILENCE, 15, What.ENDED),
    (BY_ACTIVITY, LUNCH, LONG_SILENCE, 600, Reason.PAUSED_BY_HAND),
    (EVERY, LUNCH, SILENCE, 600, Reason.ALREADY),
    (EVERY, OFF, SILENCE, 600, Reason.NOT_ON_SHIFT),
    (EVERY, OFF, LONG_SILENCE, 600, Reason.ALREADY),
]  # fmt: skip
ROWS = [(mode, *row[1:]) for row in TABLE for mode in row[0]]


def named(row: tuple[object, ...]) -> str:
    mode, state, event, minutes, outcome = row
    return f"{mode}-{state.presence}-{state.cause}-{event.action}-{event.cause}-{minutes}-{outcome}"


@pytest.mark.feature("F32")
@pytest.mark.feature("F33")
@pytest.mark.feature("F34")
@pytest.mark.feature("F35")
@pytest.mark.feature("F36")
@pytest.mark.parametrize(
    ("mode", "state", "event", "minutes", "outcome"), ROWS, ids=map(named, ROWS)
)
def test_each_row_of_the_table_holds(mode, state, event, minutes, outcome):
    now = NOON + minutes * MINUTE
    answer = transition(state, event, Policy(mode, UTC), now)
    if isinstance(outcome, What):
        assert isinstance(answer, Transition)
        assert (answer.before, answer.what, answer.cause, answer.at) == (
            state.presence, outcome, event.cause, now,
        )  # fmt: skip
    else:
        assert answer == Refused(outcome)


@pytest.mark.feature("F32")
@pytest.mark.parametrize("state", [OFF, OFF_BY_HAND, ON, LUNCH, SILENT])
@pytest.mark.parametrize("event", [ACTIVITY, SILENCE, LONG_SILENCE])
def test_manual_mode_never_moves_anybody_by_itself(state, event):
    answer = transition(state, event, Policy(MANUAL, UTC), NOON + timedelta(days=30))
    assert isinstance(answer, Refused)
    assert machine.inactivity_due_at(state, Policy(MANUAL, UTC)) is None


@pytest.mark.feature("F34")
def test_the_next_day_begins_in_the_zone_of_the_account():
    policy = Policy(
        HYBRID, ZoneInfo("America/Sao_Paulo")
    )  # UTC−3: noon is 09:00, midnight 03:00 UTC
    before, after = NOON + timedelta(hours=14, minutes=59), NOON + timedelta(hours=15)
    assert transition(OFF_BY_HAND, ACTIVITY, policy, before) == Refused(Reason.ENDED_BY_HAND)
    assert isinstance(transition(OFF_BY_HAND, ACTIVITY, policy, after), Transition)


@pytest.mark.feature("F34")
def test_yesterday_s_activity_told_of_after_midnight_does_not_undo_yesterday_s_end():
    late = Event(Action.ACTIVITY, Cause.ACTIVITY, seen_at=NOON + timedelta(hours=11, minutes=59))
    answer = transition(
        OFF_BY_HAND, late, Policy(HYBRID, UTC), NOON + timedelta(hours=12, minutes=1)
    )
    assert answer == Refused(Reason.ENDED_BY_HAND)


def test_an_activity_that_came_too_late_starts_nothing():
    late = Event(Action.ACTIVITY, Cause.ACTIVITY, seen_at=NOON - 15 * MINUTE)
    fresh = Event(Action.ACTIVITY, Cause.ACTIVITY, seen_at=NOON - 14 * MINUTE)
    assert transition(OFF, late, Policy(AUTOMATIC, UTC), NOON) == Refused(Reason.LONG_PAST)
    assert isinstance(transition(OFF, fresh, Policy(AUTOMATIC, UTC), NOON), Transition)


@pytest.mark.feature("F36")
def test_both_times_are_settings_and_count_from_the_last_activity():
    policy = Policy(AUTOMATIC, UTC, pause_after=5 * MINUTE, offline_after=7 * MINUTE)
    seen = ShiftState(
        Presence.ONLINE, NOON, NOON, Cause.ACTIVITY, 1, last_seen_at=NOON + 3 * MINUTE
    )
    assert machine.inactivity_due_at(seen, policy) == NOON + 8 * MINUTE
    assert machine.inactivity_due_at(SILENT, policy) == NOON + 7 * MINUTE


@pytest.mark.feature("F46")
def test_inactivity_ends_a_pause_made_by_hand_only_where_the_account_says_so():
    stays = Policy(HYBRID, UTC)
    ends = Policy(HYBRID, UTC, inactivity_ends_hand_pause=True)
    assert machine.inactivity_due_at(LUNCH, stays) is None
    assert machine.inactivity_due_at(LUNCH, ends) == NOON + 30 * MINUTE
    assert transition(LUNCH, LONG_SILENCE, ends, NOON + 29 * MINUTE) == Refused(Reason.NOT_DUE)
    assert isinstance(transition(LUNCH, LONG_SILENCE, ends, NOON + 30 * MINUTE), Transition)


def test_a_lagging_clock_does_not_turn_history_round():
    answer = transition(ON, BUTTON[Action.END], Policy(MANUAL, UTC), NOON - MINUTE)
    assert isinstance(answer, Transition)
    assert answer.at == NOON + timedelta(microseconds=1)


@pytest.mark.feature("F35")
def test_there_are_exactly_three_states():
    assert {presence.value for presence in Presence} == {"online", "paused", "offline"}


def test_a_cause_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="activity cannot be caused by button"):
        Event(Action.ACTIVITY, Cause.BUTTON)


def test_a_machine_with_a_gap_a_double_or_a_wrong_name_does_not_load():
    first, *others = machine.RULES
    with pytest.raises(ValueError, match="offline answers start 0 times"):
        machine.validate(others, machine.STANDING)
    with pytest.raises(ValueError, match="offline answers start 2 times"):
        machine.validate([first, *machine.RULES], machine.STANDING)
    wrong = Rule(first.before, first.action, first.after, What.ENDED)
    with pytest.raises(ValueError, match="is not called ended"):
        machine.validate([wrong, *others], machine.STANDING)
