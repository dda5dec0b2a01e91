"""What keeps accounts alive between leads: codes, first syncs, tokens, copies of CRM data, hooks.

Called by the pump and by Celery alike; safe to run twice and by several processes at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.kommo.connection import refresh_due_credentials
from accounts.kommo.errors import KommoError
from accounts.models import Account, InboxEvent, WidgetNonce
from accounts.operations.grants import exchange_pending
from accounts.operations.hooks import check_hook
from accounts.operations.inbox import append_event
from accounts.operations.leaving import confirm_revocations
from accounts.operations.sync import begin_first_syncs, refresh_crm_data

REFRESH_EVERY = timedelta(hours=4)
HOOK_CHECK_EVERY = timedelta(minutes=15)
TRY_AGAIN_AFTER = timedelta(minutes=10)
ACCOUNTS_A_ROUND = 5
_log = logging.getLogger(__name__)


def do_housekeeping(now: datetime) -> bool:
    """Do a bounded round of everything that is due; return whether anything was found."""
    found = [
        exchange_pending(now=now),
        begin_first_syncs(now=now),
        confirm_revocations(now=now),
        refresh_due_credentials(now),
        refresh_stale_copies(now=now),
        check_due_hooks(now=now),
        purge_nonces(now=now),
    ]
    return any(found)


def refresh_stale_copies(*, now: datetime) -> int:
    """Refresh CRM data older than four hours; return how many accounts were tried."""
    return _each_due(
        "synced_at", REFRESH_EVERY, now, lambda account: refresh_crm_data(account, now=now)
    )


def check_due_hooks(*, now: datetime) -> int:
    """Look after subscriptions not looked at for a quarter of an hour; return how many were tried."""
    return _each_due("hook_checked_at", HOOK_CHECK_EVERY, now, lambda account: _check(account, now))


def _check(account: Account, now: datetime) -> None:
    if check_hook(account=account, now=now):
        _log.warning("webhook of account %s was renewed", account.pk)
        append_event(account, InboxEvent.Kind.SYNCED, {}, now)


def _each_due(
    field: str, every: timedelta, now: datetime, work: Callable[[Account], object]
) -> int:
    """Run `work` for working accounts whose `field` is older than `every`, claiming each by it."""
    due = _working().filter(Q(**{field: None}) | Q(**{f"{field}__lte": now - every}))
    accounts = list(due.order_by(field)[:ACCOUNTS_A_ROUND])
    for account in accounts:
        seen = Account.objects.filter(pk=account.pk, **{field: getattr(account, field)})
        if not seen.update(**{field: now}):
            continue  # another process took it
        try:
            work(account)
        except KommoError as error:
            _log.warning("account %s: %s", account.pk, error)
            again = now - every + TRY_AGAIN_AFTER
            Account.objects.filter(pk=account.pk).update(**{field: again})
    return len(accounts)


def _working() -> QuerySet[Account]:
    gone = (Account.State.LEFT, Account.State.CLOSING)
    working = Account.objects.exclude(state__in=gone).filter(sync_state=Account.SyncState.DONE)
    return working.exclude(health=Account.Health.NEEDS_REAUTH)


def purge_nonces(*, now: datetime) -> int:
    """Forget used widget tokens that have expired by now."""
    return WidgetNonce.objects.filter(expires_at__lt=now - timedelta(minutes=5)).delete()[0]
