"""An account whose Kommo answers slowly is left to the few workers that slow accounts may hold up."""

from __future__ import annotations

import pytest

from accounts.models import Lane
from distribution.operations import lanes
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = pytest.mark.feature("F3")


def test_a_slow_account_is_taken_only_by_workers_for_slow_ones(
    team: Team, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    monkeypatch.setattr(lanes, "SLOW_CALL_SECONDS", 0.0)  # every answer is slow now
    world.leads()
    slow = Lane.objects.for_account(team.account).exclude(slow_until=None)
    assert set(slow.values_list("kind", flat=True)) == {Lane.Kind.DECIDE, Lane.Kind.DELIVER}
    (lead,) = world.leads(run=False)
    world.post_hooks()
    assert take_turn(slow=False) is None
    assert take_turn() == team.account.pk
    assert deliver(slow=False) is None
    assert deliver() == team.account.pk
    assert world.owner(lead) == team.oleg.kommo_id
