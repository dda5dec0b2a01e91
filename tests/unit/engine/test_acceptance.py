"""What happens to a lead whose time is over: who is tried, how often, and when it ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core import acceptance
from distribution.core.acceptance import (
    AcceptPolicy,
    Held,
    Step,
    StepKind,
    Touch,
    accepted_by,
    is_non_responder,
    misses_after,
    next_step,
    touch_state,
)

OLEG, ANA, IVO = 1, 2, 3
POLICY = AcceptPolicy(minutes=10, cap=3)
ALL_SIGNS: dict[str, Any] = {
    "stage_changed": True,
    "field_filled": True,
    "touched": True,
    "clicked": True,
}


def policy(*detectors: str, **different: Any) -> AcceptPolicy:
    chosen = {f"by_{name}": name in detectors for name in ("stage", "field", "touch", "click")}
    return AcceptPolicy(**({"minutes": 10, "cap": 3} | chosen | different))


@pytest.mark.feature("F141")
@pytest.mark.parametrize(
    ("detector", "sign"),
    [
        ("stage", "stage_changed"),
        ("field", "field_filled"),
        ("touch", "touched"),
        ("click", "clicked"),
    ],
)
def test_a_lead_is_accepted_by_the_chosen_sign_and_by_no_other(detector: str, sign: str) -> None:
    only_this = Held(**{sign: True})
    all_others = replace(Held(**ALL_SIGNS), **{sign: False})
    assert accepted_by(policy(detector), only_this) == detector
    assert accepted_by(policy(detector), all_others) is None
    others = {"stage", "field", "touch", "click"} - {detector}
    assert accepted_by(policy(*others), only_this) is None


def test_any_of_the_chosen_signs_is_enough_and_the_first_is_named() -> None:
    every = policy("stage", "field", "touch", "click")
    assert accepted_by(every, Held(**ALL_SIGNS)) == "stage"
    assert accepted_by(every, Held(touched=True, clicked=True)) == "touch"
    assert accepted_by(every, Held()) is None
    assert accepted_by(policy(), Held(**ALL_SIGNS)) is None


def test_the_stage_is_the_sign_unless_another_is_chosen() -> None:
    assert accepted_by(AcceptPolicy(10), Held(stage_changed=True)) == "stage"
    assert accepted_by(AcceptPolicy(10), Held(field_filled=True, touched=True)) is None


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"cap": 0}, {"cap": 101}])
def test_a_policy_without_time_or_beyond_a_hundred_moves_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        AcceptPolicy(**({"minutes": 1, "cap": 100} | wrong))


HELD = Held(moves=1, tried=frozenset({OLEG}), owner=ANA)
BOTH = frozenset({OLEG, ANA})


@pytest.mark.feature("F137")
@pytest.mark.parametrize(
    ("held", "others", "expected"),
    [
        # others: eligible besides those tried, eligible besides the owner
        (HELD, (True, True), Step(StepKind.MOVE, 2, BOTH, 0)),
        (HELD, (False, True), Step(StepKind.NEW_CYCLE, 2, frozenset({ANA}), 0)),
        (HELD, (False, False), Step(StepKind.KEEP, 1, frozenset({OLEG}), 0)),
        (replace(HELD, owner=None), (True, True), Step(StepKind.MOVE, 2, frozenset({OLEG}), 0)),
        (replace(HELD, owner=None), (False, True), Step(StepKind.NEW_CYCLE, 2, frozenset(), 0)),
        (replace(HELD, moves=2), (True, True), Step(StepKind.MOVE, 3, BOTH, 0)),  # the cap-th
        (replace(HELD, moves=3), (True, True), Step(StepKind.CAP_STOP, 3, frozenset({OLEG}), 1)),
        (replace(HELD, moves=3), (False, False), Step(StepKind.CAP_STOP, 3, frozenset({OLEG}), 1)),
    ],
)
def test_a_lead_not_accepted_goes_to_who_has_not_had_it(
    held: Held, others: tuple[bool, bool], expected: Step
) -> None:
    assert next_step(POLICY, held, *others) == expected


@pytest.mark.feature("F139")
def test_the_hundredth_move_happens_and_the_next_does_not() -> None:
    endless = AcceptPolicy(minutes=10, cap=100)
    assert next_step(endless, Held(moves=99, owner=ANA), True, True).kind is StepKind.MOVE
    assert next_step(endless, Held(moves=100, owner=ANA), True, True).kind is StepKind.CAP_STOP


@pytest.mark.feature("F140")
def test_at_the_cap_the_stage_changes_once_and_the_second_cap_stops() -> None:
    with_stage = policy("stage", has_cap_stage=True)
    at_cap = replace(HELD, moves=3)
    afresh = next_step(with_stage, at_cap, True, True)
    assert afresh == Step(StepKind.CAP_STAGE, 0, frozenset(), 1)
    again = next_step(with_stage, replace(at_cap, caps_reached=1), True, True)
    assert again == Step(StepKind.CAP_STOP, 3, frozenset({OLEG}), 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_sticky": True}, "sticky"),
        ({"is_excluded": True}, "excluded"),
        ({"is_closed_or_gone": True}, "gone"),
        ({"owner_changed_by_hand": True}, "by_hand"),
        ({"owner_changed_by_hand": True, "is_closed_or_gone": True}, "by_hand"),
        ({"is_sticky": True, "is_excluded": True, "is_closed_or_gone": True}, "gone"),
        ({"is_sticky": True, "moves": 3}, "sticky"),  # before the cap
    ],
)
def test_a_lead_that_is_not_ours_to_move_stops(change: dict[str, Any], reason: str) -> None:
    held = replace(HELD, **change)
    for others in ((True, True), (False, True), (False, False)):
        step = next_step(POLICY, held, *others)
        assert (step.kind, step.reason) == (StepKind.STOP, reason)
        assert (step.moves, step.tried, step.caps_reached) == (held.moves, held.tried, 0)


@pytest.mark.parametrize(
    "change",
    [{}, {"moves": 3}, {"is_sticky": True}, {"is_excluded": True}, {"is_closed_or_gone": True}],
)
def test_what_was_accepted_stays_accepted_whatever_has_become_of_it(change: dict[str, Any]) -> None:
    step = next_step(POLICY, replace(HELD, stage_changed=True, **change), True, True)
    assert (step.kind, step.by, step.reason) == (StepKind.ACCEPTED, "stage", None)


def test_a_change_by_hand_is_no_acceptance_of_the_one_who_had_it() -> None:
    held = replace(HELD, owner_changed_by_hand=True, stage_changed=True)
    step = next_step(POLICY, held, True, True)
    assert (step.kind, step.by) == (StepKind.STOP, None)
    assert step.outcome == "neither"


@pytest.mark.feature("B8")
def test_the_third_miss_in_a_row_makes_a_non_responder() -> None:
    misses, seen = 0, []
    for outcome in ("missed", "missed", "accepted", "missed", "neither", "missed", "missed"):
        misses = misses_after(misses, outcome)  # type: ignore[arg-type]
        seen.append((misses, is_non_responder(misses, 3)))
    assert [number for number, _ in seen] == [1, 2, 0, 1, 1, 2, 3]
    assert [paused for _, paused in seen] == [False] * 6 + [True]
    assert not is_non_responder(1000, None)
    assert is_non_responder(4, 3)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (StepKind.ACCEPTED, "accepted"),
        (StepKind.STOP, "neither"),
        (StepKind.KEEP, "neither"),  # nobody else could have it: no reason to pause the only one
        (StepKind.MOVE, "missed"),
        (StepKind.NEW_CYCLE, "missed"),
        (StepKind.CAP_STAGE, "missed"),
        (StepKind.CAP_STOP, "missed"),
    ],
)
def test_a_step_says_whether_the_owner_missed_the_lead(kind: StepKind, outcome: str) -> None:
    assert Step(kind, 0, frozenset(), 0).outcome == outcome


CAME = datetime(2025, 1, 6, 10, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return CAME + timedelta(minutes=minutes)


@pytest.mark.feature("B13")
@pytest.mark.parametrize(
    ("now", "touched", "state"),
    [
        (0, None, "open"),
        (7.9, None, "open"),
        (8, None, "warned"),
        (9.9, None, "warned"),
        (10, None, "breached"),
        (60, None, "breached"),
        (9, 0, "touched_in_time"),
        (60, 9.9, "touched_in_time"),
        (60, 10, "touched_late"),
        (60, 12, "touched_late"),  # 12 of 10 allowed minutes
    ],
)
def test_the_first_touch_clock_warns_before_the_breach(
    now: float, touched: float | None, state: Touch
) -> None:
    touched_at = None if touched is None else after(touched)
    assert touch_state(after(now), after(10), after(8), touched_at) == state


def test_without_a_warning_the_clock_is_open_until_the_breach() -> None:
    assert touch_state(after(9.9), after(10), None, None) == "open"
    assert touch_state(after(10), after(10), None, None) == "breached"


@given(st.integers(0, 20))
def test_a_touch_is_late_exactly_if_it_comes_once_the_breach_stands(minute: int) -> None:
    untouched = touch_state(after(minute), after(10), after(8), None)
    touched = touch_state(after(minute), after(10), after(8), after(minute))
    assert (touched == "touched_late") is (untouched == "breached")


teams = st.sets(st.integers(1, 6), max_size=6)
stories = st.tuples(
    st.builds(
        AcceptPolicy,
        minutes=st.just(10),
        cap=st.integers(1, 7),
        has_cap_stage=st.booleans(),
    ),
    st.lists(st.tuples(teams, st.integers(0, 5)), min_size=1, max_size=60),
)
Rule = Callable[[AcceptPolicy, Held, bool, bool], Step]


def take(step: Step, held: Held, eligible: set[int], which: int) -> Held:
    """Do what the step says; `which` stands for the engine's choice among those allowed."""
    owner = held.owner
    if step.kind in (StepKind.MOVE, StepKind.NEW_CYCLE):
        allowed = sorted(eligible - step.tried)
        assert allowed, "the step asks for somebody, and there is nobody"
        owner = allowed[which % len(allowed)]
        assert owner != held.owner
    elif step.kind is StepKind.CAP_STAGE:  # the stage's trigger deals the lead afresh
        owner = sorted(eligible)[which % len(eligible)] if eligible else held.owner
    return replace(
        held, moves=step.moves, tried=step.tried, owner=owner, caps_reached=step.caps_reached
    )


