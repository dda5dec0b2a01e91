"""Where schedules count, only people in service receive; where they do not, nobody asks for one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.models import Manager
from accounts.operations.housekeeping import REFRESH_EVERY
from distribution.management.commands.pump import keep_house
from distribution.models import Timer
from distribution.operations.deciding.turn import take_turn
from distribution.operations.policies.profiles import Person, save_person
from shifts.core.hours import parse_hours
from shifts.core.roster import State
from shifts.operations.patterns import assign_pattern, create_pattern
from shifts.queries.availability import schedules_of
from tests.functional.main_job.conftest import Team
from tests.planning import mark_off, person, set_hours, signed_in, today
from tests.world import World


def gated(team: Team, **values: object) -> None:
    """Let schedules count; everybody is on shift, nobody has a schedule yet."""
    team.deal_with(schedule_gate=True, **values)
    team.world.start_shifts(team.everybody)


def state(team: Team, manager: Manager) -> State:
    return schedules_of(team.account, team.world.now)[manager.kommo_id].state


def refusals(team: Team, lead: int, manager: Manager) -> list[dict[str, object]]:
    """Return a candidate's objections as the board's question "why not?" has them."""
    from distribution.core.decide import Turn
    from distribution.queries.situation import situations_for

    (situation,) = situations_for(team.account.pk, team.world.now).values()
    verdicts = {verdict.manager_id: verdict for verdict in Turn(situation).verdicts()}
    return [
        {"reason": refusal.reason.value, **refusal.facts}
        for refusal in verdicts[manager.kommo_id].refusals
    ]


def drain_at(team: Team) -> datetime | None:
    row = Timer.objects.for_account(team.account).filter(kind=Timer.Kind.DRAIN).first()
    return row.due_at if row else None


def madrid(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    """A moment of September 2026 by Madrid's clock, UTC+2."""
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC) - timedelta(hours=2)


# F67: the four states in which nobody takes part (10:00 on a Wednesday).


def leave_empty(team: Team) -> None:
    tomorrow = today(team.world, team.account) + timedelta(days=1)
    set_hours(team.world, team.account, [team.ana], "09:00-18:00", first=tomorrow)


def start_later(team: Team) -> None:
    set_hours(team.world, team.account, [team.ana], "14:00-18:00")


def complete(team: Team) -> None:
    set_hours(team.world, team.account, [team.ana], "06:00-09:30")


def take_day_off(team: Team) -> None:
    set_hours(team.world, team.account, [team.ana], "09:00-18:00")
    mark_off(team.world, team.account, [team.ana], today(team.world, team.account))


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        pytest.param(leave_empty, State.EMPTY, marks=pytest.mark.feature("F66")),
        pytest.param(start_later, State.START_AT, marks=pytest.mark.feature("F63")),
        pytest.param(complete, State.COMPLETED, marks=pytest.mark.feature("F64")),
        pytest.param(take_day_off, State.DAY_OFF, marks=pytest.mark.feature("F65")),
    ],
)
@pytest.mark.feature("F67")
def test_who_is_not_in_service_receives_nothing_while_a_colleague_does(
    team: Team, world: World, prepare: object, expected: State
) -> None:
    gated(team)
    prepare(team)  # type: ignore[operator]
    set_hours(world, team.account, [team.oleg], "09:00-18:00")
    world.run()
    leads = world.leads(6)
    assert state(team, team.ana) is expected
    assert team.leads_of(team.oleg, team.ana, team.max, among=leads) == [6, 0, 0]
    objection = {"reason": "off_schedule", "state": expected.value}
    assert refusals(team, leads[0], team.ana) == [objection]


@pytest.mark.feature("F67")
def test_a_lead_waits_for_service_where_nobody_is_in_it(team: Team, world: World) -> None:
    gated(team)
    start_later(team)
    world.run()
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: nobody_in_service"]
    (decision,) = world.decisions(team.account, lead)
    assert decision.until == madrid(14)


@pytest.mark.feature("F68")
def test_without_any_schedule_nobody_receives_anything_and_the_settings_say_so(
    team: Team, world: World
) -> None:
    gated(team)
    leads = world.leads(3)
    assert team.leads_of(*team.everybody, among=leads) == [0, 0, 0]
    assert world.kinds(team.account, leads[0]) == ["distribution: nobody_in_service"]
    page = signed_in(person(team.account, "Vera")).get("/settings").content.decode()
    assert "no schedule for today" in page


