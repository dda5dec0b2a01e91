"""The cast: acme with Vera (admin), Sonia (supervisor), Oleg and Ana; rival with Mallory."""

from __future__ import annotations

import pytest

from accounts.models import Account, Manager
from shifts.operations import presence as operations
from tests.integration.shifts.cast import ANA, MALLORY, OLEG, build_account, build_manager


@pytest.fixture(autouse=True)
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doorbell's rings, kept away from the broker."""
    heard: list[str] = []
    monkeypatch.setattr(operations, "ring", lambda: heard.append("ring"))
    return heard


@pytest.fixture
def acme(db: None) -> Account:
    return build_account(1001)


@pytest.fixture
def oleg(acme: Account) -> Manager:
    return build_manager(acme, OLEG)


@pytest.fixture
def ana(acme: Account) -> Manager:
    return build_manager(acme, ANA)


@pytest.fixture
def rival(db: None) -> Account:
    return build_account(2002)


@pytest.fixture
def mallory(rival: Account) -> Manager:
    return build_manager(rival, MALLORY, is_admin=True)
