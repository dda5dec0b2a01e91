"""Which groups take part, which stages they track, who is asked first; and the two modes."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account, InboxEvent, Manager
from accounts.operations.hooks import hook_key
from distribution.models import DeadLetter
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.fixture
def sales_and_service(world: World) -> dict[str, list[Manager]]:
    """An account of two groups, each with its own pipeline (F86); managers by group."""
    account = world.open(managers=6, groups=("Sales", "Service"))
    world.configure(account)
    people: dict[str, list[Manager]] = {"Sales": [], "Service": []}
    for manager in world.managers(account):
        assert manager.group is not None
        people[manager.group.name].append(manager)
    return people


def account_of(people: dict[str, list[Manager]]) -> Account:
    return people["Sales"][0].account


def tracked(manager: Manager, *, pipelines: Any = (), stages: Any = ()) -> dict[str, Any]:
    """A group's entry of the settings page."""
    assert manager.group is not None
    return {
        "group": manager.group.kommo_id,
        "pipelines": list(pipelines),
        "stages": [list(stage) for stage in stages],
    }


@pytest.mark.feature("F86")
def test_each_of_two_groups_gets_the_leads_of_its_own_pipeline(
    world: World, sales_and_service: dict[str, list[Manager]]
) -> None:
    support, stages = world.stages(1)
    everybody = sales_and_service["Sales"] + sales_and_service["Service"]
    world.start_shifts(everybody)
    for_sales = world.leads(8)
    for_service = world.leads(8, pipeline_id=support, status_id=stages[0])
    assert set(world.loads(for_sales)) == {one.kommo_id for one in sales_and_service["Sales"]}
    assert set(world.loads(for_service)) == {one.kommo_id for one in sales_and_service["Service"]}


@pytest.mark.feature("F84")
def test_someone_outside_the_selected_groups_never_gets_a_lead(
    world: World, sales_and_service: dict[str, list[Manager]]
) -> None:
    pipelines = [world.stages(0)[0], world.stages(1)[0]]
    world.save(
        account_of(sales_and_service),
        groups=[tracked(sales_and_service["Sales"][0], pipelines=pipelines)],
    )
    world.start_shifts(sales_and_service["Service"])
    waiting = world.leads(5)
    outsiders = {one.kommo_id for one in sales_and_service["Service"]}
    assert not outsiders & set(world.loads(waiting))
    world.start_shifts(sales_and_service["Sales"])
    leads = waiting + world.leads(20)
    insiders = {one.kommo_id for one in sales_and_service["Sales"]}
    assert set(world.loads(leads)) == insiders
    world.shift(sales_and_service["Sales"][0], "end")
    world.run()
    assert not outsiders & set(world.loads(leads))


