"""Celery's way into housekeeping; the pump calls the same operation."""

from __future__ import annotations

from celery import shared_task

from accounts.operations.housekeeping import do_housekeeping
from peresmenka.lib.clock import read_clock


@shared_task(name="accounts.tasks.keep_house", ignore_result=True)
def keep_house() -> None:
    """Do one round of housekeeping: installs, first syncs, tokens, copies, hooks."""
    do_housekeeping(read_clock())
