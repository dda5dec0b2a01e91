"""Leads, managers and stages that change or vanish while we are at work on them."""

from __future__ import annotations

import pytest

from accounts.models import Manager
from distribution.models import Effect, LeadMirror, ManagerLoad
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.world import World


def load_of(team: Team, manager: Manager) -> int:
    rows = ManagerLoad.objects.for_account(team.account).filter(user_id=manager.kommo_id)
    return sum(rows.values_list("number", flat=True))


def test_a_lead_deleted_while_it_waits_is_forgotten(team: Team, world: World) -> None:
    team.deal_with()
    gone, kept = world.leads(2)
    world.delete(gone)
    world.start_shifts([team.ana])
    assert world.owner(kept) == team.ana.kommo_id
    assert world.owner(gone) != team.ana.kommo_id
    assert load_of(team, team.ana) == 1


@pytest.mark.parametrize("are_hooks_lost", [False, True])
def test_a_lead_deleted_in_flight_comes_to_rest(
    team: Team, world: World, are_hooks_lost: bool
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.ana, team.oleg])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    world.crm("weather", is_off=are_hooks_lost)
    world.delete(lead, run=False)
    before = world.api_calls()
    deliver()
    world.run()
    world.advance(600)
    assert not Effect.objects.for_account(team.account).filter(state__in=Effect.OPEN).exists()
    assert LeadMirror.objects.for_account(team.account).get(lead_id=lead).is_deleted
    assert load_of(team, team.ana) == load_of(team, team.oleg) == 0
    assert world.notes(lead) == []
    assert world.api_calls() - before < 15


def test_leads_deleted_before_a_wave_do_not_hold_up_the_others(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(6)
    world.start_shifts([team.ana])
    world.advance(60)
    world.crm("weather", is_off=True)
    world.delete(*leads[:2], run=False)
    world.shift(team.oleg, "end")
    world.run()
    assert team.leads_of(team.ana, among=leads) == [4]
    assert load_of(team, team.oleg) == 0
    assert load_of(team, team.ana) == 4


def test_a_lead_deleted_and_restored_is_dealt_if_it_was_not_before(
    team: Team, world: World
) -> None:
    team.deal_with()
    (lead,) = world.leads()
    world.delete(lead)
    world.start_shifts([team.ana])
    world.advance(60)
    world.crm("restore_lead", lead_ids=[lead])
    world.run()
    assert world.owner(lead) == team.ana.kommo_id


def test_a_lead_moved_to_an_untracked_stage_while_it_waits_is_not_dealt(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    team.deal_with()
    moved, closed = world.leads(2)
    world.advance(60)
    world.edit(moved, pipeline_id=support, status_id=stages[0])
    world.edit(closed, status_id=143)
    world.start_shifts([team.ana])
    assert team.leads_of(team.ana, among=[moved, closed]) == [0]


def test_a_lead_moved_out_in_flight_no_longer_counts_for_its_manager(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    team.deal_with()
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    world.advance(1, run=False)
    world.edit(lead, pipeline_id=support, status_id=stages[0], run=False)
    world.run()
    assert load_of(team, team.ana) == 0


def fire(team: Team, manager: Manager) -> None:
    """Delete a user in Kommo: it refuses them as responsible from now on."""
    world = team.world
    world.sandbox.crm.account_at(team.account.host).users.pop(manager.kommo_id)  # type: ignore[union-attr]


def test_a_lead_that_kommo_refuses_to_give_to_a_manager_goes_to_another(
    team: Team, world: World
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.oleg, team.ana])
    fire(team, team.oleg)
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id
    (note,) = world.notes(lead)
    assert "Distributed to Ana" in note


def test_the_leads_of_a_manager_who_is_gone_from_kommo_move_to_colleagues(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    fire(team, team.oleg)
    world.advance(4 * 3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 4]


def test_the_leads_of_a_manager_deactivated_in_kommo_move_to_colleagues(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    world.crm("user", user_id=team.oleg.kommo_id, is_active=False)
    world.advance(4 * 3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 4]
    assert world.owner(world.leads()[0]) == team.ana.kommo_id


def test_a_lead_that_kommo_gives_to_nobody_comes_to_rest_and_waits(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    fire(team, team.oleg)
    fire(team, team.ana)
    before = world.api_calls()
    (lead,) = world.leads()
    assert world.api_calls() - before < 20
    world.start_shifts([team.max])
    assert world.owner(lead) == team.max.kommo_id


def test_one_refused_lead_does_not_hold_up_a_batch(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    fire(team, team.oleg)
    leads = world.leads(30)
    assert team.leads_of(team.oleg, team.ana, team.max, among=leads) == [0, 15, 15]


def leave(world: World, lead: int, how: str) -> None:
    """Let a person take a lead out of dealing, without a webhook that tells of it."""
    support, stages = world.stages(1)
    world.crm("weather", is_off=True)
    if how == "closed":
        world.edit(lead, status_id=142, run=False)
    elif how == "moved to a stage of no group":
        world.edit(lead, pipeline_id=support, status_id=stages[0], run=False)
    else:
        world.tick(lead, True, run=False)


WAYS_OUT = ["closed", "moved to a stage of no group", "excluded"]


@pytest.mark.feature("F40")
@pytest.mark.feature("F146")
@pytest.mark.parametrize("how", WAYS_OUT)
def test_a_waiting_lead_that_left_unheard_is_not_given_to_anybody(
    team: Team, world: World, how: str
) -> None:
    team.deal_with(exclusion_field_id=world.field_id(), notes_enabled=True)
    (lead,) = world.leads()
    before = world.owner(lead)
    world.advance(60)
    leave(world, lead, how)
    world.start_shifts([team.ana])
    assert world.owner(lead) == before
    assert world.notes(lead) == []
    assert load_of(team, team.ana) == 0
    row = LeadMirror.objects.for_account(team.account).get(lead_id=lead)
    assert row.is_excluded if how == "excluded" else row.trigger_id is None
    world.advance(3600)
    assert world.owner(lead) == before


@pytest.mark.feature("F40")
@pytest.mark.feature("F146")
@pytest.mark.parametrize("how", WAYS_OUT)
def test_a_lead_that_left_unheard_stays_out_of_the_wave_and_out_of_the_return(
    team: Team, world: World, how: str
) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    world.start_shifts([team.oleg])
    left, moved = world.leads(2)
    world.start_shifts([team.ana])
    world.advance(60)
    leave(world, left, how)
    world.shift(team.oleg, "end")
    world.run()
    assert world.owner(left) == team.oleg.kommo_id
    assert world.owner(moved) == team.ana.kommo_id
    assert load_of(team, team.ana) == 1
    world.start_shifts([team.oleg])
    assert world.loads([left, moved]) == {team.oleg.kommo_id: 2}


def test_a_lead_that_only_moved_to_another_tracked_stage_unheard_is_still_given(
    team: Team, world: World
) -> None:
    _, stages = world.stages()
    team.deal_with()
    (lead,) = world.leads()
    world.advance(60)
    world.crm("weather", is_off=True)
    world.edit(lead, status_id=stages[2], run=False)
    world.start_shifts([team.ana])
    world.advance(3600)
    assert world.owner(lead) == team.ana.kommo_id
    assert world.kinds(team.account, lead) == ["distribution: nobody_on_shift", "distribution"]
