"""Registers: strict totals, ramps, absence and catch-up, and the bound of the lags."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.decide import Turn
from distribution.core.facts import CandidateFacts, LeadFacts
from distribution.core.ledger import LEAD
from distribution.core.reasons import Reason
from tests.unit.engine.builders import NOW, leads, manager, situation
from tests.unit.engine.laws import lags_are_bounded, limits_hold

stories = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 100), min_size=n, max_size=n),  # weights
        st.lists(st.integers(1, 3), min_size=n, max_size=n),  # tiers
        st.lists(st.frozensets(st.integers(1, n)), min_size=1, max_size=40),  # who is away
    )
)


@given(stories)
def test_lags_sum_to_zero_and_are_bounded_with_any_weights_presence_and_tiers(
    story: tuple[list[int], list[int], list[frozenset[int]]],
) -> None:
    lags_are_bounded(*story)


def test_two_in_five_go_to_the_one_who_weighs_forty() -> None:
    pair = [manager(1, weight=40), manager(2, weight=60)]
    turn = Turn(situation(pair, "weighted"))
    assert "".join("_AB"[turn.deal(lead, NOW).chosen or 0] for lead in leads(6)) == "BABABB"


def test_three_people_have_ten_each_of_thirty_leads() -> None:
    turn = Turn(situation(3))
    assert Counter(turn.deal(lead, NOW).chosen for lead in leads(30)) == {1: 10, 2: 10, 3: 10}


class TestStrictTotals:
    """The fewest leads for the weight (R13)."""

    @given(
        st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), min_size=1, max_size=7),
        st.integers(1, 25),
    )
    def test_the_fewest_for_the_weight_win_exactly(
        self, rows: list[tuple[int, int]], number: int
    ) -> None:
        team = [manager(i, count=count, weight=weight) for i, (count, weight) in enumerate(rows, 1)]
        turn = Turn(situation(team, "weighted", strict_totals=True))
        counts = {facts.manager_id: facts.count for facts in team}
        weights = {facts.manager_id: facts.weight for facts in team}
        for lead in leads(number):
            parts = {i: Fraction(counts[i], weights[i]) for i in counts}
            chosen = turn.deal(lead, NOW).chosen
            assert chosen is not None
            assert parts[chosen] == min(parts.values())
            counts[chosen] += 1

    def test_equals_go_by_lag_then_by_the_longest_since_a_lead_then_by_id(self) -> None:
        def first(*team: CandidateFacts) -> int | None:
            return Turn(situation(team, strict_totals=True)).deal(LeadFacts(1), NOW).chosen

        assert first(manager(1), manager(2, lag=5), manager(3, count=1, lag=99)) == 2
        assert first(manager(1, last_lead_at=NOW), manager(2)) == 2
        assert first(manager(1), manager(2)) == 1

    def test_a_returner_catches_up_no_faster_than_the_pace_allows(self) -> None:
        team = [manager(1, count=50), manager(2, count=0)]
        policy = {"strict_totals": True, "pace_leads": 3, "pace_seconds": 600}
        turn = Turn(situation(team, **policy))
        assert Counter(turn.deal(lead, NOW).chosen for lead in leads(6)) == {1: 3, 2: 3}

    def test_least_loaded_breaks_its_ties_by_totals(self) -> None:
        team = [manager(1, count=2, lag=9), manager(2, count=1), manager(3, open_leads=1)]
        turn = Turn(situation(team, "least_loaded", strict_totals=True))
        assert turn.deal(LeadFacts(1), NOW).chosen == 2


class TestRamp:
    """A newcomer's weight grows by weeks (B5)."""

    @pytest.mark.parametrize(("strategy", "weight"), [("even", 7), ("weighted", 1)])
    def test_half_a_ramp_is_half_a_share(self, strategy: str, weight: int) -> None:
        team = [manager(1), manager(2, ramp=50, weight=weight)]
        turn = Turn(situation(team, strategy))
        assert Counter(turn.deal(lead, NOW).chosen for lead in leads(30)) == {1: 20, 2: 10}

    def test_no_ramp_is_no_share(self) -> None:
        turn = Turn(situation([manager(1, ramp=0)]))
        assert turn.deal(LeadFacts(1), NOW).chosen is None


def away(manager_id: int, **different: Any) -> CandidateFacts:
    return manager(manager_id, **({"on_leave": True, "presence": "offline"} | different))


