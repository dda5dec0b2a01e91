"""Leads that were moved away come back with their manager, unless something has happened since (R9)."""

from __future__ import annotations

import pytest

from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = [pytest.mark.feature("F147"), pytest.mark.feature("R9")]


def displaced(team: Team, count: int = 1, **settings: object) -> list[int]:
    """Leads of Oleg that Ana holds for him."""
    world = team.world
    team.deal_with(**settings)
    world.start_shifts([team.oleg])
    leads = world.leads(count)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, count]
    return leads


def test_leads_come_back_when_their_manager_starts_a_shift(team: Team, world: World) -> None:
    leads = displaced(team, 6)
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, team.ana, among=leads) == [6, 0]
    assert world.kinds(team.account, leads[0]) == ["distribution", "redistribution", "return"]


def test_leads_come_back_once(team: Team, world: World) -> None:
    leads = displaced(team, 2)
    world.start_shifts([team.oleg])
    world.edit(*leads, responsible_user_id=team.ana.kommo_id)
    world.shift(team.oleg, "end")
    world.run()
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 2]


def test_no_lead_comes_back_when_lead_return_is_off(team: Team, world: World) -> None:
    leads = displaced(team, 2, return_enabled=False)
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 2]


@pytest.mark.feature("R40")
def test_a_lead_that_a_person_gave_to_somebody_else_stays_there(team: Team, world: World) -> None:
    given, other = displaced(team, 2)
    world.edit(given, responsible_user_id=team.max.kommo_id)
    world.start_shifts([team.oleg])
    assert world.owner(given) == team.max.kommo_id
    assert world.owner(other) == team.oleg.kommo_id


@pytest.mark.feature("R40")
def test_a_lead_that_a_person_took_and_gave_back_to_the_colleague_stays_too(
    team: Team, world: World
) -> None:
    (lead,) = displaced(team)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    world.advance(60)
    world.edit(lead, responsible_user_id=team.ana.kommo_id)
    world.start_shifts([team.oleg])
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R40")
def test_a_change_that_no_webhook_told_of_is_seen_before_the_lead_is_returned(
    team: Team, world: World
) -> None:
    (lead,) = displaced(team)
    world.crm("weather", is_off=True)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.start_shifts([team.oleg])
    world.run()
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.parametrize(("only_untouched", "returns"), [(True, False), (False, True)])
def test_a_lead_that_the_colleague_moved_on_comes_back_only_if_the_option_is_off(
    team: Team, world: World, only_untouched: bool, returns: bool
) -> None:
    _, stages = world.stages()
    (lead,) = displaced(team, return_only_untouched=only_untouched)
    world.edit(lead, by=team.ana.kommo_id, status_id=stages[1])
    world.start_shifts([team.oleg])
    assert (world.owner(lead) == team.oleg.kommo_id) is returns


@pytest.mark.parametrize("only_untouched", [True, False])
def test_a_closed_lead_does_not_come_back(team: Team, world: World, only_untouched: bool) -> None:
    (lead,) = displaced(team, return_only_untouched=only_untouched)
    world.edit(lead, by=team.ana.kommo_id, status_id=142)
    world.start_shifts([team.oleg])
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.parametrize("only_untouched", [True, False])
def test_a_lead_that_is_no_longer_tracked_does_not_come_back(
    team: Team, world: World, only_untouched: bool
) -> None:
    support, stages = world.stages(1)
    (lead,) = displaced(team, return_only_untouched=only_untouched)
    world.edit(lead, by=team.ana.kommo_id, pipeline_id=support, status_id=stages[0])
    world.start_shifts([team.oleg])
    assert world.owner(lead) == team.ana.kommo_id


def test_a_lead_excluded_meanwhile_does_not_come_back(team: Team, world: World) -> None:
    (lead,) = displaced(team, exclusion_field_id=world.field_id())
    world.tick(lead, True)
    world.start_shifts([team.oleg])
    assert world.owner(lead) == team.ana.kommo_id


def test_a_lead_deleted_meanwhile_is_let_go(team: Team, world: World) -> None:
    (lead,) = displaced(team)
    world.delete(lead)
    world.start_shifts([team.oleg])
    assert world.kinds(team.account, lead) == ["distribution", "redistribution"]


def test_a_lead_displaced_twice_comes_back_to_its_first_manager(team: Team, world: World) -> None:
    leads = displaced(team, 2)
    world.start_shifts([team.max])
    world.shift(team.ana, "end")
    world.run()
    assert team.leads_of(team.max, among=leads) == [2]
    world.advance(600)
    world.start_shifts([team.ana])
    assert team.leads_of(team.max, among=leads) == [2]
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, among=leads) == [2]


def test_a_lead_that_comes_back_may_go_and_come_again(team: Team, world: World) -> None:
    (lead,) = displaced(team)
    for _ in range(3):
        world.advance(600)
        world.start_shifts([team.oleg])
        assert world.owner(lead) == team.oleg.kommo_id
        world.shift(team.oleg, "end")
        world.run()
        assert world.owner(lead) == team.ana.kommo_id


def test_a_lead_that_comes_back_why_or_why_not_is_recorded(team: Team, world: World) -> None:
    _, stages = world.stages()
    advanced, untouched = displaced(team, 2)
    world.edit(advanced, by=team.ana.kommo_id, status_id=stages[1])
    world.start_shifts([team.oleg])
    assert world.kinds(team.account, advanced)[-1] == "return: stage_advanced"
    assert world.kinds(team.account, untouched)[-1] == "return"
