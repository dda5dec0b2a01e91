"""Who takes part: statuses, personal limits and newcomers count in the very next decision."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Group
from accounts.operations.housekeeping import REFRESH_EVERY
from tests.functional.main_job.conftest import Team
from tests.planning import (
    hire,
    leave_alone,
    mark_off,
    on_team_page,
    person,
    set_hours,
    set_limit,
    set_status,
    signed_in,
    switch,
    today,
)
from tests.world import World


@pytest.mark.feature("F50")
def test_who_is_forced_off_is_left_out_of_the_very_next_decision(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.leads(3)
    set_status(world, team.ana, "forced_off")
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [3, 0, 3]


@pytest.mark.feature("F48")
@pytest.mark.feature("F47")
def test_who_has_switched_off_is_left_out_at_once_and_back_at_once(
    team: Team, world: World
) -> None:
    team.deal_with(strategy="even")
    world.start_shifts(team.everybody)
    assert switch(world, team.ana, "off") == 200
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [3, 0, 3]
    world.advance(60, run=False)
    assert switch(world, team.ana, "on") == 200
    assert team.leads_of(team.ana, among=world.leads(3)) == [1]


@pytest.mark.feature("F48")
def test_switching_off_leaves_the_leads_one_has_where_they_are(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=0)
    world.start_shifts(team.everybody)
    leads = world.leads(6)
    set_status(world, team.ana, "forced_off")
    world.advance(3600)
    assert team.leads_of(*team.everybody, among=leads) == [2, 2, 2]


@pytest.mark.feature("F50")
def test_a_status_that_changes_between_arrival_and_decision_counts_as_it_is_then(
    team: Team, world: World
) -> None:
    team.deal_with()
    leave_alone(team.ana)
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    set_status(world, team.ana, "forced_off")
    world.run()
    assert world.kinds(team.account, lead) == ["distribution: nobody_takes_part"]


@pytest.mark.feature("F49")
@pytest.mark.feature("R28")
@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        ("none", None),
        ("shift", "nobody_on_shift"),
        ("pause", "nobody_on_shift"),
        ("limit", "all_at_limit"),
        ("schedule", "nobody_in_service"),
        ("no schedule", "nobody_in_service"),
        ("licence", "nobody_takes_part"),
    ],
)
def test_forced_on_is_still_bound_by_shift_limit_schedule_and_licence(
    team: Team, world: World, obstacle: str, reason: str | None
) -> None:
    team.deal_with(schedule_gate=True)
    leave_alone(team.ana)
    if obstacle != "no schedule":
        set_hours(world, team.account, [team.ana], "09:00-18:00")
    if obstacle != "shift":
        world.start_shifts([team.ana])
    if obstacle == "pause":
        world.shift(team.ana, "pause")
    if obstacle == "limit":
        set_limit(team.account, [team.ana], 0)
    if obstacle == "schedule":
        mark_off(world, team.account, [team.ana], today(world, team.account))
    if obstacle == "licence":
        on_team_page(team.account, "licence/off", [team.ana])
    set_status(world, team.ana, "forced_on")
    world.run()
    (lead,) = world.leads()
    expected = "distribution" if reason is None else f"distribution: {reason}"
    assert world.kinds(team.account, lead) == [expected]
    assert switch(world, team.ana, "off") == 403


@pytest.mark.feature("F50")
def test_who_is_forced_off_until_a_moment_receives_from_that_moment_on(
    team: Team, world: World
) -> None:
    team.deal_with(strategy="even")
    world.start_shifts([team.ana, team.oleg])
    set_status(world, team.ana, "forced_off", until=world.now + timedelta(hours=1))
    world.advance(3599)
    assert team.leads_of(team.ana, team.oleg, among=world.leads(2)) == [0, 2]
    world.advance(1)
    assert team.leads_of(team.ana, team.oleg, among=world.leads(2)) == [1, 1]


@pytest.mark.feature("F50")
def test_who_was_off_before_an_absence_is_off_after_it_and_no_timer_comes_back(
    team: Team, world: World
) -> None:
    team.deal_with()
    leave_alone(team.ana)
    world.start_shifts([team.ana])
    switch(world, team.ana, "off")
    world.advance(60)
    set_status(world, team.ana, "forced_off", until=world.now + timedelta(hours=1))
    (lead,) = world.leads()
    world.advance(3601)
    world.advance(24 * 3600)
    assert world.kinds(team.account, lead) == ["distribution: nobody_takes_part"]


@pytest.mark.feature("F50")
def test_a_wave_passes_over_who_is_switched_off_or_at_the_limit(team: Team, world: World) -> None:
    team.deal_with(redistribution_delay_minutes=0)
    world.start_shifts(team.everybody)
    leads = world.leads(6)
    set_status(world, team.ana, "forced_off")
    set_limit(team.account, [team.max], 3)
    world.shift(team.oleg, "end")
    world.run()
    assert team.leads_of(*team.everybody, among=leads) == [1, 2, 3]


# Personal limits.


@pytest.mark.feature("R17")
@pytest.mark.parametrize("strategy", ["even", "least_loaded"])
def test_within_a_burst_nobody_is_dealt_more_than_the_personal_limit(
    team: Team, world: World, strategy: str
) -> None:
    team.deal_with(strategy=strategy)
    world.start_shifts(team.everybody)
    set_limit(team.account, [team.oleg], 2)
    set_limit(team.account, [team.ana], 3)
    set_limit(team.account, [team.max], 0)
    leads = world.leads(20)
    assert team.leads_of(*team.everybody, among=leads) == [2, 3, 0]
    assert world.kinds(team.account, leads[-1]) == ["distribution: all_at_limit"]
    set_limit(team.account, [team.max], None)
    world.run()
    assert team.leads_of(*team.everybody, among=leads) == [2, 3, 15]


@pytest.mark.feature("R17")
def test_leads_that_were_there_before_count_against_the_limit(team: Team, world: World) -> None:
    team.deal_with()
    owned = world.existing_leads({team.ana.kommo_id: 2})
    world.start_shifts([team.ana])
    set_limit(team.account, [team.ana], 3)
    assert team.leads_of(team.ana, among=world.leads(5) + owned[team.ana.kommo_id]) == [3]


# Newcomers of a group.


def join(team: Team, world: World) -> int:
    """Let Kommo's admin add a user to the group, and the copy of CRM data be refreshed."""
    nadia = hire(world, "Nadia", beside=team.ana)
    world.advance(REFRESH_EVERY.total_seconds())
    return nadia


