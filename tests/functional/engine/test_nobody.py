"""When nobody is eligible: wait, ignore presence, a duty person, another stage, a wider pool."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Manager
from distribution.models import Timer
from tests.functional.engine.scene import MINUTE, change, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.planning import person, set_hours, set_status
from tests.world import World

ON_SHIFT = {"shift": "require"}


def kinds(team: Team, lead: int) -> list[tuple[int | None, str]]:
    """Return what was decided about a lead: to whom, and why."""
    return [(row.chosen_id, row.reason) for row in team.world.decisions(team.account, lead)]


def no_timer_is_left(team: Team) -> bool:
    due = Timer.objects.for_account(team.account).filter(kind=Timer.Kind.DRAIN)
    return not due.exists()


def only(team: Team, *managers: Manager) -> list[dict[str, Any]]:
    return [member(manager) for manager in managers or team.everybody]


# Wait is the default.


@pytest.mark.feature("R4")
@pytest.mark.feature("R19")
def test_a_lead_waits_and_its_owner_stays(team: Team, world: World) -> None:
    deal_by(team, gates=ON_SHIFT)
    (lead,) = world.leads(responsible_user_id=team.max.kommo_id)
    world.advance(3600)
    assert kinds(team, lead) == [(None, "nobody_on_shift")]
    assert world.owner(lead) == team.max.kommo_id
    world.start_shifts([team.ana])
    assert world.owner(lead) == team.ana.kommo_id


# F's fallback: presence, and presence alone.


@pytest.mark.feature("R4")
@pytest.mark.feature("F107")
def test_ignoring_presence_deals_to_people_off_shift_and_not_online(
    team: Team, world: World
) -> None:
    gates = {"shift": "require", "presence": "require"}
    deal_by(team, gates=gates, nobody={"then": "ignore_presence"})
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [2, 2, 2]
    world.start_shifts([team.ana])
    world.heartbeat(team.ana)
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [0, 6, 0]


@pytest.mark.feature("R4")
def test_ignoring_presence_opens_neither_schedules_nor_switches_nor_limits(
    team: Team, world: World
) -> None:
    gates = {"shift": "require", "schedule": "personal"}
    rows = [member(team.oleg), member(team.ana), member(team.max, leads=0)]
    deal_by(team, members=rows, gates=gates, nobody={"then": "ignore_presence"})
    set_hours(world, team.account, [team.ana, team.max], "09:00-18:00")
    set_status(world, team.ana, "forced_off")
    world.run()
    (lead,) = world.leads()
    assert kinds(team, lead)[-1][0] is None
    set_status(world, team.ana, "on")
    world.run()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R4")
@pytest.mark.feature("B4")
def test_presence_is_ignored_after_some_minutes_by_a_timer_alone(team: Team, world: World) -> None:
    deal_by(
        team,
        members=only(team, team.ana),
        gates=ON_SHIFT,
        nobody={"then": "ignore_presence", "after_minutes": 3},
    )
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_on_shift"
    world.advance(3 * MINUTE - 1)
    assert len(kinds(team, lead)) == 1
    world.advance(1)
    assert world.owner(lead) == team.ana.kommo_id
    assert no_timer_is_left(team)


# The duty person.


@pytest.mark.feature("B12")
@pytest.mark.feature("R4")
def test_the_duty_person_gets_the_lead_after_five_minutes_and_the_record_says_so(
    team: Team, world: World
) -> None:
    deal_by(
        team,
        members=only(team, team.oleg, team.ana),
        gates=ON_SHIFT,
        nobody={"then": "duty", "after_minutes": 5, "duty": team.max.kommo_id},
    )
    world.advance(2 * MINUTE)  # apart from the round that is each five minutes
    (lead,) = world.leads()
    world.advance(5 * MINUTE - 1)
    assert kinds(team, lead) == [(None, "nobody_on_shift")]
    world.advance(1)
    assert kinds(team, lead) == [(None, "nobody_on_shift"), (team.max.kommo_id, "duty")]
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("B12")
def test_without_a_wait_the_duty_person_has_it_at_once_and_only_when_nobody_else_can(
    team: Team, world: World
) -> None:
    sonia = person(team.account, "Sonia")
    nobody = {"then": "duty", "duty": sonia.kommo_id}
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT, nobody=nobody)
    (lead,) = world.leads()
    assert world.owner(lead) == sonia.kommo_id
    world.start_shifts([team.ana])
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("B12")
def test_whoever_is_free_before_the_time_is_over_gets_it_instead(team: Team, world: World) -> None:
    nobody = {"then": "duty", "after_minutes": 5, "duty": team.max.kommo_id}
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT, nobody=nobody)
    (lead,) = world.leads()
    world.advance(4 * MINUTE)
    world.start_shifts([team.ana])
    assert world.owner(lead) == team.ana.kommo_id
    world.advance(10 * MINUTE)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("B12")
def test_a_duty_person_who_is_switched_off_gets_nothing_until_switched_on(
    team: Team, world: World
) -> None:
    nobody = {"then": "duty", "after_minutes": 1, "duty": team.max.kommo_id}
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT, nobody=nobody)
    set_status(world, team.max, "forced_off")
    (lead,) = world.leads()
    world.advance(10 * MINUTE)
    assert world.owner(lead) != team.max.kommo_id
    set_status(world, team.max, "on")
    world.run()
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("B12")
def test_each_lead_has_its_own_five_minutes(team: Team, world: World) -> None:
    nobody = {"then": "duty", "after_minutes": 4, "duty": team.max.kommo_id}
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT, nobody=nobody)
    (first,) = world.leads()
    world.advance(MINUTE)
    (second,) = world.leads()
    world.advance(3 * MINUTE)
    assert team.leads_of(team.max, among=[first, second]) == [1]
    world.advance(MINUTE - 1)
    assert team.leads_of(team.max, among=[first, second]) == [1]
    world.advance(1)
    assert team.leads_of(team.max, among=[first, second]) == [2]


# Another stage.


def stage_of(world: World, lead: int) -> tuple[int, int]:
    row = next(one for one in world.ask("state")["leads"] if one["id"] == lead)
    return row["pipeline_id"], row["status_id"]


@pytest.mark.feature("R4")
@pytest.mark.feature("B12")
@pytest.mark.parametrize("minutes", [0, 3])
def test_a_lead_that_nobody_can_take_moves_to_another_stage(
    team: Team, world: World, minutes: int
) -> None:
    support, stages = world.stages(1)
    nobody = {"then": "move_stage", "after_minutes": minutes, "stage": [support, stages[1]]}
    deal_by(team, gates=ON_SHIFT, nobody=nobody)
    (lead,) = world.leads(responsible_user_id=team.max.kommo_id)
    before = stage_of(world, lead)
    if minutes:
        world.advance(minutes * MINUTE - 1)
        assert stage_of(world, lead) == before
        world.advance(1)
    assert stage_of(world, lead) == (support, stages[1])
    assert kinds(team, lead)[-1] == (None, "to_stage")
    assert world.owner(lead) == team.max.kommo_id
    world.start_shifts(team.everybody)
    world.advance(3600)
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("R4")
def test_the_stage_that_it_moves_to_may_have_a_template_of_its_own(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    nobody = {"then": "move_stage", "stage": [support, stages[1]]}
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT, nobody=nobody)
    deal_by(team, name="Support", stages=[[support, None]], members=only(team, team.max))
    (lead,) = world.leads()
    world.advance(MINUTE)
    assert stage_of(world, lead) == (support, stages[1])
    assert world.owner(lead) == team.max.kommo_id


# A pool that widens.


@pytest.mark.feature("B12")
@pytest.mark.feature("F102")
def test_further_tiers_are_asked_after_two_and_after_four_minutes(team: Team, world: World) -> None:
    rows = [member(team.oleg, tier=1), member(team.ana, tier=2), member(team.max, tier=3)]
    deal_by(team, members=rows, nobody={"widen_minutes": 2})
    set_status(world, team.oleg, "forced_off")
    (lead,) = world.leads()
    assert kinds(team, lead) == [(None, "nobody_takes_part")]
    world.advance(2 * MINUTE - 1)
    assert len(kinds(team, lead)) == 1
    world.advance(1)
    assert world.owner(lead) == team.ana.kommo_id
    set_status(world, team.ana, "forced_off")
    world.advance(MINUTE)
    (lead,) = world.leads()
    world.advance(4 * MINUTE - 1)
    assert team.leads_of(*team.everybody, among=[lead]) == [0, 0, 0]
    world.advance(1)
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("B12")
@pytest.mark.feature("F102")
def test_a_wide_pool_is_narrow_again_for_the_next_lead(team: Team, world: World) -> None:
    rows = [member(team.oleg, tier=1), member(team.ana, tier=2)]
    deal_by(team, members=rows, nobody={"widen_minutes": 2})
    set_status(world, team.oleg, "forced_off")
    (first,) = world.leads()
    world.advance(2 * MINUTE)
    assert world.owner(first) == team.ana.kommo_id
    (second,) = world.leads()
    assert team.leads_of(team.oleg, team.ana, among=[second]) == [0, 0]
    set_status(world, team.oleg, "on")
    world.run()
    assert world.owner(second) == team.oleg.kommo_id


@pytest.mark.feature("B12")
@pytest.mark.feature("R4")
def test_first_the_pool_widens_and_then_the_duty_person_is_asked(team: Team, world: World) -> None:
    rows = [member(team.oleg, tier=1), member(team.ana, tier=2)]
    nobody = {"widen_minutes": 1, "then": "duty", "after_minutes": 3, "duty": team.max.kommo_id}
    deal_by(team, members=rows, nobody=nobody)
    set_status(world, team.oleg, "forced_off")
    set_status(world, team.ana, "forced_off")
    (lead,) = world.leads()
    world.advance(3 * MINUTE - 1)
    assert world.owner(lead) != team.max.kommo_id
    world.advance(1)
    assert world.owner(lead) == team.max.kommo_id
    assert kinds(team, lead)[-1] == (team.max.kommo_id, "duty")


@pytest.mark.feature("R4")
@pytest.mark.feature("B4")
def test_a_template_that_is_edited_answers_for_what_waits_already(team: Team, world: World) -> None:
    deal_by(team, members=only(team, team.ana), gates=ON_SHIFT)
    (lead,) = world.leads()
    world.advance(10 * MINUTE)
    change(team, nobody={"then": "duty", "after_minutes": 5, "duty": team.max.kommo_id})
    assert world.owner(lead) == team.max.kommo_id
