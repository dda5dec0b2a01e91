"""Following shifts and dealing leads are two things: one standing still does not stop the other (F3)."""

from __future__ import annotations

import pytest

from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("F3")


def deal_only(world: World) -> None:
    """Work as a worker does while the loop that keeps house and reconciles stands still."""
    for _ in range(100):
        found = world.post_hooks() > 0
        found = take_turn() is not None or found
        found = deliver() is not None or found
        if not found:
            return
    raise AssertionError("the worker does not come to rest")


def test_leads_are_dealt_by_the_last_known_state_while_the_shift_loop_stands_still(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.crm("user", user_id=team.ana.kommo_id, is_active=False)
    world.advance(6 * 3600, run=False)
    leads = world.leads(5, run=False)
    deal_only(world)
    assert team.leads_of(team.ana, among=leads) == [5]


def test_the_shift_loop_catches_up_when_it_runs_again(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana, team.oleg])
    world.crm("user", user_id=team.ana.kommo_id, is_active=False)
    world.advance(6 * 3600, run=False)
    leads = world.leads(4, run=False)
    deal_only(world)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [2, 2]
    world.run()
    assert team.leads_of(team.oleg, team.ana, among=leads) == [4, 0]


def test_leads_of_lost_webhooks_are_found_when_the_loop_runs_again(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.advance(600)
    world.crm("weather", is_off=True)
    leads = world.leads(5, run=False)
    deal_only(world)
    assert team.leads_of(team.ana, among=leads) == [0]
    world.advance(300)
    assert team.leads_of(team.ana, among=leads) == [5]


def test_a_webhook_that_kommo_has_switched_off_is_asked_for_again(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    (hook,) = world.sandbox.crm.account_at(team.account.host).subscriptions.values()  # type: ignore[union-attr]
    hook.disabled = True
    lost = world.leads(2, run=False)
    world.advance(1800)
    (heard,) = world.leads()
    assert team.leads_of(team.ana, among=[*lost, heard]) == [3]


def test_silence_is_noticed_while_no_lead_comes(team: Team, world: World) -> None:
    team.deal_with(shift_mode="automatic")
    world.heartbeat(team.ana)
    world.advance(15 * 60, run=False)
    assert take_turn() is not None
    assert world.presence(team.ana) == "paused"
