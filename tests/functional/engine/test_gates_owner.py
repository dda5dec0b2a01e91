"""The present responsible keeps the lead unless a gate stands against it (F108)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Manager
from tests.functional.engine.scene import deal_by, member
from tests.functional.main_job.conftest import Team
from tests.planning import mark_off, set_hours, set_status, today
from tests.world import World

pytestmark = pytest.mark.feature("F108")
GATES = {"schedule": "personal", "presence": "require"}


def everything_open(team: Team, members: list[Manager], **body: Any) -> None:
    """Let owners be kept; everybody works now and has Kommo open."""
    deal_by(team, members=[member(one) for one in members], keep_owner=True, gates=GATES, **body)
    set_hours(team.world, team.account, team.everybody, "09:00-18:00")
    for manager in team.everybody:
        team.world.heartbeat(manager)


def of_ana(team: Team) -> int:
    """Let a lead arrive whose responsible is Ana already."""
    (lead,) = team.world.leads(responsible_user_id=team.ana.kommo_id)
    return lead


def test_a_responsible_whom_nothing_stands_against_keeps_the_lead(team: Team, world: World) -> None:
    everything_open(team, team.everybody)
    for _ in range(4):
        lead = of_ana(team)
        assert world.owner(lead) == team.ana.kommo_id
        (decision,) = world.decisions(team.account, lead)
        assert (decision.chosen_id, decision.reason) == (team.ana.kommo_id, "kept")
    assert world.sandbox.crm.account_at(team.account.host).owner_changes == 0  # type: ignore[union-attr]


def not_in_the_list(team: Team) -> None:
    pass


def on_a_day_off(team: Team) -> None:
    mark_off(team.world, team.account, [team.ana], today(team.world, team.account))


def offline(team: Team) -> None:
    team.world.advance(5 * 60 + 1)
    team.world.heartbeat(team.oleg)


def switched_off(team: Team) -> None:
    set_status(team.world, team.ana, "off")


@pytest.mark.parametrize("make", [not_in_the_list, on_a_day_off, offline, switched_off])
def test_a_responsible_whom_a_gate_stands_against_loses_the_lead(
    team: Team, world: World, make: Any
) -> None:
    members = [team.oleg, team.max] if make is not_in_the_list else team.everybody
    everything_open(team, members)
    make(team)
    world.run()
    lead = of_ana(team)
    assert world.owner(lead) in {team.oleg.kommo_id, team.max.kommo_id}
    (decision,) = world.decisions(team.account, lead)
    assert decision.reason != "kept"


def test_without_the_option_the_lead_is_dealt_like_any_other(team: Team, world: World) -> None:
    deal_by(team)
    leads = [of_ana(team) for _ in range(6)]
    assert team.leads_of(*team.everybody, among=leads) == [2, 2, 2]


def test_a_kept_lead_moves_no_register(team: Team, world: World) -> None:
    everything_open(team, team.everybody)
    for _ in range(3):
        of_ana(team)
    leads = world.leads(6)  # of the admin, who is no member
    assert team.leads_of(*team.everybody, among=leads) == [2, 2, 2]


def test_a_kept_lead_fills_its_owner_up_to_the_limit(team: Team, world: World) -> None:
    everything_open(team, team.everybody, limits={"leads": 2})
    mine = [of_ana(team) for _ in range(3)]
    assert team.leads_of(team.ana, among=mine) == [2]
