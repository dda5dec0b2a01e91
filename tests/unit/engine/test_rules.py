"""Every rule: what it refuses, with which facts, and where its boundary lies."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from distribution.core import rules
from distribution.core.decide import Kind, Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Policy, Situation
from distribution.core.reasons import Reason, Refusal, Waiting, Wake, why_waiting
from tests.unit.engine.builders import NOW, ago, lead_lists, manager, situation, situations

DELAY = {"start_delay_seconds": 600}
PACE = {"pace_leads": 2, "pace_seconds": 1800}


STARTED = NOW - timedelta(seconds=599)

REFUSED: list[tuple[Any, dict[str, Any], dict[str, Any], Refusal]] = [
    (rules.not_in_group, {}, {"members": [2]}, Refusal(Reason.NOT_IN_GROUP)),
    (rules.not_in_group, {}, {"members": []}, Refusal(Reason.NOT_IN_GROUP)),
    (rules.leaving, {}, {"leaving": frozenset({1})}, Refusal(Reason.LEAVING)),
    (
        rules.inactive_in_kommo,
        {"active_in_kommo": False},
        {},
        Refusal(Reason.INACTIVE_IN_KOMMO),
    ),
    (rules.unlicensed, {"licensed": False}, {}, Refusal(Reason.UNLICENSED)),
    (rules.forced_off, {"participation": "forced_off"}, {}, Refusal(Reason.FORCED_OFF)),
    (rules.participation_off, {"participation": "off"}, {}, Refusal(Reason.PARTICIPATION_OFF)),
    (
        rules.no_weight,
        {"weight": 0},
        {"strategy": "weighted"},
        Refusal(Reason.NO_WEIGHT, {"weight": 0}),
    ),
    (
        rules.forced_off,
        {"participation": "forced_off", "participation_until": NOW},
        {},
        Refusal(Reason.FORCED_OFF, until=NOW),
    ),
    *(
        (
            rules.off_schedule,
            {"schedule": state, "works_from": NOW + timedelta(hours=1)},
            {"require_schedule": True},
            Refusal(Reason.OFF_SCHEDULE, {"state": state}, NOW + timedelta(hours=1)),
        )
        for state in ("start_at", "completed", "day_off", "empty")
    ),
    (rules.offline, {"presence": "offline"}, {}, Refusal(Reason.OFFLINE)),
    (rules.paused, {"presence": "paused"}, {}, Refusal(Reason.PAUSED)),
    (rules.paused, {"presence": "paused"}, {"require_shift": False}, Refusal(Reason.PAUSED)),
    (
        rules.start_delay,
        {"shift_started_at": STARTED},
        DELAY,
        Refusal(Reason.START_DELAY, {"seconds": 600}, NOW + timedelta(seconds=1)),
    ),
    (
        rules.at_limit,
        {"limit": 12, "open_leads": 12},
        {},
        Refusal(Reason.AT_LIMIT, {"limit": 12, "actual": 12}),
    ),
    (
        rules.at_limit,
        {"limit": 12, "open_leads": 9, "reserved": 3},
        {},
        Refusal(Reason.AT_LIMIT, {"limit": 12, "actual": 12}),
    ),
    (rules.at_limit, {"limit": 0}, {}, Refusal(Reason.AT_LIMIT, {"limit": 0, "actual": 0})),
    *(
        (
            rules.no_weight,
            {"weight": 5, "ramp": 0},
            {"strategy": strategy},
            Refusal(Reason.NO_WEIGHT, {"weight": 5, "ramp": 0}),
        )
        for strategy in ("even", "weighted", "least_loaded")
    ),
    *(
        (rules.not_online, {"online": False}, {"presence": gate}, Refusal(Reason.NOT_ONLINE))
        for gate in ("prefer", "require")
    ),
    (
        rules.at_task_limit,
        {"task_limit": 5, "tasks": 5},
        {},
        Refusal(Reason.AT_TASK_LIMIT, {"limit": 5, "actual": 5}),
    ),
    (
        rules.at_task_limit,
        {"task_limit": 0},
        {},
        Refusal(Reason.AT_TASK_LIMIT, {"limit": 0, "actual": 0}),
    ),
    (
        rules.at_pace,
        {"recent": ago(1799, 60)},
        PACE,
        Refusal(
            Reason.AT_PACE,
            {"limit": 2, "actual": 2, "minutes": 30},
            NOW + timedelta(seconds=1),
        ),
    ),
    (
        rules.at_pace,
        {"recent": ago(1800, 900, 60, 0)},
        PACE,
        Refusal(
            Reason.AT_PACE,
            {"limit": 2, "actual": 3, "minutes": 30},
            NOW + timedelta(seconds=1740),
        ),
    ),
    (
        rules.at_pace,
        {},
        {"pace_leads": 0, "pace_seconds": 61},
        Refusal(Reason.AT_PACE, {"limit": 0, "actual": 0, "minutes": 2}),
    ),
]

ALLOWED: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (rules.not_in_group, {}, {"members": (1, 2)}),
    (rules.leaving, {}, {"leaving": frozenset({2})}),
    (rules.inactive_in_kommo, {"active_in_kommo": True}, {}),
    (rules.unlicensed, {"licensed": True}, {}),
    (rules.forced_off, {"participation": "forced_on"}, {}),
    (rules.participation_off, {"participation": "on"}, {}),
    (rules.participation_off, {"participation": "forced_on"}, {}),
    (rules.no_weight, {"weight": 0}, {"strategy": "even"}),
    (rules.no_weight, {"weight": 1}, {"strategy": "weighted"}),
    (rules.off_schedule, {"schedule": "in_service"}, {"require_schedule": True}),
    (rules.off_schedule, {"schedule": "empty"}, {}),
    (rules.offline, {"presence": "offline"}, {"require_shift": False}),
    (rules.offline, {"presence": "online"}, {}),
    (rules.paused, {"presence": "online"}, {}),
    (rules.start_delay, {"shift_started_at": NOW - timedelta(seconds=600)}, DELAY),
    (rules.start_delay, {"shift_started_at": None}, DELAY),
    (rules.start_delay, {"shift_started_at": NOW}, {}),
    (rules.at_limit, {"limit": 12, "open_leads": 9, "reserved": 2}, {}),
    (rules.at_limit, {"limit": None, "open_leads": 10_000}, {}),
    (rules.no_weight, {"weight": 1, "ramp": 1}, {"strategy": "weighted"}),
    (rules.not_online, {"online": False}, {}),
    (rules.not_online, {"online": True}, {"presence": "require"}),
    (rules.at_task_limit, {"task_limit": 5, "tasks": 4}, {}),
    (rules.at_task_limit, {"task_limit": None, "tasks": 10_000}, {}),
    (rules.at_pace, {"recent": ago(1800, 60)}, PACE),
    (rules.at_pace, {"recent": ago(3, 2, 1)}, {}),
]


@pytest.mark.parametrize(("rule", "facts", "policy", "refusal"), REFUSED)
def test_a_rule_refuses_with_its_facts(
    rule: Any, facts: dict[str, Any], policy: dict[str, Any], refusal: Refusal
) -> None:
    candidate = manager(1, **facts)
    assert rule(situation([candidate], **policy), candidate) == refusal


@pytest.mark.parametrize(("rule", "facts", "policy"), ALLOWED)
def test_a_rule_lets_pass_what_it_is_not_about(
    rule: Any, facts: dict[str, Any], policy: dict[str, Any]
) -> None:
    candidate = manager(1, **facts)
    assert rule(situation([candidate], **policy), candidate) is None


def test_every_candidate_rule_is_in_both_tables() -> None:
    refused = {rule for rule, *_ in REFUSED}
    allowed = {rule for rule, *_ in ALLOWED}
    assert refused == allowed == set(rules.CANDIDATE_RULES)


def test_all_rules_run_and_the_hardest_objection_is_the_headline() -> None:
    worst = manager(1, licensed=False, participation="off", presence="offline", limit=0)
    (verdict,) = Turn(situation([worst])).verdicts()
    reasons = [refusal.reason for refusal in verdict.refusals]
    assert reasons == ["unlicensed", "participation_off", "offline", "at_limit"]
    assert verdict.headline == Refusal(Reason.UNLICENSED)
    assert not verdict.eligible


LEAD_RULE_TABLE = [
    (rules.already_tried, LeadFacts(1, tried=frozenset({1})), Reason.ALREADY_TRIED),
    (rules.already_tried, LeadFacts(1, tried=frozenset({2})), None),
    (rules.not_in_leads_group, LeadFacts(1, only_groups=frozenset({8})), Reason.NOT_IN_LEADS_GROUP),
    (rules.not_in_leads_group, LeadFacts(1, only_groups=frozenset({7, 8})), None),
    (rules.not_in_leads_group, LeadFacts(1), None),
    (rules.missing_skill, LeadFacts(1, skills=frozenset({"spanish"})), None),
    (rules.missing_skill, LeadFacts(1, skills=frozenset({"czech"})), Reason.MISSING_SKILL),
    (
        rules.missing_skill,
        LeadFacts(1, skills=frozenset({"czech", "spanish"})),
        Reason.MISSING_SKILL,
    ),
    (rules.missing_skill, LeadFacts(1), None),
]


@pytest.mark.parametrize(("rule", "lead", "reason"), LEAD_RULE_TABLE)
def test_a_lead_rule_refuses_one_candidate_for_one_lead(
    rule: Any, lead: LeadFacts, reason: Reason | None
) -> None:
    candidate = manager(1, group_ids=frozenset({7}), skills=frozenset({"spanish", "tax"}))
    refusal = rule(situation([candidate], skills="soft"), lead, candidate)
    assert (refusal and refusal.reason) == reason


@pytest.mark.parametrize(("rule", "lead", "reason"), LEAD_RULE_TABLE)
def test_a_lead_rule_names_everybody_it_would_refuse(
    rule: Any, lead: LeadFacts, reason: Reason | None
) -> None:
    (entry,) = [entry for entry in rules.LEAD_RULES if entry.objection is rule]
    whom = entry.whom(lead)
    assert reason is None or whom is None or 1 in whom


def test_a_missing_skill_is_named_and_only_where_skills_count() -> None:
    candidate, lead = manager(1, skills=frozenset({"tax"})), LeadFacts(1, skills=frozenset("cab"))
    for mode in ("soft", "hard"):
        refusal = rules.missing_skill(situation([candidate], skills=mode), lead, candidate)
        assert refusal == Refusal(Reason.MISSING_SKILL, {"skills": "a, b, c"})
    assert rules.missing_skill(situation([candidate]), lead, candidate) is None


OPENS = NOW + timedelta(hours=15)
GATE_TABLE: list[tuple[Any, LeadFacts, dict[str, Any], Refusal | None]] = [
    (rules.lead_excluded, LeadFacts(1, excluded=True), {}, Refusal(Reason.LEAD_EXCLUDED)),
    (rules.lead_excluded, LeadFacts(1), {}, None),
    (
        rules.stage_not_tracked,
        LeadFacts(1, pipeline_id=4, status_id=5),
        {"stages": [(4, 6), (7, 0)]},
        Refusal(Reason.STAGE_NOT_TRACKED, {"pipeline": 4, "stage": 5}),
    ),
    (rules.stage_not_tracked, LeadFacts(1, pipeline_id=4, status_id=5), {"stages": [(4, 5)]}, None),
    (rules.stage_not_tracked, LeadFacts(1, pipeline_id=4, status_id=9), {"stages": [(4, 0)]}, None),
    (rules.stage_not_tracked, LeadFacts(1, pipeline_id=4, status_id=9), {}, None),
    (
        rules.outside_hours,
        LeadFacts(1),
        {"window_open": False, "window_opens_at": OPENS},
        Refusal(Reason.OUTSIDE_HOURS, until=OPENS),
    ),
    (rules.outside_hours, LeadFacts(1), {}, None),
    (rules.outside_hours, LeadFacts(1, moves=True), {"window_open": False}, None),
    (rules.incoming_stage, LeadFacts(1, is_incoming=True), {}, Refusal(Reason.INCOMING_STAGE)),
    (rules.incoming_stage, LeadFacts(1), {}, None),
]


@pytest.mark.parametrize(("gate", "lead", "policy", "refusal"), GATE_TABLE)
def test_a_gate_judges_the_lead_alone(
    gate: Any, lead: LeadFacts, policy: dict[str, Any], refusal: Refusal | None
) -> None:
    assert gate(situation(1, **policy), lead) == refusal


@pytest.mark.feature("F146")
def test_an_excluded_lead_is_left_alone_and_touches_no_ledger() -> None:
    turn = Turn(situation(3))
    decision = turn.deal(LeadFacts(1, excluded=True), NOW)
    assert decision.kind is Kind.LEFT_ALONE
    assert decision.refusal == Refusal(Reason.LEAD_EXCLUDED)
    assert turn.entries() == {}


@pytest.mark.feature("F81")
def test_outside_hours_a_lead_waits_for_the_opening() -> None:
    closed = situation(3, window_open=False, window_opens_at=OPENS)
    decision = Turn(closed).deal(LeadFacts(1), NOW)
    assert decision.kind is Kind.WAITING
    assert decision.waiting is not None
    assert (decision.waiting.code, decision.waiting.until) == (Waiting.OUTSIDE_HOURS, OPENS)


@pytest.mark.parametrize(
    ("lead", "policy", "reason"),
    [
        (LeadFacts(1), {"window_open": False, "off_hours": "leave"}, Reason.OUTSIDE_HOURS),
        (LeadFacts(1, is_incoming=True), {}, Reason.INCOMING_STAGE),
    ],
)
def test_what_is_not_ours_to_deal_is_left_alone(
    lead: LeadFacts, policy: dict[str, Any], reason: Reason
) -> None:
    turn = Turn(situation(3, window_opens_at=OPENS, **policy))
    decision = turn.deal(lead, NOW)
    assert decision.kind is Kind.LEFT_ALONE
    assert decision.refusal is not None
    assert decision.refusal.reason is reason
    assert turn.entries() == {}


WAITS: list[tuple[list[CandidateFacts], dict[str, Any], Waiting, set[Wake]]] = [
    ([], {}, Waiting.NO_MEMBERS, {Wake.MEMBERS_CHANGED}),
    ([manager(1)], {"members": []}, Waiting.NO_MEMBERS, {Wake.MEMBERS_CHANGED}),
    (
        [manager(1, presence="offline"), manager(2, participation="off")],
        {},
        Waiting.NOBODY_ON_SHIFT,
        {Wake.SHIFT_STARTED, Wake.PARTICIPATION_ON},
    ),
    (
        [manager(1, limit=1, open_leads=1), manager(2, presence="paused")],
        {},
        Waiting.ALL_AT_LIMIT,
        {Wake.CAPACITY_FREED, Wake.SHIFT_RESUMED},
    ),
    (
        [manager(1, task_limit=3, tasks=3), manager(2, presence="paused")],
        {},
        Waiting.ALL_AT_LIMIT,
        {Wake.TASK_DONE, Wake.SHIFT_RESUMED},
    ),
    (
        [manager(1, online=False), manager(2, presence="offline")],
        {"presence": "require"},
        Waiting.NOBODY_ONLINE,
        {Wake.CAME_ONLINE, Wake.SHIFT_STARTED},
    ),
    (
        [manager(1, online=False, limit=0)],
        {"presence": "prefer"},
        Waiting.ALL_AT_LIMIT,
        {Wake.CAPACITY_FREED},
    ),
    (
        [manager(1, recent=ago(5, 4)), manager(2, presence="paused")],
        PACE,
        Waiting.ALL_AT_PACE,
        {Wake.MOMENT_REACHED, Wake.SHIFT_RESUMED},
    ),
    (
        [manager(1, participation="forced_off"), manager(2, licensed=False)],
        {},
        Waiting.NOBODY_TAKES_PART,
        {Wake.PARTICIPATION_ON, Wake.SEAT_ASSIGNED},
    ),
]


@pytest.mark.feature("F41")
@pytest.mark.parametrize(("candidates", "policy", "code", "wakes"), WAITS)
def test_a_lead_that_nobody_can_take_says_why_and_what_will_wake_it(
    candidates: list[CandidateFacts], policy: dict[str, Any], code: Waiting, wakes: set[Wake]
) -> None:
    decision = Turn(situation(candidates, **policy)).deal(LeadFacts(1), NOW)
    assert decision.kind is Kind.WAITING
    assert decision.chosen is None
    assert decision.waiting is not None
    assert decision.waiting.code is code
    assert set(decision.waiting.wakes) == wakes


@pytest.mark.feature("F45")
def test_the_wait_for_a_start_delay_ends_when_the_first_delay_ends() -> None:
    early = manager(1, shift_started_at=NOW - timedelta(minutes=9))
    late = manager(2, shift_started_at=NOW)
    turn = Turn(situation([late, early], **DELAY))
    decision = turn.deal(LeadFacts(1), NOW)
    assert decision.waiting is not None
    assert decision.waiting.code is Waiting.START_DELAY
    assert decision.waiting.until == NOW + timedelta(minutes=1)
    later = NOW + timedelta(minutes=1)
    assert Turn(situation([late, early], now=later, **DELAY)).deal(LeadFacts(1), later).chosen == 1


def test_the_code_is_the_hardest_objection_to_whoever_got_furthest() -> None:
    asleep_and_full = (Refusal(Reason.OFFLINE), Refusal(Reason.AT_LIMIT))
    stranger = (Refusal(Reason.NOT_IN_GROUP), Refusal(Reason.AT_LIMIT))
    wait = why_waiting([stranger, (Refusal(Reason.UNLICENSED),), asleep_and_full])
    assert wait.code is Waiting.NOBODY_ON_SHIFT
    assert wait.wakes == tuple(
        sorted([Wake.CAPACITY_FREED, Wake.SEAT_ASSIGNED, Wake.SHIFT_STARTED])
    )


def test_time_alone_ends_a_wait_only_if_it_ends_all_objections_to_someone() -> None:
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)
    first, last = Refusal(Reason.START_DELAY, until=soon), Refusal(Reason.PAUSED, until=later)
    full = Refusal(Reason.AT_LIMIT)
    assert why_waiting([(first, full), (full,)]).until is None
    assert why_waiting([(first, last), (first, full)]).until == later
    assert why_waiting([(first, last), (first,)]).until == soon
    latest = Refusal(Reason.PAUSED, until=later + timedelta(minutes=1))
    assert why_waiting([(latest,), (first, last)]).until == later


def test_all_have_tried_it_is_a_wait_for_the_next_cycle() -> None:
    decision = Turn(situation(2)).deal(LeadFacts(1, tried=frozenset({1, 2})), NOW)
    assert decision.waiting is not None
    assert decision.waiting.code is Waiting.ALL_TRIED
    assert decision.waiting.wakes == (Wake.NEXT_CYCLE,)


def test_every_reason_of_a_rule_about_managers_has_a_wait_and_a_wake() -> None:
    about_managers = {refusal.reason for *_, refusal in REFUSED}
    about_managers |= {reason for *_, reason in LEAD_RULE_TABLE if reason is not None}
    for reason in about_managers:
        assert why_waiting([(Refusal(reason),)]).wakes


def test_an_unknown_strategy_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'fairest'"):
        Policy(strategy="fairest")


@given(situations())
def test_a_new_rule_never_makes_anyone_eligible(before: Situation) -> None:
    def dislikes_even_ids(_: Situation, candidate: CandidateFacts) -> Refusal | None:
        return Refusal(Reason.UNLICENSED) if candidate.manager_id % 2 == 0 else None

    more = (*rules.CANDIDATE_RULES, dislikes_even_ids)
    old = {verdict.manager_id for verdict in Turn(before).verdicts() if verdict.eligible}
    turn = Turn(before, candidate_rules=more)
    new = {verdict.manager_id for verdict in turn.verdicts() if verdict.eligible}
    assert new == {manager_id for manager_id in old if manager_id % 2}


@given(situations(), lead_lists())
def test_a_new_rule_never_makes_anyone_eligible_however_much_is_relaxed(
    before: Situation, asked: list[LeadFacts]
) -> None:
    def dislikes_even_ids(_: Situation, candidate: CandidateFacts) -> Refusal | None:
        return Refusal(Reason.UNLICENSED) if candidate.manager_id % 2 == 0 else None

    more = (*rules.CANDIDATE_RULES, dislikes_even_ids)
    old, new = Turn(before), Turn(before, candidate_rules=more)
    for lead in asked:
        assert not any(manager_id % 2 == 0 for manager_id in new.eligible_for(lead))
        if any(manager_id % 2 for manager_id in old.eligible_for(lead)):
            odd = [manager_id for manager_id in old.eligible_for(lead) if manager_id % 2]
            assert list(new.eligible_for(lead)) == odd


@given(situations())
def test_a_rule_that_is_not_asked_objects_to_nobody(start: Situation) -> None:
    asked = rules.asked_by(start, rules.CANDIDATE_RULES)
    for rule in set(rules.CANDIDATE_RULES) - set(asked):
        assert not any(rule(start, candidate) for candidate in start.candidates)


def test_a_rule_about_the_pace_is_judged_again_after_each_lead() -> None:
    def one_a_minute(now_: Situation, candidate: CandidateFacts) -> Refusal | None:
        last = candidate.last_lead_at
        recent = last is not None and now_.now - last < timedelta(minutes=1)
        return Refusal(Reason.AT_LIMIT) if recent else None

    turn = Turn(situation(2), candidate_rules=(*rules.CANDIDATE_RULES, one_a_minute))
    chosen = [turn.deal(LeadFacts(number), NOW).chosen for number in range(3)]
    assert chosen == [1, 2, None]


def test_a_manager_who_is_there_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="twice"):
        Turn(replace(situation(1), candidates=(manager(1), manager(1))))
