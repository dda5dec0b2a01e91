"""From an installed widget to the first lead dealt, through the pages alone."""

from __future__ import annotations

from datetime import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Account
from distribution.queries.settings import settings_of
from sandbox import outbound
from tests.world import HOST, World


def sign_in(world: World, name: str) -> Client:
    """Let a user sign in to the console with Kommo; return their browser."""
    browser = Client()
    asked = parse_qs(urlsplit(browser.get("/signin", {"next": "/me"})["Location"]).query)
    crm = world.sandbox.crm
    account = crm.account_at(HOST)
    assert account is not None
    user = next(one for one in account.users.values() if one.name == name)
    integration = crm.integrations[settings.KOMMO_CLIENT_ID]
    back = outbound.consent(crm, account, user, integration, asked["state"][0])
    answer = browser.get(back.removeprefix(settings.PUBLIC_URL), follow=True)
    assert answer.status_code == 200, answer.content
    return browser


def fields_of(account: Account, **changes: Any) -> dict[str, Any]:
    """What the browser sends: the page as it is shown, with `changes`; unticked boxes are absent."""
    current = settings_of(account)
    sent: dict[str, Any] = {"version": current.version}
    for name, value in {**current.values, **changes}.items():
        if name != "groups" and value is not None and value is not False:
            sent[name] = "on" if value is True else value
    return sent


@pytest.mark.feature("F5")
@pytest.mark.feature("F37")
@pytest.mark.feature("F36")
def test_an_admin_sets_everything_on_the_page_and_it_counts_from_the_next_lead_on(
    world: World,
) -> None:
    account = world.open(managers=3)
    oleg, ana, _ = world.managers(account)
    browser = sign_in(world, "Vera")
    page = browser.get("/settings").content.decode()
    assert 'name="pause_after_minutes"' in page
    pipeline, _ = world.stages()
    (group,) = {manager.group.kommo_id for manager in (oleg, ana) if manager.group}
    sent = fields_of(account, is_enabled=True, shift_mode="automatic", pause_after_minutes=7)
    sent |= {"groups": [group], f"pipelines-{group}": [pipeline]}
    assert browser.post("/settings", sent).status_code == 302
    world.run()
    world.heartbeat(ana)
    (lead,) = world.leads()
    assert world.owner(lead) == ana.kommo_id
    world.advance(7 * 60)
    assert world.presence(ana) == "paused"


@pytest.mark.feature("B4")
@pytest.mark.feature("F80")
def test_longer_hours_saved_on_the_page_release_what_waits(world: World) -> None:
    account = world.open(managers=3)
    _, ana, _ = world.managers(account)
    world.configure(account, hours_from=time(9), hours_to=time(18))
    browser = sign_in(world, "Vera")
    world.start_shifts([ana])
    world.advance_to(time(19))
    (lead,) = world.leads()
    (group,) = settings_of(account).values["groups"]
    sent = fields_of(account, hours_to="20:00")
    sent |= {"groups": [group["group"]], f"pipelines-{group['group']}": group["pipelines"]}
    assert browser.post("/settings", sent).status_code == 302
    world.run()
    assert world.owner(lead) == ana.kommo_id


def test_a_manager_cannot_change_the_settings(world: World) -> None:
    account = world.open(managers=3)
    world.configure(account)
    browser = sign_in(world, "Oleg")
    sent = fields_of(account, is_enabled=False)
    assert browser.post("/settings", sent).status_code == 403
    assert settings_of(account).values["is_enabled"] is True
