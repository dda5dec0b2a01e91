"""Writes of patterns, and of who follows them: names, cycles, periods; the past stays as it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from accounts.models import Account, Manager
from accounts.tenancy import AccountQuerySet
from shifts.core.hours import Hours
from shifts.core.patterns import check_cycle
from shifts.core.standing import Stretch, laid_over, left_of
from shifts.models import ScheduleChange, SchedulePattern, StandingPattern
from shifts.operations.period import (
    FARTHEST,
    PastIsFrozen,
    ScheduleError,
    TooFarAway,
    check_days,
    check_people,
    earliest_today,
)
from shifts.operations.plan import Change, changing
from shifts.queries.schedule import account_today, today_of

LONGEST_NAME = 64
MOST_PATTERNS = 200
WEEK = 7
_DAY = timedelta(days=1)


class NameTaken(ScheduleError):
    """Another pattern of the account has this name; choose a different one."""


class PatternGone(ScheduleError):
    """This pattern has been deleted meanwhile; choose another one."""


class PatternInUse(ScheduleError):
    """Somebody follows this pattern. Tick that it ends for all of them, then delete it."""


class TooManyPatterns(ScheduleError):
    """The account has 200 patterns already; delete those that nobody follows."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a new standing pattern takes from a manager's earlier ones."""

    manager: Manager
    pattern_id: int
    from_on: date  # the first day that it loses
    goes_on_on: date | None  # the day on which it goes on afterwards; None: it does not


def is_weekly(cycle: Sequence[object], anchor_on: date) -> bool:
    """Say whether a pattern is a week that begins on its Monday."""
    return len(cycle) == WEEK and anchor_on.weekday() == 0


def create_pattern(
    account: Account,
    *,
    name: str,
    cycle: Sequence[Hours],
    anchor_on: date,
    actor: Manager | None,
    now: datetime,
) -> SchedulePattern:
    """Write a new pattern that nobody follows yet. Locks the account's schedule settings.

    Raises BadCycle, BadHours, NameTaken, TooFarAway, TooManyPatterns.
    """
    days = check_cycle(list(cycle))
    _check_anchor(account, anchor_on, now)
    with changing(account, kind=ScheduleChange.Kind.PATTERN, actor=actor, now=now) as change:
        rows = SchedulePattern.objects.for_account(account)
        if rows.count() >= MOST_PATTERNS:
            raise TooManyPatterns
        _check_name(account, name, None)
        change.summary = {"op": "pattern_created", "name": name}
        row: SchedulePattern = rows.create(
            account=account, name=name, cycle=days, anchor_on=anchor_on
        )
    return row


def duplicate_pattern(
    pattern: SchedulePattern, *, copy: str, actor: Manager | None, now: datetime
) -> SchedulePattern:
    """Write the same days under another name: "2/2 (copy)", and so on. Raises TooManyPatterns.

    `copy` is the reader's word for a copy.
    """
    account = pattern.account
    taken = set(SchedulePattern.objects.for_account(account).values_list("name", flat=True))
    number, name = 1, ""
    while not name or name in taken:
        mark = f" ({copy})" if number == 1 else f" ({copy} {number})"
        name = pattern.name[: LONGEST_NAME - len(mark)] + mark
        number += 1
    return create_pattern(
        account,
        name=name,
        cycle=pattern.cycle,
        anchor_on=pattern.anchor_on,
        actor=actor,
        now=now,
    )


def edit_pattern(
    pattern: SchedulePattern,
    *,
    name: str,
    cycle: Sequence[Hours],
    anchor_on: date,
    actor: Manager | None,
    now: datetime,
) -> None:
    """Change a pattern; whoever follows it is planned anew from their today on.

    Who counts the cycle from the pattern's own first day goes on doing so; a week begins on Monday
    for all. Locks the account's schedule settings. Raises what `create_pattern` raises, PatternGone.
    """
    account, days = pattern.account, check_cycle(list(cycle))
    if anchor_on != pattern.anchor_on:
        _check_anchor(account, anchor_on, now)
    with changing(account, kind=ScheduleChange.Kind.PATTERN, actor=actor, now=now) as change:
        row = _locked(account, pattern.pk)
        _check_name(account, name, row)
        was = (row.name, [[list(pair) for pair in day] for day in row.cycle], row.anchor_on)
        if was == (name, [[list(pair) for pair in day] for day in days], anchor_on):
            change.drop()
            return
        followers = StandingPattern.objects.for_account(account).filter(pattern=row)
        moved = followers if is_weekly(days, anchor_on) else followers.filter(anchor_on=was[2])
        moved.update(anchor_on=anchor_on)
        row.name, row.cycle, row.anchor_on = name, days, anchor_on
        row.save(update_fields=["name", "cycle", "anchor_on"])
        change.summary = {"op": "pattern_edited", "name": name}
        _replan_followers(change, row)


