"""Who is on shift: buttons, activity and silence, in the three modes; what it means for leads."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

import pytest

from accounts.models import Manager
from distribution.models import Wave
from shifts.models import Shift, ShiftPause, ShiftSettings
from tests.functional.main_job.conftest import Team
from tests.world import World


def patience(team: Team, pause: int, offline: int) -> None:
    ShiftSettings.objects.for_account(team.account).update(
        pause_after_minutes=pause, offline_after_minutes=offline
    )


def steps(world: World, manager: Manager, minutes: Iterable[int]) -> list[str]:
    """What the manager's button shows after each of these spans."""
    shown = []
    for span in minutes:
        world.advance(span * 60)
        shown.append(world.presence(manager))
    return shown


# Manual mode


@pytest.mark.feature("F32")
def test_in_manual_mode_only_the_buttons_move_anybody(team: Team, world: World) -> None:
    team.deal_with(shift_mode="manual")
    (lead,) = world.leads(responsible_user_id=team.ana.kommo_id)
    world.heartbeat(team.ana)
    world.edit(lead, by=team.ana.kommo_id, name="Her own change")
    assert world.presence(team.ana) == "offline"
    world.start_shifts([team.ana])
    assert steps(world, team.ana, [60, 600]) == ["online", "online"]
    world.shift(team.ana, "end")
    assert world.presence(team.ana) == "offline"
    world.heartbeat(team.ana)
    assert world.presence(team.ana) == "offline"


# Automatic mode


@pytest.mark.feature("F33")
@pytest.mark.feature("F42")
def test_in_automatic_mode_an_open_page_starts_the_shift_and_silence_ends_it(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="automatic")
    (lead,) = world.leads()
    world.heartbeat(team.ana)
    assert world.presence(team.ana) == "online"
    assert world.owner(lead) == team.ana.kommo_id
    assert steps(world, team.ana, [14, 1, 14, 1]) == ["online", "paused", "paused", "offline"]
    after = world.leads()
    assert team.leads_of(team.ana, among=after) == [0]


@pytest.mark.feature("F33")
@pytest.mark.feature("R38")
@pytest.mark.parametrize("doing", ["changes a lead", "writes a note", "moves a stage"])
def test_in_automatic_mode_what_a_manager_does_in_kommo_starts_the_shift(
    team: Team, world: World, doing: str
) -> None:
    _, stages = world.stages()
    held = world.existing_leads({team.ana.kommo_id: 1})
    team.deal_with(shift_mode="automatic")
    (lead,) = held[team.ana.kommo_id]
    if doing == "changes a lead":
        world.edit(lead, by=team.ana.kommo_id, name="Seen by Ana")
    elif doing == "moves a stage":
        world.edit(lead, by=team.ana.kommo_id, status_id=stages[1])
    else:
        assert world.post_body(team.account, note_by(team.ana, lead)) == 204
        world.run()
    assert world.presence(team.ana) == "online"


@pytest.mark.feature("R38")
@pytest.mark.parametrize("note_type", ["10", "11", "102", "103"])
def test_calls_and_messages_count_as_activity_although_no_browser_is_open(
    team: Team, world: World, note_type: str
) -> None:
    """Kommo's note types: incoming and outgoing call, incoming and outgoing message."""
    held = world.existing_leads({team.ana.kommo_id: 1})
    team.deal_with(shift_mode="automatic")
    (lead,) = held[team.ana.kommo_id]
    world.post_body(team.account, note_by(team.ana, lead, note_type=note_type))
    world.run()
    assert world.presence(team.ana) == "online"


@pytest.mark.feature("R38")
def test_activity_in_kommo_keeps_a_shift_alive(team: Team, world: World) -> None:
    held = world.existing_leads({team.ana.kommo_id: 1})
    team.deal_with(shift_mode="automatic")
    (lead,) = held[team.ana.kommo_id]
    for number in range(6):
        world.edit(lead, by=team.ana.kommo_id, name=f"Change {number}")
        assert world.presence(team.ana) == "online"
        world.advance(14 * 60)
    assert world.presence(team.ana) == "online"
    world.advance(60)
    assert world.presence(team.ana) == "paused"


@pytest.mark.feature("R38")
def test_our_own_writes_are_nobodys_activity(team: Team, world: World) -> None:
    team.deal_with(shift_mode="automatic", notes_enabled=True)
    vera = Manager.objects.for_account(team.account).get(name="Vera")
    world.heartbeat(team.ana)
    world.leads(3)
    assert world.presence(vera) == "offline"


