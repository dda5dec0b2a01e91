"""A named schedule as the gate of a template: its followers by their plans, others by its cycle."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from distribution.operations.deciding.turn import take_turn
from distribution.operations.policies.profiles import Person, save_person
from shifts.core.hours import parse_hours
from shifts.models import Override, SchedulePattern, StandingPattern
from shifts.operations.holidays import add_holidays
from shifts.operations.overrides import add_override
from shifts.operations.patterns import (
    assign_pattern,
    create_pattern,
    delete_pattern,
    edit_pattern,
    end_standing,
)
from tests.functional.engine.scene import MINUTE, change, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.planning import mark_off, person, set_hours, set_status, today
from tests.world import World

DAY_TEAM = {"schedule": "named", "pattern": "Day team"}


def pattern(
    team: Team, *days: str, name: str = "Day team", first: date | None = None
) -> SchedulePattern:
    """Write a named schedule; its cycle begins today unless said otherwise."""
    cycle = [parse_hours(text) for text in days or ("09:00-18:00",)]
    begins = first or today(team.world, team.account)
    return create_pattern(
        team.account, name=name, cycle=cycle, anchor_on=begins, actor=None, now=team.world.now
    )


def follow(
    team: Team, row: SchedulePattern, *managers: Manager, ends_on: date | None = None
) -> None:
    """Let managers follow a schedule from today on."""
    first = today(team.world, team.account)
    assign_pattern(row, managers, starts_on=first, ends_on=ends_on, actor=None, now=team.world.now)


def be_away(team: Team, manager: Manager) -> None:
    on = today(team.world, team.account)
    add_override(
        team.account,
        [manager],
        kind=Override.Kind.ABSENCE,
        starts_on=on,
        ends_on=on,
        actor=None,
        now=team.world.now,
    )


def shares(team: Team, count: int = 6) -> list[int]:
    """Return how many of some new leads Oleg, Ana and Max get."""
    return team.leads_of(*team.everybody, among=team.world.leads(count))


# F58: members with a named schedule.


@pytest.mark.feature("F58")
def test_whoever_is_listed_works_the_hours_of_the_named_schedule_not_his_own(
    team: Team, world: World
) -> None:
    pattern(team, "09:00-18:00")
    set_hours(world, team.account, [team.ana], "20:00-23:00")
    deal_by(team, members=[member(team.ana)], gates=DAY_TEAM)
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    world.advance_to(time(17, 59, 59))
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    world.advance(1)
    (late,) = world.leads()
    assert why(team, late) == "nobody_in_service"
    world.advance_to(time(21))
    assert team.leads_of(team.ana, among=[late]) == [0]
    world.advance_to(time(8, 59, 59))
    assert team.leads_of(team.ana, among=[late]) == [0]
    world.advance(1)
    assert team.leads_of(team.ana, among=[late]) == [1]


@pytest.mark.feature("F58")
def test_two_templates_with_two_schedules_deal_by_the_clock(team: Team, world: World) -> None:
    support, stages = world.stages(1)
    pattern(team, "09:00-14:00")
    pattern(team, "14:00-20:00", name="Late team")
    deal_by(team, members=[member(team.ana)], gates=DAY_TEAM)
    deal_by(
        team,
        name="Support",
        stages=[[support, None]],
        members=[member(team.max)],
        gates={"schedule": "named", "pattern": "Late team"},
    )
    for_support = {"pipeline_id": support, "status_id": stages[0]}
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    assert team.leads_of(team.max, among=world.leads(**for_support)) == [0]  # type: ignore[arg-type]
    world.advance_to(time(14))
    assert team.leads_of(team.ana, among=world.leads()) == [0]
    assert team.leads_of(team.max, among=world.leads(**for_support)) == [1]  # type: ignore[arg-type]


@pytest.mark.feature("F58")
def test_a_cycle_is_counted_from_its_first_day(team: Team, world: World) -> None:
    yesterday = today(world, team.account) - timedelta(days=1)
    pattern(team, "09:00-18:00", "09:00-18:00", "", "", first=yesterday)
    deal_by(team, members=[member(team.ana)], gates=DAY_TEAM)
    worked = []
    for _ in range(8):
        (lead,) = world.leads()
        worked.append(world.decisions(team.account, lead)[-1].chosen_id is not None)
        world.edit(lead, status_id=143)
        world.advance(24 * 60 * MINUTE)
    assert worked == [True, False, False, True, True, False, False, True]


@pytest.mark.feature("F58")
def test_hours_over_midnight_go_on_after_it(team: Team, world: World) -> None:
    pattern(team, "22:00-06:00", "", "")
    deal_by(team, members=[member(team.ana)], gates=DAY_TEAM)
    dealt = {}
    for hour in (21, 22, 0, 5, 6, 22):
        world.advance_to(time(hour))
        (lead,) = world.leads()
        dealt[world.now.day, hour] = world.decisions(team.account, lead)[-1].chosen_id is not None
        world.edit(lead, status_id=143)
    assert list(dealt.values()) == [False, True, True, True, False, False]


@pytest.mark.feature("F58")
@pytest.mark.feature("F4")
def test_it_runs_by_the_clock_of_whoever_is_listed(team: Team, world: World) -> None:
    pattern(team, "09:00-18:00")
    ana = person(team.account, "Ana")
    save_person(ana, Person(None, (), "America/Bogota", ""), actor=None, now=world.now)
    deal_by(team, members=[member(team.oleg), member(team.ana)], gates=DAY_TEAM)
    assert shares(team, 2) == [2, 0, 0]  # 10:00 in Madrid, 03:00 in Bogotá
    world.advance_to(time(16))
    assert shares(team, 2) == [1, 1, 0]
    world.advance_to(time(18))
    assert shares(team, 2) == [0, 2, 0]


@pytest.mark.feature("F58")
@pytest.mark.parametrize("how", ["absent", "marked off", "holiday"])
def test_days_off_are_taken_out_of_it_for_whoever_does_not_follow_it(
    team: Team, world: World, how: str
) -> None:
    pattern(team, "09:00-18:00")
    deal_by(team, members=[member(team.oleg), member(team.ana)], gates=DAY_TEAM)
    on = today(world, team.account)
    if how == "absent":
        be_away(team, team.ana)
    elif how == "marked off":
        set_hours(world, team.account, [team.ana], "09:00-18:00", days=1)
        mark_off(world, team.account, [team.ana], on)
    else:
        add_holidays(team.account, {on: "Fair"}, actor=None, now=world.now)
    world.run()
    if how == "holiday":
        (lead,) = world.leads()
        assert why(team, lead) == "nobody_in_service"
        world.advance_to(time(9))
        assert world.decisions(team.account, lead)[-1].chosen_id is not None
    else:
        assert shares(team, 2) == [2, 0, 0]
        world.advance_to(time(9))
        assert shares(team, 2)[1] > 0


# Whoever follows it works by the own plan: days off, other hours and swaps count.


@pytest.mark.feature("F58")
@pytest.mark.feature("F67")
def test_whoever_follows_it_works_by_his_own_plan(team: Team, world: World) -> None:
    row = pattern(team, "09:00-18:00")
    follow(team, row, team.oleg, team.ana)
    deal_by(team, gates=DAY_TEAM)
    assert shares(team, 3) == [1, 1, 1]  # Max by the cycle
    set_hours(world, team.account, [team.oleg], "12:00-20:00", days=1)
    be_away(team, team.ana)
    world.run()
    assert shares(team, 3) == [0, 0, 3]
    world.advance_to(time(12))
    assert sorted(shares(team, 2)) == [0, 1, 1]
    world.advance_to(time(19))
    assert shares(team, 2) == [2, 0, 0]


# F59: an empty list.


@pytest.mark.feature("F59")
def test_with_an_empty_list_everybody_who_follows_it_receives_evenly(
    team: Team, world: World
) -> None:
    row = pattern(team, "09:00-18:00")
    follow(team, row, team.oleg, team.ana)
    deal_by(team, members=[], gates=DAY_TEAM)
    assert shares(team) == [3, 3, 0]
    follow(team, row, team.max)
    world.run()
    assert shares(team) == [2, 2, 2]
    standing = StandingPattern.objects.get(manager=team.ana)
    end_standing(standing, from_on=today(world, team.account), actor=None, now=world.now)
    world.run()
    assert shares(team) == [3, 0, 3]


@pytest.mark.feature("F59")
def test_the_followers_of_another_schedule_get_nothing(team: Team, world: World) -> None:
    follow(team, pattern(team), team.oleg)
    follow(team, pattern(team, name="Late team"), team.ana)
    deal_by(team, members=[], gates=DAY_TEAM)
    assert shares(team) == [6, 0, 0]


@pytest.mark.feature("F59")
def test_of_those_who_follow_it_only_people_in_service_and_switched_on_receive(
    team: Team, world: World
) -> None:
    row = pattern(team, "09:00-18:00")
    follow(team, row, *team.everybody)
    deal_by(team, members=[], gates=DAY_TEAM)
    be_away(team, team.oleg)
    set_status(world, team.ana, "forced_off")
    world.run()
    assert shares(team) == [0, 0, 6]


@pytest.mark.feature("F59")
@pytest.mark.feature("B4")
def test_a_lead_that_waits_for_followers_goes_to_the_first_within_one_turn(
    team: Team, world: World
) -> None:
    row = pattern(team, "09:00-18:00")
    deal_by(team, members=[], gates=DAY_TEAM)
    (lead,) = world.leads()
    assert why(team, lead) == "no_members"
    follow(team, row, team.ana)
    assert take_turn(account_id=team.account.pk) is not None
    assert world.decisions(team.account, lead)[-1].chosen_id == team.ana.kommo_id


@pytest.mark.feature("F59")
def test_a_period_of_following_ends_by_itself(team: Team, world: World) -> None:
    row = pattern(team, "09:00-18:00")
    follow(team, row, team.ana, ends_on=today(world, team.account))
    deal_by(team, members=[], gates=DAY_TEAM)
    assert shares(team, 1) == [0, 1, 0]
    world.advance_to(time(9))
    (lead,) = world.leads()
    assert why(team, lead) == "no_members"


# A schedule that is renamed or deleted.


@pytest.mark.feature("F58")
@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_a_schedule_that_is_gone_puts_nobody_in_service_and_the_record_says_so(
    team: Team, world: World, how: str
) -> None:
    row = pattern(team, "00:00-24:00")
    follow(team, row, team.ana)
    deal_by(team, gates=DAY_TEAM)
    now = world.now
    if how == "renamed":
        edit_pattern(
            row,
            name="Early team",
            cycle=[((0, 1440),)],
            anchor_on=row.anchor_on,
            actor=None,
            now=now,
        )
    else:
        delete_pattern(row, ends_for_all=True, actor=None, now=now)
    world.run()
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_in_service"
    change(team, gates={"pattern": "Early team"} if how == "renamed" else {"schedule": "off"})
    assert world.decisions(team.account, lead)[-1].chosen_id is not None


@pytest.mark.feature("F58")
@pytest.mark.feature("B4")
def test_hours_of_the_schedule_that_are_changed_let_a_waiting_lead_go(
    team: Team, world: World
) -> None:
    row = pattern(team, "14:00-18:00")
    deal_by(team, members=[member(team.ana)], gates=DAY_TEAM)
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_in_service"
    edit_pattern(
        row,
        name=row.name,
        cycle=[parse_hours("09:00-18:00")],
        anchor_on=row.anchor_on,
        actor=None,
        now=world.now,
    )
    world.run()
    assert world.owner(lead) == team.ana.kommo_id


def test_a_named_schedule_costs_a_turn_one_query(team: Team, world: World) -> None:
    row = pattern(team, "09:00-18:00")
    follow(team, row, *team.everybody)
    deal_by(team, gates={"schedule": "personal"})

    def cost() -> int:
        world.advance(MINUTE)
        world.leads(run=False)
        world.post_hooks()
        with CaptureQueriesContext(connection) as queries:
            assert take_turn() is not None
            number = len(queries)
        world.run()
        return number

    cost()
    personal = cost()
    change(team, gates=DAY_TEAM)
    cost()
    assert personal > 0
    assert cost() == personal + 1
