"""Changes of stage on their way to Kommo: a person's move wins (R4, F140)."""

from __future__ import annotations

from accounts.kommo.client import KommoClient
from distribution.operations.effects import Settlement


def send_stages(client: KommoClient, settlement: Settlement) -> bool:
    """Move the lane's leads to their stages, at most one batch; False = there are none."""
    return False
