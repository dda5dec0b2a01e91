"""Reads of swaps: whose they are, what each would move now, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from accounts.models import Account, Manager
from accounts.tenancy import AccountQuerySet
from shifts.core.hours import BadHours, Hours
from shifts.core.swaps import Days, Overlap, begins_at, moved_hours, taken_over
from shifts.models import Override, Swap
from shifts.queries.schedule import (
    Layers,
    account_today,
    layers_of,
    local_day,
    stored_hours,
    zone_of,
)

DAYS_AHEAD = 62  # a day so far ahead can be swapped
MOST_SHOWN = 100
RECENT = timedelta(days=60)
_DAY = timedelta(days=1)
_AROUND = (
    2 * _DAY
)  # hours begin at most a day earlier or later by another clock; and their neighbours


class Obstacle(StrEnum):
    """Why a swap cannot be carried out as things are."""

    GONE = "gone"  # deactivated in Kommo, or takes no part
    BEGUN = "begun"  # the hours have begun, or the day is over
    NO_HOURS = "no_hours"
    OVERLAP = "overlap"  # the taker works at that time already
    TOO_MANY = "too_many"  # more intervals in a day than a day can have


@dataclass(frozen=True, slots=True)
class InTheWay:
    """An obstacle with whose day it is."""

    what: Obstacle
    manager: Manager
    on: date


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """What a swap comes to if it is carried out now."""

    given: Hours = ()  # the asker's, by the asker's clock
    returned: Hours = ()  # the colleague's, by the colleague's clock
    asker_days: Days | None = None  # the hours afterwards of each day that changes
    colleague_days: Days | None = None
    problem: InTheWay | None = None


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day with hours that have not begun."""

    on: date
    hours: Hours


@dataclass(frozen=True, slots=True)
class SwapLine:
    """A swap with what it would move, or has moved."""

    swap: Swap
    plan: SwapPlan
    moved: tuple[Override, ...] = ()

    @property
    def is_open(self) -> bool:
        """Say whether somebody can still answer, decide or withdraw it."""
        return self.swap.state in Swap.OPEN


def own_days(manager: Manager, account: Account, now: datetime) -> list[OwnDay]:
    """Return a manager's days that can be swapped: with hours that have not begun, 62 days ahead."""
    zone = zone_of(manager, account)
    today = local_day(now, zone)
    layers = layers_of(account, today, today + DAYS_AHEAD * _DAY, [manager.pk])
    found = []
    for number in range(DAYS_AHEAD + 1):
        on = today + number * _DAY
        works = layers.day(manager.pk, on).works
        begins = begins_at(on, works, zone)
        if begins is not None and begins > now:
            found.append(OwnDay(on, works))
    return found


def plan_of(swap: Swap, account: Account, now: datetime) -> SwapPlan:
    """Return what a swap comes to if it is carried out now; four queries."""
    return _plan(swap, account, _layers([swap], account), now)


def open_swaps(account: Account, now: datetime) -> list[SwapLine]:
    """Return the swaps that wait for an answer or a decision, the nearest day first."""
    since = account_today(account, now) - _DAY
    rows = _rows(account).filter(state__in=Swap.OPEN, asker_on__gte=since)
    return _lines(list(rows.order_by("asker_on", "pk")[:MOST_SHOWN]), account, now)


def all_swaps(account: Account, now: datetime) -> list[SwapLine]:
    """Return the latest swaps in any state, newest first."""
    return _lines(list(_rows(account).order_by("-asked_at", "-pk")[:MOST_SHOWN]), account, now)


def swaps_of(manager: Manager, now: datetime) -> list[SwapLine]:
    """Return a manager's swaps, as asker or colleague: the open ones first, then those of two months."""
    account = manager.account
    rows = _rows(account).filter(Q(asker=manager) | Q(colleague=manager))
    recent = rows.filter(Q(state__in=Swap.OPEN) | Q(asked_at__gte=now - RECENT))
    lines = _lines(list(recent.order_by("-asked_at", "-pk")[:MOST_SHOWN]), account, now)
    return sorted(lines, key=lambda line: not line.is_open)


def _rows(account: Account) -> AccountQuerySet:
    return Swap.objects.for_account(account).select_related("asker", "colleague")


