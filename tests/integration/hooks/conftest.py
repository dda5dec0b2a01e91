"""Two accounts, each with a trigger of the digital pipeline and one of Salesbot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Account
from accounts.operations.hooks import hook_digest
from distribution.models import Trigger
from distribution.operations.policies.triggers import create_trigger
from tests import policies

NOW = datetime(2026, 9, 23, 8, 0, tzinfo=UTC)


@dataclass
class Sender:
    """An account with what sends leads in it."""

    account: Account
    pipeline: Trigger
    bot: Trigger


def build(kommo_id: int, host: str) -> Sender:
    account = Account(kommo_id=kommo_id, host=host, state="active", installed_at=NOW)
    account.hook_digest = hook_digest(account)
    account.save()
    row = policies.template(account, "Sales")
    pipeline, bot = (
        create_trigger(row, kind=kind, actor=None, now=NOW) for kind in ("pipeline", "salesbot")
    )
    return Sender(account, pipeline, bot)


@pytest.fixture(autouse=True)
def our_integration(settings: Any) -> None:
    settings.KOMMO_CLIENT_ID = "8f0f2ee2-9d2a-4f3a-9c1c-0a6f5f5f5f5f"
    settings.KOMMO_CLIENT_SECRET = "present secret of the integration, long enough"
    settings.KOMMO_PREVIOUS_SECRET = "former secret of the integration, long enough too"
    settings.VALKEY_URL = ""


@pytest.fixture
def acme(db: None) -> Sender:
    """Account acme."""
    return build(1001, "acme.kommo.com")


@pytest.fixture
def rival(db: None) -> Sender:
    """Account rival."""
    return build(1002, "rival.kommo.com")