class TestCatchUp:
    """Whoever is on leave may be owed for it, up to a cap."""

    def lags(self, turn: Turn) -> dict[int, int]:
        return dict(zip(turn.ledger.ids, turn.ledger.lags, strict=True))

    def test_usually_an_absence_costs_nothing_and_brings_nothing(self) -> None:
        turn = Turn(situation([manager(1), manager(2), away(3)]))
        [turn.deal(lead, NOW) for lead in leads(10)]
        assert self.lags(turn)[3] == 0

    def test_a_part_of_the_share_is_credited_beside_the_pool(self) -> None:
        turn = Turn(situation([manager(1), manager(2), away(3)], catch_up_percent=50))
        decision = turn.deal(LeadFacts(1), NOW)
        assert (decision.share, decision.charged) == (400_000, 1_000_000)
        assert self.lags(turn) == {1: -600_000, 2: 400_000, 3: 200_000}
        assert decision.eligible_count == 2

    def test_it_stops_at_the_cap(self) -> None:
        policy = {"catch_up_percent": 100, "catch_up_leads": 1}
        turn = Turn(situation([manager(1), manager(2), away(3)], **policy))
        [turn.deal(lead, NOW) for lead in leads(50)]
        assert LEAD <= self.lags(turn)[3] < LEAD + LEAD // 3 + 1
        assert sum(turn.ledger.lags) == 0

    def test_returning_he_has_what_he_is_owed_and_no_more(self) -> None:
        policy = {"catch_up_percent": 100, "catch_up_leads": 2}
        absent = Turn(situation([manager(1), manager(2), away(3)], **policy))
        [absent.deal(lead, NOW) for lead in leads(60)]
        back = [replace(facts, on_leave=False, presence="online") for facts in absent.candidates()]
        turn = Turn(situation(back, **policy))
        got = Counter(turn.deal(lead, NOW).chosen for lead in leads(30))
        assert 10 + 2 <= got[3] <= 10 + 3

    @pytest.mark.parametrize(
        "facts",
        [
            {"schedule": "day_off"},
            {"participation": "off"},
            {"participation": "forced_off"},
            {"online": False},
        ],
    )
    def test_however_the_leave_shows(self, facts: dict[str, Any]) -> None:
        policy = {"catch_up_percent": 100, "require_schedule": True, "presence": "require"}
        turn = Turn(situation([manager(1), away(3, **facts)], **policy))
        turn.deal(LeadFacts(1), NOW)
        assert self.lags(turn)[3] == LEAD // 2

    @pytest.mark.parametrize(
        "facts",
        [
            {"on_leave": False},
            {"limit": 0},
            {"presence": "paused"},
            {"licensed": False},
            {"tier": 2},
            {"lag": 3 * LEAD},
        ],
    )
    def test_nobody_else_is_credited(self, facts: dict[str, Any]) -> None:
        absent = away(3, **facts)
        turn = Turn(situation([manager(1), absent], catch_up_percent=100))
        turn.deal(LeadFacts(1), NOW)
        assert self.lags(turn)[3] == absent.lag

    def test_a_lead_that_he_may_not_have_credits_him_nothing(self) -> None:
        turn = Turn(situation([manager(1), away(3)], catch_up_percent=100))
        turn.deal(LeadFacts(1, tried=frozenset({3})), NOW)
        assert self.lags(turn)[3] == 0


def test_no_limit_is_exceeded_in_a_simulated_month() -> None:
    chance = random.Random(4)
    team = tuple(
        manager(number, limit=chance.choice([None, 8, 15]), task_limit=chance.choice([None, 6]))
        for number in range(1, 13)
    )
    policy = {"pace_leads": 4, "pace_seconds": 3600, "presence": "prefer"}
    at, most = NOW, 0
    for _ in range(30 * 10):  # a turn an hour
        at += timedelta(hours=1)
        seen = tuple(
            replace(
                facts,
                online=chance.random() < 0.7,
                presence=chance.choice(["online", "online", "paused", "offline"]),
                tasks=chance.randint(0, 8),
                open_leads=max(0, facts.load - chance.randint(0, 3)),
                reserved=0,
                recent=tuple(moment for moment in facts.recent if moment > at - timedelta(hours=2)),
            )
            for facts in team
        )
        burst = leads(chance.randint(0, 30))
        start = situation(seen, "least_loaded", now=at, **policy)
        limits_hold(start, burst)
        turn = Turn(start)
        moments = [at + timedelta(seconds=place) for place in range(len(burst))]
        [turn.deal(lead, moment) for lead, moment in zip(burst, moments, strict=True)]
        team = turn.candidates()
        for facts in team:
            assert facts.limit is None or facts.load <= facts.limit
            last_hour = [moment for moment in facts.recent if moment > at - timedelta(hours=1)]
            most = max(most, len(last_hour))
    assert most == 4


def test_whoever_paused_has_no_catching_up_to_do() -> None:
    turn = Turn(situation([manager(1), away(3, presence="paused")], catch_up_percent=100))
    turn.deal(LeadFacts(1), NOW)
    (_, verdict) = turn.verdicts()
    assert [refusal.reason for refusal in verdict.refusals] == [Reason.PAUSED]
    assert set(turn.entries()) == {1}