def _lines(swaps: Sequence[Swap], account: Account, now: datetime) -> list[SwapLine]:
    waiting = [swap for swap in swaps if swap.state in Swap.OPEN]
    layers = _layers(waiting, account) if waiting else Layers()
    moved: dict[int, list[Override]] = {}
    done = [swap.pk for swap in swaps if swap.state == Swap.State.APPROVED]
    rows = Override.objects.for_account(account).filter(swap__in=done).select_related("manager")
    for row in rows.order_by("starts_on", "pk"):
        moved.setdefault(row.swap_id or 0, []).append(row)
    return [
        SwapLine(
            swap,
            _plan(swap, account, layers, now) if swap.state in Swap.OPEN else SwapPlan(),
            tuple(moved.get(swap.pk, ())),
        )
        for swap in swaps
    ]


def _layers(swaps: Iterable[Swap], account: Account) -> Layers:
    """Return the layers of both people around the days of all these swaps; four queries."""
    days = [on for swap in swaps for on in (swap.asker_on, swap.colleague_on) if on]
    people = {pk for swap in swaps for pk in (swap.asker_id, swap.colleague_id)}
    return layers_of(account, min(days) - _AROUND, max(days) + _AROUND, people)


def _plan(swap: Swap, account: Account, layers: Layers, now: datetime) -> SwapPlan:
    given = layers.day(swap.asker_id, swap.asker_on).works
    back_on = swap.colleague_on
    returned = layers.day(swap.colleague_id, back_on).works if back_on else ()
    problem = _obstacle(swap, account, given, returned, now)
    if problem is not None:
        return SwapPlan(given, returned, problem=problem)
    asker_zone, colleague_zone = zone_of(swap.asker, account), zone_of(swap.colleague, account)
    to_colleague = moved_hours(swap.asker_on, given, asker_zone, colleague_zone)
    to_asker = moved_hours(back_on, returned, colleague_zone, asker_zone) if back_on else {}
    try:
        asker_days = _after(swap.asker, account, layers, [swap.asker_on], to_asker)
        given_back = [back_on] if back_on else []
        colleague_days = _after(swap.colleague, account, layers, given_back, to_colleague)
    except Refused as refused:
        return SwapPlan(given, returned, problem=refused.problem)
    return SwapPlan(given, returned, asker_days, colleague_days)


class Refused(Exception):
    """One of the two cannot take the hours over."""

    def __init__(self, problem: InTheWay) -> None:
        super().__init__(problem.what.value)
        self.problem = problem


def _after(
    manager: Manager, account: Account, layers: Layers, given: list[date], moved: Days
) -> Days:
    """Return the hours afterwards of the days that change for one of the two. Raises Refused."""
    near = {on + number * _DAY for on in moved for number in (-1, 0, 1)}
    own = {on: layers.day(manager.pk, on).works for on in near}
    try:
        return taken_over(own, given, moved, zone_of(manager, account))
    except Overlap as overlap:
        raise Refused(InTheWay(Obstacle.OVERLAP, manager, overlap.on)) from overlap
    except BadHours as error:
        raise Refused(InTheWay(Obstacle.TOO_MANY, manager, min(moved))) from error


def _obstacle(
    swap: Swap, account: Account, given: Hours, returned: Hours, now: datetime
) -> InTheWay | None:
    for manager in (swap.asker, swap.colleague):
        if not (manager.is_active_in_kommo and manager.is_licensed):
            return InTheWay(Obstacle.GONE, manager, swap.asker_on)
    sides = [(swap.asker, swap.asker_on, given)]
    if swap.colleague_on:
        sides.append((swap.colleague, swap.colleague_on, returned))
    for manager, on, hours in sides:
        zone = zone_of(manager, account)
        begins = begins_at(on, hours, zone)
        if on < local_day(now, zone) or (begins is not None and begins <= now):
            return InTheWay(Obstacle.BEGUN, manager, on)
        if begins is None:
            return InTheWay(Obstacle.NO_HOURS, manager, on)
    return None


def can_be_cancelled(moved: Iterable[Override], account: Account, now: datetime) -> bool:
    """Say whether nothing that a swap has moved has begun yet."""
    for row in moved:
        zone = zone_of(row.manager, account)
        begins = begins_at(row.starts_on, stored_hours(row.hours) or (), zone)
        if row.starts_on < local_day(now, zone) or (begins is not None and begins <= now):
            return False
    return True