def note_by(manager: Manager, lead_id: int, *, note_type: str = "4") -> bytes:
    stem = "leads[note][0][note]"
    return urlencode(
        {
            f"{stem}[id]": "213000001",
            f"{stem}[element_id]": str(lead_id),
            f"{stem}[element_type]": "2",
            f"{stem}[note_type]": note_type,
            f"{stem}[text]": "Hello",
            f"{stem}[created_by]": str(manager.kommo_id),
            f"{stem}[modified_by]": str(manager.kommo_id),
        }
    ).encode()


@pytest.mark.feature("F42")
def test_a_heartbeat_of_any_tab_counts_and_the_last_one_closed_ends_the_shift_after_grace(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="automatic")
    for tab_is_first in (True, False, True, False, False):
        world.heartbeat(team.ana)
        world.advance(10 * 60)
        assert world.presence(team.ana) == "online", tab_is_first
    assert steps(world, team.ana, [5, 15]) == ["paused", "offline"]


@pytest.mark.feature("F36")
def test_inactivity_pauses_after_x_and_ends_after_y_more_and_both_are_settings(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="automatic")
    patience(team, pause=7, offline=20)
    world.heartbeat(team.ana)
    world.advance(7 * 60 - 1)
    assert world.presence(team.ana) == "online"
    world.advance(1)
    assert world.presence(team.ana) == "paused"
    world.advance(20 * 60 - 1)
    assert world.presence(team.ana) == "paused"
    world.advance(1)
    assert world.presence(team.ana) == "offline"


@pytest.mark.feature("F36")
def test_the_second_time_of_inactivity_is_fifteen_minutes_by_default(team: Team) -> None:
    team.deal_with()
    assert ShiftSettings.objects.for_account(team.account).get().offline_after_minutes == 15


@pytest.mark.feature("F33")
@pytest.mark.feature("F1")
def test_a_shift_that_ends_by_silence_moves_its_leads(team: Team, world: World) -> None:
    team.deal_with(shift_mode="automatic")
    world.heartbeat(team.oleg)
    leads = world.leads(3)
    world.heartbeat(team.ana)
    world.advance(15 * 60)
    assert team.leads_of(team.oleg, among=leads) == [3]
    world.heartbeat(team.ana)
    world.advance(14 * 60)
    world.heartbeat(team.ana)
    world.advance(60)
    assert world.presence(team.oleg) == "offline"
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 3]


# Hybrid mode


@pytest.mark.feature("F34")
def test_in_hybrid_mode_an_end_by_hand_is_not_undone_by_the_next_heartbeat(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="hybrid")
    world.heartbeat(team.ana)
    assert world.presence(team.ana) == "online"
    world.shift(team.ana, "end")
    world.advance(60)
    world.heartbeat(team.ana)
    assert world.presence(team.ana) == "offline"
    world.start_shifts([team.ana])
    assert world.presence(team.ana) == "online"


@pytest.mark.feature("F34")
def test_in_hybrid_mode_the_next_days_activity_starts_a_shift_after_an_end_by_hand(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="hybrid")
    world.heartbeat(team.ana)
    world.shift(team.ana, "end")
    world.advance(24 * 3600)
    world.heartbeat(team.ana)
    assert world.presence(team.ana) == "online"


@pytest.mark.feature("F34")
@pytest.mark.feature("F46")
def test_in_hybrid_mode_a_pause_by_hand_holds_until_resume(team: Team, world: World) -> None:
    team.deal_with(shift_mode="hybrid")
    world.heartbeat(team.ana)
    world.shift(team.ana, "pause")
    world.advance(60)
    world.heartbeat(team.ana)
    world.advance(3 * 3600)
    assert world.presence(team.ana) == "paused"
    world.shift(team.ana, "resume")
    assert world.presence(team.ana) == "online"


# The states and what they mean for leads


