"""Queues longer than a turn in which leads wait for reasons of their own."""

from __future__ import annotations

import pytest

from distribution.models import LeadMirror
from distribution.operations.deciding.turn import take_turn
from tests.functional.engine.scene import deal_by, member
from tests.functional.main_job.conftest import Team
from tests.world import World

MANY = 520


@pytest.mark.feature("B4", "B14")
def test_leads_that_wait_for_a_skill_do_not_hide_those_behind_them(
    team: Team, world: World
) -> None:
    deal_by(
        team,
        members=[member(team.oleg)],
        gates={"shift": "require"},
        skills={"mode": "hard", "field_id": world.field_id("Source")},
    )
    asking = world.leads(MANY, bulk=True)
    LeadMirror.objects.filter(lead_id__in=asking).update(cycle={"skills": ["spanish"]})
    plain = world.leads(3)
    world.start_shifts([team.oleg])
    assert [world.owner(lead) for lead in plain] == [team.oleg.kommo_id] * 3
    states = LeadMirror.objects.filter(lead_id__in=asking).values_list("state", flat=True)
    assert set(states) == {"waiting"}
    assert take_turn() is None
