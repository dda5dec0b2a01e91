"""Accounts with lanes, and the Kommo of plain values."""

from __future__ import annotations

import pytest

from accounts.models import Account
from distribution.operations.deciding import turn
from distribution.operations.delivering import deliver
from tests.integration.lanes.cast import ANA, OLEG, FakeKommo, build_account


@pytest.fixture
def kommo(monkeypatch: pytest.MonkeyPatch, settings: object) -> FakeKommo:
    """A Kommo for all accounts."""
    settings.VALKEY_URL = ""  # type: ignore[attr-defined]
    found = FakeKommo()
    monkeypatch.setattr(turn, "connect", found)
    monkeypatch.setattr(deliver, "connect", found)
    return found


@pytest.fixture
def acme(transactional_db: None) -> Account:
    """The account of Oleg and Ana."""
    return build_account(1001, OLEG, ANA)
