"""The widget's endpoints of participation: one's own status, a colleague's, and who may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.identity import SESSION_KEY
from accounts.models import InboxEvent, Manager
from shifts.api import participation as api
from shifts.models import Participation, ShiftSettings
from shifts.operations import participation as operations
from tests.integration.shifts.cast import ANA, MALLORY, NOON, OLEG, SONIA, VERA

pytestmark = [pytest.mark.django_db, pytest.mark.urls("shifts.urls")]

OF_OLEG = f"managers/{OLEG}/participation"


@pytest.fixture(autouse=True)
def same_clock(clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "read_clock", lambda: clock.now)
    monkeypatch.setattr(operations, "ring", lambda: None)


@pytest.mark.feature("F29")
def test_a_new_manager_is_on_and_may_switch_off(call):
    assert call(OLEG, "participation").json() == {
        "status": "on",
        "until": None,
        "note": "",
        "can_change": True,
        "why_not": None,
        "detail": "You are switched on: leads may come to you.",
        "is_shown": True,
    }


@pytest.mark.feature("F47", "F48")
def test_the_toggle_goes_off_and_on_and_the_inbox_hears_it(call, acme, clock):
    answer = call(OLEG, "participation", {"status": "off"})
    assert (answer.status_code, answer.json()["status"]) == (200, "off")
    assert "no new leads" in answer.json()["detail"]
    event = InboxEvent.objects.for_account(acme).get()
    assert (event.kind, bytes(event.body)) == ("availability", b'{"of":"participation"}')
    clock.now += timedelta(minutes=1)
    assert (
        call(OLEG, "participation", {"status": "on"}).json() == call(OLEG, "participation").json()
    )
    assert call(OLEG, "participation").json()["status"] == "on"


@pytest.mark.parametrize(
    ("forced", "wanted", "words"),
    [
        pytest.param(
            "forced_on", "off", "keeps you switched on", marks=pytest.mark.feature("F49", "F53")
        ),
        pytest.param("forced_off", "on", "has switched you off", marks=pytest.mark.feature("F50")),
    ],
)
def test_a_forced_status_refuses_the_toggle_with_an_explanation(call, forced, wanted, words):
    assert call(SONIA, OF_OLEG, {"status": forced}).status_code == 200
    answer = call(OLEG, "participation", {"status": wanted})
    assert (answer.status_code, answer.json()["error"]) == (403, forced)
    assert words in answer.json()["detail"]
    assert "ask a supervisor" in answer.json()["detail"]
    shown = call(OLEG, "participation").json()
    assert (shown["status"], shown["can_change"], shown["why_not"]) == (forced, False, forced)
    assert shown["detail"] == answer.json()["detail"]


@pytest.mark.feature("F28", "F53")
def test_the_accounts_switch_makes_the_control_read_only(call, acme):
    ShiftSettings.objects.create(account=acme, users_may_change_activity=False)
    answer = call(OLEG, "participation", {"status": "off"})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert call(OLEG, "participation").json()["can_change"] is False
    assert call(SONIA, "participation", {"status": "off"}).status_code == 200
    assert call(SONIA, "participation").json()["can_change"] is True


@pytest.mark.feature("F27")
def test_the_widget_learns_that_the_block_is_not_shown(call, acme):
    ShiftSettings.objects.create(account=acme, shows_activity=False)
    assert call(OLEG, "participation").json()["is_shown"] is False


@pytest.mark.feature("F51")
def test_without_a_licence_there_is_nothing_to_switch(call, cast):
    Manager.objects.filter(pk=cast[OLEG].pk).update(is_licensed=False)
    shown = call(OLEG, "participation").json()
    assert (shown["can_change"], shown["why_not"]) == (False, "not_taking_part")
    answer = call(OLEG, "participation", {"status": "off"})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_taking_part")
    assert "ask an admin" in answer.json()["detail"]


@pytest.mark.feature("F20")
@pytest.mark.parametrize("user", [SONIA, VERA])
def test_supervisors_and_admins_give_a_colleague_any_status(call, clock, user):
    body = {"status": "forced_off", "until": "2026-03-02T19:00:00+01:00", "note": "dentist"}
    answer = call(user, OF_OLEG, body).json()
    assert (answer["status"], answer["until"]) == ("forced_off", "2026-03-02T18:00:00Z")
    assert call(OLEG, "participation").json()["note"] == "dentist"
    assert Participation.objects.get().changed_by == user
    clock.now = NOON + timedelta(hours=6)
    assert call(OLEG, "participation").json()["status"] == "on"


@pytest.mark.feature("F19")
@pytest.mark.parametrize(
    ("user", "path", "status", "code"),
    [
        (None, "participation", 401, "not_authenticated"),
        (None, OF_OLEG, 401, "not_authenticated"),
        (ANA, OF_OLEG, 403, "permission_denied"),
        (OLEG, OF_OLEG, 403, "permission_denied"),
        (ANA, f"managers/{MALLORY}/participation", 404, "not_found"),
        (MALLORY, OF_OLEG, 404, "not_found"),
        (SONIA, "managers/999999999999999999/participation", 404, "not_found"),
    ],
)
def test_who_may_not_is_told_why(call, user, path, status, code):
    answer = call(user, path, {"status": "off"})
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["detail"]
    assert not Participation.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("participation", {}),
        ("participation", {"status": "forced_on"}),
        ("participation", {"status": "ON"}),
        ("participation", {"status": None}),
        ("participation", {"status": "off", "until": None}),
        ("participation", ["off"]),
        (OF_OLEG, {"status": "away"}),
        (OF_OLEG, {"status": "off", "until": "tomorrow"}),
        (OF_OLEG, {"status": "off", "until": "2026-03-02T19:00:00"}),
        (OF_OLEG, {"status": "off", "note": "x" * 201}),
        (OF_OLEG, {"status": "off", "note": "\x00"}),
        (OF_OLEG, {"status": "off", "manager": ANA}),
    ],
)
def test_a_body_that_is_not_understood_is_refused(call, path, body):
    answer = call(SONIA, path, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")
    assert not Participation.objects.exists()


@pytest.mark.parametrize("until", ["2026-03-02T11:59:59+00:00", "2027-06-01T00:00:00+00:00"])
def test_an_end_that_cannot_be_is_refused_with_the_next_step(call, until):
    answer = call(SONIA, OF_OLEG, {"status": "off", "until": until})
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_until")
    assert "within the next 366 days" in answer.json()["detail"]


def test_a_console_session_is_nobody_at_the_widgets_addresses(cast: dict[int, Manager]) -> None:
    client = Client(enforce_csrf_checks=True)
    session = client.session
    session[SESSION_KEY] = cast[OLEG].pk
    session.save()
    address = "/widget/v1/participation"
    answer = client.post(address, '{"status": "off"}', content_type="application/json")
    assert answer.status_code == 401
    assert client.get(address).status_code == 401
    assert not Participation.objects.exists()
