"""The page "Shift distribution": what it shows, saves, refuses, and how two people edit it at once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import AuditEntry, InboxEvent
from distribution.models import DistributionSettings, Register, Template, Trigger
from distribution.queries.settings import settings_of
from shifts.models import PlannedDay, ShiftSettings
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock

pytestmark = pytest.mark.usefixtures("clock")


def form_of(world: cast.World, **changes: Any) -> dict[str, Any]:
    """Return what the page would send: the saved settings with `changes`; None takes a field out."""
    current = settings_of(world.account)
    fields: dict[str, Any] = {"version": current.version}
    for name, value in {**current.values, **changes}.items():
        if name != "groups" and value is not None and value is not False:
            fields[name] = "on" if value is True else value
    return fields


def groups(*entries: tuple[int, list[int], list[tuple[int, int]]]) -> dict[str, Any]:
    fields: dict[str, Any] = {"groups": [group for group, _, _ in entries]}
    for group, pipelines, stages in entries:
        fields[f"pipelines-{group}"] = pipelines
        fields[f"stages-{group}"] = [f"{pipeline}:{stage}" for pipeline, stage in stages]
    return fields


@pytest.mark.feature("F80")
def test_a_new_account_sees_the_default_hours(acme: cast.World, client_of: ClientOf) -> None:
    page = client_of(acme[cast.VERA]).get("/settings").content.decode()
    assert 'name="hours_from" value="09:00"' in page
    assert 'name="hours_to" value="18:00"' in page
    assert "Europe/Madrid" in page
    assert not DistributionSettings.objects.exists()


@pytest.mark.feature("F37")
def test_inactivity_is_set_in_the_section_of_distribution(
    acme: cast.World, client_of: ClientOf
) -> None:
    page = client_of(acme[cast.VERA]).get("/settings").content.decode()
    section = page[page.index('id="new-title"') : page.index('id="move-title"')]
    assert 'name="pause_after_minutes" value="15"' in section
    assert 'name="offline_after_minutes" value="15"' in section


@pytest.mark.feature("F86")
def test_two_groups_with_their_pipelines_are_saved(
    acme: cast.World,
    client_of: ClientOf,
    rings: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent = {
        **form_of(acme, is_enabled=True, shift_mode="hybrid", strategy="even"),
        **groups(
            (5, [cast.SUPPORT], []),
            (0, [], [(cast.SALES, cast.NEW), (cast.SALES, cast.TALKS)]),
        ),
    }
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_of(acme[cast.VERA]).post("/settings", sent)
    assert answer.status_code == 302
    saved = settings_of(acme.account).values
    assert saved["groups"] == [
        {"group": 5, "pipelines": [cast.SUPPORT], "stages": []},
        {"group": 0, "pipelines": [], "stages": [[cast.SALES, cast.NEW], [cast.SALES, cast.TALKS]]},
    ]
    assert [cast.SUPPORT, None] in Trigger.objects.get(group__kommo_id=5).stages
    assert Register.objects.for_account(acme.account).count() == 2
    row = DistributionSettings.objects.get()
    assert (row.is_enabled, row.enabled_at, row.version) == (True, NOON, 2)
    assert ShiftSettings.objects.get().mode == "hybrid"
    assert rings == ["settings"]


def test_a_save_leaves_an_audit_entry_and_an_event(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.VERA])
    client.post("/settings", form_of(acme, start_delay_minutes=10))
    entry = AuditEntry.objects.get()
    assert entry.actor_id == cast.VERA
    assert entry.before == {"start_delay_minutes": 0}
    assert entry.after == {"start_delay_minutes": 10, "version": 2}
    event = InboxEvent.objects.get()
    assert (event.kind, bytes(event.body)) == ("settings", b"{}")


def test_saving_the_same_again_writes_nothing(acme: cast.World, client_of: ClientOf) -> None:
    client_of(acme[cast.VERA]).post("/settings", form_of(acme))
    assert not AuditEntry.objects.exists()
    assert not InboxEvent.objects.exists()
    assert settings_of(acme.account).version == 1


@pytest.mark.feature("F145")
def test_an_empty_transfer_time_means_at_once(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.VERA])
    client.post("/settings", form_of(acme, transfer_minutes=30))
    assert DistributionSettings.objects.get().transfer_minutes == 30
    client.post("/settings", {**form_of(acme), "transfer_minutes": ""})
    assert DistributionSettings.objects.get().transfer_minutes is None


@pytest.mark.parametrize(
    ("wait", "transfer", "sentence"),
    [
        (0, "", "If Oleg Petrov leaves at 15:00, the leads move to colleagues at once."),
        (10, "", "If Oleg Petrov leaves at 15:00, the leads move to colleagues at 15:10."),
        (10, 45, "If Oleg Petrov leaves at 15:00, the leads move to colleagues at 15:45."),
    ],
)
def test_the_page_says_when_leads_would_move(
    acme: cast.World, client_of: ClientOf, wait: int, transfer: int | str, sentence: str
) -> None:
    sent = {
        **form_of(acme, is_enabled=True, redistribution_delay_minutes=wait),
        **groups((0, [cast.SALES], [])),
        "transfer_minutes": transfer,
    }
    answer = client_of(acme[cast.VERA]).post("/settings/preview", sent)
    assert sentence in answer.content.decode()
    assert not DistributionSettings.objects.exists()


def test_a_preview_of_an_unfinished_field_changes_nothing(
    acme: cast.World, client_of: ClientOf
) -> None:
    sent = {**form_of(acme), "start_delay_minutes": ""}
    assert client_of(acme[cast.VERA]).post("/settings/preview", sent).status_code == 204


def test_two_groups_on_one_stage_are_pointed_out(acme: cast.World, client_of: ClientOf) -> None:
    sent = {
        **form_of(acme, is_enabled=True),
        **groups((0, [cast.SALES], []), (5, [], [(cast.SALES, cast.NEW)])),
    }
    page = client_of(acme[cast.VERA]).post("/settings/preview", sent).content.decode()
    assert "“Sales department” and “Service” both track Sales: New request" in page


def test_a_group_in_which_nobody_takes_part_is_pointed_out(
    acme: cast.World, client_of: ClientOf
) -> None:
    for user_id in (17, 18):
        acme[user_id].is_licensed = False
        acme[user_id].save(update_fields=["is_licensed"])
    sent = {**form_of(acme, is_enabled=True), **groups((5, [cast.SUPPORT], []))}
    page = client_of(acme[cast.VERA]).post("/settings/preview", sent).content.decode()
    assert "Nobody in the group “Service” takes part" in page


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"hours_from": "nine"}, "Not a time. Write it as 09:00."),
        ({"start_delay_minutes": "soon"}, "Not a number. Write whole minutes, such as 15."),
        ({"start_delay_minutes": "1441"}, "More than a day. The most is 1440."),
        ({"pause_after_minutes": "0"}, "Too small. The least is 1."),
        ({"exclusion_field_id": "77"}, "Kommo no longer has this field."),
        ({"is_enabled": "on"}, "no group is selected"),
        ({"is_enabled": "on", "groups": ["5"]}, "The group “Service” has no stages."),
    ],
)
def test_what_cannot_work_is_refused_with_the_next_step(
    acme: cast.World, client_of: ClientOf, changes: dict[str, Any], text: str
) -> None:
    answer = client_of(acme[cast.VERA]).post("/settings", {**form_of(acme), **changes})
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not AuditEntry.objects.exists()


def test_of_two_people_who_save_at_once_nobody_loses_anything(
    acme: cast.World, client_of: ClientOf
) -> None:
    mine = form_of(acme, start_delay_minutes=5, notes_enabled=True)
    theirs = form_of(acme, start_delay_minutes=20, redistribution_delay_minutes=7)
    client_of(acme[cast.SONIA]).post("/settings", theirs)
    client = client_of(acme[cast.VERA])
    answer = client.post("/settings", mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Sonia Marques has saved these settings meanwhile" in page
    assert "Yours, in the form:" in page
    assert "<strong>5</strong>" in page
    assert "<strong>20</strong>" in page
    assert 'name="start_delay_minutes" value="5"' in page
    assert 'name="redistribution_delay_minutes" value="7"' in page
    assert 'name="version" value="2"' in page
    assert settings_of(acme.account).values["start_delay_minutes"] == 20


def test_moving_a_group_without_script_keeps_what_was_typed(
    acme: cast.World, client_of: ClientOf
) -> None:
    sent = {
        **form_of(acme, start_delay_minutes=33),
        **groups((0, [cast.SALES], []), (5, [cast.SUPPORT], [])),
        "move": "down:0",
    }
    page = client_of(acme[cast.VERA]).post("/settings", sent).content.decode()
    assert page.index('data-group="5"') < page.index('data-group="0"')
    assert 'value="33"' in page
    assert not Trigger.objects.exists()


def test_a_group_that_stays_keeps_its_register(busy: cast.World, client_of: ClientOf) -> None:
    before = Register.objects.get(own_of__group__kommo_id=0)
    sent = {**form_of(busy), **groups((0, [cast.SALES, cast.SUPPORT], []))}
    client_of(busy[cast.VERA]).post("/settings", sent)
    assert Register.objects.get(own_of__group__kommo_id=0).pk == before.pk
    assert [one.group.kommo_id for one in Trigger.objects.all()] == [0]


def test_switching_on_again_begins_a_new_time_of_dealing(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    client = client_of(busy[cast.VERA])
    kept = groups((0, [cast.SALES], []))
    client.post("/settings", {**form_of(busy, is_enabled=False), **kept})
    clock.tick(hours=1)
    client.post("/settings", {**form_of(busy, is_enabled=True), **kept})
    assert DistributionSettings.objects.get().enabled_at == clock.now


@pytest.mark.feature("F18")
def test_a_supervisor_saves_the_settings(acme: cast.World, client_of: ClientOf) -> None:
    client = client_of(acme[cast.SONIA])
    assert 'id="save-bar"' in client.get("/settings").content.decode()
    assert client.post("/settings", form_of(acme, start_delay_minutes=9)).status_code == 302
    assert AuditEntry.objects.get().actor_id == cast.SONIA
    assert settings_of(acme.account).values["start_delay_minutes"] == 9


@pytest.mark.feature("F18", "F19")
@pytest.mark.parametrize("path", ["/settings", "/settings/preview"])
def test_a_manager_gets_403_from_every_address_of_the_settings(
    acme: cast.World, client_of: ClientOf, path: str
) -> None:
    client = client_of(acme[cast.OLEG])
    assert client.post(path, form_of(acme, start_delay_minutes=9)).status_code == 403
    assert client.get("/settings").status_code == 403
    assert not AuditEntry.objects.exists()


@pytest.mark.feature("F27", "F28")
def test_the_activity_block_and_its_control_are_switched_here(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.SONIA])
    page = client.get("/settings").content.decode()
    assert re.search(r'name="shows_activity"[^>]*checked', page)
    assert re.search(r'name="users_may_change_activity"[^>]*checked', page)
    sent = form_of(acme, shows_activity=False, users_may_change_activity=False, is_enabled=True)
    sent |= groups((0, [cast.SALES], []))
    client.post("/settings", sent)
    row = ShiftSettings.objects.get()
    assert (row.shows_activity, row.users_may_change_activity) == (False, False)
    page = client.get("/settings").content.decode()
    assert "Only supervisors switch managers on and off." in page


@pytest.mark.feature("F68")
def test_the_schedule_gate_says_whom_it_would_leave_without_leads(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.VERA])
    kept = groups((0, [cast.SALES], []))
    sent = {**form_of(acme, is_enabled=True, schedule_gate=True), **kept}
    warning = "people who take part have no schedule for today and receive nothing"
    assert f"4 {warning}" in client.post("/settings/preview", sent).content.decode()
    PlannedDay.objects.create(
        account=acme.account,
        manager=acme[cast.OLEG],
        on=NOON.date(),
        kind="work",
        hours=[[540, 1080]],
        begins_at=NOON - timedelta(hours=12),
        closes_at=NOON + timedelta(hours=12),
    )
    acme[cast.ANA].is_licensed = False
    acme[cast.ANA].save(update_fields=["is_licensed"])
    client.post("/settings", sent)
    assert Template.objects.get().body["gates"]["schedule"] == "personal"
    page = client.get("/settings").content.decode()
    assert f"2 {warning}" in page
    assert "Only who is in service by their schedule receives new leads." in page
    off = {**form_of(acme, schedule_gate=False), **kept}
    assert warning not in client.post("/settings/preview", off).content.decode()