@pytest.mark.feature("F35")
def test_every_transition_between_the_three_states_is_logged_with_its_cause(
    team: Team, world: World
) -> None:
    team.deal_with(shift_mode="hybrid")
    seen = [world.presence(team.ana)]
    world.heartbeat(team.ana)
    seen.append(world.presence(team.ana))
    seen += steps(world, team.ana, [15])
    world.heartbeat(team.ana)
    world.shift(team.ana, "pause")
    world.shift(team.ana, "resume")
    seen += steps(world, team.ana, [15, 15])
    assert seen == ["offline", "online", "paused", "paused", "offline"]
    shift = Shift.objects.for_account(team.account).get()
    pauses = ShiftPause.objects.for_account(team.account).order_by("started_at")
    assert (shift.start_cause, shift.end_cause) == ("activity", "inactivity")
    assert [(pause.cause, pause.end_cause) for pause in pauses] == [
        ("inactivity", "activity"),
        ("button", "button"),
        ("inactivity", ""),
    ]


@pytest.mark.feature("F38")
def test_a_paused_manager_gets_no_new_lead(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.shift(team.ana, "pause")
    leads = world.leads(30)
    assert team.leads_of(team.oleg, team.ana, team.max, among=leads) == [15, 0, 15]


@pytest.mark.feature("F38")
@pytest.mark.feature("F39")
def test_a_lead_waits_rather_than_going_to_the_paused_manager_who_keeps_the_others(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    held = world.leads(2)
    world.shift(team.ana, "pause")
    (lead,) = world.leads()
    world.advance(3600)
    assert world.kinds(team.account, lead) == ["distribution: nobody_on_shift"]
    assert team.leads_of(team.ana, among=held) == [2]
    assert not Wave.objects.for_account(team.account).exists()


@pytest.mark.feature("F39")
def test_a_pause_by_inactivity_moves_no_leads_either(team: Team, world: World) -> None:
    team.deal_with(shift_mode="automatic")
    world.heartbeat(team.oleg)
    held = world.leads(2)
    world.heartbeat(team.ana)
    world.advance(14 * 60)
    world.heartbeat(team.ana)
    world.advance(2 * 60)
    assert world.presence(team.oleg) == "paused"
    assert team.leads_of(team.oleg, team.ana, among=held) == [2, 0]


@pytest.mark.feature("F44")
@pytest.mark.feature("F46")
def test_a_manager_leaves_and_rejoins_dealing_with_the_next_lead(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.oleg, team.ana])
    world.shift(team.ana, "pause")
    without = world.leads(4)
    world.shift(team.ana, "resume")
    (back,) = world.leads()
    assert team.leads_of(team.oleg, team.ana, among=without) == [4, 0]
    assert world.owner(back) == team.ana.kommo_id


@pytest.mark.feature("F46")
def test_a_lunch_break_is_logged_with_its_times_and_by_whom(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.advance(3600)
    began = world.now
    world.shift(team.ana, "pause")
    world.advance(30 * 60)
    world.shift(team.ana, "resume")
    pause = ShiftPause.objects.for_account(team.account).get()
    assert (pause.started_at - began).total_seconds() < 1
    assert (pause.ended_at - pause.started_at).total_seconds() == pytest.approx(1800, abs=1)
    assert pause.started_by == pause.ended_by == team.ana.kommo_id


@pytest.mark.feature("F45")
def test_a_lead_in_the_ninth_minute_of_a_shift_skips_its_manager_and_one_in_the_tenth_does_not(
    team: Team, world: World
) -> None:
    team.deal_with(start_delay_minutes=10)
    world.start_shifts([team.oleg])
    world.advance(60 * 60)
    world.start_shifts([team.ana])
    world.advance(9 * 60)
    nine = world.leads(2)
    assert team.leads_of(team.oleg, team.ana, among=nine) == [2, 0]
    world.advance(60)
    (ten,) = world.leads()
    assert world.owner(ten) == team.ana.kommo_id


@pytest.mark.feature("F45")
def test_a_lead_that_waits_for_the_delay_is_dealt_by_the_clock_alone(
    team: Team, world: World
) -> None:
    team.deal_with(start_delay_minutes=10)
    world.start_shifts([team.ana])
    world.advance(9 * 60)
    (lead,) = world.leads()
    world.advance(59)
    assert world.kinds(team.account, lead) == ["distribution: start_delay"]
    world.advance(1)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F45")
def test_a_pause_does_not_begin_the_delay_anew(team: Team, world: World) -> None:
    team.deal_with(start_delay_minutes=10)
    world.start_shifts([team.ana])
    world.advance(20 * 60)
    world.shift(team.ana, "pause")
    world.shift(team.ana, "resume")
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id
