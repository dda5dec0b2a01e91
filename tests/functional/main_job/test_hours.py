"""Working hours for new leads: half-open windows by the account's clock."""

from __future__ import annotations

from datetime import time

import pytest

from distribution.models import Template
from distribution.operations.policies.settings import settings_for
from distribution.queries.settings import settings_of
from tests.functional.main_job.conftest import Team
from tests.world import World

OFFICE = {"hours_from": time(9), "hours_to": time(18)}


@pytest.mark.feature("F80")
def test_the_hours_for_new_leads_are_nine_to_six_by_default(team: Team) -> None:
    Template.objects.for_account(team.account).delete()
    settings_for(team.account)
    values = settings_of(team.account).values
    assert (values["hours_from"], values["hours_to"]) == ("09:00", "18:00")


@pytest.mark.feature("F80")
def test_by_default_a_lead_at_nine_is_dealt_and_one_before_waits(team: Team, world: World) -> None:
    team.deal_with()
    groups = settings_of(team.account).values["groups"]
    Template.objects.for_account(team.account).delete()
    settings_for(team.account)
    world.save(team.account, groups=groups)
    world.start_shifts([team.ana])
    world.advance_to(time(8, 59, 59))
    early = world.leads()
    assert team.leads_of(team.ana, among=early) == [0]
    world.advance(1)
    on_time = world.leads()
    assert team.leads_of(team.ana, among=early + on_time) == [2]


@pytest.mark.feature("F81")
def test_a_lead_at_the_last_second_is_dealt_and_one_at_six_sharp_is_not(
    team: Team, world: World
) -> None:
    team.deal_with(**OFFICE)
    world.start_shifts([team.ana])
    world.advance_to(time(17, 59, 59))
    assert team.leads_of(team.ana, among=world.leads()) == [1]
    world.advance_to(time(18))
    (late,) = world.leads()
    assert world.owner(late) != team.ana.kommo_id
    assert world.kinds(team.account, late) == ["distribution: outside_hours"]


@pytest.mark.feature("F82")
@pytest.mark.feature("R6")
def test_leads_of_the_night_are_dealt_in_order_at_the_next_opening(
    team: Team, world: World
) -> None:
    team.deal_with(**OFFICE)
    world.start_shifts([team.ana])
    leads = []
    for hour in (18, 20, 22, 4):
        world.advance_to(time(hour))
        leads += world.leads()
    world.advance_to(time(8, 59, 59))
    assert team.leads_of(team.ana, among=leads) == [0]
    world.advance(1)
    assert team.leads_of(team.ana, among=leads) == [4]
    dealt = [row.lead_id for row in world.decisions(team.account) if row.chosen_id]
    assert dealt == leads


@pytest.mark.feature("F79")
@pytest.mark.parametrize(
    ("is_open", "is_on_shift", "is_dealt"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_lead_is_dealt_only_if_both_the_hours_and_the_shift_allow_it(
    team: Team, world: World, is_open: bool, is_on_shift: bool, is_dealt: bool
) -> None:
    team.deal_with(**OFFICE)
    if is_on_shift:
        world.start_shifts([team.ana])
    world.advance_to(time(17) if is_open else time(19))
    assert team.leads_of(team.ana, among=world.leads()) == [int(is_dealt)]


@pytest.mark.feature("R6")
def test_a_window_over_midnight_is_open_on_both_sides_of_it(team: Team, world: World) -> None:
    team.deal_with(hours_from=time(22), hours_to=time(6))
    world.start_shifts([team.ana])
    dealt = {}
    for hour in (21, 22, 23, 0, 5, 6):
        world.advance_to(time(hour))
        (lead,) = world.leads()
        dealt[hour] = [row.chosen_id for row in world.decisions(team.account, lead)][-1] is not None
        world.edit(lead, status_id=143)
    assert dealt == {21: False, 22: True, 23: True, 0: True, 5: True, 6: False}


@pytest.mark.feature("F81")
def test_a_lead_that_is_closed_by_night_is_not_dealt_in_the_morning(
    team: Team, world: World
) -> None:
    team.deal_with(**OFFICE)
    world.start_shifts([team.ana])
    world.advance_to(time(19))
    (lead,) = world.leads()
    world.advance(60)
    world.edit(lead, status_id=142)
    world.advance_to(time(9, 30))
    assert world.owner(lead) != team.ana.kommo_id
