"""Leads that nobody can take wait, first come first served, and go at the first release."""

from __future__ import annotations

from datetime import time

import pytest

from accounts.operations.housekeeping import REFRESH_EVERY
from distribution.models import DistributionSettings, LeadMirror, Timer
from distribution.operations.deciding.turn import take_turn
from distribution.operations.policies.settings import save_settings
from tests.functional.main_job.conftest import Team
from tests.world import World


def waiting(team: Team) -> list[int]:
    rows = LeadMirror.objects.for_account(team.account).filter(state="waiting")
    return sorted(rows.values_list("lead_id", flat=True))


def order_of_dealing(team: Team) -> list[int]:
    return [row.lead_id for row in team.world.decisions(team.account) if row.chosen_id]


@pytest.mark.feature("F41")
@pytest.mark.feature("R4")
def test_leads_wait_while_everyone_is_offline_and_the_first_start_drains_them_in_order(
    team: Team, world: World
) -> None:
    team.deal_with()
    leads = []
    for _ in range(4):
        leads += world.leads()
        world.advance(60)
    world.edit(leads[2], name="Touched last, still third")
    assert waiting(team) == leads
    world.start_shifts([team.ana])
    assert team.leads_of(team.ana, among=leads) == [4]
    assert order_of_dealing(team) == leads
    assert waiting(team) == []


@pytest.mark.feature("F41")
def test_a_new_lead_does_not_overtake_those_that_wait(team: Team, world: World) -> None:
    team.deal_with()
    first, second = world.leads(2)
    world.advance(60)
    (third,) = world.leads(run=False)
    world.shift(team.oleg, "start")
    world.run()
    assert order_of_dealing(team) == [first, second, third]


@pytest.mark.feature("F41")
def test_a_long_queue_is_drained_in_order_over_several_turns(team: Team, world: World) -> None:
    team.deal_with()
    leads = world.leads(300)
    assert len(waiting(team)) == 300
    world.start_shifts([team.ana])
    assert order_of_dealing(team) == leads


@pytest.mark.feature("R5")
def test_a_waiting_lead_keeps_its_owner_in_kommo(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads(responsible_user_id=team.max.kommo_id)
    world.advance(3600)
    assert waiting(team) == [lead]
    assert world.owner(lead) == team.max.kommo_id
    assert world.sandbox.crm.account_at(team.account.host).owner_changes == 0  # type: ignore[union-attr]


@pytest.mark.feature("R4")
def test_a_lead_says_why_it_waits(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads()
    (decision,) = world.decisions(team.account, lead)
    assert decision.chosen_id is None
    assert decision.reason == "nobody_on_shift"


# B4: one test a release event, each within one turn.


def one_turn(world: World, team: Team) -> None:
    world.post_hooks()
    assert take_turn(account_id=team.account.pk) is not None


@pytest.mark.feature("B4")
def test_a_shift_start_releases_waiting_leads_within_one_turn(team: Team, world: World) -> None:
    team.deal_with()
    (lead,) = world.leads()
    world.shift(team.ana, "start")
    one_turn(world, team)
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
def test_a_resume_releases_waiting_leads_within_one_turn(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.shift(team.ana, "pause")
    (lead,) = world.leads()
    assert waiting(team) == [lead]
    world.shift(team.ana, "resume")
    one_turn(world, team)
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
@pytest.mark.feature("F45")
def test_the_end_of_a_distribution_delay_releases_waiting_leads_within_one_turn(
    team: Team, world: World
) -> None:
    team.deal_with(start_delay_minutes=10)
    world.start_shifts([team.ana])
    (lead,) = world.leads()
    assert waiting(team) == [lead]
    world.advance(10 * 60, run=False)
    one_turn(world, team)
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
@pytest.mark.feature("F82")
def test_the_opening_of_the_window_releases_waiting_leads_within_one_turn(
    team: Team, world: World
) -> None:
    team.deal_with(hours_from=time(9), hours_to=time(18))
    world.start_shifts([team.ana])
    world.advance_to(time(19))
    (lead,) = world.leads()
    world.advance_to(time(9), run=False)
    one_turn(world, team)
    assert order_of_dealing(team) == [lead]


def settings_version(team: Team) -> int:
    return DistributionSettings.objects.for_account(team.account).get().version


@pytest.mark.feature("B4")
def test_saved_settings_release_waiting_leads_within_one_turn(team: Team, world: World) -> None:
    team.deal_with(hours_from=time(12), hours_to=time(18))
    world.start_shifts([team.ana])
    (lead,) = world.leads()
    assert waiting(team) == [lead]
    save_settings(
        team.account,
        actor=None,
        changes={"hours_from": "09:00"},
        version=settings_version(team),
        now=world.now,
    )
    one_turn(world, team)
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
def test_a_shorter_distribution_delay_counts_at_once(team: Team, world: World) -> None:
    team.deal_with(start_delay_minutes=60)
    world.start_shifts([team.ana])
    (lead,) = world.leads()
    save_settings(
        team.account,
        actor=None,
        changes={"start_delay_minutes": 10},
        version=settings_version(team),
        now=world.now,
    )
    world.run()
    world.advance(10 * 60)
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
def test_a_manager_activated_again_in_kommo_releases_waiting_leads(
    team: Team, world: World
) -> None:
    world.crm("user", user_id=team.ana.kommo_id, is_active=False)
    world.advance(REFRESH_EVERY.total_seconds())
    team.deal_with()
    (lead,) = world.leads()
    status, _ = world.ask_widget(team.ana, "shift/start", {})
    assert status == 401
    world.crm("user", user_id=team.ana.kommo_id, is_active=True)
    world.advance(REFRESH_EVERY.total_seconds())
    world.start_shifts([team.ana])
    assert order_of_dealing(team) == [lead]


@pytest.mark.feature("B4")
def test_a_manager_moved_into_the_group_releases_waiting_leads(world: World) -> None:
    account = world.open(managers=3, groups=("Sales", "Service"))
    oleg, _, max_ = world.managers(account)
    world.configure(account)
    world.start_shifts([max_])
    (lead,) = world.leads()
    assert world.owner(lead) != max_.kommo_id
    sales = world.sandbox.crm.account_at(account.host).users[oleg.kommo_id].group_id  # type: ignore[union-attr]
    world.crm("user", user_id=max_.kommo_id, group_id=sales)
    world.advance(REFRESH_EVERY.total_seconds())
    assert world.owner(lead) == max_.kommo_id


def test_a_drain_that_finds_one_group_in_its_delay_comes_to_rest(world: World) -> None:
    account = world.open(managers=6, groups=("Sales", "Service"))
    people = {manager.name: manager for manager in world.managers(account)}
    world.configure(account, start_delay_minutes=10)
    support, stages = world.stages(1)
    service = [one for one in people.values() if one.group and one.group.name == "Service"]
    sales = [one for one in people.values() if one.group and one.group.name == "Sales"]
    world.start_shifts([sales[0]])
    world.advance(5 * 60)
    world.start_shifts([service[0]])
    early = world.leads()
    late = world.leads(pipeline_id=support, status_id=stages[0])
    world.advance(5 * 60)
    assert world.owner(early[0]) == sales[0].kommo_id
    assert not Timer.objects.for_account(account).filter(due_at__lte=world.now).exists()
    world.advance(5 * 60)
    assert world.owner(late[0]) == service[0].kommo_id
