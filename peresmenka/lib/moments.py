"""Moments and days in words of the reader's language, and days as a form sends them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

# Languages that write the name of a month small within a sentence.
_SMALL_MONTHS = ("ru", "es", "pt-br")


def clock(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the moment by the zone's clock as 09:05; with its date where that is not today's."""
    local, today = timezone.localtime(moment, zone), timezone.localtime(now, zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    day = bare_day(local) if local.year == today.year else day_text(local)
    return f"{day}, {local:%H:%M}"


def midnight(text: str, zone: tzinfo, *, days: int = 0) -> datetime | None:
    """Return in UTC when the zone's day 2026-11-24 (or `days` later) begins; None: it is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def bare_day(on: date) -> str:
    """Return a day as 24 Nov."""
    return date_format(on, f"j {_month()}")


def day_text(on: date) -> str:
    """Return a day as 24 Nov 2026."""
    return date_format(on, f"j {_month()} Y")


def short_day(on: date) -> str:
    """Return a day as Tue 24 Nov."""
    return date_format(on, f"D j {_month()}")


def full_day(on: date) -> str:
    """Return a day as Tue 24 Nov 2026."""
    return date_format(on, f"D j {_month()} Y")


def _month() -> str:
    """Return the letter by which Django writes a month's short name: small or with a capital."""
    return "b" if get_language() in _SMALL_MONTHS else "M"
