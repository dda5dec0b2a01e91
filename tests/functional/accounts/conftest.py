"""The cast: account acme with Vera (admin), Sonia and managers, in a sandbox plugged into `requests`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.kommo.connection import sessions, tokens
from accounts.models import Account
from accounts.operations.housekeeping import do_housekeeping
from sandbox.control import Control
from sandbox.outbound import Outgoing
from sandbox.world import Reply, World
from tests.functional.accounts.plugged import Plugged

ACME, RIVAL = "acme.kommo.com", "rival.kommo.com"


def send_to_us(outgoing: Outgoing) -> Reply:
    """What Kommo sends goes to Django's test client."""
    parts = urlsplit(outgoing.url)
    answer = Client().generic(
        outgoing.method, f"{parts.path}?{parts.query}", headers=outgoing.headers
    )
    return answer.status_code, answer.content.decode()


@pytest.fixture(autouse=True)
def service(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.functional.accounts.urls"
    settings.KOMMO_SESSION_SETUP = "tests.functional.accounts.plugged.plug"
    settings.KOMMO_URL_TEMPLATE = "https://{host}"
    settings.KOMMO_CALLS_PER_SECOND = settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""  # no doorbell: nobody listens
    settings.PUBLIC_URL = "https://peresmenka.example"
    settings.ALLOWED_HOSTS = ["*"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    sessions.close_sessions()
    tokens.forget_tokens()
    yield
    sessions.close_sessions()
    tokens.forget_tokens()


@pytest.fixture
def kommo(settings: Any) -> Control:
    """The sandbox's control: accounts acme and rival, and our integration in it."""
    control = Control(World(send=send_to_us))
    Plugged.world = control.world
    control.integrations(
        {
            "client_id": settings.KOMMO_CLIENT_ID,
            "client_secret": settings.KOMMO_CLIENT_SECRET,
            "redirect_uri": "https://peresmenka.example/oauth/kommo",
            "revoked_hook_url": "https://peresmenka.example/oauth/kommo/revoked",
        }
    )
    for host in (ACME, RIVAL):
        control.accounts({"host": host, "calls_per_second": 1_000})
    return control


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def acme(kommo: Control, db: None, now: datetime) -> Account:
    """Account acme, installed and synced."""
    return install(kommo, ACME, now)


def install(kommo: Control, host: str, now: datetime) -> Account:
    assert kommo.install({"host": host})["status"] == 200
    while do_housekeeping(now):
        pass
    return Account.objects.get(host=host)


def user_id(kommo: Control, host: str, name: str) -> int:
    account = kommo.world.crm.account_at(host)
    assert account is not None
    return next(one.id for one in account.users.values() if one.name.startswith(name))
