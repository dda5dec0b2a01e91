"""What counts as acceptance: a change of stage, a filled field, a first touch, a click (R11)."""

from __future__ import annotations

import pytest

from distribution.models import Timer
from distribution.operations.deciding.acceptance import TAKEN_TO_WORK_MINUTES, accept_by_click
from tests.functional.engine.timed import MINUTES, change, misses, owners, timed
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("R11")


def given(team: Team) -> tuple[int, int]:
    """A lead that has just been given, and to whom."""
    team.world.start_shifts([team.oleg, team.ana])
    (lead,) = team.world.leads()
    return lead, team.world.owner(lead)


def after_the_time(team: Team, lead: int) -> int:
    """Whose the lead is when the time to accept it is over."""
    team.world.advance(MINUTES * 60)
    return team.world.owner(lead)


@pytest.mark.feature("F141")
def test_a_changed_stage_is_acceptance(team: Team, world: World) -> None:
    timed(team)
    lead, owner = given(team)
    world.edit(lead, by=owner, status_id=world.stages()[1][1])
    assert not Timer.objects.filter(kind="accept").exists()
    assert after_the_time(team, lead) == owner


@pytest.mark.feature("F141")
def test_a_stage_changed_to_one_that_nobody_watches_is_acceptance(team: Team, world: World) -> None:
    timed(team)
    lead, owner = given(team)
    other, stages = world.stages(1)
    world.edit(lead, by=owner, pipeline_id=other, status_id=stages[0])
    assert not Timer.objects.filter(kind="accept").exists()
    assert after_the_time(team, lead) == owner


@pytest.mark.feature("F141")
def test_a_changed_stage_of_which_no_webhook_told_is_seen_before_a_lead_moves(
    team: Team, world: World
) -> None:
    timed(team)
    lead, owner = given(team)
    world.crm("weather", is_off=True)
    world.advance(MINUTES * 60 - 60)
    world.edit(lead, by=owner, status_id=world.stages()[1][1], run=False)
    world.advance(60)
    assert world.owner(lead) == owner
    assert len(owners(team, lead)) == 1


def test_a_changed_stage_is_no_acceptance_where_the_template_asks_for_a_field(
    team: Team, world: World
) -> None:
    timed(team, accepted_by=["field"], field_id=world.field_id())
    lead, owner = given(team)
    world.edit(lead, by=owner, status_id=world.stages()[1][1])
    assert after_the_time(team, lead) != owner


@pytest.mark.feature("F142")
def test_the_filled_field_taken_to_work_is_acceptance_within_ten_minutes(
    team: Team, world: World
) -> None:
    timed(team)
    field = world.field_id()
    change(
        team,
        acceptance={
            "minutes": TAKEN_TO_WORK_MINUTES,
            "accepted_by": ["field"],
            "field_id": field,
        },
    )
    lead, owner = given(team)
    other = world.leads()[0]
    world.advance(TAKEN_TO_WORK_MINUTES * 60 - 60)
    world.tick(lead, True, by=owner)
    world.tick(other, False)
    world.advance(60)
    assert TAKEN_TO_WORK_MINUTES == 10
    assert owners(team, lead) == [owner]
    assert len(owners(team, other)) == 2


@pytest.mark.feature("F142")
def test_a_field_of_which_no_webhook_told_is_seen_before_a_lead_moves(
    team: Team, world: World
) -> None:
    timed(team, accepted_by=["field"], field_id=world.field_id())
    lead, owner = given(team)
    world.crm("weather", is_off=True)
    world.advance(MINUTES * 60 - 60)
    world.tick(lead, True, by=owner, run=False)
    world.advance(60)
    assert owners(team, lead) == [owner]


@pytest.mark.parametrize("kind", ["message", "call", "note", "task"])
def test_a_touch_by_the_owner_is_acceptance(team: Team, world: World, kind: str) -> None:
    timed(team, accepted_by=["touch"])
    lead, owner = given(team)
    world.advance(60)
    how = {"direction": "outgoing"} if kind in ("message", "call") else {}
    world.crm("touch", kind=kind, lead_id=lead, user_id=owner, text="Hello", **how)
    world.run()
    assert after_the_time(team, lead) == owner


def test_a_touch_by_somebody_else_is_no_acceptance(team: Team, world: World) -> None:
    timed(team, accepted_by=["touch"])
    lead, owner = given(team)
    world.advance(60)
    world.crm("touch", kind="note", lead_id=lead, user_id=team.max.kommo_id, text="Whose is it?")
    world.run()
    assert after_the_time(team, lead) != owner


def test_a_touch_is_no_acceptance_where_the_template_does_not_ask_for_it(
    team: Team, world: World
) -> None:
    timed(team, accepted_by=["stage"])
    lead, owner = given(team)
    world.advance(60)
    world.crm("touch", kind="note", lead_id=lead, user_id=owner, text="Called")
    world.run()
    assert after_the_time(team, lead) != owner


def test_the_owners_click_is_acceptance_and_nobody_elses(team: Team, world: World) -> None:
    timed(team, accepted_by=["click"])
    lead, owner = given(team)
    other, other_owner = world.leads()[0], None
    other_owner = world.owner(other)
    people = {manager.kommo_id: manager for manager in team.everybody}
    accept_by_click(team.account.pk, lead, people[owner], world.now)
    accept_by_click(team.account.pk, other, team.max, world.now)
    world.run()
    assert after_the_time(team, lead) == owner
    assert world.owner(other) != other_owner


def test_what_was_accepted_is_not_timed_again_when_its_owner_leaves(
    team: Team, world: World
) -> None:
    timed(team)
    team.deal_with(redistribution_enabled=True)
    lead, owner = given(team)
    world.edit(lead, by=owner, status_id=world.stages()[1][1])
    people = {manager.kommo_id: manager for manager in team.everybody}
    world.shift(people[owner], "end")
    world.run()
    world.advance(60)
    heir = world.owner(lead)
    assert heir != owner
    world.start_shifts([team.max])
    assert after_the_time(team, lead) == heir


@pytest.mark.feature("B8")
def test_an_acceptance_ends_the_row_of_misses(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg])
    world.leads()
    world.shift(team.oleg, "pause")
    world.start_shifts([team.ana])
    world.advance(MINUTES * 60)
    assert misses(team, team.oleg.kommo_id) == 1
    world.shift(team.oleg, "resume")
    world.shift(team.ana, "pause")
    world.run()
    (lead,) = world.leads()
    assert world.owner(lead) == team.oleg.kommo_id
    world.edit(lead, by=team.oleg.kommo_id, status_id=world.stages()[1][1])
    assert misses(team, team.oleg.kommo_id) == 0
