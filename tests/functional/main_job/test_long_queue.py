"""Queues longer than a turn: dealt to the end, and no work at all where nobody can take a lead."""

from __future__ import annotations

from collections import Counter

import pytest

from distribution.models import LeadMirror
from distribution.operations.deciding.turn import take_turn
from tests.functional.main_job.conftest import Team
from tests.world import World

MANY = 600


@pytest.mark.feature("F41")
def test_a_long_queue_is_dealt_to_the_end(team: Team, world: World) -> None:
    team.deal_with()
    leads = world.leads(MANY, bulk=True)
    assert LeadMirror.objects.filter(state="waiting").count() == MANY
    world.start_shifts([team.oleg, team.ana])
    assert world.loads(leads) == Counter(
        {team.oleg.kommo_id: MANY // 2, team.ana.kommo_id: MANY // 2}
    )


@pytest.mark.feature("R4")
def test_long_queues_without_anybody_free_come_to_rest(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.leads(MANY // 2, bulk=True)
    world.shift(team.oleg, "end")
    world.run()
    world.leads(MANY // 2, bulk=True)
    states = Counter(LeadMirror.objects.values_list("state", flat=True))
    assert states == {"parked": MANY // 2, "waiting": MANY // 2}
    assert take_turn() is None


@pytest.mark.feature("F81")
def test_a_waiting_lead_learns_that_the_window_is_open_but_nobody_is_there(
    team: Team, world: World
) -> None:
    team.deal_with(hours_from="12:00", hours_to="18:00")
    leads = world.leads(3)
    assert set(LeadMirror.objects.values_list("waiting_reason", flat=True)) == {"outside_hours"}
    world.advance(2 * 3600)
    assert set(LeadMirror.objects.values_list("waiting_reason", flat=True)) == {"nobody_on_shift"}
    assert len(leads) == 3
