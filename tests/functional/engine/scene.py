"""One template with one watch on the first pipeline, as the tests of its rules set it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.models import DistributionSettings, Template, Trigger
from shifts.models import ShiftSettings
from tests import policies
from tests.functional.main_job.conftest import Team

MINUTE = 60


def member(manager: Manager, **values: Any) -> dict[str, Any]:
    """Return a manager's row of a template's list."""
    return {"kind": "manager", "id": manager.kommo_id, **values}


def group(manager: Manager, **values: Any) -> dict[str, Any]:
    """Return the row of the group that a manager belongs to."""
    assert manager.group is not None
    return {"kind": "group", "id": manager.group.kommo_id, **values}


def deal_by(
    team: Team,
    *,
    name: str = "Policy",
    stages: policies.Stages | None = None,
    shift_mode: str = "manual",
    **body: Any,
) -> Trigger:
    """Switch dealing on with a template of all three managers, open all day, no gate unless given."""
    world, account = team.world, team.account
    DistributionSettings.objects.get_or_create(
        account=account, defaults={"is_enabled": True, "enabled_at": world.now}
    )
    ShiftSettings.objects.update_or_create(account=account, defaults={"mode": shift_mode})
    body.setdefault("members", [member(manager) for manager in team.everybody])
    row = policies.template(account, name, **body)
    watch = policies.watch(row, stages or [[world.stages()[0], None]])
    take_effect(team)
    return watch


def change(team: Team, name: str = "Policy", **sections: Any) -> None:
    """Lay sections over the body of a template and let that take effect."""
    policies.change(Template.objects.for_account(team.account).get(name=name), **sections)
    take_effect(team)


def take_effect(team: Team) -> None:
    """Let the account's lane hear of saved settings, as every save does."""
    now = team.world.now
    append_event(team.account, InboxEvent.Kind.SETTINGS, {"at": team.world.clock.now()}, now)
    team.world.run()


def received(team: Team, leads: Sequence[int]) -> list[int]:
    """Return whom each of the leads belongs to in Kommo, in order."""
    return [team.world.owner(lead) for lead in leads]


def why(team: Team, lead: int) -> str:
    """Return the reason of the lead's latest decision."""
    return str(team.world.decisions(team.account, lead)[-1].reason)
