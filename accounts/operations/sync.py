"""Our copy of what an account's Kommo holds: the first sync with its progress, and every later one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model, Q

from accounts.kommo.client import KommoClient
from accounts.kommo.connection import connect
from accounts.kommo.errors import KommoError
from accounts.kommo.hosts import account_host
from accounts.kommo.payloads import AccountFacts
from accounts.kommo.payloads import LeadField as FieldFacts
from accounts.kommo.payloads import Pipeline as PipelineFacts
from accounts.kommo.payloads import User as UserFacts
from accounts.models import Account, Group, InboxEvent, LeadField, Manager, Pipeline, Stage
from accounts.operations.grants import take_facts
from accounts.operations.hooks import subscribe_hook
from accounts.operations.inbox import append_event
from accounts.operations.languages import our_language
from peresmenka.lib.clock import read_clock

RETRY_AFTER = timedelta(minutes=1)
GIVEN_UP_AFTER = timedelta(minutes=10)  # a sync that died half-way is begun again
_log = logging.getLogger(__name__)
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CrmData:
    """All that one refresh reads, before anything is written."""

    facts: AccountFacts
    users: list[UserFacts]
    pipelines: list[PipelineFacts]
    fields: list[FieldFacts]


def begin_first_syncs(*, now: datetime) -> int:
    """Run the first sync of accounts that have none; return how many were begun."""
    waiting = Account.objects.exclude(state__in=[Account.State.LEFT, Account.State.CLOSING]).filter(
        Q(sync_state=Account.SyncState.NEVER)
        | Q(sync_state=Account.SyncState.FAILED, sync_progress__retry_at__lte=now.timestamp())
        | Q(
            sync_state=Account.SyncState.RUNNING,
            sync_progress__begun_at__lte=(now - GIVEN_UP_AFTER).timestamp(),
        )
    )
    return sum(run_first_sync(account=account, now=now) for account in waiting[:5])


def run_first_sync(*, account: Account, now: datetime) -> bool:
    """Read everything, subscribe the webhook, tell the inbox; return whether it was ours to run.

    Progress stands in `account.sync_progress`. A failure is kept there and tried again in a minute.
    """
    begun = {"step": "account", "begun_at": now.timestamp()}
    if not _claim(account, begun):
        return False
    try:
        refresh_crm_data(account, now=now, progress=lambda step: _tell(account, begun, step))
        _tell(account, begun, "webhook")
        subscribe_hook(account=account)
    except KommoError as error:
        _log.warning("first sync of account %s failed: %s", account.pk, error)
        retry_at = (now + RETRY_AFTER).timestamp()
        failed = {"step": "failed", "error": str(error)[:200], "retry_at": retry_at}
        _set_sync(account, Account.SyncState.FAILED, failed)
        return True
    _set_sync(account, Account.SyncState.DONE, {"step": "done"})
    append_event(account, InboxEvent.Kind.SYNCED, {}, now)
    return True


def _claim(account: Account, begun: Values) -> bool:
    seen = Account.objects.filter(
        pk=account.pk, sync_state=account.sync_state, sync_progress=account.sync_progress
    )
    return bool(seen.update(sync_state=Account.SyncState.RUNNING, sync_progress=begun))


def _tell(account: Account, begun: Values, step: str) -> None:
    Account.objects.filter(pk=account.pk).update(sync_progress={**begun, "step": step})


def _set_sync(account: Account, state: str, progress: Values) -> None:
    Account.objects.filter(pk=account.pk).update(sync_state=state, sync_progress=progress)


def refresh_crm_data(
    account: Account, *, now: datetime | None = None, progress: Callable[[str], None] | None = None
) -> bool:
    """Read people, groups, pipelines, stages and fields anew; return whether anything changed.

    A change is told to the inbox. HTTP first, then one transaction that locks the account's row.
    Raises KommoError with nothing written.
    """
    now = now or read_clock()
    found = _read(connect(account), progress or (lambda step: None))
    with transaction.atomic():
        # Rows that refer to the account may be written meanwhile: whoever has a manager's lock
        # already would else wait for this one, and this one for theirs.
        locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        changed = [
            _store_facts(locked, found, now),
            _store_groups(locked, found),
            _store_managers(locked, found),
            _store_pipelines(locked, found),
            _store_fields(locked, found),
        ]
        if any(changed):
            append_event(locked, InboxEvent.Kind.SYNCED, {}, now)
    return any(changed)


def _read(client: KommoClient, progress: Callable[[str], None]) -> CrmData:
    progress("account")
    facts = client.account()
    progress("users")
    users = client.users()
    progress("pipelines")
    pipelines = client.pipelines()
    progress("fields")
    return CrmData(facts, users, pipelines, client.lead_fields())


def _store_facts(account: Account, found: CrmData, now: datetime) -> bool:
    """Write what Kommo says of the account; return whether its clock has changed, which moves schedules."""
    zone = account.zone
    facts, domain = found.facts, account.host.partition(".")[2]
    take_facts(account, facts, account_host(f"{facts.subdomain}.{domain}") or account.host)
    account.language = _language(found) or account.language
    account.synced_at = now
    account.save(update_fields=["host", "name", "zone", "country", "language", "synced_at"])
    return account.zone != zone


def _language(found: CrmData) -> str:
    """Return the account's language: Kommo tells it of users only, so that of who installed us."""
    spoken = {user.id: our_language(user.language) for user in found.users}
    return our_language(found.facts.language) or spoken.get(found.facts.current_user_id, "")


