"""Celery tasks: doorbells without arguments. Each may be lost, repeated or late."""

from __future__ import annotations

from celery import shared_task

from distribution.mail import mail_of_alerts
from distribution.operations.alerts import tell_supervisors
from distribution.operations.purge import purge
from distribution.operations.reconcile import reconcile_due
from distribution.operations.work import work_until_idle
from peresmenka.lib.clock import read_clock
from peresmenka.lib.enqueue import open_door, ring

SECONDS_A_TASK = 20.0
MOST_CHUNKS = 100


@shared_task(name="distribution.tasks.work")
def work() -> None:
    """Serve accounts until there is nothing left; ring again if time ran out before."""
    open_door()
    served = work_until_idle(seconds=SECONDS_A_TASK)
    if served:
        ring()


@shared_task(name="distribution.tasks.reconcile")
def reconcile() -> None:
    """Compare the accounts that are due with their Kommo."""
    reconcile_due(read_clock())


@shared_task(name="distribution.tasks.tell", soft_time_limit=300, time_limit=330)
def tell() -> int:
    """Mail supervisors what they are to know; return how many accounts were told."""
    return tell_supervisors(read_clock(), write=mail_of_alerts)


@shared_task(name="distribution.tasks.forget")
def forget() -> None:
    """Delete settled events and effects that are old enough."""
    now = read_clock()
    for _ in range(MOST_CHUNKS):
        if not purge(now):
            break
