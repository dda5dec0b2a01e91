"""Accounts for benchmarks, written straight into the tables: what a first sync would have left."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.utils import timezone

from accounts.kommo.connection.tokens import store_pair
from accounts.kommo.oauth import TokenPair
from accounts.models import Account, Group, Lane, Manager, Pipeline, Stage
from accounts.operations.hooks import hook_digest
from distribution.core.policy import read_body, to_json
from distribution.models import DistributionSettings, Register, Template, Trigger
from distribution.queries.settings import SIMPLE_BODY, SIMPLE_NAME
from shifts.models import Shift, ShiftSettings


@transaction.atomic
def make_account(
    *,
    kommo_id: int,
    host: str,
    users: list[int],
    pipeline: int,
    stages: list[int],
    tokens: TokenPair,
    strategy: str = "least_loaded",
) -> Account:
    """Create an account whose managers are all on shift and whose whole pipeline is dealt."""
    now = timezone.now()
    account = Account(
        kommo_id=kommo_id,
        host=host,
        name=host,
        installed_at=now,
        synced_at=now,
        hook_checked_at=now,
        reconciled_at=now + timedelta(days=1),
        sync_state=Account.SyncState.DONE,
    )
    account.hook_digest = hook_digest(account)
    account.save()
    store_pair(account, tokens, now)
    Lane.objects.bulk_create(Lane(account=account, kind=kind) for kind in Lane.Kind.values)
    group = Group.objects.create(account=account, kommo_id=0, name="Sales")
    _make_people(account, group, users, now)
    _make_pipeline(account, pipeline, stages)
    _make_settings(account, group, pipeline, strategy, now)
    return account


def _make_people(account: Account, group: Group, users: list[int], now: datetime) -> None:
    people = Manager.objects.bulk_create(
        Manager(account=account, group=group, kommo_id=user, name=f"Manager {user}")
        for user in users
    )
    Shift.objects.bulk_create(
        Shift(account=account, manager=person, started_at=now, start_cause="button")
        for person in people
    )


def _make_pipeline(account: Account, pipeline: int, stages: list[int]) -> None:
    row = Pipeline.objects.create(account=account, kommo_id=pipeline, name="Sales")
    Stage.objects.bulk_create(
        Stage(account=account, pipeline=row, kommo_id=stage, name=f"Stage {stage}")
        for stage in stages
    )


def _make_settings(
    account: Account, group: Group, pipeline: int, strategy: str, now: datetime
) -> None:
    DistributionSettings.objects.create(
        account=account,
        is_enabled=True,
        enabled_at=now - timedelta(days=1),
    )
    ShiftSettings.objects.create(account=account)
    body = {
        **SIMPLE_BODY,
        "strategy": strategy,
        "hours": {"start": "00:00", "end": "00:00"},
        "members": [{"kind": "group", "id": group.kommo_id}],
    }
    template = Template.objects.create(
        account=account, name=SIMPLE_NAME, is_simple=True, body=to_json(read_body(body)[0])
    )
    trigger = Trigger.objects.create(
        account=account, template=template, kind="watch", group=group, stages=[[pipeline, None]]
    )
    trigger.register = Register.objects.create(account=account, own_of=trigger, name=group.name)
    trigger.save(update_fields=["register"])


def hook_body(account: Account, lead_id: int, pipeline: int, stage: int, at: int) -> bytes:
    """Return the form body of an add_lead webhook as Kommo sends it."""
    lead = {
        "id": lead_id,
        "name": f"Lead {lead_id}",
        "status_id": stage,
        "price": 0,
        "responsible_user_id": 1,
        "last_modified": at,
        "modified_user_id": 0,
        "created_user_id": 0,
        "date_create": at,
        "pipeline_id": pipeline,
        "account_id": account.kommo_id,
        "created_at": at,
        "updated_at": at,
    }
    pairs = [(f"leads[add][0][{name}]", str(value)) for name, value in lead.items()]
    pairs += [("account[id]", str(account.kommo_id)), ("account[subdomain]", "bench")]
    return urlencode(pairs).encode()


def digest(body: bytes) -> bytes:
    """Return what the inbox folds identical bodies by."""
    return hashlib.sha256(body).digest()
