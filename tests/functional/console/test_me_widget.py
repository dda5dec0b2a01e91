"""The widget's status endpoint: the same state as board and own page, for the caller."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import api_identity
from accounts.models import Manager
from distribution.models import DistributionSettings, ManagerProfile, Trigger
from shifts.core.participation import Status
from shifts.models import ShiftSettings
from shifts.operations.participation import set_participation
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock
from tests.functional.schedule.cast import stand, week
from tests.functional.shifts.conftest import token_of

Ask = Callable[..., HttpResponse]


@pytest.fixture
def ask(clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """`ask(manager)` gets the status with the token that Kommo gives to their widget."""
    monkeypatch.setattr(api_identity, "read_clock", lambda: clock.now)

    def send(manager: Manager | None, **headers: str) -> HttpResponse:
        token = {"X-Auth-Token": token_of(manager, clock.now)} if manager else {}
        return Client().get("/widget/v1/status", headers={**token, **headers})

    return send


def without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}


@pytest.mark.feature("F25")
@pytest.mark.feature("F26")
def test_who_receives_is_told_so(busy: cast.World, ask: Ask) -> None:
    stand(busy, [cast.OLEG], week(busy))
    ManagerProfile.objects.create(account=busy.account, manager=busy[cast.OLEG], leads=20)
    found = ask(busy[cast.OLEG]).json()
    assert without(found, "load") == {
        "receives": True,
        "because": "",
        "until": None,
        "presence": "online",
        "participation": {
            "status": "on",
            "until": None,
            "can_change": True,
            "why_not": None,
            "detail": "You are switched on: leads may come to you.",
            "is_shown": True,
        },
        "schedule": {
            "state": "in_service",
            "text": "In service until 18:00",
            "ends_at": "2026-03-02T17:00:00Z",
            "starts_at": None,
        },
        "in_group": True,
        "limit": 20,
    }
    assert found["load"] > 0


@pytest.mark.feature("F20")
@pytest.mark.feature("F50")
def test_what_a_supervisor_does_on_the_board_is_told_at_once(
    busy: cast.World, ask: Ask, client_of: ClientOf
) -> None:
    client_of(busy[cast.SONIA]).post(f"/board/managers/{cast.OLEG}/absent")
    found = ask(busy[cast.OLEG]).json()
    assert (found["receives"], found["because"]) == (False, "a supervisor has switched you off")
    assert found["until"] == "2026-03-02T23:00:00Z"  # midnight in Madrid
    assert found["participation"]["status"] == "forced_off"
    assert found["participation"]["why_not"] == "forced_off"
    assert found["participation"]["can_change"] is False


@pytest.mark.feature("F28")
@pytest.mark.feature("F27")
def test_the_accounts_switches_are_told(busy: cast.World, ask: Ask) -> None:
    ShiftSettings.objects.update(users_may_change_activity=False, shows_activity=False)
    found = ask(busy[cast.OLEG]).json()["participation"]
    assert (found["can_change"], found["why_not"]) == (False, "not_allowed")
    assert found["is_shown"] is False


@pytest.mark.feature("F51")
def test_who_is_in_no_group_that_takes_part_is_told_so(busy: cast.World, ask: Ask) -> None:
    Trigger.objects.filter(group__kommo_id=0).delete()
    found = ask(busy[cast.OLEG]).json()
    assert found["in_group"] is False
    assert found["because"] == "you are in no group that takes part"


@pytest.mark.feature("R27")
def test_a_reached_limit_is_the_reason(busy: cast.World, ask: Ask) -> None:
    load = ask(busy[16]).json()["load"]
    ManagerProfile.objects.create(account=busy.account, manager=busy[16], leads=load)
    found = ask(busy[16]).json()
    assert (found["receives"], found["load"], found["limit"]) == (False, load, load)
    assert f"the limit: {load} of {load}" in found["because"]
    assert found["until"] is None


@pytest.mark.feature("F63")
@pytest.mark.feature("F67")
def test_before_the_own_hours_the_next_ones_are_told_by_the_own_clock(
    busy: cast.World, ask: Ask
) -> None:
    Manager.objects.filter(kommo_id=cast.OLEG).update(zone="America/Lima")
    stand(busy, [cast.OLEG], week(busy))
    policies.change_simple(gates={"schedule": "personal"})
    found = ask(busy[cast.OLEG]).json()
    assert found["receives"] is False
    assert found["until"] == "2026-03-02T14:00:00Z"
    assert found["schedule"] == {
        "state": "start_at",
        "text": "Start at 09:00",
        "ends_at": None,
        "starts_at": "2026-03-02T14:00:00Z",
    }


def test_distribution_that_is_off_is_the_reason(busy: cast.World, ask: Ask) -> None:
    DistributionSettings.objects.update(is_enabled=False)
    found = ask(busy[cast.OLEG]).json()
    assert (found["receives"], found["because"]) == (False, "distribution is off")


@pytest.mark.feature("R32")
def test_board_own_page_and_widget_never_disagree(
    busy: cast.World, ask: Ask, client_of: ClientOf, clock: MovableClock
) -> None:
    stand(busy, [cast.OLEG], week(busy))
    policies.change_simple(gates={"schedule": "personal"})
    for status in Status:
        now = clock.now = clock.now + timedelta(minutes=1)
        set_participation(busy[cast.OLEG], status=status, now=now, by=busy[cast.SONIA])
        client = client_of(busy[cast.OLEG])
        board = client.get("/board").content.decode().split(f'id="person-{cast.OLEG}"')[1]
        said = (
            ask(busy[cast.OLEG]).json()["receives"],
            ">Yes<" in board.split("</tr>")[0],
            "You receive new leads now." in client.get("/me").content.decode(),
        )
        assert said == (status.is_in,) * 3
    assert clock.now > NOON


def test_the_answer_speaks_the_managers_language(busy: cast.World, ask: Ask) -> None:
    Manager.objects.filter(kommo_id=cast.LUCAS).update(language="ru")
    assert ask(busy[cast.LUCAS]).json()["because"] != ask(busy[18]).json()["because"]


def test_strangers_and_used_methods(busy: cast.World, ask: Ask) -> None:
    assert ask(None).status_code == 401
    assert Client().post("/widget/v1/status").status_code in (401, 405)


def test_the_schema_describes_the_answer(busy: cast.World, ask: Ask) -> None:
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    answer = schema["paths"]["/widget/v1/status"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    described = schema["components"]["schemas"][name]["properties"]
    assert set(described) == set(ask(busy[cast.OLEG]).json())
