"""What a lead costs: two API calls and a handful of queries; our own echo costs no call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.planning import set_hours, set_limit, set_status
from tests.world import World

UNCOUNTED = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
MOST_QUERIES = 15
MOST_WITH_NOTE = 22  # a note is a round of its own: it follows only a write that was confirmed


def counted(queries: CaptureQueriesContext) -> list[str]:
    said = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in said if not sql.startswith(UNCOUNTED)]


@pytest.mark.parametrize("is_planned", [False, True])
@pytest.mark.parametrize("shift_mode", ["manual", "automatic"])
@pytest.mark.parametrize("has_notes", [False, True])
def test_a_lone_lead_costs_two_calls_and_at_most_fifteen_queries_and_its_note_one_call_more(
    team: Team, world: World, has_notes: bool, shift_mode: str, is_planned: bool
) -> None:
    team.deal_with(notes_enabled=has_notes, shift_mode=shift_mode, schedule_gate=is_planned)
    if is_planned:
        set_hours(world, team.account, team.everybody, "09:00-18:00")
        for manager in team.everybody:
            set_status(world, manager, "forced_on", until=world.now + timedelta(hours=3))
        set_limit(team.account, team.everybody, 9)
    if shift_mode == "manual":
        world.start_shifts(team.everybody)
    else:
        world.heartbeat(team.ana)
    world.leads()  # what is read once a process is read
    world.advance(1)
    (lead,) = world.leads(run=False)
    world.post_hooks()
    calls = world.api_calls()
    with CaptureQueriesContext(connection) as queries:
        assert take_turn() is not None
        assert deliver() is not None
    sql = counted(queries)
    assert world.api_calls() - calls == 2 + has_notes
    assert len(sql) <= (MOST_WITH_NOTE if has_notes else MOST_QUERIES), "\n".join(sql)
    assert world.owner(lead) in {manager.kommo_id for manager in team.everybody}


def test_our_own_echo_costs_no_call(team: Team, world: World) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    deliver()
    assert world.owner(lead) == team.ana.kommo_id
    calls = world.api_calls()
    assert world.post_hooks() > 0
    world.run()
    assert world.api_calls() == calls
    assert world.kinds(team.account, lead) == ["distribution"]


def test_an_echo_that_overtakes_our_answer_costs_no_call_and_is_no_persons_change(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.crm("faults", kind="drop_after_commit", method="PATCH", count=1)
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    deliver()
    world.run()
    world.advance(10)
    world.advance(10)
    assert world.kinds(team.account, lead) == ["distribution"]
    assert world.owner(lead) == team.ana.kommo_id


def test_a_lead_that_changes_in_a_stage_of_no_group_costs_no_call(team: Team, world: World) -> None:
    support, stages = world.stages(1)
    team.deal_with()
    world.start_shifts([team.ana])
    calls = world.api_calls()
    (lead,) = world.leads(pipeline_id=support, status_id=stages[0])
    world.edit(lead, status_id=stages[1])
    world.edit(lead, responsible_user_id=team.ana.kommo_id)
    assert world.api_calls() == calls


def test_a_burst_costs_one_read_and_one_write_for_two_hundred_leads(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.leads(200, run=False)
    calls = world.api_calls()
    world.run()
    assert world.api_calls() - calls <= 1 + 1 + 1


def test_a_manager_who_waits_for_nobody_costs_nothing(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    calls = world.api_calls()
    world.run()
    assert world.api_calls() == calls
