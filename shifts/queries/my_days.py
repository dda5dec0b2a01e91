"""A manager's own days, in a row: what is planned ahead, what was planned for days that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import Account, Manager
from shifts.core.clock import ZoneClock
from shifts.core.layers import EMPTY, Cause, Day, Kind, Layer
from shifts.models import PlannedDay
from shifts.queries.schedule import layers_of, local_day, stored_hours, zone_of

DAYS_SHOWN = 62  # so far ahead the plan is written; and so far back one may look
_DAY = timedelta(days=1)
_WHOLE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class MyDay:
    """One day of a manager's calendar."""

    on: date
    day: Day
    holiday: str  # its name
    absence: tuple[str, str]  # cause and note
    is_today: bool
    clock_change: str  # "forward", "back", "" on ordinary days


def my_days(
    manager: Manager, account: Account, first: date, last: date, now: datetime
) -> list[MyDay]:
    """Return the days of [first, last] by the manager's clock; five queries."""
    zone = zone_of(manager, account)
    today, clock = local_day(now, zone), ZoneClock(zone)
    layers = layers_of(account, first, last, [manager.pk])
    over = _days_over(manager, first, min(last, today - _DAY))
    return [
        MyDay(
            on=on,
            day=over.get(on, EMPTY) if on < today else layers.day(manager.pk, on),
            holiday=layers.holidays.get(on, ""),
            absence=layers.absence_on(manager.pk, on),
            is_today=on == today,
            clock_change=_clock_change(clock, on),
        )
        for on in (first + number * _DAY for number in range((last - first).days + 1))
    ]


def _days_over(manager: Manager, first: date, last: date) -> dict[date, Day]:
    """Return the plan as it was frozen; a day without a plan is left out."""
    rows = PlannedDay.objects.for_account(manager.account_id).filter(
        manager=manager, on__gte=first, on__lte=last
    )
    return {
        row.on: Day(
            Kind(row.kind),
            stored_hours(row.hours) or (),
            Cause(row.cause) if row.cause else None,
            Layer.NONE,
        )
        for row in rows
    }


def _clock_change(clock: ZoneClock, on: date) -> str:
    begins, closes = clock.bounds(on)
    if closes - begins == _WHOLE:
        return ""
    return "forward" if closes - begins < _WHOLE else "back"
