"""The sandbox behind this process's HTTP sessions: settings name `plug`, fixtures set `world`."""

from __future__ import annotations

import requests

from sandbox.adapter import SandboxAdapter
from sandbox.world import World


class Plugged:
    """Which sandbox the sessions lead to."""

    world: World


def plug(session: requests.Session) -> None:
    """Prepare a session: whatever it asks for is answered by the sandbox."""
    adapter = SandboxAdapter(Plugged.world.gateway)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
