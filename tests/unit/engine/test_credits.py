"""A credit by hand: what one is owed more the others are owed less, and the sum stays exactly zero."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.credits import MOST_LEADS, bound_of, credited
from distribution.core.decide import Turn
from distribution.core.ledger import LEAD
from tests.unit.engine.builders import NOW, leads, manager, situation

balanced = st.lists(st.integers(-5 * LEAD, 5 * LEAD), min_size=1, max_size=9).map(
    lambda lags: dict(enumerate([*lags, -sum(lags)], 1))
)
amounts = st.integers(-MOST_LEADS, MOST_LEADS)


@pytest.mark.feature("B15")
@given(balanced, st.integers(1, 12), amounts)
def test_the_sum_stays_exactly_zero(lags: dict[int, int], who: int, amount: int) -> None:
    after = lags | credited(lags, who, amount)
    assert sum(after.values()) == 0
    assert after.get(who, 0) - lags.get(who, 0) == amount * LEAD


@given(balanced, st.integers(1, 12), amounts, st.sets(st.integers(1, 12)))
def test_only_the_payers_bear_it_each_within_a_millionth_of_the_same(
    lags: dict[int, int], who: int, amount: int, payers: set[int]
) -> None:
    after = credited(lags, who, amount, payers=payers)
    bearing = {other for other in lags if other != who and other in payers}
    bearing = bearing or lags.keys() - {who}
    assert after.keys() - {who} == (bearing if amount else set())
    borne = [lags[other] - after[other] for other in sorted(after) if other != who]
    if borne:
        assert max(borne) - min(borne) <= 1
        assert borne == sorted(borne, reverse=amount > 0)  # the rest of the division: smaller ids


def test_three_share_two_leads_to_the_millionth() -> None:
    assert credited({1: 0, 2: 0, 3: 0, 4: 0}, 4, 2) == {
        1: -666_667,
        2: -666_667,
        3: -666_666,
        4: 2_000_000,
    }


def test_alone_there_is_nobody_to_owe_anything() -> None:
    assert credited({7: 0}, 7, 2) == {}
    assert credited({}, 7, 2) == {}
    assert credited({1: 5, 2: -5}, 1, 0) == {}


@given(st.integers(2, 6), st.data())
def test_no_lag_exceeds_the_bound_with_credits_at_any_time(
    number: int, data: st.DataObject
) -> None:
    given_by_hand: list[int] = []
    lags = dict.fromkeys(range(1, number + 1), 0)
    dice = random.Random(data.draw(st.integers(0, 999)))
    for _ in range(6):
        amount = data.draw(st.integers(-4, 4))
        lags |= credited(lags, dice.randint(1, number), amount)
        given_by_hand.append(amount)
        here = dice.sample(range(1, number + 1), dice.randint(1, number))
        people = [
            manager(user, lag=lag, weight=user, presence="online" if user in here else "offline")
            for user, lag in lags.items()
        ]
        turn = Turn(situation(people, "weighted", require_shift=True))
        for lead in leads(7):
            turn.deal(lead, NOW)
        lags |= {user: entry.lag for user, entry in turn.entries().items()}
        assert sum(lags.values()) == 0
        assert max(map(abs, lags.values())) <= bound_of(number, given_by_hand) * LEAD
