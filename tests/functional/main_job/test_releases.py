"""B4: the waiting queue drains on every release, each within one turn of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest

from accounts.models import Account, InboxEvent, Manager
from distribution.models import DistributionSettings, LeadMirror
from distribution.operations.deciding.turn import take_turn
from distribution.operations.policies.settings import save_settings
from shifts.models import Holiday, Override
from shifts.operations.holidays import add_holidays, remove_holiday
from shifts.operations.overrides import add_override, delete_override
from shifts.operations.participation import mark_absent_today
from shifts.operations.swaps import answer_swap, ask_swap, decide_swap
from tests.functional.main_job.conftest import Team
from tests.planning import (
    hire,
    in_grid,
    leave_alone,
    mark_off,
    on_team_page,
    person,
    set_hours,
    set_limit,
    set_status,
    switch,
    today,
)
from tests.world import World

pytestmark = pytest.mark.feature("B4")
OFFICE = "09:00-18:00"


def one_turn(team: Team) -> None:
    """Deliver what Kommo has to tell, and let one worker take one turn."""
    team.world.post_hooks()
    assert take_turn(account_id=team.account.pk) is not None


def now_ana_has(team: Team, lead: int) -> None:
    """The lead has waited until here; one turn deals it to Ana."""
    row = LeadMirror.objects.get(account=team.account, lead_id=lead)
    assert row.state == "waiting"
    one_turn(team)
    row.refresh_from_db()
    assert (row.state, row.owner_id) == ("dealt", team.ana.kommo_id)


def waiting_for_ana(team: Team, **settings: object) -> None:
    """Ana alone is on shift."""
    team.deal_with(**settings)
    team.world.start_shifts([team.ana])


def fresh(manager: Manager) -> Manager:
    return person(manager.account, manager.name)


def now(team: Team) -> date:
    return today(team.world, team.account)


# Presence.


def test_a_shift_that_starts_within_the_hours_releases(team: Team, world: World) -> None:
    team.deal_with(schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    (lead,) = world.leads()
    world.shift(team.ana, "start")
    now_ana_has(team, lead)


def test_a_pause_that_ends_within_the_hours_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    world.shift(team.ana, "pause")
    (lead,) = world.leads()
    world.shift(team.ana, "resume")
    now_ana_has(team, lead)


# Capacity.


def at_limit(team: Team) -> tuple[int, int]:
    """Ana has as many leads as she may; return the one that she has and the one that waits."""
    waiting_for_ana(team)
    set_limit(team.account, [team.ana], 1)
    (held,) = team.world.leads()
    (lead,) = team.world.leads()
    team.world.advance(60)
    return held, lead


def win(team: Team, held: int) -> None:
    team.world.edit(held, status_id=142, run=False)


def lose(team: Team, held: int) -> None:
    team.world.edit(held, status_id=143, run=False)


def delete(team: Team, held: int) -> None:
    team.world.delete(held, run=False)


def leave_the_stages(team: Team, held: int) -> None:
    pipeline, stages = team.world.stages(1)
    team.world.edit(held, pipeline_id=pipeline, status_id=stages[0], run=False)


def hand_over(team: Team, held: int) -> None:
    team.world.edit(held, responsible_user_id=team.oleg.kommo_id, run=False)


@pytest.mark.feature("R17")
@pytest.mark.parametrize("free", [win, lose, delete, leave_the_stages, hand_over])
def test_freed_capacity_releases(
    team: Team, world: World, free: Callable[[Team, int], None]
) -> None:
    held, lead = at_limit(team)
    free(team, held)
    now_ana_has(team, lead)


@pytest.mark.feature("R17")
def test_a_lead_that_a_human_takes_while_our_change_is_on_its_way_frees_its_place(
    team: Team, world: World
) -> None:
    waiting_for_ana(team)
    set_limit(team.account, [team.ana], 1)
    (held,) = world.leads(run=False)
    one_turn(team)
    (lead,) = world.leads(run=False)
    one_turn(team)
    world.edit(held, responsible_user_id=team.max.kommo_id, run=False)
    world.run()
    assert world.owner(held) == team.max.kommo_id
    assert world.owner(lead) == team.ana.kommo_id


def test_a_raised_limit_releases(team: Team, world: World) -> None:
    _, lead = at_limit(team)
    set_limit(team.account, [team.ana], 2)
    now_ana_has(team, lead)


def test_a_limit_taken_away_releases(team: Team, world: World) -> None:
    _, lead = at_limit(team)
    set_limit(team.account, [team.ana], None)
    now_ana_has(team, lead)


# Hours: nothing happens but that time passes.


@pytest.mark.feature("F82")
def test_the_opening_of_the_working_window_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True, hours_from=time(9), hours_to=time(18))
    set_hours(world, team.account, [team.ana], "08:00-20:00")
    world.advance_to(time(19))
    (lead,) = world.leads()
    world.advance_to(time(8, 59, 59), run=False)
    assert take_turn() is None
    world.advance(1, run=False)
    now_ana_has(team, lead)


@pytest.mark.feature("F67")
def test_the_beginning_of_the_hours_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], "11:00-18:00")
    world.run()
    (lead,) = world.leads()
    world.advance_to(time(10, 59, 59), run=False)
    assert take_turn() is None
    world.advance(1, run=False)
    now_ana_has(team, lead)


@pytest.mark.feature("F50")
def test_an_absence_that_is_over_by_itself_releases(team: Team, world: World) -> None:
    waiting_for_ana(team)
    set_status(world, team.ana, "forced_off", until=world.now + timedelta(hours=1))
    (lead,) = world.leads()
    world.advance(3599, run=False)
    assert take_turn() is None
    world.advance(1, run=False)
    now_ana_has(team, lead)


@pytest.mark.feature("F21")
def test_midnight_releases_after_who_was_absent_today(team: Team, world: World) -> None:
    waiting_for_ana(team)
    mark_absent_today(person(team.account, team.ana.name), now=world.now, by=None)
    world.run()
    (lead,) = world.leads()
    world.advance_to(time(23, 59, 59), run=False)
    assert take_turn() is None
    world.advance(1, run=False)
    now_ana_has(team, lead)


# Schedules that are changed.


def test_a_day_off_taken_away_in_the_grid_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    mark_off(world, team.account, [team.ana], now(team))
    world.run()
    (lead,) = world.leads()
    mark_off(world, team.account, [team.ana], now(team), off=False)
    now_ana_has(team, lead)


def test_hours_set_in_the_grid_release(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    (lead,) = world.leads()
    set_hours(world, team.account, [team.ana], OFFICE, days=1)
    now_ana_has(team, lead)


def test_an_undone_change_of_the_grid_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    cleared = in_grid(world, team.account, "clear", [(team.ana, now(team))])
    world.run()
    (lead,) = world.leads()
    in_grid(world, team.account, "undo", [], version=cleared["version"])
    now_ana_has(team, lead)


def test_a_deleted_absence_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    (absence,) = add_override(
        team.account,
        [team.ana],
        kind=Override.Kind.ABSENCE,
        starts_on=now(team),
        ends_on=now(team),
        actor=None,
        now=world.now,
    )
    world.run()
    (lead,) = world.leads()
    delete_override(absence, actor=None, now=world.now)
    now_ana_has(team, lead)


def test_a_removed_holiday_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    set_hours(world, team.account, [team.ana], OFFICE)
    add_holidays(team.account, {now(team): "The town's saint"}, actor=None, now=world.now)
    world.run()
    (lead,) = world.leads()
    assert Holiday.objects.for_account(team.account).exists()
    remove_holiday(team.account, now(team), actor=None, now=world.now)
    now_ana_has(team, lead)


# Who takes part.


@pytest.mark.feature("F47")
def test_switching_on_releases(team: Team, world: World) -> None:
    waiting_for_ana(team)
    switch(world, team.ana, "off")
    (lead,) = world.leads()
    world.advance(60, run=False)
    switch(world, team.ana, "on")
    now_ana_has(team, lead)


@pytest.mark.feature("F49")
def test_a_supervisor_who_forces_somebody_on_releases(team: Team, world: World) -> None:
    waiting_for_ana(team)
    set_status(world, team.ana, "forced_off")
    (lead,) = world.leads()
    set_status(world, team.ana, "forced_on")
    now_ana_has(team, lead)


def test_a_licence_that_is_given_lets_the_lead_learn_why_it_waits_and_the_shift_releases(
    team: Team, world: World
) -> None:
    team.deal_with()
    leave_alone(team.ana)
    on_team_page(team.account, "licence/off", [team.ana])
    (lead,) = world.leads()
    assert world.kinds(team.account, lead)[-1] == "distribution: nobody_takes_part"
    on_team_page(team.account, "licence/on", [team.ana])
    one_turn(team)
    assert world.kinds(team.account, lead)[-1] == "distribution: nobody_on_shift"
    world.shift(team.ana, "start")
    now_ana_has(team, lead)


@pytest.mark.feature("B9")
def test_an_approved_swap_moves_both_peoples_hours(team: Team, world: World) -> None:
    team.deal_with(schedule_gate=True)
    world.start_shifts([team.oleg, team.ana])
    tomorrow = now(team) + timedelta(days=1)
    set_hours(world, team.account, [team.oleg], OFFICE, days=1)
    set_hours(world, team.account, [team.ana], OFFICE, days=1, first=tomorrow)
    world.advance_to(time(8))
    swap = ask_swap(fresh(team.ana), tomorrow, fresh(team.oleg), None, "dentist", world.now)
    answer_swap(swap, fresh(team.oleg), True, world.now)
    decide_swap(swap, person(team.account, "Vera"), True, world.now)
    world.run()
    world.advance_to(time(10))
    assert team.leads_of(team.oleg, team.ana, among=world.leads(4)) == [4, 0]


def test_a_sync_that_finds_somebody_new_in_the_group_lets_the_lead_learn_why_it_waits(
    team: Team, world: World
) -> None:
    team.deal_with()
    leave_alone(team.ana)
    on_team_page(team.account, "licence/off", [team.ana])
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: nobody_takes_part"]
    hire(world, "Nadia", beside=team.ana)
    world.advance(4 * 3600)
    assert world.kinds(team.account, lead)[-1] == "distribution: nobody_on_shift"


# Settings.


def save(account: Account, world: World, **changes: object) -> None:
    version = DistributionSettings.objects.for_account(account).get().version
    save_settings(account, actor=None, changes=changes, version=version, now=world.now)


def test_switching_the_schedule_gate_off_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, schedule_gate=True)
    (lead,) = world.leads()
    save(team.account, world, schedule_gate=False)
    now_ana_has(team, lead)


def test_a_window_that_is_opened_in_the_settings_releases(team: Team, world: World) -> None:
    waiting_for_ana(team, hours_from=time(12), hours_to=time(18))
    (lead,) = world.leads()
    save(team.account, world, hours_from="09:00")
    now_ana_has(team, lead)


# Redistribution.


@pytest.mark.feature("F40")
def test_parked_leads_move_on_when_the_hours_of_a_colleague_begin(team: Team, world: World) -> None:
    team.deal_with(schedule_gate=True, redistribution_delay_minutes=0)
    set_hours(world, team.account, [team.oleg], OFFICE)
    set_hours(world, team.account, [team.ana], "11:00-18:00")
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    assert world.owner(lead) == team.oleg.kommo_id
    world.shift(team.oleg, "end")
    world.run()
    row = LeadMirror.objects.get(account=team.account, lead_id=lead)
    assert row.state == "parked"
    world.advance_to(time(11), run=False)
    one_turn(team)
    row.refresh_from_db()
    assert (row.state, row.owner_id) == ("dealt", team.ana.kommo_id)


# The doorbell of each is an event that stands and falls with the change.


def test_every_change_of_who_can_take_leads_leaves_one_event(team: Team, world: World) -> None:
    waiting_for_ana(team)
    for change in (
        lambda: switch(world, team.ana, "off"),
        lambda: set_hours(world, team.account, [team.ana], OFFICE),
        lambda: set_limit(team.account, [team.ana], 7),
    ):
        world.run()
        change()
        events = InboxEvent.objects.for_account(team.account).filter(done_at=None)
        assert [event.kind for event in events] == ["availability"]


def test_changes_before_a_turn_are_not_folded_into_one_event(team: Team, world: World) -> None:
    """A turn could take the one while the second change is not committed yet: nobody would look."""
    waiting_for_ana(team)
    for hours in (OFFICE, "08:00-20:00"):
        set_hours(world, team.account, [team.ana], hours)
    for limit in (7, 8):
        set_limit(team.account, [team.ana], limit)
    for status in ("forced_off", "forced_on"):
        set_status(world, team.ana, status)
    for gate in (True, False):
        save(team.account, world, schedule_gate=gate)
    events = InboxEvent.objects.for_account(team.account).filter(done_at=None)
    assert [event.kind for event in events.order_by("id")] == ["availability"] * 6 + [
        "settings"
    ] * 2
