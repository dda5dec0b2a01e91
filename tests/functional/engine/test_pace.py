"""A pace: at most so many leads a person in so many minutes (B6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.functional.engine.scene import MINUTE, change, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("B6")
TEN_AN_HOUR = {"pace_leads": 10, "pace_minutes": 60}


def test_the_eleventh_lead_of_one_burst_goes_to_somebody_else(team: Team, world: World) -> None:
    rows = [member(team.oleg, tier=1), member(team.ana, tier=2)]
    deal_by(team, members=rows, limits=TEN_AN_HOUR)
    assert team.leads_of(team.oleg, team.ana, among=world.leads(11)) == [10, 1]


def test_the_eleventh_lead_within_the_hour_goes_to_somebody_else(team: Team, world: World) -> None:
    rows = [member(team.oleg, tier=1), member(team.ana, tier=2)]
    deal_by(team, members=rows, limits=TEN_AN_HOUR)
    for _ in range(10):
        assert team.leads_of(team.oleg, among=world.leads()) == [1]
        world.advance(MINUTE)
    assert team.leads_of(team.oleg, team.ana, among=world.leads()) == [0, 1]
    world.advance(50 * MINUTE)  # an hour after the first
    assert team.leads_of(team.oleg, team.ana, among=world.leads()) == [1, 0]
    assert team.leads_of(team.oleg, team.ana, among=world.leads()) == [0, 1]


def test_what_nobody_may_have_yet_goes_when_the_window_moves_on(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], limits={"pace_leads": 2, "pace_minutes": 30})
    first = world.leads()
    world.advance(10 * MINUTE)
    second = world.leads()
    third, fourth = world.leads(2)
    assert team.leads_of(team.ana, among=[*first, *second]) == [2]
    assert why(team, third) == "all_at_pace"
    given_at = world.decisions(team.account, first[0])[-1].decided_at
    assert world.decisions(team.account, third)[-1].until == given_at + timedelta(minutes=30)
    world.advance(20 * MINUTE - 1)
    assert team.leads_of(team.ana, among=[third, fourth]) == [0]
    world.advance(1)
    assert world.owner(third) == team.ana.kommo_id
    assert world.owner(fourth) != team.ana.kommo_id
    world.advance(10 * MINUTE)
    assert world.owner(fourth) == team.ana.kommo_id


def test_leads_that_another_template_gave_count(team: Team, world: World) -> None:
    support, _ = world.stages(1)
    deal_by(team, members=[member(team.ana)], limits={"pace_leads": 2, "pace_minutes": 30})
    deal_by(team, name="Support", stages=[[support, None]], members=[member(team.ana)])
    world.leads(2, pipeline_id=support, status_id=world.stages(1)[1][0])
    (lead,) = world.leads()
    assert why(team, lead) == "all_at_pace"


def test_a_larger_pace_lets_go_what_waits(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], limits={"pace_leads": 1, "pace_minutes": 60})
    first, second = world.leads(2)
    assert why(team, second) == "all_at_pace"
    change(team, limits={"pace_leads": 2})
    assert team.leads_of(team.ana, among=[first, second]) == [2]


def test_a_lead_given_by_hand_does_not_count(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], limits={"pace_leads": 2, "pace_minutes": 60})
    (dealt,) = world.leads()
    world.advance(MINUTE)
    world.edit(dealt, responsible_user_id=team.max.kommo_id)
    world.edit(dealt, responsible_user_id=team.ana.kommo_id)
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    assert team.leads_of(team.ana, among=world.leads()) == [0]