def delete_pattern(
    pattern: SchedulePattern, *, ends_for_all: bool, actor: Manager | None, now: datetime
) -> int:
    """Delete a pattern, and with `ends_for_all` end it from today for all who follow it.

    Returns how many people followed it. Days that are over stay planned as they were. Locks the
    account's schedule settings. Raises PatternInUse, PatternGone.
    """
    account = pattern.account
    with changing(account, kind=ScheduleChange.Kind.PATTERN, actor=actor, now=now) as change:
        row = _locked(account, pattern.pk)
        # Two days earlier: far to the west of the account they may still last.
        since = account_today(account, now) - 2 * _DAY
        followed = _unfinished(account, since).filter(pattern=row)
        people = set(followed.values_list("manager_id", flat=True))
        if people and not ends_for_all:
            raise PatternInUse
        change.summary = {"op": "pattern_deleted", "name": row.name, "people": len(people)}
        if people:
            change.touch(people, since, None)
        row.delete()
    return len(people)


def assign_pattern(
    pattern: SchedulePattern,
    managers: Collection[Manager],
    *,
    starts_on: date,
    ends_on: date | None = None,
    anchor_on: date | None = None,
    actor: Manager | None,
    now: datetime,
    dry_run: bool = False,
) -> list[Replaced]:
    """Let people follow a pattern on [starts_on, ends_on]; return what that takes from earlier ones.

    An earlier pattern keeps its days outside the period. Nobody's past is touched: whoever is a day
    ahead begins a day later. With `dry_run` nothing is written. Locks the account's schedule
    settings. Raises PastIsFrozen, TooFarAway, EndsBeforeStart, NobodyChosen, NotInAccount,
    PatternGone.
    """
    account = pattern.account
    check_people(account, managers)
    check_days(starts_on, ends_on, earliest_today(account, managers, now))
    if anchor_on is not None:
        _check_anchor(account, anchor_on, now)
    with changing(account, kind=ScheduleChange.Kind.STANDING, actor=actor, now=now) as change:
        row = _locked(account, pattern.pk)
        own = None if is_weekly(row.cycle, row.anchor_on) else anchor_on
        new = {
            manager: Stretch(row.pk, first, ends_on, own or row.anchor_on)
            for manager in managers
            if (first := max(starts_on, today_of(manager, account, now))) <= (ends_on or date.max)
        }
        replaced = _lay_over(account, new, is_written=not dry_run)
        if dry_run:
            change.drop()
            return replaced
        change.summary = {"op": "pattern_assigned", "name": row.name, "people": len(managers)}
        change.touch({manager.pk for manager in managers}, starts_on, ends_on)
    return replaced


def end_standing(
    standing: StandingPattern, *, from_on: date, actor: Manager | None, now: datetime
) -> None:
    """Let a manager no longer follow a pattern from a day on; one that has not begun goes altogether.

    Locks the account's schedule settings. Raises PastIsFrozen, TooFarAway, PatternGone.
    """
    account, manager = standing.account, standing.manager
    check_days(from_on, None, today_of(manager, account, now))
    with changing(account, kind=ScheduleChange.Kind.STANDING, actor=actor, now=now) as change:
        row = StandingPattern.objects.for_account(account).filter(pk=standing.pk).first()
        if row is None:
            raise PatternGone
        if row.ends_on is not None and row.ends_on < from_on:
            change.drop()
            return
        last = row.ends_on
        if row.starts_on >= from_on:
            row.delete()
        else:
            row.ends_on = from_on - _DAY
            row.save(update_fields=["ends_on"])
        change.summary = {"op": "pattern_ended", "name": row.pattern.name, "people": 1}
        change.touch({manager.pk}, from_on, last)


