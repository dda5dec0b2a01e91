"""When a manager leaves, their leads move to colleagues: when, which, to whom."""

from __future__ import annotations

from datetime import time

import pytest

from distribution.models import Wave
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.mark.feature("F1")
@pytest.mark.feature("F144")
def test_all_six_leads_move_to_colleagues_after_the_delay(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    leads = world.leads(6)
    world.start_shifts([team.ana, team.max])
    assert team.leads_of(team.oleg, among=leads) == [6]
    world.shift(team.oleg, "end")
    world.advance(10 * 60 - 1)
    assert team.leads_of(team.oleg, among=leads) == [6]
    world.advance(1)
    assert team.leads_of(team.oleg, team.ana, team.max, among=leads) == [0, 3, 3]


@pytest.mark.feature("F144")
def test_a_return_within_the_delay_cancels_the_move(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.advance(9 * 60)
    world.shift(team.oleg, "start")
    world.advance(60 * 60)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [4, 0]


@pytest.mark.feature("F144")
def test_the_delay_begins_anew_when_the_manager_leaves_again(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.shift(team.oleg, "start")
    world.advance(5 * 60)
    world.shift(team.oleg, "end")
    world.advance(10 * 60 - 1)
    assert team.leads_of(team.oleg, among=leads) == [4]
    world.advance(1)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 4]


@pytest.mark.feature("F145")
@pytest.mark.feature("R7")
def test_an_empty_transfer_time_moves_the_leads_immediately(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=0, transfer_minutes=None)
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 4]


@pytest.mark.feature("F145")
@pytest.mark.feature("R7")
@pytest.mark.parametrize(
    ("delay", "transfer", "moves_after"), [(5, 20, 20), (20, 5, 20), (0, 5, 5), (5, None, 5)]
)
def test_the_leads_move_after_the_longer_of_delay_and_transfer_time(
    team: Team, world: World, delay: int, transfer: int | None, moves_after: int
) -> None:
    team.deal_with(redistribution_delay_minutes=delay, transfer_minutes=transfer)
    world.start_shifts([team.oleg])
    leads = world.leads(2)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.advance(moves_after * 60 - 1)
    assert team.leads_of(team.oleg, among=leads) == [2]
    world.advance(1)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 2]


@pytest.mark.feature("F40")
def test_closed_and_untracked_leads_stay_with_the_manager_who_left(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    team.deal_with()
    world.start_shifts([team.oleg])
    active, won, lost, other = world.leads(4)
    world.advance(5)
    world.edit(won, status_id=142)
    world.edit(lost, status_id=143, loss_reason_id=None)
    world.edit(other, pipeline_id=support, status_id=stages[0])
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    assert world.owner(active) == team.ana.kommo_id
    assert world.loads([won, lost, other]) == {team.oleg.kommo_id: 3}


@pytest.mark.feature("F104")
def test_a_wave_of_ten_levels_loads_of_nought_four_and_six(world: World) -> None:
    account = world.open(managers=4)
    oleg, ana, max_, lena = world.managers(account)
    held = world.existing_leads(
        {oleg.kommo_id: 10, ana.kommo_id: 0, max_.kommo_id: 4, lena.kommo_id: 6}
    )
    world.configure(account)
    world.start_shifts([oleg, ana, max_, lena])
    world.shift(oleg, "end")
    world.run()
    every = [lead for leads in held.values() for lead in leads]
    loads = world.loads(every)
    assert loads[oleg.kommo_id] == 0
    assert sorted(loads[one.kommo_id] for one in (ana, max_, lena)) == [6, 7, 7]
    assert loads[lena.kommo_id] >= 6


@pytest.mark.feature("F104")
def test_a_wave_is_one_batch_that_remembers_the_owners_before(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    wave = Wave.objects.for_account(team.account).get()
    moves = [row for row in world.decisions(team.account) if row.wave_id == wave.pk]
    assert {row.lead_id for row in moves} == set(leads)
    assert {row.previous_owner_id for row in moves} == {team.oleg.kommo_id}
    assert (wave.user_id, wave.moved, wave.parked) == (team.oleg.kommo_id, 3, 0)


@pytest.mark.feature("F83")
@pytest.mark.feature("R8")
def test_leads_of_one_who_left_after_the_window_move_at_its_next_opening(
    team: Team, world: World
) -> None:
    team.deal_with(redistribution_from=time(9), redistribution_to=time(18))
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.advance_to(time(18, 5))
    world.shift(team.oleg, "end")
    world.run()
    world.advance_to(time(8, 59, 59))
    assert team.leads_of(team.oleg, among=leads) == [3]
    world.advance(1)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 3]


@pytest.mark.feature("F83")
@pytest.mark.feature("R8")
def test_leads_stay_when_their_manager_is_back_before_the_window_opens(
    team: Team, world: World
) -> None:
    team.deal_with(redistribution_from=time(9), redistribution_to=time(18))
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.advance_to(time(18, 5))
    world.shift(team.oleg, "end")
    world.run()
    world.advance_to(time(8, 50))
    world.shift(team.oleg, "start")
    world.run()
    world.advance_to(time(12))
    assert team.leads_of(team.oleg, team.ana, among=leads) == [3, 0]


@pytest.mark.feature("F39")
def test_a_pause_moves_no_leads(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "pause")
    world.advance(3 * 3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [3, 0]
    assert not Wave.objects.for_account(team.account).exists()


@pytest.mark.feature("F40")
def test_leads_with_nobody_left_wait_for_the_next_shift_start(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.shift(team.oleg, "end")
    world.advance(3600)
    assert team.leads_of(team.oleg, among=leads) == [3]
    world.start_shifts([team.max])
    assert team.leads_of(team.oleg, team.max, among=leads) == [0, 3]


@pytest.mark.feature("F40")
def test_leads_with_nobody_left_stay_if_their_own_manager_is_back_first(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.shift(team.oleg, "end")
    world.advance(3600)
    world.start_shifts([team.oleg])
    world.start_shifts([team.ana])
    assert team.leads_of(team.oleg, team.ana, among=leads) == [3, 0]


def test_nothing_moves_when_redistribution_is_switched_off(team: Team, world: World) -> None:
    team.deal_with(redistribution_enabled=False)
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.advance(3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [3, 0]


@pytest.mark.feature("F1")
def test_a_wave_of_many_leads_moves_all_of_them(team: Team, world: World) -> None:
    held = world.existing_leads({team.oleg.kommo_id: 300})
    team.deal_with()
    world.start_shifts(team.everybody)
    world.shift(team.oleg, "end")
    world.run()
    assert team.leads_of(*team.everybody, among=held[team.oleg.kommo_id]) == [0, 150, 150]
    assert Wave.objects.for_account(team.account).get().moved == 300
