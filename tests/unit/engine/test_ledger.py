"""The ledger's promises: it sums to zero, stays within its bound, and gives every share."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.decide import Turn
from distribution.core.facts import LeadFacts
from distribution.core.ledger import LEAD, Entry, Ledger, shares_of
from tests.unit.engine.builders import NOW, leads, manager, situation
from tests.unit.engine.laws import run_ledger

runs = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 1000), min_size=n, max_size=n),
        st.lists(
            st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True).map(sorted),
            min_size=1,
            max_size=120,
        ),
    )
)


@given(runs)
def test_lags_sum_to_zero_and_stay_within_the_bound_whoever_is_present(
    run: tuple[list[int], list[list[int]]],
) -> None:
    weights, present = run
    run_ledger(weights, present)


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_over_thousands_of_leads_with_shifting_presence(seed: int) -> None:
    chance = random.Random(seed)
    n = chance.choice([2, 3, 10, 20])
    weights = [chance.choice([1, 1, 10, chance.randint(1, 1000)]) for _ in range(n)]
    present = [sorted(chance.sample(range(n), chance.randint(1, n))) for _ in range(1500)]
    run_ledger(weights, present)


def test_an_adversary_who_shows_only_the_two_most_in_debt_cannot_break_the_bound() -> None:
    n = 10
    ledger = Ledger(dict.fromkeys(range(1, n + 1), (0, 0, None)))
    for _ in range(3000):
        seats = sorted(sorted(range(n), key=ledger.lags.__getitem__)[:2])
        ledger.credit(seats, shares_of([1] * len(seats)))
        ledger.pay(ledger.foremost(seats), sum(shares_of([1] * len(seats))), NOW)
        assert sum(ledger.lags) == 0
        assert 2 * max(map(abs, ledger.lags)) <= (n - 1) * LEAD


def test_forty_to_sixty_deals_b_a_b_a_b_b() -> None:
    pair = [manager(1, weight=40), manager(2, weight=60)]
    turn = Turn(situation(pair, "weighted"))
    assert "".join("_AB"[turn.deal(lead, NOW).chosen or 0] for lead in leads(6)) == "BABABB"


@pytest.mark.feature("F96")
@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_even_counts_differ_by_at_most_one_at_every_moment_while_all_are_there(n: int) -> None:
    turn = Turn(situation(n))
    got: Counter[int] = Counter(dict.fromkeys(range(1, n + 1), 0))
    for lead in leads(10 * n):
        got[turn.deal(lead, NOW).chosen or 0] += 1
        assert max(got.values()) - min(got.values()) <= 1
    assert set(got.values()) == {10}


@given(st.lists(st.integers(1, 100), min_size=2, max_size=8))
def test_weighted_counts_stay_within_the_bound_of_their_shares(weights: list[int]) -> None:
    team = [manager(number, weight=weight) for number, weight in enumerate(weights, 1)]
    turn = Turn(situation(team, "weighted"))
    got = Counter(turn.deal(lead, NOW).chosen for lead in leads(100))
    for number, weight in enumerate(weights, 1):
        fair = 100 * weight / sum(weights)
        assert abs(got[number] - fair) <= (len(weights) - 1) / 2 + 0.001


def test_a_tie_goes_to_whoever_waits_longest_then_to_the_smaller_id() -> None:
    def winner(*lasts: int | None) -> int | None:
        team = [
            manager(number, last_lead_at=None if ago is None else NOW - timedelta(minutes=ago))
            for number, ago in enumerate(lasts, 1)
        ]
        return Turn(situation(team)).deal(LeadFacts(1), NOW).chosen

    assert winner(5, 9, 1) == 2
    assert winner(5, None, 9) == 2
    assert winner(5, 9, 9) == 2
    assert winner(None, None) == 1


def test_absence_freezes_the_lag_and_a_newcomer_starts_at_zero() -> None:
    absent = manager(3, presence="paused", lag=700_000)
    newcomer = manager(4)
    turn = Turn(situation([manager(1), manager(2), absent, newcomer]))
    got = Counter(turn.deal(lead, NOW).chosen for lead in leads(30))
    assert got == {1: 10, 2: 10, 4: 10}
    assert 3 not in turn.entries()


def test_only_changed_rows_come_out_with_count_and_last_lead() -> None:
    ledger = Ledger({4: (0, 7, None), 2: (0, 1, NOW), 9: (5, 0, None)})
    ledger.credit([0, 1], shares_of([1, 1]))
    ledger.pay(ledger.foremost([0, 1]), LEAD, NOW)
    assert ledger.entries() == {2: Entry(500_000, 1, NOW), 4: Entry(-500_000, 8, NOW)}


def test_shares_round_down_alike_so_that_equals_stay_equal() -> None:
    assert shares_of([1, 1, 1]) == [333_333] * 3
    assert shares_of([40, 60]) == [400_000, 600_000]
    assert shares_of([1, 10_000_000]) == [0, 999_999]
