"""Acme with Vera (admin), Sonia (supervisor), Oleg and Ana, and rival's Mallory, at the widget's endpoints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Account, Manager
from shifts import api, operations
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


class ByKey(BaseAuthentication):
    """Stands in for the widget's token: the header names the manager's row."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        key = request.headers.get("X-Auth-Token")
        if key is None:
            return None
        manager = Manager.objects.select_related("account").get(pk=key)
        request._request.manager = manager
        request._request.account = manager.account
        return manager, None

    def authenticate_header(self, request: Request) -> str:
        return "X-Auth-Token"


class Known(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        if request._request.manager is None:
            raise NotAuthenticated
        return True


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.ShiftView, "authentication_classes", [ByKey])
    monkeypatch.setattr(api.ShiftView, "permission_classes", [Known])
    monkeypatch.setattr(operations, "ring", lambda: None)


class MovableClock:
    """The business clock of the endpoints."""

    def __init__(self) -> None:
        self.now: datetime = NOON


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    movable = MovableClock()
    monkeypatch.setattr(api, "read_clock", lambda: movable.now)
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


@pytest.fixture
def call(cast: dict[int, Manager], clock: MovableClock, client: Client) -> Call:
    """`call(OLEG, "shift/start", body)` posts as Oleg; without a body it gets."""

    def send(user: int | None, path: str, body: object = None) -> HttpResponse:
        headers = {} if user is None else {"X-Auth-Token": str(cast[user].pk)}
        url = f"/widget/v1/{path}"
        if body is None:
            return client.get(url, headers=headers)
        return client.post(url, body, content_type="application/json", headers=headers)

    return send
