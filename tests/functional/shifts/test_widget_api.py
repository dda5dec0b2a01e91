"""The widget's shift buttons, its heartbeat, and the supervisor's hand, over HTTP."""

from __future__ import annotations

import pytest

from shifts.labels.presence import ERROR_TEXTS
from shifts.operations import presence as operations
from shifts.queries import presence as queries
from tests.integration.shifts.cast import (
    ANA,
    MALLORY,
    MINUTE,
    NOON,
    OLEG,
    SONIA,
    VERA,
    set_mode,
    told,
    told_what,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("shifts.urls")]

NOTHING = {"start": False, "pause": False, "resume": False, "end": False}


@pytest.mark.feature("F32")
@pytest.mark.feature("F46")
def test_a_day_with_the_buttons(call, clock, acme):
    seen = []
    for minutes, action in enumerate(["start", "pause", "resume", "end"]):
        clock.now = NOON + minutes * MINUTE
        answer = call(OLEG, f"shift/{action}", {"client_key": f"click-{minutes}"})
        assert answer.status_code == 200
        assert call(OLEG, "me").json() == answer.json()
        seen.append((answer.json()["state"], [k for k, may in answer.json()["can"].items() if may]))
    assert seen == [
        ("online", ["pause", "end"]),
        ("paused", ["resume", "end"]),
        ("online", ["pause", "end"]),
        ("offline", ["start"]),
    ]
    assert told_what(acme) == ["started", "paused", "resumed", "ended"]
    assert {event["cause"] for event in told(acme)} == {"button"}


def test_me_before_the_first_shift(call):
    assert call(OLEG, "me").json() == {
        "state": "offline",
        "since": None,
        "shift_started_at": None,
        "mode": "manual",
        "can": {**NOTHING, "start": True},
        "reason": "You are not on shift.",
    }


@pytest.mark.feature("F33")
def test_a_heartbeat_starts_the_shift_in_automatic_mode(call, acme):
    set_mode(acme, "automatic")
    answer = call(OLEG, "activity", {}).json()
    assert (answer["state"], answer["mode"]) == ("online", "automatic")
    assert answer["can"] == NOTHING
    refused = call(OLEG, "shift/end", {})
    assert (refused.status_code, refused.json()["error"]) == (409, "automatic_mode")


@pytest.mark.feature("F32")
def test_a_heartbeat_starts_nothing_in_manual_mode(call, acme, cast):
    assert call(OLEG, "activity", {}).json()["state"] == "offline"
    assert queries.presence_of(cast[OLEG]).last_seen_at == NOON
    assert told(acme) == []


@pytest.mark.feature("F34")
def test_an_end_by_hand_stands_until_tomorrow_and_says_so(call, acme, clock):
    set_mode(acme, "hybrid")
    call(OLEG, "activity", {})
    clock.now += MINUTE
    call(OLEG, "shift/end", {})
    clock.now += MINUTE
    answer = call(OLEG, "activity", {}).json()
    assert answer["state"] == "offline"
    assert "from tomorrow on" in answer["reason"]
    clock.now += 720 * MINUTE
    assert call(OLEG, "activity", {}).json()["state"] == "online"


def test_a_repeated_click_counts_once(call, acme, clock):
    first = call(OLEG, "shift/start", {"client_key": "k"})
    clock.now += MINUTE
    assert call(OLEG, "shift/start", {"client_key": "k"}).json() == first.json()
    assert told_what(acme) == ["started"]


@pytest.mark.parametrize("user", [SONIA, VERA])
def test_supervisors_and_admins_move_a_colleague(call, acme, user):
    answer = call(user, f"managers/{OLEG}/shift/start", {})
    assert answer.json()["state"] == "online"
    assert told(acme)[0]["cause"] == "console"
    entry = queries.timeline(acme, since=NOON, until=NOON + MINUTE)[0]
    assert (entry.user_id, entry.by) == (OLEG, user)


@pytest.mark.parametrize(
    ("user", "path", "status", "code"),
    [
        (None, "shift/start", 401, "not_authenticated"),
        (None, f"managers/{OLEG}/shift/start", 401, "not_authenticated"),
        (None, "activity", 401, "not_authenticated"),
        (ANA, f"managers/{OLEG}/shift/end", 403, "permission_denied"),
        (ANA, f"managers/{MALLORY}/shift/end", 404, "not_found"),
        (MALLORY, f"managers/{OLEG}/shift/start", 404, "not_found"),
        (SONIA, "managers/999999999999999999/shift/start", 404, "not_found"),
        (OLEG, "shift/pause", 409, "not_on_shift"),
        (OLEG, "shift/resume", 409, "not_on_shift"),
    ],
)
def test_who_may_not_is_told_why(call, acme, user, path, status, code):
    answer = call(user, path, {})
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["detail"]
    assert told(acme) == []


@pytest.mark.parametrize(
    "body",
    [
        {"client_key": "k", "manager": OLEG},
        {"client_key": ""},
        {"client_key": "x" * 41},
        {"client_key": "with space"},
        {"client_key": "\x00"},
        {"client_key": None},
        {"client_key": {"a": 1}},
        ["client_key"],
        "text",
        7,
    ],
)
def test_a_body_that_is_not_understood_is_refused(call, acme, body):
    answer = call(OLEG, "shift/start", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")
    assert told(acme) == []


def test_broken_json_is_refused(call):
    answer = call(OLEG, "activity", b"{")
    assert (answer.status_code, answer.json()["error"]) == (400, "parse_error")


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_a_forged_token_is_refused(client, token, db):
    answer = client.get("/widget/v1/me", headers={"X-Auth-Token": token})
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "detail"}


@pytest.mark.parametrize("path", ["shift/stop", "shift/start/x", "managers/x/shift/start"])
def test_there_is_no_other_action(call, path):
    assert call(OLEG, path, {}).status_code == 404


def test_a_manager_without_a_licence_is_told_what_to_do(call, cast):
    cast[OLEG].is_licensed = False
    cast[OLEG].save(update_fields=["is_licensed"])
    me = call(OLEG, "me").json()
    assert me["can"] == NOTHING
    assert "ask an admin" in me["reason"]
    answer = call(OLEG, "shift/start", {})
    assert (answer.status_code, answer.json()["error"]) == (409, "not_taking_part")


def test_every_domain_error_has_its_docstring_as_a_text():
    errors = operations.ShiftError.__subclasses__()
    assert {error: str(ERROR_TEXTS[error]) for error in errors} == {
        error: error.__doc__ for error in errors
    }
