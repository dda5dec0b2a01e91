"""Limits of open tasks: counted from webhooks and by reconciliation, freed when tasks are done."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Manager
from distribution.models import ManagerLoad, ManagerProfile, TaskMirror
from distribution.operations.deciding.turn import take_turn
from distribution.operations.reconcile import reconcile_due
from tests.functional.engine.scene import change, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.world import World

DAY = 24 * 3600


def give_tasks(world: World, manager: Manager, lead: int, count: int = 1) -> list[int]:
    """Let somebody be given open tasks about a lead."""
    made = world.crm(
        "task", lead_id=lead, count=count, responsible_user_id=manager.kommo_id, due_in=9 * DAY
    )
    return [int(task) for task in made["task_ids"]]


def tasks_of(team: Team) -> list[int]:
    """Return how many open tasks are counted for Oleg, Ana and Max."""
    rows = ManagerLoad.objects.for_account(team.account).filter(scope=ManagerLoad.TASKS)
    numbers = dict(rows.values_list("user_id", "number"))
    return [numbers.get(manager.kommo_id, 0) for manager in team.everybody]


@pytest.fixture
def old_lead(team: Team, world: World) -> int:
    """A lead of Vera's that is there before dealing is switched on: tasks hang on it."""
    (lead,) = world.leads(status_id=142)
    world.advance(60)
    return lead


@pytest.mark.feature("F122")
@pytest.mark.feature("F123")
def test_a_limit_of_tasks_alone_works_and_leads_are_not_looked_at(
    team: Team, world: World, old_lead: int
) -> None:
    world.existing_leads({team.max.kommo_id: 50})
    give_tasks(world, team.oleg, old_lead, 3)
    give_tasks(world, team.ana, old_lead, 2)
    deal_by(team, limits={"tasks": 2})
    assert tasks_of(team) == [3, 2, 0]
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [0, 0, 6]


@pytest.mark.feature("F122")
def test_of_both_limits_each_keeps_people_from_leads(
    team: Team, world: World, old_lead: int
) -> None:
    give_tasks(world, team.oleg, old_lead, 1)
    deal_by(team, limits={"tasks": 1, "leads": 2})
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [0, 2, 2]


@pytest.mark.feature("F122")
def test_webhooks_keep_the_count_while_tasks_are_added_reassigned_completed_and_deleted(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, limits={"tasks": 9})
    first, second, third = give_tasks(world, team.oleg, old_lead, 3)
    world.run()
    assert tasks_of(team) == [3, 0, 0]
    world.advance(5)
    world.crm("reassign_task", task_id=first, responsible_user_id=team.ana.kommo_id)
    world.run()
    assert tasks_of(team) == [2, 1, 0]
    world.advance(5)
    world.crm("complete_task", task_id=second)
    world.run()
    assert tasks_of(team) == [1, 1, 0]
    world.advance(5)
    world.crm("delete_task", task_id=third)
    world.run()
    assert tasks_of(team) == [0, 1, 0]
    assert list(TaskMirror.objects.values_list("task_id", flat=True)) == [first]


@pytest.mark.feature("F122")
@pytest.mark.feature("B4")
@pytest.mark.parametrize("how", ["complete_task", "delete_task", "reassign_task"])
def test_a_task_less_lets_a_waiting_lead_go_within_one_turn(
    team: Team, world: World, old_lead: int, how: str
) -> None:
    (task,) = give_tasks(world, team.ana, old_lead)
    deal_by(team, members=[member(team.ana)], limits={"tasks": 1})
    (lead,) = world.leads()
    assert why(team, lead) == "all_at_limit"
    world.advance(5)
    to: dict[str, Any] = (
        {"responsible_user_id": team.max.kommo_id} if how == "reassign_task" else {}
    )
    world.crm(how, task_id=task, **to)
    world.post_hooks()
    assert take_turn(account_id=team.account.pk) is not None
    world.run()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R18")
@pytest.mark.feature("F122")
def test_a_members_limit_of_tasks_comes_before_the_profile_and_that_before_the_template(
    team: Team, world: World, old_lead: int
) -> None:
    for manager in team.everybody:
        give_tasks(world, manager, old_lead, 2)
    for manager in (team.oleg, team.ana):
        ManagerProfile.objects.create(account=team.account, manager=manager, tasks=3)
    rows = [member(team.oleg, tasks=2), member(team.ana), member(team.max)]
    deal_by(team, members=rows, limits={"tasks": 1})
    assert team.leads_of(*team.everybody, among=world.leads(4)) == [0, 4, 0]


