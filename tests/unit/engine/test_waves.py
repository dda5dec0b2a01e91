"""Waves: when they move, whom they go to, and what comes back."""

from collections import Counter
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core import matching
from distribution.core.decide import Kind, Turn
from distribution.core.facts import LeadFacts, Situation
from distribution.core.reasons import Reason, Waiting
from distribution.core.waves import (
    ReturnFacts,
    may_return,
    plan_wave,
    replay_wave,
    wave_due_at,
    wave_may_start,
)
from tests.unit.engine.builders import NOW, lead_lists, leads, manager, situation, situations
from tests.unit.engine.laws import wave_is_optimal


@pytest.mark.feature("F104")
def test_a_wave_of_ten_levels_loads_of_none_four_and_six() -> None:
    team = [manager(number, open_leads=load) for number, load in enumerate([0, 4, 6], 1)]
    turn = Turn(situation(team, "least_loaded"))
    plan_wave(leads(10), turn)
    assert sorted(turn.loads.numbers) == [6, 7, 7]


@pytest.mark.feature("F1")
def test_the_leaving_manager_gets_none_of_his_leads_back() -> None:
    team = [manager(1), manager(2), manager(3)]
    turn = Turn(situation(team, "least_loaded", leaving=frozenset({1})))
    decided = plan_wave(leads(6, owner_id=1), turn)
    assert Counter(decision.chosen for decision in decided) == {2: 3, 3: 3}
    assert all(decision.verdicts == () for decision in decided)


def test_a_lead_never_stays_with_its_owner_even_if_he_is_not_leaving() -> None:
    decided = plan_wave([LeadFacts(1, owner_id=1)], Turn(situation(2)))
    assert decided[0].chosen == 2


def test_what_nobody_can_take_is_parked_with_its_reason() -> None:
    turn = Turn(situation([manager(1), manager(2, limit=1)], leaving=frozenset({1})))
    decided = plan_wave(leads(3, owner_id=1), turn)
    assert [decision.kind for decision in decided] == [Kind.DEALT, Kind.PARKED, Kind.PARKED]
    assert decided[1].waiting is not None
    assert decided[1].waiting.code is Waiting.ALL_AT_LIMIT


def test_outside_the_window_the_whole_wave_is_parked() -> None:
    turn = Turn(situation(2, window_open=False, window_opens_at=NOW + timedelta(hours=9)))
    assert {decision.kind for decision in plan_wave(leads(3), turn)} == {Kind.PARKED}


subsets = st.frozensets(st.integers(1, 3), min_size=1)


@given(
    st.lists(subsets, min_size=1, max_size=6),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
)
def test_no_other_dealing_of_a_wave_is_more_level(
    groups: list[frozenset[int]], loads: list[int]
) -> None:
    wave_is_optimal(groups, loads)


def test_a_lead_is_passed_on_where_greedy_dealing_would_pile_up() -> None:
    either, first = frozenset({1, 2}), frozenset({1})
    wave_is_optimal([either, either, first, first], [0, 0])


def test_room_is_found_for_every_lead_that_room_can_be_found_for() -> None:
    team = [manager(n, limit=1, group_ids=frozenset({n})) for n in (1, 2)]
    asked = [
        LeadFacts(1, only_groups=frozenset({1, 2})),
        LeadFacts(2, only_groups=frozenset({1})),
        LeadFacts(3, only_groups=frozenset({1})),
    ]
    decided = plan_wave(asked, Turn(situation(team, "least_loaded")))
    assert [decision.chosen for decision in decided] == [2, 1, None]
    assert [decision.lead_id for decision in decided] == [1, 2, 3]
    assert decided[2].kind is Kind.PARKED


@given(
    st.lists(subsets, min_size=1, max_size=9),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
def test_as_many_leads_find_room_as_can(groups: list[frozenset[int]], limits: list[int]) -> None:
    team = [manager(n, limit=limit, group_ids=frozenset({n})) for n, limit in enumerate(limits, 1)]
    asked = [LeadFacts(number, only_groups=group) for number, group in enumerate(groups, 1)]
    turn = Turn(situation(team, "least_loaded"))
    plan = matching.plan(asked, turn)
    decided = plan_wave(asked, turn)
    if plan:
        assert {n: d.chosen for n, d in enumerate(decided) if d.chosen is not None} == plan
    # Hall and König: as many find room as the tightest set of managers lets through.
    everybody = {1, 2, 3}
    most = min(
        sum(limits[n - 1] for n in tight) + sum(bool(group - tight) for group in groups)
        for size in range(4)
        for tight in map(set, combinations(everybody, size))
    )
    assert sum(decision.chosen is not None for decision in decided) == most


@given(situations(), lead_lists())
def test_replaying_a_wave_gives_the_same_decisions(
    start: Situation, asked: list[LeadFacts]
) -> None:
    turn = Turn(start)
    decided = plan_wave(asked, turn)
    assert [decision.lead_id for decision in decided] == [lead.lead_id for lead in asked]
    assert [decision.seq for decision in decided] == list(range(1, len(asked) + 1))
    assert replay_wave(turn.roster().body, turn.opening(), asked) == decided


@pytest.mark.feature("F145")
@pytest.mark.parametrize(
    ("delay", "transfer", "moves_after"),
    [(0, None, 0), (0, 0, 0), (300, None, 300), (300, 60, 300), (60, 300, 300), (0, 300, 300)],
)
def test_leads_move_after_the_longer_of_delay_and_transfer_time(
    delay: int, transfer: int | None, moves_after: int
) -> None:
    assert wave_due_at(NOW, delay, transfer) == NOW + timedelta(seconds=moves_after)


@pytest.mark.feature("F83")
@pytest.mark.parametrize(
    ("scheduled", "window_open", "closed_ago", "may"),
    [
        (False, True, None, True),
        (True, True, 600, True),
        (True, False, 0, True),
        (False, False, 0, False),
        (True, False, 300, False),
        (True, False, None, False),
    ],
)
def test_the_end_of_the_window_counts_for_a_scheduled_shift_end(
    scheduled: bool, window_open: bool, closed_ago: int | None, may: bool
) -> None:
    closed_at = None if closed_ago is None else NOW - timedelta(seconds=closed_ago)
    assert may is wave_may_start(
        off_at=NOW, scheduled=scheduled, window_open=window_open, window_closed_at=closed_at
    )


@pytest.mark.feature("F147")
@pytest.mark.parametrize(
    ("different", "reason"),
    [
        ({}, None),
        ({"owner_id": 3}, Reason.NOT_OUR_TRANSFEREE),
        ({"owner_id": None}, Reason.NOT_OUR_TRANSFEREE),
        ({"owner_changed_by_hand": True}, Reason.OWNER_CHANGED_BY_HAND),
        ({"tracked": False}, Reason.STAGE_NOT_TRACKED),
        ({"excluded": True}, Reason.LEAD_EXCLUDED),
        ({"stage_advanced": True}, Reason.STAGE_ADVANCED),
        ({"stage_advanced": True, "keep_if_advanced": False}, None),
    ],
)
def test_a_lead_returns_only_if_nothing_has_happened_to_it(
    different: dict[str, Any], reason: Reason | None
) -> None:
    untouched: dict[str, Any] = {
        "owner_id": 2,
        "transferee_id": 2,
        "owner_changed_by_hand": False,
        "tracked": True,
        "excluded": False,
        "stage_advanced": False,
    }
    refusal = may_return(ReturnFacts(**(untouched | different)))
    assert (refusal and refusal.reason) == reason
