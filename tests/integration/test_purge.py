"""Old settled events and effects are forgotten, what is open or young stays."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Account, InboxEvent
from distribution.models import Effect
from distribution.operations.purge import purge

pytestmark = pytest.mark.django_db


def test_only_what_was_settled_long_ago_is_forgotten() -> None:
    now = timezone.now()
    account = Account.objects.create(
        kommo_id=1, host="acme.kommo.com", installed_at=now, hook_digest=bytes(32)
    )
    for days in (None, 29, 31):
        InboxEvent.objects.create(
            account=account,
            kind="webhook",
            body=b"",
            digest=hashlib.sha256(str(days).encode()).digest(),
            received_at=now,
            done_at=None if days is None else now - timedelta(days=days),
        )
    for state, days in (("done", 89), ("done", 91), ("failed", 91), ("pending", None)):
        Effect.objects.create(
            account=account,
            lead_id=1,
            kind="owner",
            state=state,
            read_at=now,
            created_at=now,
            settled_at=None if days is None else now - timedelta(days=days),
        )
    assert purge(now) == 2
    assert purge(now) == 0
    assert InboxEvent.objects.count() == 2
    assert sorted(Effect.objects.values_list("state", flat=True)) == ["done", "failed", "pending"]