@pytest.mark.feature("F85")
def test_a_whole_pipeline_includes_a_stage_that_is_added_later(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    pipeline, _ = world.stages()
    stage = world.add_stage("Second opinion")
    (lead,) = world.leads(pipeline_id=pipeline, status_id=stage)
    assert world.owner(lead) == team.ana.kommo_id
    world.start_shifts([team.max])
    world.shift(team.ana, "end")
    world.run()
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("F85")
def test_single_stages_leave_the_others_of_their_pipeline_alone(team: Team, world: World) -> None:
    team.deal_with()
    pipeline, stages = world.stages()
    world.save(team.account, groups=[tracked(team.ana, stages=[(pipeline, stages[1])])])
    world.start_shifts([team.ana])
    owners = {stage: world.owner(world.leads(status_id=stage)[0]) for stage in stages}
    later = world.add_stage("Second opinion")
    owners[later] = world.owner(world.leads(pipeline_id=pipeline, status_id=later)[0])
    mine = [stage for stage, owner in owners.items() if owner == team.ana.kommo_id]
    assert mine == [stages[1]]


@pytest.mark.feature("F85")
@pytest.mark.feature("F40")
def test_a_lead_whose_stage_was_deleted_under_it_waits_on_in_the_next_one(
    team: Team, world: World
) -> None:
    team.deal_with()
    pipeline, stages = world.stages()
    (waiting,) = world.leads(status_id=stages[1])
    world.advance(60)
    world.edit(waiting, status_id=stages[0], run=False)
    stored = world.sandbox.crm.account_at(team.account.host).pipelines[pipeline].stages  # type: ignore[union-attr]
    del stored[stages[1]]
    world.advance(4 * 3600)
    world.start_shifts([team.ana])
    assert world.owner(waiting) == team.ana.kommo_id


def test_a_deleted_stage_among_single_ones_stops_nothing_else(team: Team, world: World) -> None:
    team.deal_with()
    pipeline, stages = world.stages()
    both = [(pipeline, stages[0]), (pipeline, stages[1])]
    world.save(team.account, groups=[tracked(team.ana, stages=both)])
    world.start_shifts([team.ana])
    del world.sandbox.crm.account_at(team.account.host).pipelines[pipeline].stages[stages[1]]  # type: ignore[union-attr]
    world.advance(4 * 3600)
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R37")
def test_of_two_groups_that_track_one_stage_the_first_by_priority_deals(
    world: World, sales_and_service: dict[str, list[Manager]]
) -> None:
    pipeline, stages = world.stages()
    account = account_of(sales_and_service)
    sales, service = sales_and_service["Sales"][0], sales_and_service["Service"][0]
    first = tracked(service, stages=[(pipeline, stages[0])])
    second = tracked(sales, pipelines=[pipeline])
    world.save(account, groups=[first, second])
    world.start_shifts([sales, service])
    in_both = world.leads(6, status_id=stages[0])
    in_one = world.leads(2, status_id=stages[1])
    assert world.loads(in_both) == {service.kommo_id: 6}
    assert world.loads(in_one) == {sales.kommo_id: 2}
    world.save(account, groups=[second, first])
    swapped = world.leads(2, status_id=stages[0])
    assert world.loads(swapped) == {sales.kommo_id: 2}


@pytest.mark.feature("F87")
@pytest.mark.feature("R2")
def test_in_watch_mode_every_new_lead_in_the_tracked_stages_is_dealt(
    team: Team, world: World
) -> None:
    team.deal_with(mode="watch")
    world.start_shifts([team.ana])
    assert team.leads_of(team.ana, among=world.leads(3)) == [3]


def put_trigger(team: Team, stage: int) -> None:
    url = f"http://testserver/hooks/kommo/{hook_key(team.account)}"
    team.world.crm("trigger", url=url, status_id=stage)


@pytest.mark.feature("F87")
@pytest.mark.feature("R2")
def test_in_pipeline_mode_only_leads_that_a_trigger_sends_are_dealt(
    team: Team, world: World
) -> None:
    _, stages = world.stages()
    team.deal_with(mode="pipeline")
    world.start_shifts([team.ana])
    put_trigger(team, stages[1])
    unsent = world.leads(3, status_id=stages[0])
    (sent,) = world.leads(status_id=stages[1])
    assert team.leads_of(team.ana, among=unsent) == [0]
    assert world.owner(sent) == team.ana.kommo_id
    world.advance(60)
    world.edit(unsent[0], status_id=stages[1])
    assert world.owner(unsent[0]) == team.ana.kommo_id


@pytest.mark.feature("R2")
def test_a_trigger_that_sends_a_lead_twice_deals_it_once(team: Team, world: World) -> None:
    _, stages = world.stages()
    team.deal_with(mode="pipeline")
    world.start_shifts(team.everybody)
    world.crm("weather", duplicate=1.0, jitter=5.0)
    put_trigger(team, stages[0])
    put_trigger(team, stages[0])
    (lead,) = world.leads()
    for _ in range(6):
        world.advance(1)
    assert world.kinds(team.account, lead) == ["distribution"]
    assert not InboxEvent.objects.for_account(team.account).filter(done_at=None).exists()
    assert not DeadLetter.objects.exists()


@pytest.mark.feature("R2")
def test_a_lead_that_a_trigger_sends_while_everyone_is_off_waits(team: Team, world: World) -> None:
    _, stages = world.stages()
    team.deal_with(mode="pipeline")
    put_trigger(team, stages[0])
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: nobody_on_shift"]
    world.start_shifts([team.max])
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("R2")
def test_in_watch_mode_a_trigger_adds_nothing(team: Team, world: World) -> None:
    _, stages = world.stages()
    team.deal_with(mode="watch")
    world.start_shifts(team.everybody)
    put_trigger(team, stages[1])
    (lead,) = world.leads()
    world.advance(60)
    world.edit(lead, status_id=stages[1])
    assert world.kinds(team.account, lead) == ["distribution"]
