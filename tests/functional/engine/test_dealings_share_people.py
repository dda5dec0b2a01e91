"""Templates that give leads to the same people in one turn know of each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account
from tests.functional.engine.cards import contact, earlier_lead
from tests.functional.engine.scene import MINUTE, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.world import World

ALL = "all"


@pytest.mark.feature("F119", "F126")
def test_a_limit_counts_what_another_template_gives_to_its_customers_owner(
    team: Team, world: World
) -> None:
    (first, _), (second, _) = world.stages(0), world.stages(1)
    person = contact(world, team.ana)
    earlier_lead(world, contact_ids=[person])
    deal_by(team, name="Own", members=[member(team.oleg)], sticky={"by": "contact"})
    deal_by(
        team,
        name="Limited",
        stages=[[second, None]],
        members=[member(team.ana)],
        limits={"counts": ALL, "leads": 1},
    )
    (own,) = world.leads(pipeline_id=first, contact_ids=[person], run=False)
    (other,) = world.leads(pipeline_id=second, run=False)
    world.run()
    assert world.owner(own) == team.ana.kommo_id
    assert why(team, other) == "all_at_limit"
    assert world.loads([own, other])[team.ana.kommo_id] == 1


@pytest.mark.feature("F137", "F119")
def test_a_lead_that_moves_on_by_time_makes_room_for_one_that_waits(
    team: Team, world: World
) -> None:
    (first, _), (second, _) = world.stages(0), world.stages(1)
    deal_by(
        team,
        name="Timed",
        members=[member(team.oleg, tier=1), member(team.ana, tier=2)],
        acceptance={"minutes": 10},
    )
    deal_by(
        team,
        name="Limited",
        stages=[[second, None]],
        members=[member(team.oleg)],
        limits={"counts": ALL, "leads": 1},
    )
    (timed,) = world.leads(pipeline_id=first)
    assert world.owner(timed) == team.oleg.kommo_id
    (waiting,) = world.leads(pipeline_id=second)
    assert why(team, waiting) == "all_at_limit"
    Account.objects.update(reconciled_at=world.now + timedelta(days=1))  # it heals in five minutes
    world.advance(10 * MINUTE + 1)
    assert world.owner(timed) == team.ana.kommo_id
    assert world.owner(waiting) == team.oleg.kommo_id
