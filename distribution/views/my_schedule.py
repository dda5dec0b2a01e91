"""The two weeks of one's own schedule that the own page shows, and the way to the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.formats import get_format

from accounts.models import Account, Manager
from shifts.core.hours import format_hours
from shifts.labels.schedule import cause_text
from shifts.queries.my_days import DAYS_SHOWN, MyDay, my_days
from shifts.queries.schedule import local_day, zone_of

WEEKS = 2
_WEEK = timedelta(days=7)


def schedule_of(
    request: HttpRequest, manager: Manager, account: Account, now: datetime
) -> dict[str, Any]:
    """Return the weeks that ?week=2026-03-02 asks for, as the template shows them."""
    zone = zone_of(manager, account)
    today = local_day(now, zone)
    first = _week_of(_asked(request, today))
    days = my_days(manager, account, first, first + WEEKS * _WEEK - timedelta(days=1), now)
    farthest = today + timedelta(days=DAYS_SHOWN)
    return {
        "days": [_line(one) for one in days],
        "is_empty": all(not one.day.hours and not one.day.cause for one in days),
        "previous": _address(first - _WEEK) if first > today - timedelta(days=DAYS_SHOWN) else "",
        "following": _address(first + _WEEK) if first + WEEKS * _WEEK <= farthest else "",
        "is_moved": first != _week_of(today),
        "zone": str(zone),
    }


def _asked(request: HttpRequest, today: date) -> date:
    """Return the asked day; today for what is none, or lies where nothing is shown."""
    try:
        asked = date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        return today
    return asked if abs((asked - today).days) <= DAYS_SHOWN + 7 else today


def _week_of(on: date) -> date:
    """Return the day on which the week of a day begins, by the reader's country."""
    starts = (int(get_format("FIRST_DAY_OF_WEEK")) - 1) % 7
    return on - timedelta(days=(on.weekday() - starts) % 7)


def _address(first: date) -> str:
    return f"?week={first.isoformat()}"


def _line(one: MyDay) -> dict[str, Any]:
    return {
        "on": one.on,
        "hours": format_hours(one.day.works),
        "cause": cause_text(one.day, holiday=one.holiday, absence=one.absence),
        "is_today": one.is_today,
        "clock_change": one.clock_change,
    }
