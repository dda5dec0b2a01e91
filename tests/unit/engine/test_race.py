"""The heap finds the winner whom the plain search finds, through every change that ends a race."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.decide import Decision, Turn
from distribution.core.facts import LeadFacts, Situation
from distribution.core.race import Race
from tests.unit.engine.builders import NOW, leads, manager, situation, situations


class SearchingTurn(Turn):
    """A turn that never runs a race."""

    def _pick(self, pool):  # type: ignore[no-untyped-def]
        return self._strategy.pick(self.ledger, self.loads, pool.seats)


def dealt(turn: Turn, asked: Sequence[tuple[LeadFacts, int | None]]) -> list[Decision]:
    moments = [NOW + timedelta(seconds=number) for number in range(len(asked))]
    return [turn.deal(lead, at, to=to) for (lead, to), at in zip(asked, moments, strict=True)]


stories = st.lists(
    st.tuples(
        st.frozensets(st.integers(1, 60), max_size=3) | st.just(frozenset()),  # tried
        st.none() | st.none() | st.none() | st.integers(1, 60),  # planned for
    ),
    max_size=40,
)


@given(situations(), stories)
@pytest.mark.feature("F103")
def test_a_race_decides_as_the_search_does(
    start: Situation, story: list[tuple[frozenset[int], int | None]]
) -> None:
    asked = [(LeadFacts(number, tried=tried), to) for number, (tried, to) in enumerate(story, 1)]
    assert dealt(Turn(start), asked) == dealt(SearchingTurn(start), asked)


def late_credit(self: Race) -> None:
    """As if the others had not been credited meanwhile."""


def never_moves(self: Race) -> None:
    """As if the winner kept the first place."""


@pytest.mark.parametrize(("name", "broken"), [("credited", late_credit), ("paid", never_moves)])
def test_a_broken_race_is_caught(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: object
) -> None:
    start = situation([manager(number, lag=number * 90_000) for number in range(1, 6)])
    asked = [(lead, None) for lead in leads(60)]
    right = dealt(SearchingTurn(start), asked)
    monkeypatch.setattr(Race, name, broken)
    assert dealt(Turn(start), asked) != right


def test_an_old_last_lead_decides_among_equals() -> None:
    earlier: datetime = NOW - timedelta(hours=5)
    team = [manager(1, last_lead_at=NOW), manager(2, last_lead_at=earlier), manager(3)]
    chosen = [Turn(situation(team)).deal(lead, NOW).chosen for lead in leads(1)]
    assert chosen == [3]
