"""The laws are worth something: each of them catches an engine that is deliberately broken."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from distribution.core import decide, decisions, ledger, matching, pools, rules, strategies, team
from distribution.core.facts import LeadFacts, Sticky
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


def counts_ids(self: ledger.StrictLedger, seats: Sequence[int]) -> int:
    return ledger.Ledger.foremost(self, seats)


def relaxes_everything(self: decisions.Verdict, relaxed: Any) -> bool:
    return True


def asks_all_tiers_at_once(self: pools.Pools, level: Any) -> pools.Pool:
    free = [seat for seat, verdict in enumerate(self._verdicts) if not verdict.refusals]
    return self._make(level, free, lasting=True)


def forgets_the_pace(self: team.Team, *args: Any, **kwargs: Any) -> bool:
    return take(self, *args, paced=False)


def forgets_what_was_dealt(self: team.Team, facts: Any, **changed: Any) -> Any:
    return facts


def credits_without_charge(self: decide.Turn, case: Any, pool: pools.Pool) -> Any:
    seats = [*pool.seats, *self._absent(case, pool)]
    for seat in seats:
        self.ledger.lags[seat] += pool.shares[0]
    return pool.shares, pool.charge


take = team.Team.take


def check_pace() -> None:
    laws.limits_hold(situation(2, pace_leads=2, pace_seconds=60), leads(9))


def check_relaxing() -> None:
    members = [manager(1, presence="offline"), manager(2, presence="offline", limit=0)]
    laws.relaxed_is_all_that_is_waived(situation(members, when_nobody="ignore_presence"), leads(3))


def check_tiers() -> None:
    members = [manager(1, tier=1), manager(2, tier=2), manager(3, tier=1, limit=1)]
    laws.the_first_level_is_asked(situation(members), leads(4))


def check_catch_up() -> None:
    members = [manager(1), manager(2, presence="offline", on_leave=True)]
    laws.the_sum_stays(situation(members, catch_up_percent=50), leads(4))


def check_totals() -> None:
    members = [manager(1, count=5, lag=9), manager(2, lag=-9)]
    laws.totals_are_levelled(situation(members, strict_totals=True), leads(5))


def check_owners() -> None:
    owner = manager(2, lag=-9)
    asked = [LeadFacts(n, sticky=Sticky(owner, "contact", 5)) for n in range(1, 4)]
    laws.customers_leads_move_no_ledger(situation([manager(1, lag=9), owner]), asked)


def deals_customers_leads(self: decide.Turn, case: Any) -> None:
    """As if no lead had its place already."""


def settles_customers_leads(self: decide.Turn, case: Any, facts: Any, because: Any) -> Any:
    pool = self._pool(case)
    assert pool is not None
    return self._settle(case, pool, facts.manager_id, because)


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
    (check_pace, team.Team, "take", forgets_the_pace),
    (check_limits, team.Team, "_with_dealt", forgets_what_was_dealt),
    (check_relaxing, decisions.Verdict, "relaxes_to", relaxes_everything),
    (check_tiers, pools.Pools, "_base", asks_all_tiers_at_once),
    (check_catch_up, decide.Turn, "_credit", credits_without_charge),
    (check_totals, ledger.StrictLedger, "foremost", counts_ids),
    (check_owners, decide.Turn, "_to_its_owner", deals_customers_leads),
    (check_owners, decide.Turn, "_hand", settles_customers_leads),
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
