"""Reads of first touches: the list page by page, and what they come to for each manager (B13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet

from accounts.models import Account
from distribution.core.acceptance import touch_state
from distribution.models import FirstTouch
from distribution.queries.board import lead_name
from reports.paging import page_of

PAGE = 50
MOST_EXPORTED = 50_000
MOVED_ON = "moved_on"  # to somebody else, before its time was over


@dataclass(frozen=True, slots=True)
class TouchFilter:
    """What of the report is asked for; None does not restrict."""

    since: datetime | None = None
    until: datetime | None = None
    user_id: int | None = None
    only_of: int | None = None  # a manager sees only what concerns them, whatever else is asked


@dataclass(frozen=True, slots=True)
class TouchPage:
    """One page of the list, newest first."""

    rows: tuple[FirstTouch, ...]  # each with `lead_name`
    older: str  # the key with which the next page begins; empty at the end


@dataclass(frozen=True, slots=True)
class Totals:
    """What a manager's first touches come to."""

    user_id: int
    leads: int
    in_time: int
    late: int  # touched, but after the time was over
    untouched: int  # the time was over and nobody had touched it
    open: int
    median_seconds: float | None  # of working time until the touch

    @property
    def breached(self) -> int:
        """Return how many were not touched in time."""
        return self.late + self.untouched


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def state_of(row: FirstTouch, now: datetime) -> str:
    """Return how a clock stands or ended: a state of core.acceptance, or MOVED_ON."""
    state = touch_state(now, row.due_at, row.warned_at, row.touched_at)
    if row.touched_at is None and row.ended_at is not None:
        return "breached" if row.breached_at is not None else MOVED_ON
    return state


def totals_of(account: Account, wish: TouchFilter, now: datetime) -> list[Totals]:
    """Return the totals of each manager, those with most leads first; one query."""
    is_touched = Q(touched_at__isnull=False)
    runs = Q(touched_at=None, ended_at=None)
    untouched = Q(touched_at=None, breached_at__isnull=False) | (runs & Q(due_at__lte=now))
    rows = (
        _rows(account, wish)
        .values("user_id")
        .annotate(
            leads=Count("pk"),
            in_time=Count("pk", filter=is_touched & Q(touched_at__lt=F("due_at"))),
            late=Count("pk", filter=is_touched & Q(touched_at__gte=F("due_at"))),
            untouched=Count("pk", filter=untouched),
            open=Count("pk", filter=runs & Q(due_at__gt=now)),
            median_seconds=_Median("used_seconds"),
        )
        .order_by("-leads", "user_id")
    )
    return [Totals(**row) for row in rows]


def touch_page(account: Account, wish: TouchFilter, after: str = "") -> TouchPage:
    """Return the clocks that follow the key `after` ("" = the newest); one query."""
    rows = _rows(account, wish).annotate(lead_name=lead_name())
    return TouchPage(*page_of(rows, "started_at", after, PAGE))


def all_touches(account: Account, wish: TouchFilter) -> Iterator[FirstTouch]:
    """Yield everything that is asked for, newest first, for a file."""
    rows = _rows(account, wish).annotate(lead_name=lead_name()).order_by("-started_at", "-pk")
    yield from rows[:MOST_EXPORTED].iterator(chunk_size=2000)


def _rows(account: Account, wish: TouchFilter) -> QuerySet[Any]:
    condition = Q()
    for user_id in (wish.user_id, wish.only_of):
        if user_id is not None:
            condition &= Q(user_id=user_id)
    if wish.since is not None:
        condition &= Q(started_at__gte=wish.since)
    if wish.until is not None:
        condition &= Q(started_at__lt=wish.until)
    rows: QuerySet[Any] = FirstTouch.objects.for_account(account).filter(condition)
    return rows
