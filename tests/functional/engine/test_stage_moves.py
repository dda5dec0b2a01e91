"""Changes of stage on their way to Kommo, driven by the cap of redistribution (F139, F140)."""

from __future__ import annotations

import pytest

from distribution.core.policy import read_body
from distribution.models import Effect, LeadMirror
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests import policies
from tests.functional.engine.timed import MINUTES, change, owners, reasons, timed
from tests.functional.main_job.conftest import Team
from tests.world import World

SECONDS = MINUTES * 60
pytestmark = pytest.mark.feature("R10")


def stage_of(world: World, lead: int) -> tuple[int, int]:
    row = world.sandbox.crm.account_at("acme.kommo.com").leads[lead]  # type: ignore[union-attr]
    return row.pipeline_id, row.status_id


def stage_effects(team: Team) -> list[str]:
    rows = Effect.objects.for_account(team.account).filter(kind="stage").order_by("id")
    return list(rows.values_list("state", flat=True))


@pytest.mark.feature("F139")
def test_after_three_moves_of_three_the_fourth_does_not_happen_and_a_note_says_so(
    team: Team, world: World
) -> None:
    timed(team, cap=3)
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    for _ in range(6):
        world.advance(SECONDS)
    assert len(owners(team, lead)) == 1 + 3
    assert reasons(team, lead) == ["not_accepted"] * 3 + ["cap_reached"]
    assert "redistributed 3 times" in world.notes(lead)[-1]


@pytest.mark.feature("F139")
def test_a_cap_above_a_hundred_is_refused() -> None:
    _, problems = read_body({"acceptance": {"cap": 101}})
    assert problems
    _, problems = read_body({"acceptance": {"cap": 100}})
    assert not problems


@pytest.mark.feature("F139")
@pytest.mark.slow
def test_the_hundred_and_first_redistribution_does_not_happen(team: Team, world: World) -> None:
    timed(team, minutes=1)
    world.start_shifts([team.oleg, team.ana])
    (lead,) = world.leads()
    for _ in range(103):
        world.advance(60)
    assert len(owners(team, lead)) == 1 + 100
    assert reasons(team, lead)[-1] == "cap_reached"


@pytest.mark.feature("F140")
def test_at_the_cap_the_stage_changes_once_and_its_trigger_begins_afresh(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    timed(team, cap=1, cap_stage=[support, stages[0]])
    second = policies.template(
        team.account,
        "Second try",
        members=[
            {"kind": "manager", "id": team.max.kommo_id},
            {"kind": "manager", "id": team.ana.kommo_id},
        ],
        acceptance={
            "minutes": MINUTES,
            "cap": 1,
            "cap_stage": [*world.stages()[:1], world.stages()[1][0]],
        },
    )
    policies.watch(second, [[support, stages[0]]])
    change(team)
    world.start_shifts(team.everybody)
    (lead,) = world.leads()
    begun = stage_of(world, lead)
    world.advance(SECONDS)
    assert stage_of(world, lead) == begun
    world.advance(SECONDS)
    assert stage_of(world, lead) == (support, stages[0])
    assert stage_effects(team) == ["done"]
    kinds = world.kinds(team.account, lead)
    assert kinds == [
        "distribution",
        "redistribution",
        "redistribution: cap_reached",
        "distribution",
    ]
    for _ in range(4):
        world.advance(SECONDS)
    assert stage_of(world, lead) == (support, stages[0])  # the second cap only stops
    assert stage_effects(team) == ["done"]
    assert world.kinds(team.account, lead)[4:] == ["redistribution", "redistribution: cap_reached"]
    assert "Nobody has accepted this lead" in world.notes(lead)[-1]


@pytest.mark.feature("F140")
def test_a_person_who_moves_the_lead_before_our_late_change_of_stage_wins(
    team: Team, world: World
) -> None:
    lead = at_the_cap(team)
    assert take_turn() is not None
    world.advance(6, run=False)
    pipeline, stages = world.stages()
    world.edit(lead, status_id=stages[2], run=False)
    deliver()
    world.run()
    assert stage_of(world, lead) == (pipeline, stages[2])
    assert stage_effects(team) == ["superseded"]


def at_the_cap(team: Team) -> int:
    """A lead whose last time runs out now: the next turn changes its stage."""
    support, stages = team.world.stages(1)
    timed(team, cap=1, cap_stage=[support, stages[0]])
    team.world.start_shifts([team.oleg, team.ana])
    (lead,) = team.world.leads()
    team.world.advance(SECONDS)
    team.world.advance(SECONDS, run=False)
    return lead


@pytest.mark.parametrize("fault", ["drop_after_commit", "drop_before_commit", "server_error"])
def test_a_change_of_stage_whose_answer_was_lost_is_made_once(
    team: Team, world: World, fault: str
) -> None:
    lead = at_the_cap(team)
    take_turn()
    world.crm("faults", kind=fault, method="PATCH", count=1)
    world.run()
    for _ in range(6):
        world.advance(10)
    support, stages = world.stages(1)
    assert stage_of(world, lead) == (support, stages[0])
    assert stage_effects(team) == ["done"]
    entered = [
        event
        for event in world.sandbox.crm.account_at("acme.kommo.com").events  # type: ignore[union-attr]
        if event.type == "lead_status_changed"
    ]
    assert len(entered) == 1


def test_a_change_of_stage_of_a_deleted_lead_ends(team: Team, world: World) -> None:
    lead = at_the_cap(team)
    take_turn()
    world.advance(6, run=False)
    world.delete(lead, run=False)
    deliver()
    world.run()
    assert stage_effects(team) == ["superseded"]


def test_a_stage_that_kommo_does_not_have_any_more_fails_alone(team: Team, world: World) -> None:
    lead = at_the_cap(team)
    support, stages = world.stages(1)
    take_turn()
    found = world.sandbox.crm.account_at("acme.kommo.com")
    assert found is not None
    del found.pipelines[support].stages[stages[0]]
    world.run()
    assert stage_effects(team) == ["failed"]
    assert world.owner(lead) in {team.oleg.kommo_id, team.ana.kommo_id}


@pytest.mark.feature("R4")
def test_a_lead_that_nobody_can_take_moves_to_the_stage_that_the_template_names(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    team.deal_with()
    change(team, nobody={"then": "move_stage", "stage": [support, stages[1]]})
    (lead,) = world.leads()
    assert stage_of(world, lead) == (support, stages[1])
    assert stage_effects(team) == ["done"]


@pytest.mark.feature("R4")
def test_a_lead_whose_stage_kommo_refuses_waits_for_somebody_and_is_not_moved_again(
    team: Team, world: World
) -> None:
    timed(team)
    change(team, nobody={"then": "move_stage", "stage": [1, 2]})
    (lead,) = world.leads()
    world.advance(60)
    row = LeadMirror.objects.get(lead_id=lead)
    assert (row.state, row.waiting_reason, row.is_counted) == ("waiting", "nobody_on_shift", False)
    assert stage_effects(team) == ["failed"]
    world.start_shifts([team.ana])
    assert owners(team, lead)[-1] == team.ana.kommo_id
    assert stage_effects(team) == ["failed"]