def _lay_over(
    account: Account, new: Mapping[Manager, Stretch], *, is_written: bool
) -> list[Replaced]:
    """Make room for stretches among their managers' own, and write them; return what they take."""
    replaced: list[Replaced] = []
    gone: list[int] = []
    rows: list[StandingPattern] = []
    known = _stretches(account, new)
    for manager, stretch in new.items():
        reached = {
            pk: row
            for pk, row in known.get(manager.pk, {}).items()
            if row.reaches(stretch.starts_on, stretch.ends_on)
        }
        replaced += [_replaced(manager, row, stretch) for row in reached.values()]
        gone += reached
        rows += [_row(manager, part) for part in laid_over(reached.values(), stretch)]
    if is_written:
        StandingPattern.objects.for_account(account).filter(pk__in=gone).delete()
        StandingPattern.objects.bulk_create(rows)
    return replaced


def _stretches(account: Account, managers: Collection[Manager]) -> dict[int, dict[int, Stretch]]:
    """Return the standing patterns of managers (our ids), each by its row's id."""
    found: dict[int, dict[int, Stretch]] = {}
    for row in StandingPattern.objects.for_account(account).filter(manager__in=managers):
        stretch = Stretch(row.pattern_id, row.starts_on, row.ends_on, row.anchor_on)
        found.setdefault(row.manager_id, {})[row.pk] = stretch
    return found


def _row(manager: Manager, stretch: Stretch) -> StandingPattern:
    return StandingPattern(
        account_id=manager.account_id,
        manager=manager,
        pattern_id=stretch.pattern_id,
        starts_on=stretch.starts_on,
        ends_on=stretch.ends_on,
        anchor_on=stretch.anchor_on,
    )


def _replaced(manager: Manager, row: Stretch, new: Stretch) -> Replaced:
    tail = [
        part for part in left_of(row, new.starts_on, new.ends_on) if part.starts_on > new.starts_on
    ]
    from_on = max(row.starts_on, new.starts_on)
    return Replaced(manager, row.pattern_id, from_on, tail[0].starts_on if tail else None)


def _replan_followers(change: Change, pattern: SchedulePattern) -> None:
    since = account_today(change.account, change.now) - 2 * _DAY
    followed = _unfinished(change.account, since).filter(pattern=pattern)
    people = set(followed.values_list("manager_id", flat=True))
    if people:
        change.touch(people, since, None)


def _unfinished(account: Account, since: date) -> AccountQuerySet:
    """Return the standing patterns that reach up to a day or beyond it."""
    rows = StandingPattern.objects.for_account(account)
    return rows.filter(Q(ends_on=None) | Q(ends_on__gte=since))


def _locked(account: Account, pk: int) -> SchedulePattern:
    """Return the pattern as it is under the lock. Raises PatternGone."""
    row: SchedulePattern | None = (
        SchedulePattern.objects.for_account(account).select_for_update().filter(pk=pk).first()
    )
    if row is None:
        raise PatternGone
    return row


def _check_name(account: Account, name: str, own: SchedulePattern | None) -> None:
    """Refuse a name that another pattern has. Raises NameTaken."""
    others = SchedulePattern.objects.for_account(account).filter(name=name)
    if others.exclude(pk=own.pk if own else None).exists():
        raise NameTaken


def _check_anchor(account: Account, anchor_on: date, now: datetime) -> None:
    """Refuse a first day that is ten years away. Raises TooFarAway."""
    if abs(anchor_on - account_today(account, now)) > FARTHEST:
        raise TooFarAway


__all__ = [
    "LONGEST_NAME",
    "NameTaken",
    "PastIsFrozen",
    "PatternGone",
    "PatternInUse",
    "Replaced",
    "TooManyPatterns",
    "assign_pattern",
    "create_pattern",
    "delete_pattern",
    "duplicate_pattern",
    "edit_pattern",
    "end_standing",
    "is_weekly",
]
