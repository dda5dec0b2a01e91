"""Leads that belong to somebody already: customers' owners, and owners who keep what they have."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from distribution.core.decide import Decision, Kind, Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Situation, Sticky
from distribution.core.reasons import Because, Waiting, Wake
from tests.unit.engine.builders import (
    NOW,
    SPANISH,
    ago,
    lead_lists,
    leads,
    manager,
    situation,
    situations,
)

PASSED_OVER: list[dict[str, Any]] = [
    {"active_in_kommo": False},
    {"licensed": False},
    {"participation": "forced_off"},
]
AWAY: list[tuple[dict[str, Any], Wake]] = [
    ({"participation": "off"}, Wake.PARTICIPATION_ON),
    ({"presence": "offline"}, Wake.SHIFT_STARTED),
    ({"presence": "paused"}, Wake.SHIFT_RESUMED),
    ({"online": False}, Wake.CAME_ONLINE),
    ({"schedule": "day_off"}, Wake.SCHEDULE_OPENED),
    ({"limit": 2, "open_leads": 2}, Wake.CAPACITY_FREED),
    ({"task_limit": 2, "tasks": 2}, Wake.TASK_DONE),
    ({"recent": ago(9, 8)}, Wake.MOMENT_REACHED),
    ({"shift_started_at": NOW}, Wake.MOMENT_REACHED),
]
GATES: dict[str, Any] = {
    "presence": "require",
    "require_schedule": True,
    "pace_leads": 2,
    "pace_seconds": 60,
    "start_delay_seconds": 30,
}


def of(owner: CandidateFacts, lead_id: int = 1, **different: Any) -> LeadFacts:
    return LeadFacts(lead_id, sticky=Sticky(owner, "contact", 77), **different)


def deal(
    owner: CandidateFacts, *, inside: bool, lead: dict[str, Any] | None = None, **policy: Any
) -> Decision:
    team = [manager(1), manager(2)] + [owner] * inside
    turn = Turn(situation(team, **(GATES | policy)))
    decision = turn.deal(of(owner, **(lead or {})), NOW)
    if decision.because is Because.STICKY:
        assert turn.entries() == {}
    return decision


inside_or_not = pytest.mark.parametrize("inside", [True, False])


@inside_or_not
def test_a_customers_lead_goes_to_its_owner_and_no_ledger_moves(inside: bool) -> None:
    decision = deal(manager(9, lag=-5_000_000, tier=8), inside=inside)
    assert (decision.kind, decision.chosen) == (Kind.DEALT, 9)
    assert decision.because is Because.STICKY
    assert (decision.share, decision.charged, decision.eligible_count) == (0, 0, 0)
    assert decision.as_json()["because"] == "sticky"


@inside_or_not
@pytest.mark.parametrize("facts", PASSED_OVER)
@pytest.mark.parametrize("policy", ["give", "wait", "distribute"])
def test_an_owner_who_is_gone_or_forced_off_is_passed_over(
    inside: bool, facts: dict[str, Any], policy: str
) -> None:
    owner = manager(9, **facts)
    decision = deal(owner, inside=inside, owner_away=policy, owner_wait_seconds=600)
    assert (decision.chosen, decision.because) == (1, None)


@inside_or_not
@pytest.mark.parametrize(("facts", "wake"), AWAY)
class TestAway:
    """What happens if the customer's owner cannot take it (R20)."""

    def test_it_is_given_all_the_same(
        self, inside: bool, facts: dict[str, Any], wake: Wake
    ) -> None:
        decision = deal(manager(9, **facts), inside=inside)
        assert (decision.chosen, decision.because) == (9, Because.STICKY)

    def test_or_distributed(self, inside: bool, facts: dict[str, Any], wake: Wake) -> None:
        decision = deal(manager(9, **facts), inside=inside, owner_away="distribute")
        assert (decision.chosen, decision.because) == (1, None)

    def test_or_he_is_waited_for(self, inside: bool, facts: dict[str, Any], wake: Wake) -> None:
        wait = {"owner_away": "wait", "owner_wait_seconds": 600}
        decision = deal(manager(9, **facts), inside=inside, **wait)
        assert decision.kind is Kind.WAITING
        assert decision.waiting is not None
        assert decision.waiting.code is Waiting.OWNER_AWAY
        assert decision.waiting.wakes == (wake,)
        assert decision.waiting.until is not None
        assert NOW < decision.waiting.until <= NOW + timedelta(seconds=600)
        since = {"waiting_since": NOW - timedelta(seconds=599)}
        assert deal(manager(9, **facts), inside=inside, lead=since, **wait).chosen is None
        since = {"waiting_since": NOW - timedelta(seconds=600)}
        assert deal(manager(9, **facts), inside=inside, lead=since, **wait).chosen == 1


def test_the_wait_for_an_owner_ends_when_he_is_free_if_that_is_earlier() -> None:
    owner = manager(9, participation="off", participation_until=NOW + timedelta(seconds=60))
    decision = deal(owner, inside=False, owner_away="wait", owner_wait_seconds=600)
    assert decision.waiting is not None
    assert decision.waiting.until == NOW + timedelta(seconds=60)


def test_an_owner_need_be_no_member_have_no_weight_no_skill_and_no_group() -> None:
    owner = manager(9, weight=0)
    policy = {"strategy": "weighted", "members": [1, 2], "skills": "hard"}
    asked = {"skills": SPANISH, "only_groups": frozenset({4})}
    for inside in (True, False):
        assert deal(owner, inside=inside, lead=asked, owner_away="distribute", **policy).chosen == 9


