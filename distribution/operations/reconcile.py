"""Heals what webhooks missed: pages Kommo's leads and puts the different ones into the inbox."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Q

from accounts.kommo.client import KommoClient
from accounts.kommo.connection import connect
from accounts.kommo.errors import KommoError
from accounts.kommo.payloads import Lead
from accounts.models import Account, InboxEvent
from accounts.operations.inbox import append_event
from distribution.models import DistributionSettings, LeadMirror
from distribution.operations.deciding.absorb import is_filled
from distribution.operations.deciding.rows import LeadRow, rows_by_ids
from distribution.operations.deciding.tracking import ALL_TASKS
from distribution.operations.lanes import LIVE_STATES
from distribution.operations.reconcile_tasks import reconcile_tasks
from distribution.queries.config import AccountConfig, config_of
from peresmenka.lib.enqueue import ring

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
OVERLAP_SECONDS = 600
PAGES_A_RUN = 40
PAGES_OF_A_SECOND = 400
UNSEEN_FOR = timedelta(days=1)
IDS_AN_EVENT = 240  # one call of the turn that reads them
_DRAIN = """
INSERT INTO distribution_timer (account_id, kind, subject, due_at, generation, payload)
SELECT %s, 'drain', 0, %s, 1, '{}' WHERE EXISTS (
  SELECT 1 FROM distribution_leadmirror WHERE account_id = %s AND state IN ('waiting', 'parked'))
ON CONFLICT DO NOTHING
"""


def reconcile_due(now: datetime) -> bool:
    """Reconcile one account that is due; return whether there was one."""
    account = _claim(now)
    if account is None:
        return False
    try:
        reconcile(account, now)
    except KommoError as error:
        log.info("account %s: not reconciled: %s", account.pk, error)
    return True


def _claim(now: datetime) -> Account | None:
    """Take the account whose reconciliation is longest ago, so that no other worker does it too."""
    due = Q(reconciled_at=None) | Q(reconciled_at__lte=now - EVERY)
    live = Account.objects.filter(due, state__in=LIVE_STATES, health=Account.Health.OK)
    ready = live.filter(sync_state=Account.SyncState.DONE)
    account = ready.order_by(F("reconciled_at").asc(nulls_first=True)).first()
    if account is None:
        return None
    taken = Account.objects.filter(pk=account.pk, reconciled_at=account.reconciled_at)
    return account if taken.update(reconciled_at=now) else None


def reconcile(account: Account, now: datetime) -> int:
    """Compare leads and tasks changed lately, and those newly counted; return how many differ."""
    config = config_of(account.pk)
    if not config.triggers:
        return 0
    client = connect(account)
    found = reconcile_tasks(account, config, client, now)
    found += _fill(account, config, client, now) + _catch_up(account, config, client, now)
    found += _look_after_unseen(account, now)
    with connection.cursor() as cursor:
        cursor.execute(_DRAIN, [account.pk, now, account.pk])
    if found:
        ring()
    return found


def _catch_up(account: Account, config: AccountConfig, client: KommoClient, now: datetime) -> int:
    """Page the leads updated since the watermark, an overlap included.

    The next run goes on where a long list was left. Only the leads of one second cannot be told
    apart by time (a bulk edit): they are paged to the end. The inbox hears of all when the run is
    over, since what is dealt meanwhile would move leads from page to page.
    """
    since = (account.reconciled_until or int(now.timestamp())) - OVERLAP_SECONDS
    latest, different = since, []
    for page in range(1, PAGES_OF_A_SECOND + 1):
        listed = client.leads_page(updated_from=since, page=page, order=("updated_at", "asc"))
        different += _different(account, config, listed.leads)
        latest = max([latest, *(lead.updated_at for lead in listed.leads)])
        if not listed.has_next:
            until = max(latest, since + OVERLAP_SECONDS)
            break
        if page >= PAGES_A_RUN and latest > since:
            until = latest + OVERLAP_SECONDS
            break
    else:
        until = latest + OVERLAP_SECONDS + 1
    Account.objects.filter(pk=account.pk).update(reconciled_until=until)
    return _note(account, different, now)


def _fill(account: Account, config: AccountConfig, client: KommoClient, now: datetime) -> int:
    """Mirror the open leads of stages that settings have newly tracked, a stage at a time."""
    settings = DistributionSettings.objects.for_account(account).first()
    found = 0
    while settings is not None and settings.to_mirror and settings.to_mirror[0] != ALL_TASKS:
        pipeline_id, status_id, page = settings.to_mirror[0]
        listed = client.leads_page(stage=(pipeline_id, status_id), page=page)
        found += _note(account, _different(account, config, listed.leads), now)
        rest = settings.to_mirror[1:]
        settings.to_mirror = (
            [[pipeline_id, status_id, page + 1], *rest] if listed.has_next else rest
        )
        settings.save(update_fields=["to_mirror"])
    return found


def _look_after_unseen(account: Account, now: datetime) -> int:
    """Have open leads read that Kommo has not shown for a day: its lists leave out deleted ones."""
    rows = LeadMirror.objects.for_account(account).filter(
        is_counted=True, confirmed_at__lt=now - UNSEEN_FOR
    )
    ids = list(rows.order_by("confirmed_at").values_list("lead_id", flat=True)[:IDS_AN_EVENT])
    return _note(account, ids, now)


def _different(account: Account, config: AccountConfig, leads: Sequence[Lead]) -> list[int]:
    """Return the leads in which Kommo and the mirror disagree."""
    rows = {row.lead_id: row for row in rows_by_ids(account.pk, [lead.id for lead in leads])}
    return [lead.id for lead in leads if _differs(config, rows.get(lead.id), lead)]


def _differs(config: AccountConfig, row: LeadRow | None, lead: Lead) -> bool:
    if row is None:
        return config.cares_for(lead.pipeline_id, lead.status_id)
    return (
        row.version < lead.updated_at
        or row.is_in_flight
        or row.confirmed_owner_id != (lead.owner_id or None)
        or (row.pipeline_id, row.status_id) != (lead.pipeline_id, lead.status_id)
        or row.is_excluded != is_filled(lead, config.exclusion_field_id)
    )


def _note(account: Account, lead_ids: Sequence[int], now: datetime) -> int:
    """Ask turns to read these leads, a call's worth at a time; return how many there are."""
    for start in range(0, len(lead_ids), IDS_AN_EVENT):
        part = list(lead_ids[start : start + IDS_AN_EVENT])
        append_event(account, InboxEvent.Kind.LEADS, {"ids": part, "source": "reconcile"}, now)
    return len(lead_ids)
