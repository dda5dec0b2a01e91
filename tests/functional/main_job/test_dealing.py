"""A new lead is dealt to the least loaded manager on shift."""

from __future__ import annotations

import time
from statistics import median

import pytest

from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.mark.feature("F2")
@pytest.mark.feature("F5")
def test_new_leads_go_to_the_only_manager_on_shift(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    leads = world.leads(20)
    assert world.loads(leads) == {team.ana.kommo_id: 20}


@pytest.mark.feature("F103")
def test_the_least_loaded_manager_online_gets_the_lead(team: Team, world: World) -> None:
    world.existing_leads({team.oleg.kommo_id: 5, team.ana.kommo_id: 3, team.max.kommo_id: 4})
    team.deal_with()
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F103")
def test_leads_that_leave_the_tracked_stages_make_room(team: Team, world: World) -> None:
    held = world.existing_leads({team.oleg.kommo_id: 3, team.ana.kommo_id: 3, team.max.kommo_id: 3})
    team.deal_with()
    world.start_shifts(team.everybody)
    world.edit(held[team.max.kommo_id][0], status_id=142)
    (lead,) = world.leads()
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("F105")
def test_a_hundred_simultaneous_webhooks_are_dealt_evenly(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    leads = world.leads(100)
    counts = team.leads_of(*team.everybody, among=leads)
    assert sum(counts) == 100
    assert max(counts) - min(counts) <= 1


@pytest.mark.feature("F105")
def test_a_burst_is_dealt_evenly_although_its_webhooks_come_twice_late_and_out_of_order(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.crm("weather", duplicate=1.0, jitter=30.0)
    leads = world.leads(100)
    for _ in range(40):
        world.advance(1)
    counts = team.leads_of(*team.everybody, among=leads)
    assert sum(counts) == 100
    assert max(counts) - min(counts) <= 1
    assert all(len(world.decisions(team.account, lead)) == 1 for lead in leads)


@pytest.mark.feature("F7")
def test_half_of_the_leads_are_dealt_within_five_seconds(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    took = []
    for _ in range(11):
        began = time.perf_counter()
        (lead,) = world.leads()
        took.append(time.perf_counter() - began)
        assert world.owner(lead) in {manager.kommo_id for manager in team.everybody}
    assert median(took) <= 5


@pytest.mark.feature("F5")
def test_a_lead_moved_into_a_tracked_stage_is_dealt_without_a_click(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    sales, first = world.stages(0)
    team.deal_with()
    world.start_shifts([team.max])
    (lead,) = world.leads(pipeline_id=support, status_id=stages[0])
    assert world.owner(lead) != team.max.kommo_id
    world.edit(lead, pipeline_id=sales, status_id=first[0])
    assert world.owner(lead) == team.max.kommo_id


def test_a_lead_that_was_there_before_dealing_was_switched_on_is_left_alone(
    team: Team, world: World
) -> None:
    held = world.existing_leads({team.oleg.kommo_id: 1})
    team.deal_with()
    world.start_shifts([team.ana])
    (lead,) = held[team.oleg.kommo_id]
    world.edit(lead, name="A better name")
    assert world.owner(lead) == team.oleg.kommo_id


def test_a_lead_is_dealt_once_although_it_changes_often(team: Team, world: World) -> None:
    _, stages = world.stages()
    team.deal_with()
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    first = world.owner(lead)
    for place in (1, 2, 0):
        world.advance(5)
        world.edit(lead, status_id=stages[place])
    assert world.owner(lead) == first
    assert world.kinds(team.account, lead) == ["distribution"]
