"""Continuations of Salesbots on their way to Kommo: a bot waits until it is told to go on (F92)."""

from __future__ import annotations

from accounts.kommo.client import KommoClient
from distribution.operations.effects import Settlement


def send_bots(client: KommoClient, settlement: Settlement) -> bool:
    """Let the bots of the lane's account go on, at most one batch; False = none waits."""
    return False
