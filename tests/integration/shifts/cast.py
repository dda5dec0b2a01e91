"""Builders of the cast for tests of shifts, and what they look at."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

from accounts.models import Account, InboxEvent, Manager
from shifts.models import ShiftSettings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)

VERA, SONIA, OLEG, ANA, MALLORY = 11, 12, 13, 14, 66


def build_account(kommo_id: int, *, zone: str = "UTC") -> Account:
    return Account.objects.create(
        kommo_id=kommo_id,
        host=f"shifts{kommo_id}.kommo.com",
        zone=zone,
        hook_digest=hashlib.sha256(str(kommo_id).encode()).digest(),
        installed_at=NOON - timedelta(days=400),
    )


def build_manager(account: Account, kommo_id: int, **fields: object) -> Manager:
    return Manager.objects.create(
        account=account, kommo_id=kommo_id, name=f"Manager {kommo_id}", **fields
    )


def set_mode(account: Account, mode: str, **fields: object) -> None:
    ShiftSettings.objects.update_or_create(account=account, defaults={"mode": mode, **fields})


def told(account: Account) -> list[dict[str, object]]:
    """What the account's inbox was told of shifts, oldest first."""
    rows = InboxEvent.objects.for_account(account).filter(kind="shift").order_by("id")
    return [json.loads(bytes(row.body)) for row in rows]


def told_what(account: Account) -> list[object]:
    return [event["what"] for event in told(account)]
