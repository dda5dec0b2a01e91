"""Who is asked in what order: tiers, people online first, skills, widening, and the last resorts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core.decide import Decision, Kind, Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Situation
from distribution.core.levels import Levels
from distribution.core.reasons import Because, Reason, Waiting, Wake
from tests.unit.engine.builders import (
    NOW,
    SPANISH,
    ago,
    lead_lists,
    leads,
    manager,
    managers,
    situation,
)
from tests.unit.engine.builders import situations as any_situations
from tests.unit.engine.laws import relaxed_is_all_that_is_waived, the_first_level_is_asked

ONLINE_FIRST = {"presence": "prefer"}
BOTH = {"presence": "prefer", "skills": "soft"}


def waited(seconds: int | None, **different: Any) -> LeadFacts:
    since = None if seconds is None else ago(seconds)[0]
    return LeadFacts(1, waiting_since=since, **different)


def deal(team: list[CandidateFacts], lead: LeadFacts | None = None, **policy: Any) -> Decision:
    return Turn(situation(team, **policy)).deal(lead or LeadFacts(1), NOW)


class TestTiers:
    """Tiers are asked in order (F102)."""

    def test_the_smallest_tier_that_has_anybody_gets_the_lead(self) -> None:
        first = manager(1, tier=1, presence="paused")
        decision = deal([first, manager(2, tier=7, lag=9), manager(3, tier=4)])
        assert (decision.chosen, decision.tier, decision.eligible) == (3, 4, (3,))
        assert decision.verdicts == ()

    def test_only_the_tier_that_is_asked_is_credited(self) -> None:
        turn = Turn(situation([manager(1), manager(2), manager(3, tier=2)]))
        turn.deal(LeadFacts(1), NOW)
        assert set(turn.entries()) == {1, 2}

    def test_a_lead_that_the_first_tier_has_had_goes_to_the_second(self) -> None:
        team = [manager(1), manager(2, tier=2)]
        decision = deal(team, LeadFacts(1, tried=frozenset({1})))
        assert (decision.chosen, decision.tier) == (2, 2)

    @pytest.mark.parametrize(
        ("seconds", "chosen", "until"),
        [
            (None, None, NOW + timedelta(seconds=60)),
            (59, None, NOW + timedelta(seconds=1)),
            (60, 2, None),
            (1000, 2, None),
        ],
    )
    def test_the_second_tier_is_asked_after_the_widening_time(
        self, seconds: int | None, chosen: int | None, until: Any
    ) -> None:
        team = [manager(1, limit=0), manager(2, tier=5), manager(3, tier=9)]
        decision = deal(team, waited(seconds), widen_seconds=60)
        assert decision.chosen == chosen
        assert (decision.waiting and decision.waiting.until) == until
        assert decision.waiting is None or decision.waiting.code is Waiting.ALL_AT_LIMIT

    def test_the_third_tier_is_asked_after_twice_that(self) -> None:
        team = [manager(1, limit=0), manager(2, tier=5, limit=0), manager(3, tier=9)]
        early = deal(team, waited(119), widen_seconds=60)
        assert early.waiting is not None
        assert early.waiting.until == NOW + timedelta(seconds=1)
        assert deal(team, waited(120), widen_seconds=60).chosen == 3

    def test_a_tier_in_which_nobody_is_a_member_takes_no_time(self) -> None:
        team = [manager(1, tier=1), manager(2, tier=2)]
        assert deal(team, members=[2], widen_seconds=60).chosen == 2


class TestPreferences:
    """People online first, and those who know what the lead asks for (F107, B14)."""

    def test_people_online_come_first_and_if_none_is_everybody_is_asked(self) -> None:
        away = manager(1, online=False, lag=9)
        first = deal([away, manager(2)], **ONLINE_FIRST)
        assert (first.chosen, first.relaxed) == (2, ())
        then = deal([away, manager(2, limit=0)], **ONLINE_FIRST)
        assert (then.chosen, then.relaxed) == (1, (Reason.NOT_ONLINE,))

    def test_required_presence_is_relaxed_by_nothing_but_ignore_presence(self) -> None:
        team = [manager(1, online=False)]
        assert deal(team, presence="require").kind is Kind.WAITING
        decision = deal(team, presence="require", when_nobody="ignore_presence")
        assert (decision.chosen, decision.relaxed) == (1, ("not_online", "offline"))

    def test_skill_is_worth_more_than_presence_and_both_are_waived_in_the_end(self) -> None:
        clever_away = manager(1, online=False, skills=SPANISH)
        there = manager(2)
        asked = LeadFacts(1, skills=SPANISH)
        chosen = deal([clever_away, there], asked, **BOTH)
        assert (chosen.chosen, chosen.relaxed) == (1, ("not_online",))
        chosen = deal([manager(1, online=False), there], asked, **BOTH)
        assert (chosen.chosen, chosen.relaxed) == (2, ("missing_skill",))
        chosen = deal([manager(1, online=False)], asked, **BOTH)
        assert (chosen.chosen, chosen.relaxed) == (1, ("missing_skill", "not_online"))

    def test_a_level_is_asked_tier_by_tier_before_more_is_relaxed(self) -> None:
        team = [manager(1, tier=1, online=False), manager(2, tier=2)]
        assert deal(team, **ONLINE_FIRST).chosen == 2

    @pytest.mark.parametrize(("seconds", "chosen"), [(None, None), (179, None), (180, 1)])
    def test_hard_skills_are_waived_after_their_time(
        self, seconds: int | None, chosen: int | None
    ) -> None:
        policy = {"skills": "hard", "skills_relax_seconds": 180}
        decision = deal([manager(1)], waited(seconds, skills=SPANISH), **policy)
        assert decision.chosen == chosen
        if decision.waiting:
            assert decision.waiting.code is Waiting.NOBODY_SKILLED
            assert decision.waiting.wakes == (Wake.SKILLS_CHANGED,)
            assert decision.waiting.until == NOW + timedelta(seconds=180 - (seconds or 0))

    def test_hard_skills_without_a_time_are_never_waived(self) -> None:
        decision = deal([manager(1)], waited(10**6, skills=SPANISH), skills="hard")
        assert decision.waiting is not None
        assert decision.waiting.until is None

    def test_a_lead_without_skills_wakes_for_no_skills(self) -> None:
        policy = {"skills": "hard", "skills_relax_seconds": 180}
        waiting = deal([manager(1, limit=0)], **policy).waiting
        assert waiting is not None
        assert waiting.until is None


class TestNobody:
    """What the policy has for a lead that nobody can take (R4, B12)."""

    def test_presence_is_ignored_only_after_the_time_for_that(self) -> None:
        policy = {"when_nobody": "ignore_presence", "nobody_seconds": 300}
        team = [manager(1, presence="offline")]
        early = deal(team, waited(299), **policy)
        assert early.waiting is not None
        assert early.waiting.code is Waiting.NOBODY_ON_SHIFT
        assert early.waiting.until == NOW + timedelta(seconds=1)
        assert deal(team, waited(300), **policy).chosen == 1

    @pytest.mark.parametrize(
        "facts",
        [
            {"schedule": "day_off"},
            {"participation": "off"},
            {"participation": "forced_off"},
            {"limit": 0},
            {"task_limit": 0},
            {"recent": ago(1)},
            {"presence": "paused"},
            {"licensed": False},
        ],
    )
    def test_ignoring_presence_relaxes_presence_only(self, facts: dict[str, Any]) -> None:
        away = {"presence": "offline", "online": False, **facts}
        policy = {
            "when_nobody": "ignore_presence",
            "presence": "require",
            "require_schedule": True,
            "pace_leads": 1,
            "pace_seconds": 60,
        }
        assert deal([manager(1, **away)], waited(10**6), **policy).chosen is None

    def test_the_duty_person_gets_it_after_the_time_and_no_ledger_moves(self) -> None:
        policy = {"when_nobody": "duty", "duty_id": 9, "nobody_seconds": 300, "members": [1]}
        team = [manager(1, limit=0), manager(9, presence="offline", limit=1, open_leads=4)]
        early = deal(team, waited(299), **policy)
        assert early.waiting is not None
        assert early.waiting.until == NOW + timedelta(seconds=1)
        turn = Turn(situation(team, **policy))
        decision = turn.deal(waited(300), NOW)
        assert (decision.kind, decision.chosen) == (Kind.DEALT, 9)
        assert (decision.because, decision.load_before) == (Because.DUTY, 4)
        assert (decision.eligible, decision.eligible_count, decision.tier) == ((), 0, None)
        assert turn.entries() == {}
        assert turn.candidates()[1].load == 5

    @pytest.mark.parametrize(
        ("facts", "wake"),
        [
            ({"licensed": False}, Wake.SEAT_ASSIGNED),
            ({"active_in_kommo": False}, Wake.MANAGER_ACTIVATED),
            ({"participation": "off"}, Wake.PARTICIPATION_ON),
            ({"participation": "forced_off"}, Wake.PARTICIPATION_ON),
        ],
    )
    def test_a_duty_person_who_is_off_or_gone_gets_nothing(
        self, facts: dict[str, Any], wake: Wake
    ) -> None:
        team = [manager(1, limit=0), manager(9, **facts)]
        decision = deal(team, when_nobody="duty", duty_id=9, members=[1])
        assert decision.kind is Kind.WAITING
        assert decision.waiting is not None
        assert set(decision.waiting.wakes) == {Wake.CAPACITY_FREED, wake}

    def test_a_duty_person_who_is_no_candidate_gets_nothing(self) -> None:
        assert deal([manager(1, limit=0)], when_nobody="duty", duty_id=9).kind is Kind.WAITING

    def test_the_lead_moves_to_another_stage_after_the_time(self) -> None:
        policy = {"when_nobody": "move_stage", "nobody_seconds": 300}
        team = [manager(1, limit=0)]
        assert deal(team, waited(299), **policy).kind is Kind.WAITING
        decision = deal(team, waited(300), **policy)
        assert (decision.kind, decision.because) == (Kind.TO_STAGE, Because.TO_STAGE)
        assert decision.chosen is None
        assert decision.waiting is not None
        assert decision.waiting.code is Waiting.ALL_AT_LIMIT
        assert decision.as_json()["because"] == "to_stage"

    @pytest.mark.parametrize(
        "policy", [{"when_nobody": "duty", "duty_id": 9}, {"when_nobody": "move_stage"}]
    )
    def test_what_is_redistributed_waits_instead(self, policy: dict[str, Any]) -> None:
        team = [manager(1, limit=0), manager(9)]
        decision = deal(team, LeadFacts(1, moves=True), members=[1], **policy)
        assert decision.kind is Kind.WAITING
        assert decision.waiting is not None
        assert decision.waiting.until is None


def test_somebody_is_free_if_waiting_alone_would_bring_a_lead_to_him() -> None:
    policy = {"when_nobody": "ignore_presence", "nobody_seconds": 300, "presence": "prefer"}
    assert Turn(situation([manager(1, online=False)], **policy)).anyone_free()
    assert Turn(situation([manager(1, presence="offline")], **policy)).anyone_free()
    assert not Turn(situation([manager(1, limit=0)], **policy)).anyone_free()
    turn = Turn(situation([manager(1, limit=1)]))
    assert turn.anyone_free()
    turn.deal(LeadFacts(1), NOW)
    assert not turn.anyone_free()


@given(any_situations(), lead_lists())
def test_nothing_but_presence_and_skills_is_ever_relaxed(
    start: Situation, asked: list[LeadFacts]
) -> None:
    relaxed_is_all_that_is_waived(start, asked)


@given(st.lists(managers(1), min_size=1, max_size=5), st.integers(1, 12))
def test_the_smallest_tier_with_somebody_free_is_always_asked(
    rows: list[CandidateFacts], number: int
) -> None:
    team = [replace(facts, manager_id=place) for place, facts in enumerate(rows, 1)]
    the_first_level_is_asked(situation(team), leads(number))


@given(any_situations(), lead_lists())
def test_between_now_and_the_next_opening_nothing_about_the_levels_changes(
    start: Situation, asked: list[LeadFacts]
) -> None:
    def stand(lead: LeadFacts, at: datetime) -> Any:
        levels = Levels(replace(start, now=at))
        last_resort = start.policy.when_nobody in ("duty", "move_stage") and not lead.moves
        opened = [(level.tier, level.names) for level in levels.open_to(lead)]
        return opened, last_resort and levels.is_nobody_over(lead)

    for lead in asked:
        lead = replace(lead, waiting_since=lead.waiting_since or NOW)
        opens = Levels(start).opens_next(lead)
        just_before = NOW + timedelta(days=99) if opens is None else opens - timedelta(seconds=1)
        assert stand(lead, just_before) == stand(lead, NOW)
        if opens is not None:
            assert stand(lead, opens) != stand(lead, NOW)


def test_the_pace_counts_what_the_turn_has_dealt() -> None:
    turn = Turn(situation(2, pace_leads=1, pace_seconds=600))
    decided = [turn.deal(lead, NOW) for lead in leads(3)]
    assert [decision.chosen for decision in decided] == [1, 2, None]
    assert decided[2].waiting is not None
    assert decided[2].waiting.code is Waiting.ALL_AT_PACE
    assert decided[2].waiting.until == NOW + timedelta(seconds=600)
