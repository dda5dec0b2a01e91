"""Days of the calendar as the schedule's pages write them, in the reader's language."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format


def day_text(on: date) -> str:
    """Return a day as 24 Nov 2026."""
    return date_format(on, "j M Y")


def short_day(on: date) -> str:
    """Return a day as Tue 24 Nov."""
    return date_format(on, "D j M")


def full_day(on: date) -> str:
    """Return a day as Tue 24 Nov 2026."""
    return date_format(on, "D j M Y")
