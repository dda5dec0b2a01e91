"""A lead whose exclusion field is filled is left alone: not dealt, not moved, not returned."""

from __future__ import annotations

import pytest

from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.mark.feature("F146")
def test_an_excluded_lead_is_not_dealt(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.tick(lead, True)
    assert world.owner(lead) != team.ana.kommo_id
    assert world.kinds(team.account, lead) == ["distribution: lead_excluded"]


@pytest.mark.feature("F146")
def test_an_excluded_lead_is_not_moved_when_its_manager_leaves(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    world.start_shifts([team.oleg])
    kept, moved = world.leads(2)
    world.advance(5)
    world.tick(kept, True)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    assert world.owner(kept) == team.oleg.kommo_id
    assert world.owner(moved) == team.ana.kommo_id


@pytest.mark.feature("F146")
def test_a_lead_excluded_while_it_waits_is_not_dealt_any_more(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    excluded, plain = world.leads(2)
    world.advance(60)
    world.tick(excluded, True)
    world.start_shifts([team.ana])
    assert world.owner(plain) == team.ana.kommo_id
    assert world.owner(excluded) != team.ana.kommo_id


@pytest.mark.feature("F146")
@pytest.mark.feature("B3")
def test_a_lead_excluded_while_a_delayed_wave_waits_stays(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id(), redistribution_delay_minutes=10)
    world.start_shifts([team.oleg])
    (lead,) = world.leads()
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.advance(300)
    world.tick(lead, True)
    world.advance(300)
    assert world.owner(lead) == team.oleg.kommo_id


@pytest.mark.feature("F146")
@pytest.mark.feature("R39")
@pytest.mark.parametrize(("value", "is_excluded"), [(True, True), (False, False), (None, False)])
def test_a_checkbox_excludes_only_when_it_is_ticked(
    team: Team, world: World, value: bool | None, is_excluded: bool
) -> None:
    team.deal_with(exclusion_field_id=world.field_id())
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.tick(lead, True, run=False)
    world.tick(lead, value)
    assert (world.owner(lead) != team.ana.kommo_id) is is_excluded


@pytest.mark.feature("F146")
@pytest.mark.feature("R39")
@pytest.mark.parametrize(("text", "is_excluded"), [("call me", True), ("0", False), (None, False)])
def test_a_text_field_excludes_with_any_text_but_nought(
    team: Team, world: World, text: str | None, is_excluded: bool
) -> None:
    team.deal_with(exclusion_field_id=world.field_id("Source"))
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.tick(lead, "shop", "Source", run=False)
    world.tick(lead, text, "Source")
    assert (world.owner(lead) != team.ana.kommo_id) is is_excluded


@pytest.mark.feature("F146")
def test_another_field_excludes_nothing(team: Team, world: World) -> None:
    team.deal_with(exclusion_field_id=world.field_id("Source"))
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.tick(lead, True, "VIP")
    assert world.owner(lead) == team.ana.kommo_id
