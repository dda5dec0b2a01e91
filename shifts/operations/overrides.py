"""Writes of absences and other hours: for several people at once, ended early, deleted ahead of time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from accounts.models import Account, Manager
from shifts.core.hours import BadHours, Hours, Problem, check_hours
from shifts.models import Override, ScheduleChange
from shifts.operations.period import (
    PastIsFrozen,
    ScheduleError,
    check_days,
    check_people,
    earliest_today,
)
from shifts.operations.plan import changing
from shifts.queries.schedule import stored_hours, today_of

_DAY = timedelta(days=1)


class AlreadyThere(ScheduleError):
    """All of them have exactly this already; nothing was changed."""


class OverrideGone(ScheduleError):
    """This entry is not there any more; nothing was changed."""


class HasBegun(ScheduleError):
    """It has begun, and days that are over are kept; end it from today instead."""


class BelongsToSwap(ScheduleError):
    """These hours come from a swap; cancel the swap instead."""


class EndsLater(ScheduleError):
    """The new last day is not before the old one; choose an earlier day."""


def add_override(
    account: Account,
    managers: Collection[Manager],
    *,
    kind: Override.Kind,
    starts_on: date,
    ends_on: date,
    cause: str = Override.Cause.OTHER,
    hours: Hours = (),
    note: str = "",
    actor: Manager | None,
    now: datetime,
) -> list[Override]:
    """Let people be absent, or work other hours, on each day of [starts_on, ends_on].

    Whoever has exactly the same already is left out. Nobody's past is touched: whoever is a day
    ahead begins a day later. Locks the account's schedule settings. Raises PastIsFrozen,
    TooFarAway, EndsBeforeStart, NobodyChosen, NotInAccount, BadHours, AlreadyThere.
    """
    check_people(account, managers)
    check_days(starts_on, ends_on, earliest_today(account, managers, now))
    works = check_hours(hours) if kind == Override.Kind.HOURS else ()
    if kind == Override.Kind.HOURS and not works:
        raise BadHours(Problem.NO_HOURS)
    with changing(account, kind=ScheduleChange.Kind.OVERRIDE, actor=actor, now=now) as change:
        rows = [
            Override(
                account=account,
                manager=manager,
                starts_on=max(starts_on, today_of(manager, account, now)),
                ends_on=ends_on,
                kind=kind,
                cause=cause,
                hours=works,
                note=note,
                created_at=now,
                created_by=actor.kommo_id if actor else None,
            )
            for manager in managers
        ]
        new = [row for row in rows if row.starts_on <= ends_on and not _is_there(row)]
        if not new:
            raise AlreadyThere
        Override.objects.bulk_create(new)
        change.summary = {"op": f"{kind}_added", "people": len(new)}
        change.touch({row.manager_id for row in new}, starts_on, ends_on)
    return new


def end_override(
    override: Override, *, last_on: date, actor: Manager | None, now: datetime
) -> None:
    """Let an absence or other hours end earlier, on `last_on`: yesterday, today or a later day.

    Whatever is left without a day is deleted. Locks the account's schedule settings. Raises
    PastIsFrozen, EndsLater, OverrideGone, BelongsToSwap.
    """
    account = override.account
    with changing(account, kind=ScheduleChange.Kind.OVERRIDE, actor=actor, now=now) as change:
        row = _locked(override)
        if last_on < today_of(row.manager, account, now) - _DAY:
            raise PastIsFrozen
        if last_on >= row.ends_on:
            raise EndsLater
        last = row.ends_on
        if last_on < row.starts_on:
            row.delete()
        else:
            row.ends_on = last_on
            row.save(update_fields=["ends_on"])
        change.summary = {"op": f"{override.kind}_ended", "people": 1}
        change.touch({row.manager_id}, last_on + _DAY, last)


def delete_override(override: Override, *, actor: Manager | None, now: datetime) -> None:
    """Delete an absence or other hours that begin today or later.

    Locks the account's schedule settings. Raises HasBegun, OverrideGone, BelongsToSwap.
    """
    account = override.account
    with changing(account, kind=ScheduleChange.Kind.OVERRIDE, actor=actor, now=now) as change:
        row = _locked(override)
        if row.starts_on < today_of(row.manager, account, now):
            raise HasBegun
        change.summary = {"op": f"{row.kind}_deleted", "people": 1}
        change.touch({row.manager_id}, row.starts_on, row.ends_on)
        row.delete()


def _is_there(row: Override) -> bool:
    same = Override.objects.for_account(row.account_id).filter(
        manager=row.manager,
        kind=row.kind,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        cause=row.cause,
    )
    return any(stored_hours(other.hours) == tuple(row.hours) for other in same)


def _locked(override: Override) -> Override:
    """Return the row as it is under the lock. Raises OverrideGone, BelongsToSwap."""
    rows = Override.objects.for_account(override.account_id).select_related("manager")
    row: Override | None = rows.filter(pk=override.pk).first()
    if row is None:
        raise OverrideGone
    if row.kind == Override.Kind.SWAP:
        raise BelongsToSwap
    return row