def story_is_fair(
    rule: AcceptPolicy, days: list[tuple[set[int], int]], step_of: Rule = next_step
) -> None:
    """Nobody accepts. Nobody has the lead twice before all were tried; the cap is never exceeded.

    Each day names who is eligible when the time is over, and stands for the engine's choice.
    """
    held = Held(owner=1)
    had_it, moved, stages = {1}, 0, 0
    for eligible, which in days:
        step = step_of(
            rule, held, bool(eligible - held.tried_by_now), bool(eligible - {held.owner})
        )
        before, held = held, take(step, held, eligible, which)
        if step.kind is StepKind.CAP_STOP:
            assert moved == rule.cap
            assert stages == rule.has_cap_stage
            return
        if step.kind is StepKind.CAP_STAGE:
            assert moved == rule.cap
            stages, had_it, moved = stages + 1, {held.owner}, 0
        elif step.kind is StepKind.KEEP:
            assert eligible <= {held.owner}
            assert held == before
        else:
            if step.kind is StepKind.NEW_CYCLE:
                assert eligible <= had_it
                had_it = {before.owner}
            assert held.owner not in had_it
            had_it |= {held.owner}
            moved += 1
        assert moved <= rule.cap
        assert stages <= 1


@given(stories)
def test_nobody_has_a_lead_twice_before_all_were_tried_and_the_cap_holds(
    story: tuple[AcceptPolicy, list[tuple[set[int], int]]],
) -> None:
    story_is_fair(*story)


