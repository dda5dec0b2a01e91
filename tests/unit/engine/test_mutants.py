"""The laws are worth something: each of them catches an engine that is deliberately broken."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from distribution.core import decide, ledger, matching, rules, strategies
from distribution.core.facts import LeadFacts
from tests.unit.engine import laws
from tests.unit.engine.builders import leads, manager, situation

ROTATING = [[0, 1], [1, 2], [0, 2], [0, 1, 2]] * 20


def first_in_list(self: ledger.Ledger, seats: Sequence[int]) -> int:
    return seats[0]


def pays_a_whole_lead(self: ledger.Ledger, seat: int, charge: int, now: Any) -> None:
    self.lags[seat] -= ledger.LEAD


def forgets_the_lead(self: strategies.Loads, seat: int) -> None:
    """As if reservations were not counted inside the turn."""


def limit_off_by_one(situation_: Any, candidate: Any) -> Any:
    if candidate.limit is None:
        return None
    return rules.at_limit(situation_, replace(candidate, limit=candidate.limit + 1))


def blind_turn(*args: Any, **kwargs: Any) -> decide.Turn:
    others = tuple(rule for rule in rules.CANDIDATE_RULES if rule is not rules.at_limit)
    return decide.Turn(*args, candidate_rules=(*others, limit_off_by_one))


def amnesia(now: Any, candidates: Sequence[Any]) -> dict[str, Any]:
    blank = dict.fromkeys(("open", "reserved", "lag", "count"), [0] * len(candidates))
    return {**blank, "last": [None] * len(candidates), "now": 0}


def check_limits() -> None:
    laws.limits_hold(situation([manager(1, limit=3), manager(2, limit=2)]), leads(9))


def check_replay() -> None:
    team = [manager(1, lag=-5), manager(2, open_leads=2, lag=5, limit=4)]
    laws.replay_agrees(situation(team), [*leads(8), LeadFacts(9, tried=frozenset({1}))])


def check_wave() -> None:
    either, first = frozenset({1, 2}), frozenset({1})
    laws.wave_is_optimal([either, either, first, first], [0, 0])


def check_ledger() -> None:
    laws.run_ledger([1, 1, 1], ROTATING)


def check_burst() -> None:
    laws.burst_is_levelled([3, 0, 1], 12)


MUTANTS: list[tuple[Callable[[], None], Any, str, Any]] = [
    (check_ledger, ledger.Ledger, "foremost", first_in_list),
    (check_ledger, ledger.Ledger, "pay", pays_a_whole_lead),
    (check_burst, strategies.Loads, "add", forgets_the_lead),
    (check_limits, laws, "Turn", blind_turn),
    (check_replay, decide.records, "opening_record", amnesia),
    (check_wave, matching, "plan", lambda asked, turn: {}),
]


@pytest.mark.parametrize(("check", "owner", "name", "broken"), MUTANTS)
def test_a_broken_engine_breaks_its_law(
    check: Callable[[], None], owner: Any, name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check()
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(AssertionError):
        check()
