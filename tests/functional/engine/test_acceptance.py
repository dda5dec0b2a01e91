"""Redistribution by time: the clock, who is next, and whatever stops it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from distribution.models import RegisterEntry, Timer
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from distribution.queries.records import differences, record_of
from tests.functional.engine.timed import (
    JUST_BEFORE,
    MINUTES,
    change,
    misses,
    owners,
    reasons,
    timed,
)
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.mark.feature("F137")
@pytest.mark.feature("F110")
def test_a_lead_that_nobody_works_on_for_ten_minutes_goes_to_the_next_and_counts_for_both(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    first = world.owner(lead)
    world.advance(JUST_BEFORE)
    assert world.owner(lead) == first
    world.advance(1)
    assert {first, world.owner(lead)} == {team.oleg.kommo_id, team.ana.kommo_id}
    assert world.kinds(team.account, lead) == ["distribution", "redistribution"]
    assert reasons(team, lead) == ["not_accepted"]
    counts = RegisterEntry.objects.for_account(team.account).values_list("count", flat=True)
    assert sorted(counts) == [1, 1]


@pytest.mark.feature("R24")
@pytest.mark.feature("B7")
def test_nobody_has_a_lead_twice_before_everybody_has_had_it(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    for _ in range(5):
        world.advance(MINUTES * 60)
    had = owners(team, lead)
    everybody = {manager.kommo_id for manager in team.everybody}
    assert len(had) == 6
    assert set(had[:3]) == set(had[3:]) == everybody
    assert all(one != other for one, other in pairwise(had))


@pytest.mark.feature("R24")
def test_a_redistribution_is_paid_for_in_the_register_of_new_leads(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (missed,) = world.leads()
    world.advance(MINUTES * 60)
    world.edit(missed, name="called", status_id=world.stages()[1][1])
    others = world.leads(4)
    assert team.leads_of(team.oleg, team.ana, among=others) == [2, 2]


@pytest.mark.feature("F137")
def test_a_lone_manager_keeps_the_lead_and_has_missed_nothing(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.advance(MINUTES * 60 * 3)
    assert world.owner(lead) == team.oleg.kommo_id
    assert misses(team, team.oleg.kommo_id) == 0
    world.start_shifts([team.ana])
    world.advance(MINUTES * 60)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F138")
def test_the_clock_sleeps_outside_its_hours(team: Team, world: World) -> None:
    timed(team, hours={"start": "09:00", "end": "18:00"})
    world.start_shifts([team.oleg, team.ana])
    world.advance_to(time(17, 54))
    (lead,) = world.leads()
    first = world.owner(lead)
    world.advance_to(time(23, 0))
    world.advance_to(time(9, 3))
    assert world.owner(lead) == first
    world.advance_to(time(9, 4))
    assert world.owner(lead) != first


@pytest.mark.feature("F138")
def test_a_clock_whose_hours_were_changed_meanwhile_does_not_move_a_lead_at_night(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()  # at ten
    first = world.owner(lead)
    change(team, acceptance={"hours": {"start": "12:00", "end": "18:00"}})
    world.advance_to(time(11, 59))
    assert world.owner(lead) == first
    world.advance_to(time(12, 0))
    assert world.owner(lead) != first


@pytest.mark.feature("R29")
def test_a_pause_of_the_owner_does_not_stop_the_clock(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.shift(team.oleg, "pause")
    world.start_shifts([team.ana])
    world.advance(MINUTES * 60)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R40")
def test_a_persons_change_of_owner_stops_the_clock(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    world.advance(60)
    world.edit(lead, responsible_user_id=team.max.kommo_id)
    assert not Timer.objects.filter(kind="accept").exists()
    world.advance(MINUTES * 60 * 2)
    assert world.owner(lead) == team.max.kommo_id
    assert world.kinds(team.account, lead) == ["distribution", "manual"]


@pytest.mark.feature("R40")
def test_a_persons_change_of_which_no_webhook_told_is_seen_before_a_lead_moves(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    world.crm("weather", is_off=True)
    world.advance(500)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    world.advance(100)
    assert world.owner(lead) == team.max.kommo_id


@pytest.mark.feature("F143")
def test_the_service_is_the_author_of_a_redistribution(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    world.advance(MINUTES * 60)
    changed = world.sandbox.crm.account_at("acme.kommo.com").leads[lead]  # type: ignore[union-attr]
    assert changed.updated_by == 0
    assert len(owners(team, lead)) == 2


def test_a_lead_that_its_owner_has_not_got_yet_is_not_missed(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    world.crm("faults", kind="server_error", method="PATCH", count=10_000)
    (lead,) = world.leads()
    world.advance(MINUTES * 60)
    assert len(owners(team, lead)) == 1
    world.crm("faults", clear=True)
    for _ in range(4):
        world.advance(120)
    assert world.owner(lead) == owners(team, lead)[0]
    world.advance(MINUTES * 60)
    assert len(owners(team, lead)) == 2


def test_a_lead_is_not_moved_while_distribution_is_off(team: Team, world: World) -> None:
    timed(team)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    first = world.owner(lead)
    world.save(team.account, is_enabled=False)
    world.advance(MINUTES * 60 * 2)
    assert world.owner(lead) == first


@pytest.mark.feature("F137")
def test_the_note_says_that_the_lead_was_not_accepted_and_in_how_many_minutes(
    team: Team, world: World
) -> None:
    timed(team, notes_enabled=True)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    world.advance(MINUTES * 60)
    assert len(world.notes(lead)) == 2
    assert "did not accept it within 10 minutes" in world.notes(lead)[1]


def customer_of(team: Team, owner: int) -> int:
    """A lead of a contact whose owner is this manager."""
    (contact,) = team.world.crm("people", kind="contacts", responsible_user_id=owner)["ids"]
    team.world.leads(contact_ids=[contact], responsible_user_id=owner)
    team.world.advance(60)
    (lead,) = team.world.leads(contact_ids=[contact])
    return lead


@pytest.mark.feature("F128")
def test_a_customers_lead_is_neither_timed_nor_moved_when_its_owner_leaves_the_shift(
    team: Team, world: World
) -> None:
    timed(team)
    team.deal_with(redistribution_enabled=True)
    change(team, sticky={"by": "contact", "excluded": True})
    world.start_shifts([team.oleg, team.ana])
    lead = customer_of(team, team.oleg.kommo_id)
    assert world.decisions(team.account, lead)[-1].reason == "sticky"
    world.advance(MINUTES * 60 * 2)
    assert world.owner(lead) == team.oleg.kommo_id
    world.shift(team.oleg, "end")
    world.run()
    world.advance(60)
    assert world.owner(lead) == team.oleg.kommo_id
    world.crm("user", user_id=team.oleg.kommo_id, is_active=False)
    world.advance(86_400)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F128")
def test_a_customers_lead_is_timed_where_the_template_says_so(team: Team, world: World) -> None:
    timed(team)
    change(team, sticky={"by": "contact", "excluded": False})
    world.start_shifts([team.oleg, team.ana])
    lead = customer_of(team, team.oleg.kommo_id)
    assert world.decisions(team.account, lead)[-1].reason == "sticky"
    world.advance(MINUTES * 60)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("B7")
def test_a_lead_whose_next_owner_kommo_refuses_does_not_come_back_to_whom_has_let_it_pass(
    world: World,
) -> None:
    account = world.open(managers=4)
    oleg, ana, max_, dewi = world.managers(account)
    team = Team(world, account, oleg, ana, max_)
    timed(team)
    world.start_shifts([oleg, ana])
    (lead,) = world.leads()
    world.advance(MINUTES * 60)
    assert owners(team, lead) == [oleg.kommo_id, ana.kommo_id]
    world.start_shifts([max_, dewi])
    world.edit(*world.leads(4), responsible_user_id=dewi.kommo_id)  # she has the most leads
    found = world.sandbox.crm.account_at(account.host)
    found.users.pop(max_.kommo_id)  # type: ignore[union-attr]  # and nobody has told us yet
    world.advance(MINUTES * 60)
    assert owners(team, lead)[2:] == [max_.kommo_id, dewi.kommo_id]
    assert world.owner(lead) == dewi.kommo_id


@pytest.mark.feature("F137")
def test_what_the_clock_costs_a_lead(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.leads()
    plain = cost_of(world, lambda: world.leads(run=False))
    change(
        team,
        acceptance={"minutes": MINUTES, "accepted_by": ["stage", "touch"]},
        first_touch={"minutes": MINUTES, "warn_minutes": 2},
    )
    world.leads()
    assert cost_of(world, lambda: world.leads(run=False)) == plain


@pytest.mark.slow
@pytest.mark.feature("F137")
def test_two_hundred_leads_of_which_the_time_runs_out_at_once_move_in_one_turn(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts(team.everybody)
    leads = world.leads(200)
    before = {lead: world.owner(lead) for lead in leads}
    statements, calls = cost_of(world, lambda: world.advance(MINUTES * 60, run=False))
    world.run()
    assert calls == 1 + 1  # one read, one write
    assert statements / len(leads) <= 0.2
    assert all(world.owner(lead) != before[lead] for lead in leads)
    assert len(set(world.loads(leads).values())) <= 2  # even


def cost_of(world: World, happens: Callable[[], object]) -> tuple[int, int]:
    """Return the statements and API calls of one turn and one delivery after something happens."""
    world.advance(1)
    happens()
    world.post_hooks()
    calls = world.api_calls()
    with CaptureQueriesContext(connection) as queries:
        take_turn()
        deliver()
    said = [query["sql"] for query in queries.captured_queries]
    uncounted = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
    return len([sql for sql in said if not sql.startswith(uncounted)]), world.api_calls() - calls


@pytest.mark.feature("B2")
def test_a_redistribution_by_time_is_decided_alike_from_its_record(
    team: Team, world: World
) -> None:
    timed(team)
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    world.advance(MINUTES * 60 * 3)
    for decision in world.decisions(team.account, lead):
        assert differences(record_of(team.account, decision)) == []
