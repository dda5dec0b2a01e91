"""Acme and rival with a clock that stands at noon, and clients of the schedule's pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client

from accounts.identity import SESSION_KEY
from accounts.models import Manager
from peresmenka.lib.clock import set_clock
from shifts.operations import plan
from tests.functional.schedule import cast

ClientOf = Callable[[Manager | None], Client]


class MovableClock:
    """The business clock of the pages: the database's own, held where a test wants it."""

    def __init__(self, now: datetime) -> None:
        self.move(now)

    def move(self, now: datetime) -> None:
        self.now = now
        set_clock(now)

    def tick(self, **span: float) -> None:
        self.move(self.now + timedelta(**span))


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What rang the doorbell, instead of ringing it."""
    heard: list[str] = []
    monkeypatch.setattr(plan, "ring", lambda: heard.append("schedule"))
    return heard


@pytest.fixture
def clock(db: None) -> Iterator[MovableClock]:
    yield MovableClock(cast.NOON)
    set_clock(None)


@pytest.fixture
def acme(clock: MovableClock) -> cast.World:
    return cast.build_acme(clock.now)


@pytest.fixture
def rival(clock: MovableClock) -> cast.World:
    return cast.build_rival(clock.now)


@pytest.fixture
def presets(db: None) -> None:
    """The presets of the migration, which a test that commits may have taken away."""
    import_module("shifts.migrations.0003_presets_and_housekeeping").create(apps, None)


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
