"""A turn: least-loaded choice, bursts, limits, records and replay."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.decide import Decision, Kind, Turn, rebuild, replay
from distribution.core.decisions import all_verdicts, eligible_of, outside_verdict
from distribution.core.facts import CandidateFacts, LeadFacts, Situation
from distribution.core.reasons import Reason
from distribution.core.records import digest_of, lead_from_json, lead_to_json
from tests.unit.engine.builders import NOW, lead_lists, leads, manager, situation, situations
from tests.unit.engine.laws import burst_is_levelled, limits_hold, replay_agrees


def loaded(*loads: int, limit: int | None = None) -> list[CandidateFacts]:
    return [manager(number, open_leads=load, limit=limit) for number, load in enumerate(loads, 1)]


@pytest.mark.feature("F103")
def test_the_least_loaded_manager_gets_the_lead() -> None:
    turn = Turn(situation(loaded(5, 3, 4), "least_loaded"))
    decision = turn.deal(LeadFacts(1), NOW)
    assert (decision.chosen, decision.load_before, decision.eligible_count) == (2, 3, 3)
    assert (decision.eligible, decision.verdicts, decision.relaxed) == (None, (), ())


@pytest.mark.feature("F2")
def test_a_manager_who_is_offline_gets_none_of_twenty_leads() -> None:
    turn = Turn(situation([manager(1, presence="offline"), manager(2)], "least_loaded"))
    assert Counter(turn.deal(lead, NOW).chosen for lead in leads(20)) == {2: 20}


def test_reserved_leads_weigh_like_open_ones() -> None:
    team = [manager(1, open_leads=3), manager(2, open_leads=1, reserved=3)]
    assert Turn(situation(team, "least_loaded")).deal(LeadFacts(1), NOW).chosen == 1


def test_loads_compare_by_their_part_of_the_limit() -> None:
    team = [manager(1, open_leads=5, limit=10), manager(2, open_leads=7, limit=20)]
    assert Turn(situation(team, "least_loaded")).deal(LeadFacts(1), NOW).chosen == 2


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 400)), min_size=2, max_size=9))
def test_fractions_are_compared_exactly(pairs: list[tuple[int, int]]) -> None:
    team = [
        manager(number, open_leads=load, limit=limit)
        for number, (load, limit) in enumerate(pairs, 1)
    ]
    chosen = Turn(situation(team, "least_loaded")).deal(LeadFacts(1), NOW).chosen
    free = {m.manager_id: Fraction(m.load, m.limit or 1) for m in team if m.load < (m.limit or 1)}
    assert chosen == (min(free, key=lambda number: (free[number], number)) if free else None)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), min_size=2, max_size=6),
    st.integers(1, 60),
)
def test_a_burst_always_goes_to_the_smallest_part_of_a_limit(
    pairs: list[tuple[int, int]], count: int
) -> None:
    team = [
        manager(number, open_leads=load, limit=limit)
        for number, (load, limit) in enumerate(pairs, 1)
    ]
    loads = {facts.manager_id: facts.load for facts in team}
    limits = {facts.manager_id: facts.limit or 1 for facts in team}
    turn = Turn(situation(team, "least_loaded"))
    for lead in leads(count):
        parts = {n: Fraction(loads[n], limits[n]) for n in loads if loads[n] < limits[n]}
        chosen = turn.deal(lead, NOW).chosen
        if chosen is None:
            assert not parts
            return
        assert parts[chosen] == min(parts.values())
        loads[chosen] += 1


def test_equal_loads_go_to_whom_the_register_owes_most() -> None:
    team = [manager(1, lag=-100_000), manager(2, lag=60_000), manager(3, lag=40_000)]
    assert Turn(situation(team, "least_loaded")).deal(LeadFacts(1), NOW).chosen == 2


def test_least_loaded_credits_and_charges_the_ledger_too() -> None:
    turn = Turn(situation(loaded(0, 9), "least_loaded"))
    decision = turn.deal(LeadFacts(1), NOW)
    assert (decision.share, decision.charged) == (500_000, 1_000_000)
    assert {number: entry.lag for number, entry in turn.entries().items()} == {
        1: -500_000,
        2: 500_000,
    }


@pytest.mark.feature("F105")
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(1, 100))
def test_a_burst_levels_the_loads_of_those_who_receive(loads: list[int], count: int) -> None:
    burst_is_levelled(loads, count)


@given(situations(), lead_lists())
def test_nobody_is_dealt_a_lead_at_his_limit(start: Situation, asked: list[LeadFacts]) -> None:
    limits_hold(start, asked)


@given(situations(), lead_lists())
def test_the_ledger_sums_to_what_it_summed_to_before(
    start: Situation, asked: list[LeadFacts]
) -> None:
    turn = Turn(start)
    for lead in asked:
        turn.deal(lead, NOW)
    assert sum(turn.ledger.lags) == sum(facts.lag for facts in start.candidates)


def test_whoever_fills_up_is_out_for_the_rest_of_the_turn_and_the_record_says_so() -> None:
    turn = Turn(situation(loaded(0, 3, limit=4), "least_loaded"))
    decided = [turn.deal(lead, NOW) for lead in leads(6)]
    assert [decision.chosen for decision in decided] == [1, 1, 1, 2, 1, None]
    last = decided[-1]
    assert last.kind is Kind.WAITING
    assert [(v.manager_id, v.refusals[0].facts) for v in last.verdicts] == [
        (1, {"limit": 4, "actual": 4}),
        (2, {"limit": 4, "actual": 4}),
    ]


@given(situations(), lead_lists(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_never_matters(
    start: Situation, asked: list[LeadFacts], chance: object
) -> None:
    shuffled = list(start.candidates)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Turn(start), Turn(replace(start, candidates=tuple(shuffled)))
    assert [one.deal(lead, NOW) for lead in asked] == [other.deal(lead, NOW) for lead in asked]
    assert one.roster().digest == other.roster().digest
    assert one.opening() == other.opening()


@given(situations(), lead_lists(), st.data())
def test_dropping_a_loser_changes_no_winner(
    start: Situation, asked: list[LeadFacts], data: st.DataObject
) -> None:
    """Where all are credited alike, and no tier's turn depends on who is in the others.

    By unequal shares a loser's leaving changes what the others are credited, which may change
    their order; of equals in lag the largest share wins, with or without him.
    """
    candidates, policy = start.candidates, replace(start.policy, widen_seconds=0)
    if policy.strategy == "weighted":
        candidates = tuple(replace(facts, lag=0) for facts in candidates)
    else:
        candidates = tuple(replace(facts, ramp=100) for facts in candidates)
    lead = replace(asked[0], sticky=None)
    before = replace(start, candidates=candidates, policy=policy)
    winner = Turn(before).deal(lead, NOW).chosen
    losers = [facts for facts in candidates if facts.manager_id != winner]
    if winner is None or not losers:
        return
    dropped = data.draw(st.sampled_from(losers))
    rest = tuple(facts for facts in candidates if facts is not dropped)
    assert Turn(replace(before, candidates=rest)).deal(lead, NOW).chosen == winner


@pytest.mark.feature("B2")
@given(situations(), lead_lists())
def test_replaying_the_record_gives_the_same_decisions(
    start: Situation, asked: list[LeadFacts]
) -> None:
    replay_agrees(start, asked)


@pytest.mark.feature("B2")
@given(situations(), lead_lists())
def test_a_record_survives_being_stored_as_json(start: Situation, asked: list[LeadFacts]) -> None:
    turn = Turn(start)
    decided = [turn.deal(lead, NOW) for lead in asked]
    roster = turn.roster()
    stored = json.loads(json.dumps([roster.body, turn.opening(), [*map(lead_to_json, asked)]]))
    assert digest_of(stored[0]) == roster.digest
    again = replay(stored[0], stored[1], map(lead_from_json, stored[2]))
    assert again == decided
    assert json.loads(json.dumps([d.as_json() for d in again])) == [d.as_json() for d in decided]


@given(situations(), lead_lists())
def test_the_eligible_follow_from_the_roster_and_the_verdicts_that_differ(
    start: Situation, asked: list[LeadFacts]
) -> None:
    turn = Turn(start)
    body = json.loads(json.dumps(turn.roster().body))
    standing = tuple(verdict.manager_id for verdict in turn.verdicts() if verdict.eligible)
    for lead in asked:
        could = turn.eligible_for(lead)
        decision = turn.deal(lead, NOW)
        dealt = standing if decision.eligible is None else decision.eligible
        if decision.kind is not Kind.DEALT or (decision.because and decision.tier is None):
            dealt = could = ()
        assert dealt == could
        assert eligible_of(body, json.loads(json.dumps(decision.as_json()))) == could
        assert decision.eligible_count == len(could)
        assert not could or decision.chosen in could


@pytest.mark.feature("B2")
@given(situations(), lead_lists())
def test_a_stored_decision_names_every_candidate_with_all_his_refusals(
    start: Situation, asked: list[LeadFacts]
) -> None:
    turn = Turn(start)
    body = json.loads(json.dumps(turn.roster().body))
    for lead in asked:
        before = {verdict.manager_id: verdict for verdict in turn.verdicts()}
        decision = turn.deal(lead, NOW)
        if decision.kind is Kind.LEFT_ALONE or decision.refusal:
            continue
        stored = json.loads(json.dumps(decision.as_json()))
        said = {verdict.manager_id: verdict for verdict in decision.verdicts}
        outside = [said[manager_id] for manager_id in said if manager_id not in before]
        assert all_verdicts(body, stored) == tuple(
            said.get(manager_id, verdict) for manager_id, verdict in before.items()
        )
        assert outside_verdict(body, stored) == (outside[0] if outside else None)
        if lead.sticky and not lead.moves and lead.sticky.owner.manager_id not in before:
            assert [verdict.manager_id for verdict in outside] == [lead.sticky.owner.manager_id]


def test_the_digest_ignores_loads_and_lags_and_notices_everything_else() -> None:
    base = situation([manager(1), manager(2, open_leads=3, lag=5, last_lead_at=NOW, count=2)])
    plain = situation([manager(1), manager(2)])
    other = situation([manager(1), manager(2, presence="paused")])
    assert Turn(base).roster().digest == Turn(plain).roster().digest
    assert Turn(base).roster().digest != Turn(other).roster().digest
    assert Turn(base).roster().digest != Turn(replace(base, register_id=2)).roster().digest


def test_who_has_kommo_open_makes_another_roster_only_where_that_is_looked_at() -> None:
    def digests(**policy: str) -> set[str]:
        return {
            Turn(situation([manager(1, online=online)], **policy)).roster().digest
            for online in (True, False)
        }

    assert len(digests()) == 1
    assert len(digests(presence="prefer")) == 2


def test_a_roster_from_before_templates_is_read_as_it_was_meant() -> None:
    row = {"id": 4, "shift_started_at": None, "limit": 3}
    policy = {
        "strategy": "even",
        "members": [4],
        "require_shift": True,
        "window_open": True,
        "window_opens_at": None,
        "start_delay_seconds": 0,
        "when_nobody": "wait",
        "usual_limit": 30,
        "stages": [],
    }
    roster = {"format": 1, "register": 1, "policy": policy, "leaving": [], "candidates": [row]}
    opening = {"now": 0, "open": [1], "reserved": [1], "lag": [5], "count": [2], "last": [None]}
    lead = {
        "lead_id": 1,
        "pipeline_id": 1,
        "status_id": 1,
        "owner_id": None,
        "excluded": False,
        "tried": [],
        "arrived_at": None,
        "only_groups": [],
        "moves": False,
    }
    first, second = replay(roster, opening, [lead_from_json(lead)] * 2)
    assert (first.chosen, first.load_before, first.lag_before, first.tier) == (4, 2, 5, 1)
    assert second.verdicts[0].refusals[0].facts == {"limit": 3, "actual": 3}
    again = rebuild(roster, opening)
    assert again.roster().body["candidates"] == [{"id": 4, "limit": 3}]
    assert again.opening() == opening


def test_roster_and_opening_are_of_the_turns_beginning() -> None:
    turn = Turn(situation(loaded(1, 1, limit=2)))
    before = turn.roster(), turn.opening()
    for lead in leads(5):
        turn.deal(lead, NOW)
    assert (turn.roster(), turn.opening()) == before


def test_an_opening_of_another_roster_is_refused() -> None:
    with pytest.raises(ValueError, match="does not belong"):
        replay(Turn(situation(3)).roster(), Turn(situation(2)).opening(), [])


def test_a_lone_verdict_is_recorded_for_the_lead_that_it_is_about() -> None:
    turn = Turn(situation(3))
    tried = turn.deal(LeadFacts(1, tried=frozenset({1})), NOW)
    assert [v.manager_id for v in tried.verdicts] == [1]
    assert tried.verdicts[0].refusals[0].reason is Reason.ALREADY_TRIED
    assert (tried.chosen, tried.eligible, tried.eligible_count) == (2, (2, 3), 2)
    assert turn.deal(LeadFacts(2), NOW).verdicts == ()


def test_a_leads_own_refusal_is_added_to_the_standing_ones() -> None:
    turn = Turn(situation([manager(1, presence="offline"), manager(2)]))
    (verdict,) = turn.deal(LeadFacts(1, tried=frozenset({1})), NOW).verdicts
    assert [refusal.reason for refusal in verdict.refusals] == ["offline", "already_tried"]


def test_whoever_has_already_tried_it_is_not_credited() -> None:
    turn = Turn(situation(3))
    turn.deal(LeadFacts(1, tried=frozenset({1})), NOW)
    assert {number: entry.lag for number, entry in turn.entries().items()} == {
        2: -500_000,
        3: 500_000,
    }


@given(situations(), lead_lists(), st.integers(0, 20))
def test_a_turn_cut_in_two_deals_as_one(start: Situation, asked: list[LeadFacts], cut: int) -> None:
    known = {facts.manager_id for facts in start.candidates}
    asked = [  # what an owner outside the template was dealt, the next turn hears from the shell
        replace(lead, sticky=None)
        if lead.sticky and lead.sticky.owner.manager_id not in known
        else lead
        for lead in asked
    ]
    whole, first = Turn(start), Turn(start)
    expected = [whole.deal(lead, NOW).chosen for lead in asked]
    before = [first.deal(lead, NOW).chosen for lead in asked[:cut]]
    second = Turn(replace(start, candidates=first.candidates()))
    assert before + [second.deal(lead, NOW).chosen for lead in asked[cut:]] == expected


def test_the_last_lead_of_a_chosen_one_is_the_moment_of_the_deal() -> None:
    later = NOW + timedelta(minutes=2)
    turn = Turn(situation(1))
    turn.deal(LeadFacts(1), NOW)
    turn.deal(LeadFacts(2), later)
    (facts,) = turn.candidates()
    assert (facts.last_lead_at, facts.count, facts.reserved) == (later, 2, 2)


class TestIgnorePresence:
    """R4: nobody on shift, and the policy falls back to people off shift."""

    def test_falls_back_to_whoever_is_merely_offline(self) -> None:
        team = [
            manager(1, presence="paused"),
            manager(2, presence="offline", participation="off"),
            manager(3, presence="offline", limit=0),
            manager(4, presence="offline"),
        ]
        decision = self.deal(team)
        assert (decision.chosen, decision.relaxed, decision.eligible) == (4, ("offline",), (4,))

    def test_prefers_whoever_is_on_shift(self) -> None:
        decision = self.deal([manager(1, presence="offline", lag=9), manager(2, lag=-9)])
        assert (decision.chosen, decision.relaxed) == (2, ())

    def test_waits_if_the_policy_says_so(self) -> None:
        turn = Turn(situation([manager(1, presence="offline")]))
        assert turn.deal(LeadFacts(1), NOW).kind is Kind.WAITING

    def deal(self, team: list[CandidateFacts]) -> Decision:
        turn = Turn(situation(team, when_nobody="ignore_presence"))
        return turn.deal(LeadFacts(1), NOW)


def test_a_planned_manager_is_disregarded_if_he_is_not_eligible() -> None:
    turn = Turn(situation([manager(1), manager(2), manager(3, presence="paused")]))
    assert turn.deal(LeadFacts(1), NOW, to=2).chosen == 2
    assert turn.deal(LeadFacts(2), NOW, to=3).chosen == 1
    assert turn.deal(LeadFacts(3), NOW, to=99).chosen in (1, 2)
