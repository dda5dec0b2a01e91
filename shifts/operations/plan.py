"""The plan that follows from the layers: written ahead, written anew by each change, frozen behind.

Every change of a schedule goes through `changing`: it takes the account's row of settings as lock,
raises its version, keeps who changed what, plans anew from each manager's today on and tells the inbox.
Days that are over by a manager's clock are never written again: yesterday's report stays (B9).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from accounts.models import Account, InboxEvent, Manager
from accounts.operations.inbox import append_event
from peresmenka.lib.enqueue import ring
from shifts.bulk.plan import DayRow, SpanRow, replace_plan
from shifts.core.clock import ZoneClock
from shifts.core.layers import Kind
from shifts.core.roster import Span, apart, outside
from shifts.models import ScheduleChange, ScheduleSettings, WorkSpan
from shifts.queries.schedule import Layers, account_today, layers_of, local_day, zone_of

HORIZON_DAYS = 62  # a plan reaches so far ahead; the grid shows what lies beyond from the layers
ACCOUNTS_A_ROUND = 20
_DAY = timedelta(days=1)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Change:
    """A change under way: what it touched, and what the history will say."""

    account: Account
    settings: ScheduleSettings
    now: datetime
    cells: list[list[Any]] = field(default_factory=list)  # as in ScheduleChange.cells
    summary: dict[str, Any] = field(default_factory=dict)
    is_dropped: bool = False
    _periods: list[tuple[Collection[int] | None, date, date]] = field(default_factory=list)

    def touch(self, managers: Collection[int] | None, first: date, last: date | None) -> None:
        """Note whose days (our ids; None: everybody's) are to be planned anew, to the end if no last."""
        self._periods.append((managers, first, last or date.max))

    def drop(self) -> None:
        """Forget the change: nothing differs, or it was only asked what would."""
        self.is_dropped = True

    @property
    def version(self) -> int:
        """Return the version that the change leads to."""
        return self.settings.version + 1


@contextmanager
def changing(
    account: Account, *, kind: str, actor: Manager | None, now: datetime
) -> Iterator[Change]:
    """Let the block write layers of the account's schedule; the plan, version and history follow.

    Locks the account's ScheduleSettings; one transaction. An exception undoes everything.
    """
    with transaction.atomic():
        settings = locked_settings(account, now)
        change = Change(account, settings, now)
        yield change
        if change.is_dropped:
            return
        for managers, first, last in change._periods:
            plan_days(account, settings, now=now, managers=managers, first=first, last=last)
        ScheduleChange.objects.create(
            account=account,
            version=change.version,
            kind=kind,
            at=now,
            actor_id=actor.kommo_id if actor else None,
            cells=change.cells,
            summary=change.summary,
        )
        settings.version = change.version
        settings.save(update_fields=["version"])
        tell(account, now)


def tell(account: Account, now: datetime) -> None:
    """Let the account's lane look at who can take leads, once the transaction has committed."""
    append_event(account, InboxEvent.Kind.AVAILABILITY, {"of": "schedule"}, now)
    transaction.on_commit(ring)


def locked_settings(account: Account, now: datetime) -> ScheduleSettings:
    """Return the account's settings, locked and planned ahead as far as the horizon."""
    ScheduleSettings.objects.get_or_create(account=account)
    settings: ScheduleSettings = (
        ScheduleSettings.objects.for_account(account).select_for_update().get()
    )
    _reach_horizon(account, settings, now)
    return settings


def _reach_horizon(account: Account, settings: ScheduleSettings, now: datetime) -> bool:
    """Plan what the horizon has come to hold, and everything anew after a change of zone."""
    today = account_today(account, now)
    horizon = today + HORIZON_DAYS * _DAY
    is_elsewhere = settings.planned_zone != account.zone
    known = settings.planned_until
    if known is not None and known >= horizon and not is_elsewhere:
        return False
    # By a clock further west the date may be an earlier one: what is planned already is planned anew.
    last = horizon if known is None else max(known, horizon)
    settings.planned_until, settings.planned_zone = last, account.zone
    settings.save(update_fields=["planned_until", "planned_zone"])
    if known is not None:
        first = today - _DAY if is_elsewhere else known + _DAY
        plan_days(account, settings, now=now, managers=None, first=first, last=last)
    return True


@transaction.atomic
def plan_ahead(account: Account, *, now: datetime) -> bool:
    """Plan the days that have come within the horizon, in the zone that counts now; was there work?"""
    settings = ScheduleSettings.objects.for_account(account).select_for_update().first()
    if settings is None or not _reach_horizon(account, settings, now):
        return False
    tell(account, now)
    return True


def keep_plans(now: datetime) -> int:
    """Plan ahead the accounts that need it, a few a round; return how many had work.

    Called by Celery's beat and by the pump alike.
    """
    planned = 0
    for account in accounts_to_plan(now, ACCOUNTS_A_ROUND):
        try:
            planned += plan_ahead(account, now=now)
        except Exception:  # noqa: BLE001 - a loop's boundary: one account's trouble is not the others'
            _log.exception("the schedules of account %s were not planned ahead", account.pk)
    return planned


def accounts_to_plan(now: datetime, most: int) -> list[Account]:
    """Return accounts whose plan ends too soon, or was written in another zone than theirs."""
    soon = (now + (HORIZON_DAYS - 2) * _DAY).date()  # progress in every zone
    behind = Q(planned_until__lt=soon) | ~Q(planned_zone=F("account__zone"))
    rows = ScheduleSettings.objects.filter(behind).exclude(
        account__state__in=[Account.State.LEFT, Account.State.CLOSING]
    )
    return [row.account for row in rows.select_related("account").order_by("pk")[:most]]


def zone_changed(
    account: Account, managers: Collection[Manager], *, now: datetime, actor: Manager | None
) -> None:
    """Plan the managers' days anew after their personal zones were changed; the past stays as it was."""
    if not ScheduleSettings.objects.for_account(account).exists():
        return
    with changing(account, kind=ScheduleChange.Kind.ZONE, actor=actor, now=now) as change:
        change.summary = {"managers": sorted(manager.kommo_id for manager in managers)}
        ids = {manager.pk for manager in managers}
        change.touch(ids, (now - 2 * _DAY).date(), None)


def plan_days(
    account: Account,
    settings: ScheduleSettings,
    *,
    now: datetime,
    managers: Collection[int] | None,
    first: date,
    last: date,
) -> None:
    """Write the plan of the managers' days in [first, last] anew, from their today to the horizon.

    A day after `last` is written too: a night of the last day may reach into it.
    """
    if settings.planned_until is None:
        return
    people = Manager.objects.for_account(account).only("pk", "zone", "account_id")
    if managers is not None:
        people = people.filter(pk__in=managers)
    last = min(last, settings.planned_until - _DAY) + _DAY
    clocks: dict[str, ZoneClock] = {}
    periods: list[tuple[Manager, ZoneClock, date]] = []
    for manager in people:
        clock = clocks.setdefault(manager.zone, ZoneClock(zone_of(manager, account)))
        start = max(first, local_day(now, clock.zone))
        if start <= last:
            periods.append((manager, clock, start))
    if periods:
        _write(account, periods, last)


def _write(account: Account, periods: list[tuple[Manager, ZoneClock, date]], last: date) -> None:
    ids = [manager.pk for manager, _, _ in periods]
    first = min(start for _, _, start in periods)
    layers = layers_of(account, first, last, ids)
    taken = _taken_before(periods)
    days: list[DayRow] = []
    spans: list[SpanRow] = []
    for manager, clock, start in periods:
        _plan_manager(manager.pk, clock, start, last, layers, taken[manager.pk], days, spans)
    replace_plan(
        account.pk, [(manager.pk, start, last) for manager, _, start in periods], days, spans
    )


def _taken_before(periods: list[tuple[Manager, ZoneClock, date]]) -> dict[int, list[Span]]:
    """Return what earlier days take of each manager's: a night, after a change of zone a whole day."""
    starts = {manager.pk: start for manager, _, start in periods}
    since = min(clock.bounds(start)[0] for _, clock, start in periods)
    rows = WorkSpan.objects.filter(
        manager_id__in=list(starts), ends_at__gt=since, on__lt=max(starts.values())
    )
    found: dict[int, list[Span]] = {pk: [] for pk in starts}
    for pk, on, starts_at, ends_at in rows.values_list("manager_id", "on", "starts_at", "ends_at"):
        if on < starts[pk]:
            found[pk].append((starts_at, ends_at))
    return found


def _plan_manager(
    manager_id: int,
    clock: ZoneClock,
    first: date,
    last: date,
    layers: Layers,
    taken: list[Span],
    days: list[DayRow],
    spans: list[SpanRow],
) -> None:
    wanted: list[tuple[date, Span]] = []
    on = first
    while on <= last:
        day = layers.day(manager_id, on)
        if day.kind is not Kind.EMPTY:
            begins, closes = clock.bounds(on)
            cause = day.cause.value if day.cause else ""
            days.append(DayRow(manager_id, on, day.kind.value, cause, day.hours, begins, closes))
            worked = clock.spans(on, day.works)
            wanted += [(on, part) for span in worked for part in outside(span, taken)]
        on += _DAY
    spans += [SpanRow(manager_id, on, start, end) for on, (start, end) in apart(wanted)]
