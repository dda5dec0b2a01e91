"""Edits of the month grid: operations on cells, all or none, with the other's change told on a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

from accounts.models import Account, Manager
from shifts.bulk.plan import forget_days
from shifts.core import grid
from shifts.core.grid import BadOperation, Key, Problem
from shifts.core.hours import Hours
from shifts.core.layers import Day, MonthCell, day_of
from shifts.core.patterns import Pattern, pattern_from_json
from shifts.models import PatternPreset, ScheduleChange, SchedulePattern, Workday
from shifts.operations.plan import Change, changing
from shifts.queries.schedule import Layers, layers_of, local_day, stored_hours, zone_of

MOST_CELLS = 10_000
_DAY = timedelta(days=1)
CELL_KINDS = (ScheduleChange.Kind.CELLS, ScheduleChange.Kind.UNDO, ScheduleChange.Kind.IMPORT)


class UnknownPattern(Exception):
    """The pattern is not there any more; reload the page and choose another one."""


class UnknownChange(Exception):
    """This change is not in the history, or cannot be undone; reload the page."""


class EditConflict(Exception):
    """Somebody else has changed some of these days meanwhile; look at both and decide."""

    def __init__(self, version: int, cells: list[Key], actor_ids: list[int | None]) -> None:
        super().__init__(self.__doc__)
        self.version = version
        self.cells = cells  # (Kommo user id, day)
        self.actor_ids = actor_ids


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the grid; cells are (Kommo user id, day)."""

    op: str
    cells: tuple[Key, ...] = ()
    hours: Hours = ()  # set_hours
    off: bool = True  # day_off
    values: Mapping[Key, MonthCell | None] = field(default_factory=dict)  # paste
    pattern_id: int | None = None  # paint: a pattern of the account, or a preset
    preset: str = ""
    anchor_on: date | None = None
    managers: tuple[int, ...] = ()  # copy_month
    source: date | None = None
    target: date | None = None
    version: int | None = None  # undo


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit came to."""

    version: int
    changed: dict[Key, Day]  # what this edit made of its cells, all layers counted
    skipped: int  # days of a copy or an undo that are over or of people who have left


def edit_month(
    account: Account,
    *,
    actor: Manager | None,
    base: int,
    steps: Iterable[Step],
    now: datetime,
    dry_run: bool = False,
    kind: str = ScheduleChange.Kind.CELLS,
    summary: Mapping[str, Any] | None = None,
) -> Edit:
    """Carry out the steps in their order, all or none; with `dry_run` only say what would change.

    `base` is the version that the editor had before them. Locks the account's schedule settings;
    writes workdays, the history, the plan and an event. Raises BadOperation, EditConflict,
    UnknownPattern, UnknownChange; nothing is written then.
    """
    steps = list(steps)
    is_undo = any(step.op == "undo" for step in steps)
    kind = ScheduleChange.Kind.UNDO if is_undo else kind
    with changing(account, kind=kind, actor=actor, now=now) as change:
        work = _Work(account, change, steps)
        for step in steps:
            work.carry_out(step)
        changed = work.changed()
        if len(changed) > MOST_CELLS:
            raise BadOperation(Problem.TOO_MANY)
        if not is_undo and not dry_run:
            _refuse_conflict(account, base, change.settings.version, set(changed))
        result = {key: work.day(key, value) for key, value in changed.items()}
        if dry_run or not changed:
            change.drop()
            return Edit(change.settings.version, result, work.skipped)
        work.write(changed)
        days = {"op": steps[0].op if steps else "", "days": len(changed)}
        change.summary = {**days, **(summary or {})}
    return Edit(change.version - 1, result, work.skipped)


def _refuse_conflict(account: Account, base: int, version: int, keys: set[Key]) -> None:
    """Raise EditConflict where a later version than `base` has changed one of the cells."""
    if base >= version:
        return
    later = ScheduleChange.objects.for_account(account).filter(version__gt=base)
    common: set[Key] = set()
    actors: list[int | None] = []
    for change in later.order_by("version"):
        found = keys.intersection(cells_of(change))
        common |= found
        if found and change.actor_id not in actors:
            actors.append(change.actor_id)
    if common:
        raise EditConflict(version, sorted(common), actors)


def cells_of(change: ScheduleChange) -> list[Key]:
    """Return the cells that a change touched, as (Kommo user id, day)."""
    return [(cell[0], date.fromisoformat(cell[1])) for cell in change.cells]


class _Work:
    """The cells at hand while the steps of one edit are carried out."""

    def __init__(self, account: Account, change: Change, steps: list[Step]) -> None:
        self.account = account
        self.change = change
        self.skipped = 0
        people = Manager.objects.for_account(account)
        self.people: dict[int, Manager] = {row.kommo_id: row for row in people}
        self.undone = self._undone(steps)
        self._wanted: dict[Key, MonthCell | None] = {}
        self._today = {
            user: local_day(change.now, zone_of(row, account)) for user, row in self.people.items()
        }
        self.layers = self._layers(steps)
        self._stored = dict(self.layers.workdays)  # by our id: `day` lays the new values over them
        self.board = grid.Board(
            value=self.value,
            pattern=lambda key: self.layers.pattern_on(self._pk(key[0]), key[1]),
            base=lambda key: day_of(pattern=self.board.pattern(key), month=self.value(key)),
            is_holiday=lambda on: on in self.layers.holidays,
        )

    def _undone(self, steps: list[Step]) -> dict[int, ScheduleChange]:
        versions = [step.version for step in steps if step.op == "undo"]
        rows = ScheduleChange.objects.for_account(self.account).filter(
            version__in=versions, kind__in=CELL_KINDS, undone_by=None
        )
        found = {row.version: row for row in rows}
        if len(found) != len(set(versions)):
            raise UnknownChange
        return found

    def _layers(self, steps: list[Step]) -> Layers:
        """Read the layers of every day that some step looks at."""
        keys = [key for step in steps for key in (*step.cells, *step.values)]
        keys += [key for change in self.undone.values() for key in cells_of(change)]
        users = {user for user, _ in keys} | {user for step in steps for user in step.managers}
        unknown = sorted(users - self.people.keys())
        if unknown:
            raise BadOperation(Problem.UNKNOWN, [(user, date.min) for user in unknown])
        days = [on for _, on in keys]
        for step in steps:
            for month in (step.source, step.target):
                days += grid.days_of(month) if month else []
        if not days:
            raise BadOperation(Problem.NOTHING)
        managers = [self._pk(user) for user in users]
        return layers_of(self.account, min(days), max(days), managers)

    def _pk(self, user: int) -> int:
        return int(self.people[user].pk)

    def value(self, key: Key) -> MonthCell | None:
        """Return what is set for a day, with what the steps have made of it so far."""
        return self._wanted[key] if key in self._wanted else self._before(key)

    def _before(self, key: Key) -> MonthCell | None:
        return self._stored.get((self._pk(key[0]), key[1]))

    def day(self, key: Key, value: MonthCell | None) -> Day:
        """Return what all layers come to if the day is set to `value`."""
        pk, on = self._pk(key[0]), key[1]
        if value is None:
            self.layers.workdays.pop((pk, on), None)
        else:
            self.layers.workdays[pk, on] = value
        return self.layers.day(pk, on)

    def carry_out(self, step: Step) -> None:
        """Work one step out. Raises what `edit_month` raises."""
        found = _STEPS[step.op](self, step)
        is_lenient = step.op in ("copy_month", "undo")
        refused = {key: problem for key in found if (problem := self._problem(key)) is not None}
        if refused and not is_lenient:
            worst = next(iter(refused.values()))
            raise BadOperation(worst, [key for key, problem in refused.items() if problem is worst])
        self.skipped += len(refused)
        self._wanted |= {key: value for key, value in found.items() if key not in refused}

    def _problem(self, key: Key) -> Problem | None:
        """Say why a day cannot be changed by anybody."""
        user, on = key
        if not self.people[user].is_active_in_kommo:
            return Problem.INACTIVE
        if on < self._today[user]:
            return Problem.PAST
        return Problem.FAR_AWAY if on > self._today[user] + grid.MOST_DAYS_AHEAD * _DAY else None

    def changed(self) -> dict[Key, MonthCell | None]:
        """Return the cells that differ from what is stored."""
        return {key: value for key, value in self._wanted.items() if value != self._before(key)}

    def pattern_of(self, step: Step) -> Pattern:
        """Return the pattern that a step paints with."""
        anchor = step.anchor_on or min(on for _, on in step.cells)
        if step.preset:
            preset = PatternPreset.objects.filter(code=step.preset).first()
            if preset is None:
                raise UnknownPattern
            if len(preset.cycle) == 7 and step.anchor_on is None:
                anchor -= anchor.weekday() * _DAY  # a week begins on its Monday
            return pattern_from_json(preset.cycle, anchor)
        row = SchedulePattern.objects.for_account(self.account).filter(pk=step.pattern_id).first()
        if row is None:
            raise UnknownPattern
        return pattern_from_json(row.cycle, step.anchor_on or row.anchor_on)

    def undo(self, step: Step) -> dict[Key, MonthCell | None]:
        """Return the cells as they were before a change; refuse where they were changed since."""
        change = self.undone[step.version or 0]
        before, moved = {}, []
        for user, on, was, became in change.cells:
            key = (user, date.fromisoformat(on))
            before[key] = cell_from_json(was)
            if self.value(key) != cell_from_json(became):
                moved.append(key)
        if moved:
            raise EditConflict(self.change.settings.version, moved, [])
        return before

    def write(self, changed: Mapping[Key, MonthCell | None]) -> None:
        """Write the workdays, and note for the history what they were."""
        for key, value in sorted(changed.items(), key=itemgetter(0)):
            was = cell_to_json(self._before(key))
            self.change.cells.append([key[0], key[1].isoformat(), was, cell_to_json(value)])
        cleared = [(self._pk(user), on) for (user, on), value in changed.items() if value is None]
        if cleared:
            forget_days("shifts_workday", [(manager_id, on, on) for manager_id, on in cleared])
        self._store({key: value for key, value in changed.items() if value is not None})
        for version in self.undone:
            ScheduleChange.objects.for_account(self.account).filter(version=version).update(
                undone_by=self.change.version
            )
        days = [on for _, on in changed]
        self.change.touch({self._pk(user) for user, _ in changed}, min(days), max(days))

    def _store(self, values: Mapping[Key, MonthCell]) -> None:
        Workday.objects.bulk_create(
            [
                Workday(
                    account_id=self.account.pk,
                    manager_id=self._pk(user),
                    on=on,
                    hours=cell.hours,
                    day_off=cell.day_off,
                )
                for (user, on), cell in values.items()
            ],
            update_conflicts=True,
            unique_fields=["manager", "on"],
            update_fields=["hours", "day_off"],
        )


def cell_to_json(cell: MonthCell | None) -> dict[str, Any] | None:
    """Return a day as the history keeps it."""
    return None if cell is None else {"hours": cell.hours, "day_off": cell.day_off}


def cell_from_json(stored: Mapping[str, Any] | None) -> MonthCell | None:
    """Return the day that the history has kept."""
    return None if stored is None else MonthCell(stored_hours(stored["hours"]), stored["day_off"])


_STEPS: dict[str, Callable[[_Work, Step], Mapping[Key, MonthCell | None]]] = {
    "set_hours": lambda work, step: grid.set_hours(work.board, step.cells, step.hours),
    "clear": lambda work, step: grid.clear(work.board, step.cells),
    "follow": lambda work, step: grid.follow(work.board, step.cells),
    "day_off": lambda work, step: grid.day_off(work.board, step.cells, off=step.off),
    "paint": lambda work, step: grid.paint(work.board, step.cells, work.pattern_of(step)),
    "paste": lambda work, step: step.values,
    "copy_month": lambda work, step: grid.copy_month(
        work.board, step.managers, step.source or date.min, step.target or date.min
    ),
    "undo": _Work.undo,
}
OPERATIONS = tuple(_STEPS)
