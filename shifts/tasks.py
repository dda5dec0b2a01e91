"""Housekeeping of schedules: thin doors for beat, each safe to run twice."""

from __future__ import annotations

from celery import shared_task

from peresmenka.lib.clock import read_clock
from shifts.operations import coverage, plan

ACCOUNTS_A_RUN = 20


@shared_task
def plan_ahead() -> int:
    """Plan the days that have come within the horizon; return for how many accounts."""
    now = read_clock()
    accounts = plan.accounts_to_plan(now, ACCOUNTS_A_RUN)
    return sum(plan.plan_ahead(account, now=now) for account in accounts)


@shared_task(soft_time_limit=300, time_limit=330)
def warn_of_gaps() -> int:
    """Mail supervisors and admins about tomorrow's gaps; return how many accounts were told."""
    return coverage.warn_of_gaps(read_clock())