@pytest.mark.feature("F24")
def test_who_joins_a_group_in_kommo_is_chosen_in_the_next_decision(
    team: Team, world: World
) -> None:
    team.deal_with()
    (waiting,) = world.leads()
    nadia = join(team, world)
    world.start_shifts([person(team.account, "Nadia")])
    assert world.owner(waiting) == nadia
    assert world.owner(world.leads()[0]) == nadia


@pytest.mark.feature("F24")
def test_who_joins_a_group_that_takes_no_newcomers_receives_nothing_until_let_in(
    team: Team, world: World
) -> None:
    team.deal_with()
    group = Group.objects.for_account(team.account).get(kommo_id=team.ana.group.kommo_id)  # type: ignore[union-attr]
    answer = signed_in(person(team.account, "Vera")).post(
        f"/team/groups/{group.kommo_id}/newcomers/off"
    )
    assert answer.status_code in (200, 302)
    nadia = join(team, world)
    (lead,) = world.leads()
    world.crm("shift", user_id=nadia, action="start")
    world.run()
    assert world.kinds(team.account, lead)[-1] == "distribution: nobody_on_shift"
    on_team_page(team.account, "licence/on", [person(team.account, "Nadia")])
    world.run()
    world.start_shifts([person(team.account, "Nadia")])
    assert world.owner(lead) == nadia