def test_what_is_redistributed_or_was_his_already_is_dealt_to_others() -> None:
    owner = manager(9)
    for inside in (True, False):
        for lead in ({"moves": True, "tried": frozenset({9})}, {"tried": frozenset({9})}):
            assert deal(owner, inside=inside, lead=lead).chosen == 1


@pytest.mark.feature("B2")
def test_the_objections_to_an_owner_who_was_passed_over_are_kept() -> None:
    decision = deal(manager(9, licensed=False), inside=False)
    (verdict,) = decision.verdicts
    assert verdict.manager_id == 9
    assert [refusal.reason for refusal in verdict.refusals] == ["not_in_group", "unlicensed"]


def test_a_burst_of_one_customers_leads_fills_an_outside_owner_up() -> None:
    owner = manager(9, limit=2)
    turn = Turn(situation(1, owner_away="distribute"))
    decided = [turn.deal(of(owner, number), NOW) for number in range(4)]
    assert [decision.chosen for decision in decided] == [9, 9, 1, 1]
    assert [decision.load_before for decision in decided[:2]] == [0, 1]


def test_a_customers_leads_count_against_limit_and_pace_of_a_candidate() -> None:
    owner = manager(1)
    turn = Turn(situation([owner, manager(2)], pace_leads=2, pace_seconds=60))
    turn.deal(of(owner, 1), NOW)
    turn.deal(of(owner, 2), NOW)
    decided = [turn.deal(lead, NOW) for lead in leads(2)]
    assert [decision.chosen for decision in decided] == [2, 2]
    assert turn.candidates()[0].reserved == 2


def test_where_they_count_customers_leads_are_credited_and_paid() -> None:
    owner = manager(2, lag=-9)
    turn = Turn(situation([manager(1, lag=9), owner, manager(3, tier=2)], sticky_counts=True))
    decision = turn.deal(of(owner), NOW)
    assert (decision.chosen, decision.because, decision.tier) == (2, Because.STICKY, 1)
    assert {number: entry.lag for number, entry in turn.entries().items()} == {
        1: 500_009,
        2: -500_009,
    }


def test_where_they_count_an_owner_who_is_not_asked_pays_nothing() -> None:
    for owner in (manager(2, presence="offline"), manager(2, tier=2), manager(7)):
        turn = Turn(situation([manager(1), owner], members=[1, 2], sticky_counts=True))
        assert turn.deal(of(owner), NOW).because is Because.STICKY
        assert turn.entries() == {}


class TestKept:
    """The present owner keeps the lead unless he fails the filter (F108)."""

    def deal(self, owner: CandidateFacts, lead: LeadFacts | None = None, **policy: Any) -> Decision:
        self.turn = Turn(situation([manager(1), owner], keep_owner=True, **(GATES | policy)))
        return self.turn.deal(lead or LeadFacts(1, owner_id=owner.manager_id), NOW)

    def test_an_owner_who_could_take_it_keeps_it(self) -> None:
        decision = self.deal(manager(9, lag=-5_000_000, recent=ago(9), tier=3))
        assert (decision.chosen, decision.because) == (9, Because.KEPT)
        assert self.turn.entries() == {}
        assert self.turn.candidates()[1].recent == ago(9)

    @pytest.mark.parametrize("facts", [*PASSED_OVER, *(facts for facts, _ in AWAY)])
    def test_an_owner_whom_a_rule_refuses_loses_it(self, facts: dict[str, Any]) -> None:
        decision = self.deal(manager(9, **facts))
        assert (decision.chosen, decision.because) == (1, None)

    def test_an_owner_outside_the_list_loses_it(self) -> None:
        assert self.deal(manager(9), members=[1]).chosen == 1
        assert self.deal(manager(9), LeadFacts(1, owner_id=77)).chosen == 1
        assert self.deal(manager(9), LeadFacts(1)).because is None

    def test_the_leads_own_rules_count_too(self) -> None:
        lead = LeadFacts(1, owner_id=9, only_groups=frozenset({3}))
        team = [manager(1, group_ids=frozenset({3})), manager(9)]
        assert Turn(situation(team, keep_owner=True)).deal(lead, NOW).chosen == 1

    def test_what_moves_is_not_kept(self) -> None:
        assert self.deal(manager(9), LeadFacts(1, owner_id=9, moves=True)).because is None

    @pytest.mark.parametrize(("counted", "load"), [(True, 3), (False, 4)])
    def test_the_load_is_not_raised_twice(self, counted: bool, load: int) -> None:
        lead = LeadFacts(1, owner_id=9, counted=counted)
        assert self.deal(manager(9, open_leads=3), lead).because is Because.KEPT
        assert self.turn.candidates()[1].load == load

    def test_a_limit_that_only_the_lead_itself_fills_is_no_objection(self) -> None:
        lead = LeadFacts(1, owner_id=9, counted=True)
        assert self.deal(manager(9, open_leads=3, limit=3), lead).because is Because.KEPT
        assert self.deal(manager(9, open_leads=4, limit=3), lead).because is None


@given(situations(), lead_lists())
def test_the_ledger_moves_for_nobody_whom_no_pool_was_asked_for(
    start: Situation, asked: list[LeadFacts]
) -> None:
    turn = Turn(start)
    for lead in asked:
        before = list(turn.ledger.lags), list(turn.ledger.counts), list(turn.ledger.lasts)
        decision = turn.deal(lead, NOW)
        after = turn.ledger.lags, turn.ledger.counts, turn.ledger.lasts
        assert (decision.tier is not None) or before == after
        if decision.because and not start.policy.sticky_counts:
            assert decision.tier is None