@pytest.mark.feature("R18")
@pytest.mark.feature("F122")
def test_a_limit_of_tasks_in_a_profile_alone_is_counted(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, members=[member(team.oleg), member(team.ana)])
    give_tasks(world, team.oleg, old_lead, 2)
    world.run()
    assert tasks_of(team) == [0, 0, 0]
    ManagerProfile.objects.create(account=team.account, manager=team.oleg, tasks=2)
    world.advance(300)
    assert tasks_of(team) == [2, 0, 0]
    assert team.leads_of(team.oleg, team.ana, among=world.leads(4)) == [0, 4]


@pytest.mark.feature("F123")
def test_where_no_limit_of_tasks_is_set_tasks_cost_no_call_and_are_not_kept(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, limits={"leads": 9})
    world.advance(1)
    calls = world.api_calls()
    give_tasks(world, team.oleg, old_lead, 3)
    world.run()
    assert world.api_calls() == calls
    assert not TaskMirror.objects.exists()


@pytest.mark.feature("F122")
@pytest.mark.feature("F124")
def test_tasks_of_which_no_webhook_told_are_counted_within_five_minutes(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, limits={"tasks": 9})
    kept, done, moved = give_tasks(world, team.oleg, old_lead, 3)
    world.run()
    world.advance(60)
    world.crm("weather", is_off=True)
    give_tasks(world, team.max, old_lead, 2)
    world.crm("complete_task", task_id=done)
    world.crm("reassign_task", task_id=moved, responsible_user_id=team.ana.kommo_id)
    world.run()
    assert tasks_of(team) == [3, 0, 0]
    world.advance(300)
    assert tasks_of(team) == [1, 1, 2]
    assert TaskMirror.objects.filter(task_id=kept).exists()


@pytest.mark.feature("F122")
@pytest.mark.feature("F124")
def test_a_deletion_of_which_no_webhook_told_leaves_the_count_within_a_day(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, limits={"tasks": 9})
    gone, _kept = give_tasks(world, team.oleg, old_lead, 2)
    world.run()
    world.crm("weather", is_off=True)
    world.crm("delete_task", task_id=gone)
    for _ in range(4):
        world.advance(DAY / 2)
    assert tasks_of(team) == [1, 0, 0]


@pytest.mark.feature("F122")
def test_saved_settings_have_all_open_tasks_paged_and_those_gone_meanwhile_forgotten(
    team: Team, world: World, old_lead: int
) -> None:
    give_tasks(world, team.oleg, old_lead, 300)
    deal_by(team, limits={"tasks": 400})
    assert tasks_of(team) == [300, 0, 0]
    change(team, limits={"tasks": None})
    mine = list(TaskMirror.objects.values_list("task_id", flat=True)[:120])
    world.crm("delete_task", task_id=mine[0])
    for task in mine[1:]:
        world.crm("complete_task", task_id=task)
    world.run()
    assert tasks_of(team) == [300, 0, 0]  # nobody looks at it
    world.advance(2 * 3600)
    change(team, limits={"tasks": 400})
    assert tasks_of(team) == [180, 0, 0]


@pytest.mark.feature("F122")
def test_tasks_that_cannot_be_read_keep_no_lead_from_being_reconciled(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, members=[member(team.ana)], limits={"tasks": 1})
    world.crm("weather", is_off=True)
    fault = {"kind": "server_error", "method": "GET", "path": "/api/v4/tasks"}
    world.crm("faults", probability=1.0, **fault)
    give_tasks(world, team.oleg, old_lead, 1)
    (lead,) = world.leads()
    world.advance(300)
    assert world.owner(lead) == team.ana.kommo_id
    assert tasks_of(team) == [0, 0, 0]
    world.crm("faults", clear=True)
    world.advance(300)
    world.advance(300)
    assert tasks_of(team) == [1, 0, 0]


@pytest.mark.feature("F122")
def test_a_turn_reads_no_more_tasks_than_one_call_holds(
    team: Team, world: World, old_lead: int
) -> None:
    deal_by(team, limits={"tasks": 700})
    world.crm("weather", is_off=True)
    give_tasks(world, team.oleg, old_lead, 600)
    world.advance(300, run=False)
    assert reconcile_due(world.now)
    read = []
    while True:
        calls = world.api_calls()
        if take_turn() is None:
            break
        read.append(world.api_calls() - calls)
    assert read == [1, 1, 1]
    assert tasks_of(team) == [600, 0, 0]