@given(stories)
def test_each_lead_that_nobody_accepts_comes_to_an_end(
    story: tuple[AcceptPolicy, list[tuple[set[int], int]]],
) -> None:
    rule, _ = story
    held, steps = Held(owner=1), 0
    everybody = {1, 2, 3}
    kind: StepKind | None = None
    while kind is not StepKind.CAP_STOP:
        step = next_step(rule, held, bool(everybody - held.tried_by_now), True)
        kind, held, steps = step.kind, take(step, held, everybody, steps), steps + 1
        assert steps <= 2 * rule.cap + 2


TEAM = [({1, 2, 3}, 0)] * 12


def forgets_who_was_tried(rule: AcceptPolicy, held: Held, fresh: bool, other: bool) -> Step:
    step = next_step(rule, held, fresh, other)
    return replace(step, tried=frozenset({held.owner or 0})) if step.tried else step


def starts_again_too_early(rule: AcceptPolicy, held: Held, fresh: bool, other: bool) -> Step:
    return next_step(rule, held, False, other)


def cap_off_by_one(rule: AcceptPolicy, held: Held, fresh: bool, other: bool) -> Step:
    return next_step(replace(rule, cap=rule.cap + 1), held, fresh, other)


def changes_the_stage_for_ever(rule: AcceptPolicy, held: Held, fresh: bool, other: bool) -> Step:
    return next_step(rule, replace(held, caps_reached=0), fresh, other)


def never_gives_up(rule: AcceptPolicy, held: Held, fresh: bool, other: bool) -> Step:
    if acceptance.next_step(rule, held, fresh, other).kind is StepKind.CAP_STOP:
        return Step(StepKind.MOVE, held.moves + 1, frozenset({held.owner or 0}), 0)
    return next_step(rule, held, fresh, other)


@pytest.mark.parametrize(
    "mutant",
    [
        forgets_who_was_tried,
        starts_again_too_early,
        cap_off_by_one,
        changes_the_stage_for_ever,
        never_gives_up,
    ],
)
def test_the_law_catches_a_broken_rule(mutant: Rule) -> None:
    rule = policy("stage", has_cap_stage=True)
    story_is_fair(rule, TEAM)
    with pytest.raises(AssertionError):
        story_is_fair(rule, TEAM, mutant)
