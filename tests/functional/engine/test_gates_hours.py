"""A template's running time: apart from anybody's schedule; wait for the opening, or leave."""

from __future__ import annotations

from datetime import time

import pytest

from tests.functional.engine.scene import change, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.planning import set_hours
from tests.world import World

OFFICE = {"start": "09:00", "end": "18:00"}


@pytest.mark.feature("F79")
@pytest.mark.feature("R6")
def test_a_closed_template_lets_leads_wait_for_its_opening_first_come_first_served(
    team: Team, world: World
) -> None:
    deal_by(team, members=[member(team.ana)], hours={"start": "12:00", "end": "18:00"})
    leads = []
    for _ in range(3):
        leads += world.leads()
        world.advance(60)
    assert why(team, leads[0]) == "outside_hours"
    world.advance_to(time(11, 59, 59))
    assert team.leads_of(team.ana, among=leads) == [0]
    world.advance(1)
    assert team.leads_of(team.ana, among=leads) == [3]
    dealt = [row.lead_id for row in world.decisions(team.account) if row.chosen_id]
    assert dealt == leads


@pytest.mark.feature("R6")
def test_a_closed_template_that_leaves_deals_nothing_of_the_night_later(
    team: Team, world: World
) -> None:
    deal_by(team, hours={"start": "12:00", "end": "18:00"}, off_hours="leave")
    (lead,) = world.leads(responsible_user_id=team.max.kommo_id)
    assert world.kinds(team.account, lead) == ["distribution: outside_hours"]
    world.advance_to(time(12))
    assert len(world.decisions(team.account, lead)) == 1
    assert world.owner(lead) == team.max.kommo_id
    assert world.decisions(team.account, world.leads()[0])[-1].chosen_id is not None


@pytest.mark.feature("F79")
@pytest.mark.parametrize(
    ("hours", "schedule", "is_dealt"),
    [
        (OFFICE, "09:00-18:00", True),
        ({"start": "12:00", "end": "18:00"}, "09:00-18:00", False),
        (OFFICE, "12:00-18:00", False),
        ({"start": "12:00", "end": "18:00"}, "12:00-18:00", False),
    ],
)
def test_both_the_templates_hours_and_the_persons_schedule_must_be_open(
    team: Team, world: World, hours: dict[str, str], schedule: str, is_dealt: bool
) -> None:
    deal_by(team, members=[member(team.ana)], hours=hours, gates={"schedule": "personal"})
    set_hours(world, team.account, [team.ana], schedule)
    world.run()
    leads = world.leads()
    assert team.leads_of(team.ana, among=leads) == [int(is_dealt)]
    world.advance_to(time(12))
    assert team.leads_of(team.ana, among=leads) == [1]


@pytest.mark.feature("F79")
def test_it_runs_only_on_its_days_of_the_week(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], hours={**OFFICE, "weekdays": [0, 1]})
    (lead,) = world.leads()  # a Wednesday
    assert why(team, lead) == "outside_hours"
    world.advance_to(time(8, 59, 59))
    for _ in range(4):
        assert team.leads_of(team.ana, among=[lead]) == [0]
        world.advance(24 * 3600)
    assert team.leads_of(team.ana, among=[lead]) == [0]  # Monday, a second before nine
    world.advance(1)
    assert team.leads_of(team.ana, among=[lead]) == [1]


@pytest.mark.feature("F79")
@pytest.mark.feature("B4")
def test_hours_that_are_changed_count_at_once(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], hours={"start": "12:00", "end": "18:00"})
    (lead,) = world.leads()
    change(team, hours=OFFICE)
    assert world.owner(lead) == team.ana.kommo_id