@pytest.mark.feature("F62")
def test_where_schedules_do_not_count_a_day_off_keeps_nobody_from_leads(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    take_day_off(team)
    start_later(team)
    world.run()
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [2, 2, 2]


@pytest.mark.feature("F62")
def test_a_schedule_alone_brings_no_leads_to_who_is_not_on_shift(team: Team, world: World) -> None:
    team.deal_with(schedule_gate=True)
    set_hours(world, team.account, [team.ana], "09:00-18:00")
    world.run()
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: nobody_on_shift"]


@pytest.mark.feature("F62")
@pytest.mark.parametrize(
    ("clock", "is_dealt"),
    [
        (time(10, 59, 59), False),
        (time(11), True),
        (time(11, 59, 59), True),
        (time(12), False),
    ],
)
def test_hours_are_half_open(team: Team, world: World, clock: time, is_dealt: bool) -> None:
    gated(team)
    set_hours(world, team.account, [team.ana], "11:00-12:00", days=1)
    world.advance_to(clock)
    assert team.leads_of(team.ana, among=world.leads()) == [int(is_dealt)]


@pytest.mark.feature("R36")
def test_between_two_intervals_leads_wait_for_the_second_and_after_it_for_the_next_day(
    team: Team, world: World
) -> None:
    gated(team)
    set_hours(world, team.account, [team.ana], "09:00-12:00, 14:00-18:00")
    world.run()
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    world.advance_to(time(13))
    at_lunch = world.leads()
    assert state(team, team.ana) is State.START_AT
    assert team.leads_of(team.ana, among=at_lunch) == [0]
    assert drain_at(team) == madrid(14)
    world.advance_to(time(14))
    assert team.leads_of(team.ana, among=at_lunch) == [1]
    world.advance_to(time(18))
    at_night = world.leads()
    assert state(team, team.ana) is State.COMPLETED
    assert drain_at(team) == madrid(9, day=24)
    world.advance_to(time(9))
    assert team.leads_of(team.ana, among=at_night) == [1]


@pytest.mark.feature("F67")
def test_hours_over_midnight_go_on_after_it(team: Team, world: World) -> None:
    gated(team)
    set_hours(world, team.account, [team.ana], "22:00-06:00", days=1)
    dealt = {}
    for hour in (21, 22, 0, 5, 6):
        world.advance_to(time(hour))
        (lead,) = world.leads()
        dealt[hour] = world.decisions(team.account, lead)[-1].chosen_id is not None
        world.edit(lead, status_id=143)
    assert dealt == {21: False, 22: True, 0: True, 5: True, 6: False}


@pytest.mark.feature("F4")
def test_people_in_two_zones_are_in_service_by_their_own_clocks(team: Team, world: World) -> None:
    gated(team, strategy="even")
    for manager, zone in ((team.oleg, "Europe/Istanbul"), (team.ana, "America/Bogota")):
        manager = person(team.account, manager.name)
        save_person(manager, Person(None, (), zone, ""), actor=None, now=world.now)
    set_hours(world, team.account, [team.oleg, team.ana], "09:00-18:00")
    world.run()
    taken: dict[int, set[int]] = {}
    for _ in range(24):
        world.advance(3600)
        leads = world.leads(2)
        chosen = {world.decisions(team.account, lead)[0].chosen_id for lead in leads}
        taken[world.now.hour] = {user for user in chosen if user is not None}
    istanbul = {hour for hour in range(24) if 6 <= hour < 15}  # 09:00-18:00 at UTC+3
    bogota = {hour for hour in range(24) if 14 <= hour < 23}  # 09:00-18:00 at UTC-5
    assert {hour for hour, users in taken.items() if team.oleg.kommo_id in users} == istanbul
    assert {hour for hour, users in taken.items() if team.ana.kommo_id in users} == bogota


# The timer by which hours that begin release what waits.


@pytest.mark.feature("B4")
def test_hours_that_are_moved_forward_move_the_timer_and_hours_moved_back_fire_once_in_vain(
    team: Team, world: World
) -> None:
    gated(team)
    set_hours(world, team.account, [team.ana], "14:00-18:00", days=1)
    world.run()
    (lead,) = world.leads()
    assert drain_at(team) == madrid(14)
    set_hours(world, team.account, [team.ana], "12:00-18:00", days=1)
    world.run()
    assert drain_at(team) == madrid(12)
    set_hours(world, team.account, [team.ana], "16:00-18:00", days=1)
    world.advance_to(time(15))
    assert drain_at(team) == madrid(16)
    assert world.kinds(team.account, lead) == ["distribution: nobody_in_service"]
    world.advance_to(time(16))
    assert team.leads_of(team.ana, among=[lead]) == [1]
    assert drain_at(team) is None


@pytest.mark.feature("B4")
def test_who_is_off_schedule_and_off_shift_sets_no_timer_and_wakes_nobody(
    team: Team, world: World
) -> None:
    team.deal_with(schedule_gate=True)
    set_hours(world, team.account, [team.ana], "14:00-18:00", days=1)
    world.run()
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: nobody_in_service"]
    assert drain_at(team) is None
    world.advance_to(time(14), run=False)
    assert take_turn() is None
    world.start_shifts([team.ana])
    assert team.leads_of(team.ana, among=[lead]) == [1]


@pytest.mark.feature("B4")
def test_a_shift_that_starts_before_the_hours_sets_the_timer_of_their_beginning(
    team: Team, world: World
) -> None:
    team.deal_with(schedule_gate=True)
    set_hours(world, team.account, [team.ana], "14:00-18:00", days=1)
    (lead,) = world.leads()
    world.start_shifts([team.ana])
    assert drain_at(team) == madrid(14)
    world.advance_to(time(14))
    assert team.leads_of(team.ana, among=[lead]) == [1]


@pytest.mark.feature("B4")
def test_the_timer_waits_for_the_last_of_several_objections_of_one_and_the_first_of_the_people(
    team: Team, world: World
) -> None:
    """Ana: hours at 11:00, delay over at 10:30. Oleg: hours at 10:20, delay over at 10:30."""
    team.deal_with(schedule_gate=True, start_delay_minutes=30)
    set_hours(world, team.account, [team.ana], "11:00-18:00", days=1)
    set_hours(world, team.account, [team.oleg], "10:20-18:00", days=1)
    world.start_shifts([team.ana, team.oleg])
    (lead,) = world.leads()
    world.advance_to(time(10, 20))
    assert world.decisions(team.account, lead)[-1].chosen_id is None
    world.advance_to(time(10, 31))
    assert team.leads_of(team.oleg, among=[lead]) == [1]


# The plan is written ahead for two months; what is beyond follows as time passes.


def follow_office_hours(team: Team) -> None:
    """Let Ana work from nine to six every day, without end."""
    pattern = create_pattern(
        team.account,
        name="Every day",
        cycle=[parse_hours("09:00-18:00")],
        anchor_on=today(team.world, team.account),
        actor=None,
        now=team.world.now,
    )
    first = pattern.anchor_on
    assign_pattern(pattern, [team.ana], starts_on=first, actor=None, now=team.world.now)


@pytest.mark.feature("F55")
def test_a_standing_pattern_keeps_people_in_service_beyond_what_was_planned_at_first(
    team: Team, world: World
) -> None:
    gated(team)
    follow_office_hours(team)
    for _ in range(3):
        world.advance(30 * 86_400)
    assert state(team, team.ana) is State.IN_SERVICE
    assert team.leads_of(team.ana, among=world.leads()) == [1]


@pytest.mark.feature("F55")
def test_the_pump_alone_writes_plans_ahead(team: Team, world: World) -> None:
    gated(team)
    follow_office_hours(team)
    world.advance(70 * 86_400, run=False)
    assert state(team, team.ana) is State.EMPTY
    keep_house()
    assert state(team, team.ana) is State.IN_SERVICE


@pytest.mark.feature("F57")
def test_a_new_zone_of_the_kommo_account_moves_the_hours_and_releases(
    team: Team, world: World
) -> None:
    gated(team)
    set_hours(world, team.account, [team.ana], "15:00-18:00")
    world.run()
    (lead,) = world.leads()
    world.sandbox.crm.account_at(team.account.host).zone = "Asia/Kolkata"  # type: ignore[union-attr]
    world.advance(REFRESH_EVERY.total_seconds())  # 14:00 in Madrid, 17:30 in Kolkata
    assert state(team, team.ana) is State.IN_SERVICE
    assert team.leads_of(team.ana, among=[lead]) == [1]
