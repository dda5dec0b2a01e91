"""Moments in words of the reader's language."""

from __future__ import annotations

from datetime import datetime, tzinfo

from django.utils import timezone
from django.utils.formats import date_format


def clock(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the moment by the zone's clock as 09:05; with its date where that is not today's."""
    local, today = timezone.localtime(moment, zone), timezone.localtime(now, zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    shape = "j M" if local.year == today.year else "j M Y"
    return f"{date_format(local, shape)}, {local:%H:%M}"