def _store_groups(account: Account, found: CrmData) -> bool:
    wanted = {
        one.id: {"name": one.name[:255], "is_gone": False} for one in found.facts.users_groups
    }
    for user in found.users:  # a group that the account's list leaves out, the default one
        wanted.setdefault(user.group_id, {"name": "", "is_gone": False})
    return _store(Group, {"account": account}, wanted, gone={"is_gone": True})


def _store_managers(account: Account, found: CrmData) -> bool:
    rows = {row.kommo_id: row for row in Group.objects.for_account(account)}
    groups = {kommo_id: row.pk for kommo_id, row in rows.items()}
    wanted = {one.id: _manager_values(one, groups) for one in found.users}
    # In the order in which clicks on several managers lock them, too.
    locked = Manager.objects.for_account(account).select_for_update(no_key=True).order_by("pk")
    known = set(locked.values_list("kommo_id", flat=True))
    for user in found.users:  # once read, language and licence are chosen here
        if user.id not in known:
            wanted[user.id]["language"] = our_language(user.language)
            group = rows.get(user.group_id)
            wanted[user.id]["is_licensed"] = group is None or group.licenses_newcomers
    return _store(Manager, {"account": account}, wanted, gone={"is_active_in_kommo": False})


def _manager_values(user: UserFacts, groups: Mapping[int, int]) -> Values:
    return {
        "name": user.name[:255],
        "email": user.email[:255],
        "group_id": groups.get(user.group_id),
        "is_admin": user.is_admin,
        "is_active_in_kommo": user.is_active,
    }


def _store_pipelines(account: Account, found: CrmData) -> bool:
    wanted = {
        one.id: {"name": one.name[:255], "sort": one.sort, "is_gone": one.is_archived}
        for one in found.pipelines
    }
    changed = [_store(Pipeline, {"account": account}, wanted, gone={"is_gone": True})]
    rows = {row.kommo_id: row for row in Pipeline.objects.for_account(account)}
    stages = {one.id: one.stages for one in found.pipelines}
    for kommo_id, row in rows.items():
        inside = {one.id: _stage_values(one) for one in stages.get(kommo_id, ())}
        owner = {"account": account, "pipeline": row}
        changed.append(_store(Stage, owner, inside, gone={"is_gone": True}))
    return any(changed)


def _stage_values(stage: Any) -> Values:
    return {
        "name": stage.name[:255],
        "sort": stage.sort,
        "type": stage.type if 0 <= stage.type < 2**15 else 0,
        "color": stage.color,
        "is_gone": False,
    }


def _store_fields(account: Account, found: CrmData) -> bool:
    wanted = {
        one.id: {"name": one.name[:255], "type": one.type, "is_gone": False} for one in found.fields
    }
    return _store(LeadField, {"account": account}, wanted, gone={"is_gone": True})


def _store(model: type[Model], owner: Values, wanted: dict[int, Values], *, gone: Values) -> bool:
    """Make the owner's rows equal to `wanted` by Kommo id; rows not wanted get the values `gone`.

    Return whether anything was written. At most two queries and one read.
    """
    rows = {row.kommo_id: row for row in model._default_manager.filter(**owner)}  # type: ignore[attr-defined]
    new = [
        model(**owner, kommo_id=key, **values) for key, values in wanted.items() if key not in rows
    ]
    altered = [row for key, row in rows.items() if _alter(row, wanted.get(key, gone))]
    names = sorted({name for key in rows for name in wanted.get(key, gone)})
    model._default_manager.bulk_create(new, ignore_conflicts=True)
    if altered:
        model._default_manager.bulk_update(altered, names)
    return bool(new or altered)


def _alter(row: Model, values: Values) -> bool:
    is_altered = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return is_altered
