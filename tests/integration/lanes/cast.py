"""Builders of accounts whose leads can be dealt, with a Kommo of plain values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from accounts.kommo.client import NewNote, OwnerChange
from accounts.kommo.payloads import Lead
from accounts.models import Account, Group, InboxEvent, Lane, Manager
from accounts.operations.hooks import hook_digest
from accounts.operations.inbox import append_event
from distribution.models import DistributionSettings
from shifts.core.machine import Cause
from shifts.operations import presence as shifts
from tests import policies

PIPELINE, STAGE = 700, 701
OLEG, ANA, MALLORY = 13, 14, 66


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run each call on a connection of its own, all let go together; return their answers."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(timeout=10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=30) for future in [pool.submit(run, call) for call in calls]]


def elsewhere(call: Callable[[], Any]) -> Any:
    """Run a call on another connection and wait for it."""
    return at_once(call)[0]


def build_account(kommo_id: int, *users: int) -> Account:
    """Create an account that deals its leads to `users`, all on shift, all day long."""
    now = datetime.now(UTC)
    fresh = Account(kommo_id=kommo_id)
    account = Account.objects.create(
        kommo_id=kommo_id,
        host=f"lanes{kommo_id}.kommo.com",
        zone="UTC",
        hook_digest=hook_digest(fresh),
        installed_at=now,
        state=Account.State.ACTIVE,
        sync_state=Account.SyncState.DONE,
    )
    Lane.objects.bulk_create(Lane(account=account, kind=kind) for kind in Lane.Kind.values)
    group = Group.objects.create(account=account, kommo_id=0, name="Sales")
    policies.simple(account, {0: [[PIPELINE, None]]})
    hours = dict.fromkeys(("redistribution_from", "redistribution_to"), "00:00")
    DistributionSettings.objects.create(
        account=account, is_enabled=True, enabled_at=now - timedelta(hours=1), **hours
    )
    for user_id in users:
        manager = Manager.objects.create(
            account=account, kommo_id=user_id, name=f"Manager {user_id}", group=group
        )
        shifts.start_shift(manager, now=now, cause=Cause.BUTTON, by=user_id)
    InboxEvent.objects.for_account(account).delete()
    return account


def tell_of(account: Account, *lead_ids: int) -> None:
    """Put leads to look at into the account's inbox."""
    append_event(account, InboxEvent.Kind.LEADS, {"ids": list(lead_ids)}, datetime.now(UTC))


class FakeKommo:
    """Answers for every account; a lead belongs to nobody until a PATCH."""

    def __init__(self) -> None:
        self.owners: dict[tuple[int, int], int] = {}
        self.patches: list[tuple[int, int, int]] = []  # account, lead, owner
        self.before_read: Callable[[], None] = lambda: None
        self.after_patch: Callable[[], None] = lambda: None

    def __call__(self, account: Account) -> Any:
        return _Client(self, account.pk)


class _Client:
    def __init__(self, kommo: FakeKommo, account_id: int) -> None:
        self._kommo, self._account_id = kommo, account_id

    def leads_by_ids(self, ids: Sequence[int], *, with_contacts: bool = False) -> list[Lead]:
        act, self._kommo.before_read = self._kommo.before_read, lambda: None
        act()
        now = int(datetime.now(UTC).timestamp())
        return [
            Lead(
                id=lead_id,
                name=f"Lead {lead_id} of {self._account_id}",
                pipeline_id=PIPELINE,
                status_id=STAGE,
                owner_id=self._kommo.owners.get((self._account_id, lead_id), 0),
                updated_at=now,
                created_at=now,
                closed_at=None,
                is_deleted=False,
                field_values={},
            )
            for lead_id in ids
        ]

    def patch_owners(self, changes: Sequence[OwnerChange]) -> dict[int, int]:
        now = int(datetime.now(UTC).timestamp())
        for change in changes:
            self._kommo.owners[self._account_id, change.lead_id] = change.owner_id
            self._kommo.patches.append((self._account_id, change.lead_id, change.owner_id))
        act, self._kommo.after_patch = self._kommo.after_patch, lambda: None
        act()
        return {change.lead_id: now for change in changes}

    def add_notes(self, notes: Sequence[NewNote]) -> None:
        return None
