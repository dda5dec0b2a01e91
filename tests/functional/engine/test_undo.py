"""A wave is taken back: the leads that nobody has touched since return, the rest is listed (N4)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import AuditEntry, InboxEvent, Manager
from distribution.models import Decision, Effect, LeadMirror, ManagerLoad, Timer, Wave
from distribution.operations import undo as operations
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from distribution.operations.undo import NotUndoable, WaveUndone, undo_wave
from distribution.queries.waves import wave_details
from tests import policies
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = [pytest.mark.feature("N4")]


def moved_away(team: Team, count: int = 6, **settings: object) -> list[int]:
    """Leads of Oleg that a wave gave to Ana; Oleg is away."""
    world = team.world
    team.deal_with(return_enabled=False, **settings)
    world.start_shifts([team.oleg])
    leads = world.leads(count)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, count]
    return leads


def wave_of(team: Team, kind: str = "redistribution") -> Wave:
    return Wave.objects.for_account(team.account).filter(kind=kind).latest("pk")


def take_back(team: Team, wave: Wave | None = None, *, run: bool = True) -> Wave:
    sonia = Manager.objects.for_account(team.account).get(name="Sonia")
    wave = wave or wave_of(team)
    made = undo_wave(team.account, wave.pk, actor=sonia, now=team.world.now)
    if run:
        team.world.run()
    return made


def left(team: Team, undo: Wave) -> dict[int, str]:
    """Why each lead that did not go back was left."""
    rows = Decision.objects.for_account(team.account).filter(wave_id=undo.pk, chosen_id=None)
    return dict(rows.values_list("lead_id", "reason"))


def test_a_wave_taken_back_gives_every_untouched_lead_to_whom_it_had(
    team: Team, world: World
) -> None:
    leads = moved_away(team)
    undo = take_back(team)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [6, 0]
    assert world.kinds(team.account, leads[0]) == ["distribution", "redistribution", "undo"]
    undo.refresh_from_db()
    assert (undo.moved, undo.parked, undo.user_id) == (6, 0, team.oleg.kommo_id)
    entry = AuditEntry.objects.for_account(team.account).get(action="wave_taken_back")
    assert entry.after == {"wave": undo.undoes_id, "undo": undo.pk, "leads": 6}


def test_after_one_manual_change_all_go_back_but_that_one(team: Team, world: World) -> None:
    leads = moved_away(team)
    world.edit(leads[2], responsible_user_id=team.max.kommo_id)
    undo = take_back(team)
    assert team.leads_of(team.oleg, team.max, among=leads) == [5, 1]
    assert world.owner(leads[2]) == team.max.kommo_id
    assert left(team, undo) == {leads[2]: "owner_changed_by_hand"}
    undo.refresh_from_db()
    assert (undo.moved, undo.parked) == (5, 1)


@pytest.mark.feature("R40")
def test_a_lead_that_a_person_took_and_gave_back_has_been_touched(team: Team, world: World) -> None:
    leads = moved_away(team, 2)
    world.edit(leads[0], responsible_user_id=team.max.kommo_id)
    world.advance(60)
    world.edit(leads[0], responsible_user_id=team.ana.kommo_id)
    undo = take_back(team)
    assert left(team, undo) == {leads[0]: "owner_changed_by_hand"}
    assert world.owner(leads[0]) == team.ana.kommo_id


@pytest.mark.feature("R40")
def test_a_change_that_no_webhook_told_of_is_seen_before_a_lead_goes_back(
    team: Team, world: World
) -> None:
    leads = moved_away(team, 3)
    world.crm("weather", is_off=True)
    world.edit(leads[1], responsible_user_id=team.max.kommo_id, run=False)
    undo = take_back(team)
    assert world.owner(leads[1]) == team.max.kommo_id
    assert left(team, undo) == {leads[1]: "owner_changed_by_hand"}


def test_what_became_of_a_lead_since_says_why_it_was_left(team: Team, world: World) -> None:
    _, stages = world.stages()
    leads = moved_away(team, 6, exclusion_field_id=world.field_id())
    advanced, closed, deleted, excluded, moved_on, untouched = leads
    world.edit(advanced, by=team.ana.kommo_id, status_id=stages[1])
    world.edit(closed, by=team.ana.kommo_id, status_id=142)
    world.delete(deleted)
    world.tick(excluded, True)
    row = LeadMirror.objects.for_account(team.account).get(lead_id=moved_on)
    world.advance(60)
    Decision.objects.create(
        account=team.account,
        lead_id=moved_on,
        kind="linked",
        decided_at=world.now,
        chosen_id=row.owner_id,
        previous_owner_id=row.owner_id,
        pk=10**12,
    )
    undo = take_back(team)
    assert left(team, undo) == {
        advanced: "stage_advanced",
        closed: "lead_closed",
        deleted: "lead_gone",
        excluded: "lead_excluded",
        moved_on: "not_our_transferee",
    }
    assert world.owner(untouched) == team.oleg.kommo_id


def test_nothing_goes_back_to_somebody_who_has_left_kommo(team: Team, world: World) -> None:
    leads = moved_away(team, 2)
    Manager.objects.filter(pk=team.oleg.pk).update(is_active_in_kommo=False)
    undo = take_back(team)
    assert set(left(team, undo).values()) == {"owner_gone"}
    assert team.leads_of(team.ana, among=leads) == [2]


def test_leads_that_still_waited_to_be_moved_stay_for_good(team: Team, world: World) -> None:
    team.deal_with(return_enabled=False)
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    undo = take_back(team)
    undo.refresh_from_db()
    assert (undo.moved, undo.parked) == (3, 0)
    world.start_shifts([team.ana])
    world.advance(3600)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [3, 0]


@pytest.mark.feature("F147")
def test_a_return_taken_back_gives_the_leads_to_the_colleague_for_good(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.oleg])
    leads = world.leads(3)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, among=leads) == [3]
    take_back(team, wave_of(team, "return"))
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 3]
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    world.start_shifts([team.oleg])
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 3]


def test_a_lead_given_back_does_not_return_and_has_no_clock(team: Team, world: World) -> None:
    team.deal_with()
    policies.change_simple(team.account, acceptance={"minutes": 120})
    world.configure(team.account)
    world.start_shifts([team.oleg])
    (lead,) = world.leads(1)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    world.run()
    world.advance(600)
    assert world.owner(lead) == team.ana.kommo_id
    take_back(team)
    row = LeadMirror.objects.for_account(team.account).get(lead_id=lead)
    assert row.original_owner_id is None
    assert not Timer.objects.for_account(team.account).filter(subject=lead).exists()
    world.start_shifts([team.oleg])
    world.shift(team.oleg, "end")
    world.advance(5 * 3600, run=False)
    assert "return" not in world.kinds(team.account, lead)


def test_the_loads_follow_what_was_taken_back(team: Team, world: World) -> None:
    leads = moved_away(team, 4)
    take_back(team)
    rows = LeadMirror.objects.for_account(team.account).filter(is_counted=True)
    counted = Counter(rows.values_list("owner_id", flat=True))
    assert counted == {team.oleg.kommo_id: len(leads)}
    loads = ManagerLoad.objects.for_account(team.account).filter(scope=0, number__gt=0)
    assert dict(loads.values_list("user_id", "number")) == dict(counted)


def test_a_wave_is_taken_back_once_and_an_undo_never(team: Team, world: World) -> None:
    moved_away(team, 2)
    wave = wave_of(team)
    undo = take_back(team, wave, run=False)
    with pytest.raises(WaveUndone):
        take_back(team, wave)
    with pytest.raises(NotUndoable):
        take_back(team, undo)
    world.run()
    with pytest.raises(WaveUndone):
        take_back(team, wave)
    assert Decision.objects.for_account(team.account).filter(kind="undo").count() == 2


def test_a_wave_taken_back_before_it_was_delivered_leaves_every_lead_where_it_was(
    team: Team, world: World
) -> None:
    team.deal_with(return_enabled=False)
    world.start_shifts([team.oleg])
    leads = world.leads(4)
    world.start_shifts([team.ana])
    world.shift(team.oleg, "end")
    while take_turn() is not None:  # decided, nothing delivered
        pass
    world.advance(1, run=False)
    while take_turn() is not None:
        pass
    assert wave_of(team).moved == 4
    assert Effect.objects.for_account(team.account).filter(state="pending").count() >= 4
    take_back(team, run=False)
    for _ in range(3):  # two machines never decide and deliver at one instant
        take_turn()
        world.advance(1, run=False)
        deliver()
        world.advance(1, run=False)
    world.run()
    assert team.leads_of(team.oleg, among=leads) == [4]
    open_ = Effect.objects.for_account(team.account).filter(state__in=Effect.OPEN)
    assert not open_.exists()
    rows = LeadMirror.objects.for_account(team.account).filter(lead_id__in=leads)
    assert {(row.owner_id, row.confirmed_owner_id) for row in rows} == {
        (team.oleg.kommo_id, team.oleg.kommo_id)
    }


def test_a_person_who_changes_a_lead_between_the_click_and_the_lane_wins(
    team: Team, world: World
) -> None:
    leads = moved_away(team, 3)
    undo = take_back(team, run=False)
    world.edit(leads[0], responsible_user_id=team.max.kommo_id, run=False)
    world.run()
    assert world.owner(leads[0]) == team.max.kommo_id
    assert left(team, undo) == {leads[0]: "owner_changed_by_hand"}


def test_a_large_wave_goes_back_in_several_events_and_tells_how_far_it_is(
    team: Team, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LEADS_AN_EVENT", 4)
    leads = moved_away(team, 10)
    wave = wave_of(team)
    undo = take_back(team, wave, run=False)
    events = InboxEvent.objects.for_account(team.account).filter(kind="undo", done_at=None)
    assert events.count() == 3
    found = wave_details(team.account, wave)
    assert (found.undo, found.undone, found.undoable) == (undo, 0, 10)
    take_turn()
    found = wave_details(team.account, wave)
    assert (found.undone, found.on_its_way) == (10, 10)
    world.run()
    found = wave_details(team.account, wave)
    assert (found.undone, found.on_its_way) == (10, 0)
    assert team.leads_of(team.oleg, among=leads) == [10]


def test_a_wave_that_still_moves_leads_is_taken_back_when_it_is_over(
    team: Team, world: World
) -> None:
    moved_away(team, 2)
    wave = wave_of(team)
    Timer.objects.create(
        account=team.account,
        kind="wave",
        subject=wave.user_id,
        due_at=world.now + timedelta(hours=1),
        payload={"wave": wave.pk},
    )
    with pytest.raises(operations.WaveRunning):
        take_back(team, wave)
