"""Skills: what a lead asks for in a field of its, against what managers can do (B14)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Manager
from distribution.operations.deciding.rows import rows_by_ids
from distribution.operations.policies.profiles import set_skills
from tests.functional.engine.cards import lay
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("B14")


def teach(team: Team, manager: Manager, *skills: str) -> None:
    """Save a manager's skills as the page Team does."""
    set_skills(team.account, [manager], skills=skills, actor=None, now=team.world.now)
    team.world.run()


def ready(team: Team, on_shift: list[Manager], **skills: Any) -> None:
    team.deal_with()
    field = team.world.field_id("Source")
    lay(team, skills={"mode": "hard", "field_id": field, **skills})
    team.world.start_shifts(on_shift)


def lead_asking(world: World, *words: Any) -> int:
    """Let a lead arrive whose field is filled before anybody has looked at it."""
    (lead,) = world.leads(run=False)
    values = [one if isinstance(one, dict) else {"value": one} for one in words]
    changed = {"field_id": world.field_id("Source"), "values": values}
    world.edit(lead, custom_fields_values=[changed])
    return lead


def reasons(world: World, team: Team, lead: int) -> list[tuple[int | None, str]]:
    return [(row.chosen_id, row.reason) for row in world.decisions(team.account, lead)]


def test_a_spanish_lead_goes_to_the_spanish_speaker_every_time(team: Team, world: World) -> None:
    ready(team, team.everybody)
    teach(team, team.ana, "Spanish", "Loans")
    leads = [lead_asking(world, "spanish") for _ in range(3)]
    assert world.loads(leads) == {team.ana.kommo_id: 3}


def test_hard_skills_wait_three_minutes_then_anybody_has_the_lead(team: Team, world: World) -> None:
    ready(team, [team.oleg], relax_minutes=3)
    lead = lead_asking(world, "Spanish")
    assert reasons(world, team, lead) == [(None, "nobody_skilled")]
    world.advance(2 * 60)
    assert len(world.decisions(team.account, lead)) == 1
    world.advance(61)
    assert world.owner(lead) == team.oleg.kommo_id
    assert reasons(world, team, lead)[1:] == [(team.oleg.kommo_id, "")]


def test_hard_skills_without_a_time_wait_for_ever(team: Team, world: World) -> None:
    ready(team, [team.oleg])
    lead = lead_asking(world, "Spanish")
    world.advance(24 * 3600)
    assert reasons(world, team, lead) == [(None, "nobody_skilled")]


def test_soft_skills_prefer_and_do_not_wait(team: Team, world: World) -> None:
    ready(team, [team.oleg, team.ana], mode="soft")
    teach(team, team.ana, "spanish")
    assert world.owner(lead_asking(world, "Spanish")) == team.ana.kommo_id
    assert world.owner(lead_asking(world, "Spanish")) == team.ana.kommo_id
    world.shift(team.ana, "end")
    world.run()
    assert world.owner(lead_asking(world, "Spanish")) == team.oleg.kommo_id


def test_a_lead_that_asks_for_nothing_is_anybodys(team: Team, world: World) -> None:
    ready(team, [team.oleg])
    (lead,) = world.leads()
    assert world.owner(lead) == team.oleg.kommo_id


def test_a_skill_learnt_on_the_page_team_frees_what_waits(team: Team, world: World) -> None:
    ready(team, [team.oleg])
    lead = lead_asking(world, "Spanish")
    teach(team, team.oleg, "SPANISH")
    assert world.owner(lead) == team.oleg.kommo_id


def test_a_waiting_lead_whose_field_is_corrected_is_looked_at_anew(
    team: Team, world: World
) -> None:
    ready(team, [team.oleg])
    teach(team, team.oleg, "portuguese")
    lead = lead_asking(world, "Spanish")
    world.advance(2)
    world.tick(lead, "Portuguese", field="Source")
    assert world.owner(lead) == team.oleg.kommo_id


def test_one_text_may_ask_for_several_and_all_of_them_count(team: Team, world: World) -> None:
    ready(team, [team.oleg, team.ana])
    teach(team, team.oleg, "spanish")
    teach(team, team.ana, "spanish", "real estate")
    leads = [lead_asking(world, "Spanish;  Real   Estate, ") for _ in range(2)]
    assert world.loads(leads) == {team.ana.kommo_id: 2}


def test_a_value_of_a_list_is_one_skill_whatever_is_written_in_it(team: Team, world: World) -> None:
    ready(team, [team.oleg])
    lead = lead_asking(world, {"value": "Spanish, fluent", "enum_id": 7})
    (row,) = rows_by_ids(team.account.pk, [lead])
    assert row.cycle.skills == ["spanish, fluent"]


def test_at_most_twenty_skills_are_looked_at(team: Team, world: World) -> None:
    ready(team, [team.oleg])
    lead = lead_asking(world, ",".join(f"skill {number}" for number in range(50)))
    (row,) = rows_by_ids(team.account.pk, [lead])
    assert row.cycle.skills == [f"skill {number}" for number in range(20)]


def test_skills_that_are_switched_off_are_not_looked_at(team: Team, world: World) -> None:
    ready(team, [team.oleg], mode="off")
    assert world.owner(lead_asking(world, "Spanish")) == team.oleg.kommo_id
