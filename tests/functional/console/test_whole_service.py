"""The console over the whole service in virtual time: set on the page, dealt by the turn, read in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Account, Manager
from distribution.models import Decision
from peresmenka.lib.clock import set_clock
from tests.functional.console.conftest import ClientOf
from tests.world import World


@pytest.fixture
def world(db: None, settings: Any) -> Iterator[World]:
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
    yield World()
    set_clock(None)


@pytest.fixture
def account(world: World) -> Account:
    return world.open(managers=3)


@pytest.fixture
def vera(account: Account) -> Manager:
    return Manager.objects.get(account=account, name="Vera")


def settings_form(world: World, account: Account, **changes: Any) -> dict[str, Any]:
    group = account_group(account)
    pipeline, stages = world.stages()
    return {
        "version": 1,
        "is_enabled": "on",
        "shift_mode": "manual",
        "mode": "watch",
        "strategy": "least_loaded",
        "hours_from": "09:00",
        "hours_to": "18:00",
        "start_delay_minutes": 0,
        "pause_after_minutes": 15,
        "offline_after_minutes": 15,
        "redistribution_enabled": "on",
        "redistribution_from": "09:00",
        "redistribution_to": "18:00",
        "redistribution_delay_minutes": 10,
        "return_enabled": "on",
        "groups": [group],
        f"stages-{group}": [f"{pipeline}:{stages[0]}"],
        **changes,
    }


def account_group(account: Account) -> int:
    from accounts.models import Group

    return Group.objects.for_account(account).order_by("kommo_id").first().kommo_id


@pytest.mark.feature("F84")
@pytest.mark.feature("F85")
def test_what_an_admin_sets_on_the_page_deals_the_next_lead(
    world: World, account: Account, vera: Manager, client_of: ClientOf
) -> None:
    console = client_of(vera)
    assert console.post("/settings", settings_form(world, account)).status_code == 302
    world.run()
    oleg, *_ = world.managers(account)
    console.post(f"/board/managers/{oleg.kommo_id}/shift", {"action": "start"})
    world.run()
    (lead,) = world.leads()
    assert world.owner(lead) == oleg.kommo_id
    board = console.get("/board").content.decode()
    decision = Decision.objects.for_account(account).get(lead_id=lead, chosen_id=oleg.kommo_id)
    assert f"/log/{decision.pk}" in board
    page = console.get(f"/log/{decision.pk}").content.decode()
    assert "Replayed: the same result." in page
    assert "version 2" in page


@pytest.mark.feature("F1")
@pytest.mark.feature("F147")
def test_a_shift_that_ends_on_the_board_moves_its_leads_and_the_log_tells_why(
    world: World, account: Account, vera: Manager, client_of: ClientOf
) -> None:
    console = client_of(vera)
    console.post("/settings", settings_form(world, account))
    world.run()
    oleg, ana, _ = world.managers(account)
    for manager in (oleg, ana):
        world.advance(1)
        console.post(f"/board/managers/{manager.kommo_id}/shift", {"action": "start"})
        world.run()
    (lead, _) = world.leads(2)
    first = {oleg.kommo_id: oleg, ana.kommo_id: ana}[world.owner(lead)]
    other = ana if first == oleg else oleg
    world.advance(60)
    path = f"/board/managers/{first.kommo_id}/shift"
    assert (
        "1 open lead moves to colleagues at"
        in console.get(f"/board/managers/{first.kommo_id}/end").content.decode()
    )
    console.post(path, {"action": "end"})
    world.run()
    assert "leads move at" in console.get("/board").content.decode()
    world.advance(600)
    assert world.owner(lead) == other.kommo_id
    console.post(path, {"action": "start"})
    world.run()
    assert world.owner(lead) == first.kommo_id
    kinds = set()
    for decision in Decision.objects.for_account(account).filter(lead_id=lead):
        page = console.get(f"/log/{decision.pk}").content.decode()
        kinds.add(decision.kind)
        assert "another result" not in page
        assert f"Moved from {first.name} to {other.name}" in page
        assert f"Returned to {first.name}" in page
    assert kinds == {"distribution", "redistribution", "return"}
