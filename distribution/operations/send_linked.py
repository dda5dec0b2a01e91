"""Contacts, companies, customers and tasks that follow their lead's new owner (F131–F136)."""

from __future__ import annotations

from accounts.kommo.client import KommoClient
from distribution.operations.effects import Settlement


def send_links(client: KommoClient, settlement: Settlement) -> bool:
    """Look up what is linked to leads that have a new owner; False = nothing is to be looked up."""
    return False


def send_linked(client: KommoClient, settlement: Settlement, *, kind: str) -> bool:
    """Give linked entities of one kind their owner, at most one batch; False = there are none."""
    return False
