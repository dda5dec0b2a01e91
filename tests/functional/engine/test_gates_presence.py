"""Who has Kommo open: not looked at, preferred, required (F107); and coming online lets leads go."""

from __future__ import annotations

import pytest

from accounts.models import InboxEvent
from distribution.operations.deciding.turn import take_turn
from tests.functional.engine.scene import MINUTE, deal_by, member, why
from tests.functional.main_job.conftest import Team
from tests.planning import set_status
from tests.world import World


def told(team: Team) -> int:
    """Return how often the lane was told that who can take leads has changed."""
    rows = InboxEvent.objects.for_account(team.account)
    return rows.filter(kind=InboxEvent.Kind.AVAILABILITY).count()


@pytest.mark.feature("F107")
def test_people_online_come_first_and_without_any_everybody_receives(
    team: Team, world: World
) -> None:
    deal_by(team, gates={"presence": "prefer"})
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [2, 2, 2]
    world.heartbeat(team.ana)
    assert team.leads_of(*team.everybody, among=world.leads(6)) == [0, 6, 0]
    world.advance(5 * MINUTE + 1)
    counts = team.leads_of(*team.everybody, among=world.leads(6))
    assert sum(counts) == 6
    assert counts[0] > 0


@pytest.mark.feature("F107")
@pytest.mark.feature("R4")
def test_the_preferred_give_way_when_none_of_them_can_take_the_lead(
    team: Team, world: World
) -> None:
    rows = [member(team.oleg), member(team.ana, leads=1), member(team.max)]
    deal_by(team, members=rows, gates={"presence": "prefer"})
    world.heartbeat(team.ana)
    assert team.leads_of(*team.everybody, among=world.leads(5)) == [2, 1, 2]


@pytest.mark.feature("R1")
def test_where_presence_is_required_people_away_receive_nothing(team: Team, world: World) -> None:
    deal_by(team, gates={"presence": "require"})
    world.heartbeat(team.ana)
    assert team.leads_of(*team.everybody, among=world.leads(3)) == [0, 3, 0]
    world.advance(5 * MINUTE + 1)
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_online"


@pytest.mark.feature("R1")
@pytest.mark.parametrize(("seconds", "is_online"), [(299, True), (300, True), (301, False)])
def test_somebody_counts_as_online_for_five_minutes(
    team: Team, world: World, seconds: int, is_online: bool
) -> None:
    deal_by(team, members=[member(team.ana)], gates={"presence": "require"})
    world.heartbeat(team.ana)
    world.advance(seconds)
    assert team.leads_of(team.ana, among=world.leads()) == [int(is_online)]


@pytest.mark.feature("B4")
@pytest.mark.feature("R1")
@pytest.mark.parametrize("shift_mode", ["manual", "automatic"])
def test_coming_online_lets_a_waiting_lead_go_within_one_turn(
    team: Team, world: World, shift_mode: str
) -> None:
    deal_by(team, gates={"presence": "require"}, shift_mode=shift_mode)
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_online"
    status, _ = world.ask_widget(team.ana, "activity", {})
    assert status == 200
    assert take_turn(account_id=team.account.pk) is not None
    assert world.decisions(team.account, lead)[-1].chosen_id == team.ana.kommo_id


@pytest.mark.feature("B4")
def test_only_coming_online_is_told_not_each_heartbeat(team: Team, world: World) -> None:
    deal_by(team, gates={"presence": "require"})
    world.heartbeat(team.ana)
    first = told(team)
    assert first == 1
    for _ in range(10):
        world.advance(MINUTE)
        world.heartbeat(team.ana)
    assert told(team) == first
    world.advance(5 * MINUTE + 1)
    assert told(team) == first  # going away needs no word
    world.heartbeat(team.ana)
    assert told(team) == first + 1


@pytest.mark.feature("R38")
@pytest.mark.feature("R1")
def test_what_somebody_does_in_kommo_makes_them_online_in_manual_mode_too(
    team: Team, world: World
) -> None:
    held = world.existing_leads({team.ana.kommo_id: 1})
    deal_by(team, gates={"presence": "require"})
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_online"
    world.edit(held[team.ana.kommo_id][0], by=team.ana.kommo_id, name="Seen by Ana")
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("R1")
@pytest.mark.feature("R28")
def test_the_three_axes_are_apart(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], gates={"presence": "require", "shift": "require"})
    world.heartbeat(team.ana)
    (lead,) = world.leads()
    assert why(team, lead) == "nobody_on_shift"
    set_status(world, team.ana, "forced_on")
    world.run()
    assert why(team, lead) == "nobody_on_shift"
    world.start_shifts([team.ana])
    assert world.owner(lead) == team.ana.kommo_id
