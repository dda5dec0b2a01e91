"""Acme with Vera (admin), Sonia (supervisor), Oleg and Ana, and rival's Mallory, at the widget's endpoints."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime

import jwt
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts import api_identity
from accounts.models import Account, Manager
from shifts.api import shift as api
from shifts.operations import presence as operations
from tests.integration.shifts.cast import (
    ANA,
    MALLORY,
    NOON,
    OLEG,
    SONIA,
    VERA,
    build_account,
    build_manager,
)

Call = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def silent_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "ring", lambda: None)


class MovableClock:
    """The business clock of the endpoints."""

    def __init__(self) -> None:
        self.now: datetime = NOON


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    movable = MovableClock()
    for module in (api, api_identity):
        monkeypatch.setattr(module, "read_clock", lambda: movable.now)
    return movable


@pytest.fixture
def acme(db: None) -> Account:
    return build_account(1001)


@pytest.fixture
def cast(acme: Account) -> dict[int, Manager]:
    rival = build_account(2002)
    return {
        VERA: build_manager(acme, VERA, is_admin=True),
        SONIA: build_manager(acme, SONIA, is_supervisor=True),
        OLEG: build_manager(acme, OLEG),
        ANA: build_manager(acme, ANA),
        MALLORY: build_manager(rival, MALLORY, is_admin=True),
    }


def token_of(manager: Manager, now: datetime) -> str:
    """Sign what Kommo gives to the widget of this manager for one request."""
    seconds = int(now.timestamp())
    claims = {
        "iss": f"https://{manager.account.host}",
        "aud": api_identity.audience(),
        "jti": str(uuid.uuid4()),
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + 300,
        "account_id": manager.account.kommo_id,
        "user_id": manager.kommo_id,
        "client_uuid": settings.KOMMO_CLIENT_ID,
    }
    return jwt.encode(claims, settings.KOMMO_CLIENT_SECRET, algorithm="HS256")


@pytest.fixture
def call(cast: dict[int, Manager], clock: MovableClock, client: Client) -> Call:
    """`call(OLEG, "shift/start", body)` posts as Oleg; without a body it gets."""

    def send(user: int | None, path: str, body: object = None) -> HttpResponse:
        headers = {} if user is None else {"X-Auth-Token": token_of(cast[user], clock.now)}
        url = f"/widget/v1/{path}"
        if body is None:
            return client.get(url, headers=headers)
        content = body if isinstance(body, bytes) else json.dumps(body)
        return client.post(url, content, content_type="application/json", headers=headers)

    return send
