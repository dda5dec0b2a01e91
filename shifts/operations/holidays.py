"""Writes of the account's holidays: many at once, one by one, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from accounts.models import Account, Manager
from shifts.models import Holiday, ScheduleChange
from shifts.operations.period import (
    PastIsFrozen,
    ScheduleError,
    check_days,
)
from shifts.operations.plan import Change, changing
from shifts.queries.schedule import account_today

LONGEST_NAME = 128
MOST_AT_ONCE = 400


class NoDayChosen(ScheduleError):
    """No day is chosen; tick at least one."""


class AlreadyHolidays(ScheduleError):
    """These days are holidays already; nothing was changed."""


class HolidayGone(ScheduleError):
    """This day is no holiday any more; nothing was changed."""


class NothingToUndo(ScheduleError):
    """This change has been undone already, or its days are over; nothing was changed."""


def add_holidays(
    account: Account,
    days: Mapping[date, str],
    *,
    country: str = "",
    actor: Manager | None,
    now: datetime,
) -> tuple[list[date], int]:
    """Make these days (with their names) holidays; return those added and the version to undo by.

    Days that are holidays already keep their names. `country` is remembered as the account's
    choice. Locks the account's schedule settings. Raises NoDayChosen, PastIsFrozen, TooFarAway,
    AlreadyHolidays.
    """
    if not 0 < len(days) <= MOST_AT_ONCE:
        raise NoDayChosen
    check_days(min(days), max(days), account_today(account, now))
    with changing(account, kind=ScheduleChange.Kind.HOLIDAY, actor=actor, now=now) as change:
        added = _add(change, {on: (name, country) for on, name in days.items()})
        if not added:
            raise AlreadyHolidays
        change.summary = {"op": "holidays_added", "holidays": added}
        if country and change.settings.country != country:
            change.settings.country = country
            change.settings.save(update_fields=["country"])
    return [date.fromisoformat(row[0]) for row in added], change.version - 1


def remove_holiday(
    account: Account, on: date, *, actor: Manager | None, now: datetime
) -> tuple[str, int]:
    """Make a holiday an ordinary day again; return its name and the version to undo by.

    The hours of the day are worked again. Locks the account's schedule settings. Raises
    PastIsFrozen, HolidayGone.
    """
    if on < account_today(account, now):
        raise PastIsFrozen
    with changing(account, kind=ScheduleChange.Kind.HOLIDAY, actor=actor, now=now) as change:
        removed = _remove(change, {on})
        if not removed:
            raise HolidayGone
        change.summary = {"op": "holidays_removed", "holidays": removed}
    return removed[0][1], change.version - 1


def undo_holidays(
    account: Account, version: int, *, actor: Manager | None, now: datetime
) -> list[date]:
    """Take back what one change did to the holidays, past days left alone; return the days changed.

    Locks the account's schedule settings. Raises NothingToUndo.
    """
    with changing(account, kind=ScheduleChange.Kind.HOLIDAY, actor=actor, now=now) as change:
        rows = ScheduleChange.objects.for_account(account).filter(
            version=version, kind=ScheduleChange.Kind.HOLIDAY, undone_by=None
        )
        undone = rows.first()
        if undone is None:
            raise NothingToUndo
        today = account_today(account, now)
        days = {
            date.fromisoformat(on): (name, country)
            for on, name, country in undone.summary.get("holidays", [])
            if date.fromisoformat(on) >= today
        }
        was_added = undone.summary.get("op") == "holidays_added"
        changed = _remove(change, set(days)) if was_added else _add(change, days)
        if not changed:
            raise NothingToUndo
        rows.update(undone_by=change.version)
        op = "holidays_removed" if was_added else "holidays_added"
        change.summary = {"op": op, "holidays": changed}
    return [date.fromisoformat(row[0]) for row in changed]


def _add(change: Change, days: Mapping[date, tuple[str, str]]) -> list[list[str]]:
    """Write the days that are no holidays yet; return [day, name, country] of each."""
    rows = Holiday.objects.for_account(change.account)
    known = set(rows.filter(on__in=list(days)).values_list("on", flat=True))
    new = {on: value for on, value in sorted(days.items()) if on not in known}
    Holiday.objects.bulk_create(
        Holiday(account=change.account, on=on, name=name[:LONGEST_NAME], country=country)
        for on, (name, country) in new.items()
    )
    if new:
        change.touch(None, min(new), max(new))
    return [[on.isoformat(), name[:LONGEST_NAME], country] for on, (name, country) in new.items()]


def _remove(change: Change, days: set[date]) -> list[list[str]]:
    """Delete those of the days that are holidays; return [day, name, country] of each."""
    rows = Holiday.objects.for_account(change.account).filter(on__in=days).order_by("on")
    removed = [[row.on.isoformat(), row.name, row.country] for row in rows]
    rows.delete()
    if removed:
        change.touch(None, min(days), max(days))
    return removed
