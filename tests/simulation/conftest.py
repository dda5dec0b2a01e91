"""The settings of simulated histories."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def simulated(db: None, settings: Any) -> None:
    """Plug the sandbox in; no doorbell, no limits."""
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
