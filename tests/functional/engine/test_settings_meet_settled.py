"""Saved settings and what delivery has found meet in one turn: neither loses the other."""

from __future__ import annotations

import pytest

from accounts.models import InboxEvent
from accounts.operations.inbox import append_event
from distribution.models import LeadMirror, Template
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests import policies
from tests.functional.engine.scene import deal_by, member
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.mark.feature("R40", "F85")
def test_a_persons_choice_and_a_new_trigger_both_reach_the_mirror(team: Team, world: World) -> None:
    former = deal_by(team, members=[member(team.oleg)])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    world.advance(60, run=False)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    deliver()
    assert InboxEvent.objects.filter(kind=InboxEvent.Kind.SETTLED, done_at=None).count() == 1
    stages = former.stages
    former.delete()
    latter = policies.watch(Template.objects.get(name="Policy"), stages)
    append_event(team.account, InboxEvent.Kind.SETTINGS, {}, world.now)
    take_turn()
    row = LeadMirror.objects.get(lead_id=lead)
    assert (row.owner_id, row.trigger_id) == (team.max.kommo_id, latter.pk)
