"""The console's cast and clients, with the clock and the doorbell of the page Team."""

from __future__ import annotations

import pytest

from accounts.operations import team as account_operations
from distribution.operations.policies import profiles
from distribution.views import team
from shifts.operations import participation, plan
from tests.functional.console.conftest import (  # noqa: F401
    MovableClock,
    acme,
    busy,
    client_of,
    clock,
    rings,
    rival,
)


@pytest.fixture(autouse=True)
def team_rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What rang the doorbell, instead of ringing it."""
    heard: list[str] = []
    for module in (account_operations, profiles, participation, plan):
        monkeypatch.setattr(module, "ring", lambda: heard.append("ring"))
    return heard


@pytest.fixture(autouse=True)
def team_clock(
    clock: MovableClock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> MovableClock:
    """The business clock of the page."""
    monkeypatch.setattr(team, "read_clock", lambda: clock.now)
    return clock
