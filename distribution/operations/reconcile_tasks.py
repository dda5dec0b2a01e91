"""Open tasks that webhooks missed: paged where somebody's tasks are limited (F122, F124)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction

from accounts.kommo.client import KommoClient
from accounts.kommo.errors import KommoError
from accounts.kommo.payloads import Task
from accounts.models import Account, InboxEvent
from accounts.operations.inbox import append_event
from distribution.models import DistributionSettings, TaskMirror
from distribution.operations.deciding.tracking import ALL_TASKS
from distribution.queries.config import AccountConfig

log = logging.getLogger(__name__)

IDS_AN_EVENT = 240  # one call of the turn that reads them
MOST_PAGES = 400
OVERLAP_SECONDS = 600
UNSEEN_FOR = timedelta(days=1)


def reconcile_tasks(
    account: Account, config: AccountConfig, client: KommoClient, now: datetime
) -> int:
    """Compare tasks with the mirror, all open ones after settings were saved, else those changed.

    Turns are asked to read what differs. Returns how many do. What fails is begun anew at the
    next run: leads are not to wait for it.
    """
    if not config.counts_tasks:
        return 0
    try:
        different = _different(account, client, now)
    except KommoError as error:
        log.info("account %s: tasks not reconciled: %s", account.pk, error)
        _set_due(account, is_due=True)
        return 0
    for start in range(0, len(different), IDS_AN_EVENT):
        payload = {"ids": different[start : start + IDS_AN_EVENT]}
        append_event(account, InboxEvent.Kind.TASKS, payload, now)
    return len(different)


def _different(account: Account, client: KommoClient, now: datetime) -> list[int]:
    mirror = TaskMirror.objects.for_account(account)
    known = {
        task_id: (owner, version)
        for task_id, owner, version in mirror.values_list("task_id", "owner_id", "version")
    }
    if not known or _is_due(account):
        listed = {task.id: task for task in _pages(client, only_open=True)}
        _set_due(account, is_due=False)
        gone = known.keys() - listed.keys()
        return sorted(gone.union(_unlike(known, listed.values())))
    since = (account.reconciled_until or int(now.timestamp())) - OVERLAP_SECONDS
    different = _unlike(known, _pages(client, updated_from=since))
    unseen = mirror.filter(seen_at__lt=now - UNSEEN_FOR).order_by("seen_at")
    different.update(unseen.values_list("task_id", flat=True)[:IDS_AN_EVENT])
    return sorted(different)


def _unlike(known: dict[int, tuple[int | None, int]], tasks: Iterable[Task]) -> set[int]:
    """Return the tasks in which Kommo and the mirror disagree; completed ones are not mirrored."""
    return {
        task.id
        for task in tasks
        if known.get(task.id)
        != (None if task.is_completed else (task.owner_id or None, task.updated_at))
    }


def _pages(
    client: KommoClient, *, only_open: bool = False, updated_from: int | None = None
) -> Iterator[Task]:
    for page in range(1, MOST_PAGES + 1):
        listed = client.tasks_page(page=page, only_open=only_open, updated_from=updated_from)
        yield from listed.tasks
        if not listed.has_next:
            return


def _is_due(account: Account) -> bool:
    settings = DistributionSettings.objects.for_account(account).first()
    return settings is not None and ALL_TASKS in settings.to_mirror


@transaction.atomic
def _set_due(account: Account, *, is_due: bool) -> None:
    """Note that all open tasks are to be paged, or that they were."""
    rows = DistributionSettings.objects.for_account(account).select_for_update()
    for settings in rows:
        stages = [entry for entry in settings.to_mirror if entry != ALL_TASKS]
        settings.to_mirror = [*stages, ALL_TASKS] if is_due else stages
        settings.save(update_fields=["to_mirror"])
