"""Writes of swaps (B9): asked, answered, decided, withdrawn, cancelled; the hours move on approval."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction

from accounts.models import Account, AuditEntry, Manager
from shifts.core.swaps import Days
from shifts.models import Override, ScheduleChange, ScheduleSettings, Swap
from shifts.operations.period import (
    NotInAccount,
    PastIsFrozen,
    ScheduleError,
    TooFarAway,
)
from shifts.operations.plan import Change, changing
from shifts.queries.schedule import today_of
from shifts.queries.swaps import DAYS_AHEAD, InTheWay, can_be_cancelled, plan_of

AUDIT_ACTION = "swap"
AUDIT_SETTINGS = "schedule_settings"
LONGEST_NOTE = 200
MOST_OPEN = 30
_OPEN = tuple(Swap.OPEN)


class SwapWithOneself(ScheduleError):
    """A swap needs two people; choose a colleague."""


class AlreadyAsked(ScheduleError):
    """You have asked this colleague for the same swap already; wait for the answer."""


class TooManyAsked(ScheduleError):
    """You have 30 open swaps; wait for answers, or withdraw some."""


class NotYours(ScheduleError):
    """Only those whom the swap names can do this."""


class AlreadySettled(ScheduleError):
    """Somebody was faster: this swap has been answered, decided or withdrawn meanwhile."""


class NotAgreed(ScheduleError):
    """The colleague has not agreed yet; the swap can only be refused now."""


class BegunSwap(ScheduleError):
    """Some of the swapped hours have begun; change the days that are left in the month grid."""


class LaterSwap(ScheduleError):
    """A later swap moves the same hours on; cancel that one first."""


class CannotSwap(ScheduleError):
    """The swap cannot be carried out as things are; it stays open."""

    def __init__(self, problem: InTheWay) -> None:
        super().__init__()
        self.problem = problem


def ask_swap(
    asker: Manager,
    asker_on: date,
    colleague: Manager,
    colleague_on: date | None,
    note: str,
    now: datetime,
) -> Swap:
    """Ask a colleague to take a day over, for one of theirs or for nothing.

    Locks the asker's row. Raises SwapWithOneself, NotInAccount, PastIsFrozen, TooFarAway,
    AlreadyAsked, TooManyAsked, CannotSwap.
    """
    account = asker.account
    if asker.pk == colleague.pk:
        raise SwapWithOneself
    if colleague.account_id != account.pk:
        raise NotInAccount
    for manager, on in ((asker, asker_on), (colleague, colleague_on)):
        _check_day(manager, account, on, now)
    swap = Swap(
        account=account,
        asker=asker,
        asker_on=asker_on,
        colleague=colleague,
        colleague_on=colleague_on,
        note=note,
        asked_at=now,
    )
    with transaction.atomic():
        Manager.objects.for_account(account).select_for_update(no_key=True).get(pk=asker.pk)
        mine = Swap.objects.for_account(account).filter(asker=asker, state__in=_OPEN)
        if mine.count() >= MOST_OPEN:
            raise TooManyAsked
        same = mine.filter(asker_on=asker_on, colleague=colleague, colleague_on=colleague_on)
        if same.exists():
            raise AlreadyAsked
        _refuse_problem(swap, account, now)
        swap.save()
    return swap


def answer_swap(swap: Swap, by: Manager, agree: bool, now: datetime) -> Swap:
    """Agree to a swap or decline it, as the colleague who is asked; return it as it stands then.

    Where no approval is needed, an agreement carries the swap out at once. Locks the account's
    schedule settings and the swap. Raises NotYours, AlreadySettled, CannotSwap.
    """
    if by.pk != swap.colleague_id:
        raise NotYours
    account = swap.account
    with changing(account, kind=ScheduleChange.Kind.SWAP, actor=by, now=now) as change:
        row = _locked(swap, (Swap.State.ASKED,))
        row.answered_at = now
        if agree and not change.settings.swaps_need_approval:
            _carry_out(change, row, by, is_decided=False)
        else:
            change.drop()
            if agree:
                _refuse_problem(row, account, now)
            row.state = Swap.State.AGREED if agree else Swap.State.DECLINED
        row.save(update_fields=["state", "answered_at", "decided_at", "decided_by"])
    return row


def decide_swap(swap: Swap, by: Manager, approve: bool, now: datetime) -> Swap:
    """Approve a swap that was agreed on, or refuse an open one; return it as it stands then.

    An approval moves the hours as they are at this moment. The caller has checked that `by` is a
    supervisor. Locks the account's schedule settings and the swap; writes an audit entry. Raises
    AlreadySettled, NotAgreed, CannotSwap.
    """
    with changing(swap.account, kind=ScheduleChange.Kind.SWAP, actor=by, now=now) as change:
        row = _locked(swap, _OPEN)
        if approve and row.state != Swap.State.AGREED:
            raise NotAgreed
        if approve:
            _carry_out(change, row, by, is_decided=True)
        else:
            change.drop()
            _settle(row, Swap.State.REFUSED, by, now)
        row.save(update_fields=["state", "decided_at", "decided_by"])
    return row


def withdraw_swap(swap: Swap, by: Manager, now: datetime) -> Swap:
    """Take an open swap back, as the one who asked. Locks the swap. Raises NotYours, AlreadySettled."""
    if by.pk != swap.asker_id:
        raise NotYours
    with transaction.atomic():
        row = _locked(swap, _OPEN)
        row.state, row.decided_at = Swap.State.CANCELLED, now
        row.save(update_fields=["state", "decided_at"])
    return row


def cancel_swap(swap: Swap, by: Manager, now: datetime) -> Swap:
    """Undo an approved swap of which nothing has begun: the hours go back.

    The caller has checked that `by` is a supervisor. Locks the account's schedule settings and the
    swap; writes an audit entry. Raises AlreadySettled, BegunSwap, LaterSwap.
    """
    account = swap.account
    with changing(account, kind=ScheduleChange.Kind.SWAP, actor=by, now=now) as change:
        row = _locked(swap, (Swap.State.APPROVED,))
        moved = Override.objects.for_account(account).filter(swap=row).select_related("manager")
        rows = list(moved)
        if not can_be_cancelled(rows, account, now):
            raise BegunSwap
        _refuse_later(account, rows)
        for override in rows:
            change.touch({override.manager_id}, override.starts_on, override.ends_on)
        moved.delete()
        _settle(row, Swap.State.CANCELLED, by, now)
        row.save(update_fields=["state", "decided_at", "decided_by"])
        change.summary = {"op": "swap_cancelled", "swap": row.pk}
    return row


@transaction.atomic
def set_approval(account: Account, *, is_needed: bool, by: Manager, now: datetime) -> bool:
    """Say whether a supervisor approves swaps; return whether that is a change.

    Locks the account's schedule settings; writes an audit entry.
    """
    ScheduleSettings.objects.get_or_create(account=account)
    row = ScheduleSettings.objects.for_account(account).select_for_update().get()
    if row.swaps_need_approval == is_needed:
        return False
    row.swaps_need_approval = is_needed
    row.save(update_fields=["swaps_need_approval"])
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=by.kommo_id,
        action=AUDIT_SETTINGS,
        before={"swaps_need_approval": not is_needed},
        after={"swaps_need_approval": is_needed},
    )
    return True


def _check_day(manager: Manager, account: Account, on: date | None, now: datetime) -> None:
    if on is None:
        return
    today = today_of(manager, account, now)
    if on < today:
        raise PastIsFrozen
    if on > today + timedelta(days=DAYS_AHEAD):
        raise TooFarAway


def _locked(swap: Swap, states: Collection[str]) -> Swap:
    """Return the swap under its lock, if it is in one of the states. Raises AlreadySettled."""
    rows = Swap.objects.for_account(swap.account_id).select_for_update(of=("self",), no_key=True)
    row: Swap = rows.select_related("asker", "colleague", "account").get(pk=swap.pk)
    if row.state not in states:
        raise AlreadySettled
    return row


def _refuse_problem(swap: Swap, account: Account, now: datetime) -> None:
    problem = plan_of(swap, account, now).problem
    if problem is not None:
        raise CannotSwap(problem)


def _carry_out(change: Change, swap: Swap, by: Manager, *, is_decided: bool) -> None:
    """Move the hours of both days, as they are now. Raises CannotSwap."""
    plan = plan_of(swap, change.account, change.now)
    if plan.problem is not None:
        raise CannotSwap(plan.problem)
    _move(change, swap, swap.asker, plan.asker_days or {}, by)
    _move(change, swap, swap.colleague, plan.colleague_days or {}, by)
    change.summary = {"op": "swap_approved", "swap": swap.pk}
    _settle(swap, Swap.State.APPROVED, by if is_decided else None, change.now)


def _move(change: Change, swap: Swap, manager: Manager, days: Days, by: Manager) -> None:
    Override.objects.bulk_create(
        Override(
            account=change.account,
            manager=manager,
            starts_on=on,
            ends_on=on,
            kind=Override.Kind.SWAP,
            hours=hours,
            swap=swap,
            created_at=change.now,
            created_by=by.kommo_id,
        )
        for on, hours in days.items()
    )
    for on in days:
        change.touch({manager.pk}, on, on)


def _settle(swap: Swap, state: Swap.State, by: Manager | None, now: datetime) -> None:
    """Note what was decided, by whom; without a supervisor an agreement has decided."""
    AuditEntry.objects.create(
        account=swap.account,
        at=now,
        actor_id=by.kommo_id if by else swap.colleague.kommo_id,
        action=AUDIT_ACTION,
        before={"swap": swap.pk, "state": swap.state},
        after={"swap": swap.pk, "state": state},
    )
    swap.state, swap.decided_at = state, now
    swap.decided_by = by.kommo_id if by else None


def _refuse_later(account: Account, rows: Collection[Override]) -> None:
    """Refuse where a later swap has moved the same person's day again. Raises LaterSwap."""
    for row in rows:
        later = Override.objects.for_account(account).filter(
            manager=row.manager_id,
            starts_on=row.starts_on,
            kind=Override.Kind.SWAP,
            pk__gt=row.pk,
        )
        if later.exclude(swap=row.swap_id).exists():
            raise LaterSwap
