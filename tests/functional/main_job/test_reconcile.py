"""What webhooks missed is found by looking: new leads, changes, deletions; also after bulk edits."""

from __future__ import annotations

import pytest

from distribution.models import LeadMirror, ManagerLoad
from distribution.operations import reconcile
from tests.functional.main_job.conftest import Team
from tests.world import World

DAY = 24 * 3600


@pytest.mark.feature("F3")
def test_a_lead_of_which_no_webhook_told_is_dealt(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    world.crm("weather", is_off=True)
    (lead,) = world.leads()
    assert world.owner(lead) != team.oleg.kommo_id
    world.advance(300)
    assert world.owner(lead) == team.oleg.kommo_id


@pytest.mark.feature("F103")
def test_a_deletion_of_which_no_webhook_told_leaves_the_load_within_a_day(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    gone, kept = world.leads(2)
    world.crm("weather", is_off=True)
    world.crm("delete_lead", lead_id=gone)
    for _ in range(4):
        world.advance(DAY / 2)
    assert LeadMirror.objects.get(lead_id=gone).is_deleted
    assert not LeadMirror.objects.get(lead_id=kept).is_deleted
    assert ManagerLoad.objects.get(user_id=team.oleg.kommo_id).number == 1


def test_more_changes_than_one_run_takes_are_all_seen(
    team: Team, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "PAGES_A_RUN", 1)
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    world.crm("weather", is_off=True)
    leads = world.leads(600, bulk=True)
    for _ in range(6):
        world.advance(300)
        world.crm("leads", count=1)  # time goes on in Kommo too
    dealt = {team.oleg.kommo_id, team.ana.kommo_id}
    assert all(world.owner(lead) in dealt for lead in leads)
