"""Acme and rival with the console's clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.identity import SESSION_KEY
from accounts.models import Manager
from distribution.operations import registers as register_operations
from distribution.operations.policies import settings as settings_operations
from shifts.operations import presence as shift_operations
from tests.functional.console import cast

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)  # a Monday, 12:00 in Madrid

ClientOf = Callable[[Manager | None], Client]


class MovableClock:
    """The business clock of the pages."""

    def __init__(self) -> None:
        self.now = NOON

    def tick(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What rang the doorbell, instead of ringing it."""
    heard: list[str] = []
    monkeypatch.setattr(register_operations, "ring", lambda: heard.append("register"))
    monkeypatch.setattr(settings_operations, "ring", lambda: heard.append("settings"))
    monkeypatch.setattr(shift_operations, "ring", lambda: heard.append("shift"))
    return heard


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovableClock:
    from distribution import api
    from distribution.views import (
        board,
        me,
        registers,
        rehearsal,
        settings,
        shadow,
        team,
        waves,
    )
    from reports import views

    movable = MovableClock()
    for module in (api, board, me, registers, settings, team, views, rehearsal, shadow, waves):
        monkeypatch.setattr(module, "read_clock", lambda: movable.now)
    return movable


@pytest.fixture
def acme(db: None) -> cast.World:
    """Acme as it is after the first sync: nothing set, nothing dealt."""
    return cast.build_acme(NOON)


@pytest.fixture
def busy(acme: cast.World) -> cast.World:
    """Acme in the middle of a working day."""
    cast.switch_on(acme, NOON)
    cast.fill(acme, NOON)
    return acme


@pytest.fixture
def rival(db: None) -> cast.World:
    return cast.build_rival(NOON)


@pytest.fixture
def client_of() -> ClientOf:
    """A client in which this manager is signed in; without one, a stranger's."""

    def signed_in(manager: Manager | None) -> Client:
        client = Client()
        if manager is not None:
            session = client.session
            session[SESSION_KEY] = manager.pk
            session.save()
        return client

    return signed_in
