"""The world of the main job: one account, its managers, the service around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Account, Manager
from peresmenka.lib.clock import set_clock
from tests.world import World


@pytest.fixture
def world(db: None, settings: Any) -> Iterator[World]:
    """A sandbox and the service in virtual time."""
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
    yield World()
    set_clock(None)


@dataclass
class Team:
    """An account of one group that tracks the first pipeline, and its three managers."""

    world: World
    account: Account
    oleg: Manager
    ana: Manager
    max: Manager

    @property
    def everybody(self) -> list[Manager]:
        """All three."""
        return [self.oleg, self.ana, self.max]

    def deal_with(self, **values: Any) -> None:
        """Switch dealing on with these settings."""
        self.world.configure(self.account, **values)

    def leads_of(self, *managers: Manager, among: list[int]) -> list[int]:
        """How many of these leads each of the managers holds in Kommo."""
        loads = self.world.loads(among)
        return [loads[manager.kommo_id] for manager in managers]


@pytest.fixture
def team(world: World) -> Team:
    """Oleg, Ana and Max, all off shift; dealing is still to be switched on by `deal_with`."""
    account = world.open(managers=3)
    oleg, ana, max_ = world.managers(account)
    return Team(world, account, oleg, ana, max_)
