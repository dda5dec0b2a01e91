"""Housekeeping of schedules: thin doors for beat, each safe to run twice."""

from __future__ import annotations

from celery import shared_task

from peresmenka.lib.clock import read_clock
from shifts.mail import mail_of_gaps
from shifts.operations import coverage, plan


@shared_task
def plan_ahead() -> int:
    """Plan the days that have come within the horizon; return for how many accounts."""
    return plan.keep_plans(read_clock())


@shared_task(soft_time_limit=300, time_limit=330)
def warn_of_gaps() -> int:
    """Mail supervisors and admins about tomorrow's gaps; return how many accounts were told."""
    return coverage.warn_of_gaps(read_clock(), write=mail_of_gaps)
