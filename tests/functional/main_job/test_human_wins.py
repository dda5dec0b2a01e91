"""A person's change of responsible wins over ours, whenever it comes, and ends what we had planned."""

from __future__ import annotations

import pytest

from distribution.models import Effect
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = [pytest.mark.feature("R40"), pytest.mark.feature("B3")]


def decided(team: Team) -> int:
    """A lead that is decided for Oleg and not yet written to Kommo."""
    world = team.world
    (lead,) = world.leads(run=False)
    world.post_hooks()
    assert take_turn() is not None
    assert world.decisions(team.account, lead)[-1].chosen_id == team.oleg.kommo_id
    return lead


def test_a_waiting_lead_that_a_person_assigns_is_not_dealt(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads()
    world.advance(60)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    world.start_shifts([team.oleg])
    assert world.owner(lead) == team.max.kommo_id
    assert world.kinds(team.account, lead) == ["distribution: nobody_on_shift", "manual"]


def test_a_change_during_the_wait_counts_although_its_webhook_was_lost(
    team: Team, world: World
) -> None:
    team.deal_with()
    (lead,) = world.leads()
    world.advance(60)
    world.crm("weather", is_off=True)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.shift(team.oleg, "start")
    assert take_turn() is not None
    deliver()
    world.run()
    assert world.owner(lead) == team.max.kommo_id


def test_a_change_in_flight_that_we_hear_of_stops_the_write(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    lead = decided(team)
    world.advance(1, run=False)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.post_hooks()
    take_turn()
    world.run()
    assert world.owner(lead) == team.max.kommo_id
    assert [row.state for row in Effect.objects.for_account(team.account)] == ["superseded"]


def test_a_change_in_flight_that_we_do_not_hear_of_is_seen_before_a_late_write(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    lead = decided(team)
    world.crm("weather", is_off=True)
    world.advance(6, run=False)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    assert deliver() is not None
    world.run()
    assert world.owner(lead) == team.max.kommo_id
    assert world.kinds(team.account, lead) == ["distribution", "manual"]


def test_a_change_there_and_back_is_a_change(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    lead = decided(team)
    before = world.owner(lead)
    world.crm("weather", is_off=True)
    world.advance(6, run=False)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.advance(1, run=False)
    world.edit(lead, responsible_user_id=before, run=False)
    deliver()
    world.run()
    assert world.owner(lead) == before


def test_another_change_of_the_lead_does_not_stop_the_write(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    lead = decided(team)
    world.advance(6, run=False)
    world.edit(lead, name="A better name", run=False)
    deliver()
    world.run()
    assert world.owner(lead) == team.oleg.kommo_id


def test_a_write_whose_answer_was_lost_is_not_repeated_over_a_persons_change(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.crm("faults", kind="drop_after_commit", method="PATCH", count=1)
    lead = decided(team)
    deliver()
    assert world.owner(lead) == team.oleg.kommo_id
    world.advance(1, run=False)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    for _ in range(20):
        world.advance(10)
    assert world.owner(lead) == team.max.kommo_id


def test_a_change_before_a_wave_keeps_the_lead_out_of_it(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    changed, other = world.leads(2)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.advance(300)
    world.edit(changed, responsible_user_id=team.max.kommo_id)
    world.advance(300)
    assert world.owner(changed) == team.max.kommo_id
    assert world.owner(other) == team.ana.kommo_id


def test_a_change_before_a_wave_counts_although_its_webhook_was_lost(
    team: Team, world: World
) -> None:
    team.deal_with(redistribution_delay_minutes=4)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.crm("weather", is_off=True)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.advance(240)
    assert world.owner(lead) == team.max.kommo_id


def test_what_a_person_did_during_our_timer_is_in_the_log(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.shift(team.oleg, "end")
    world.advance(60)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    manual = world.decisions(team.account, lead)[-1]
    assert (manual.kind, manual.chosen_id) == ("manual", team.max.kommo_id)
    assert manual.previous_owner_id == team.oleg.kommo_id


def test_a_person_may_give_a_lead_to_someone_off_shift(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.advance(60)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    world.start_shifts([team.ana])
    world.advance(3600)
    assert world.owner(lead) == team.max.kommo_id
