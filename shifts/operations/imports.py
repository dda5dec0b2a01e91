"""Imports: a month out of a table, through the grid's own door, and absences out of a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from accounts.models import Account, Manager
from shifts.core.calendar_import import periods_of
from shifts.core.grid import Key
from shifts.core.layers import Day, MonthCell
from shifts.models import Override, ScheduleChange
from shifts.operations.grid import Edit, Step, edit_month
from shifts.operations.plan import Change, changing
from shifts.queries.imports import known_days
from shifts.queries.schedule import layers_of, local_day, zone_of

Wishes = Mapping[Key, MonthCell | None]
"""What a table asks for, by (Kommo user id, day); None clears the day."""

LONGEST_NOTE = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A day that an import would change."""

    user: int  # Kommo user id
    on: date
    before: Day
    after: Day


@dataclass(slots=True)
class MonthPreview:
    """What an import of a month would change, and against which version that was found."""

    version: int
    wishes: dict[Key, MonthCell | None]  # of the days that would change, no others
    differences: list[Difference] = field(default_factory=list)
    past: int = 0  # days that differ, but are over
    same: int = 0  # days that are so already


def preview_month(account: Account, *, wishes: Wishes, now: datetime) -> MonthPreview:
    """Return what the wishes would change; writes nothing. Raises BadOperation (too many days).

    Days that are over and people who have left are left out.
    """
    people = {row.kommo_id: row for row in Manager.objects.for_account(account)}
    today = {user: local_day(now, zone_of(row, account)) for user, row in people.items()}
    open_ = {
        key: wish
        for key, wish in wishes.items()
        if key[0] in people and people[key[0]].is_active_in_kommo and key[1] >= today[key[0]]
    }
    past = sum(key[0] in today and key[1] < today[key[0]] for key in wishes)
    if not open_:
        return MonthPreview(0, {}, past=past)
    edit = edit_month(account, actor=None, base=0, steps=_steps(open_), now=now, dry_run=True)
    days = [on for _, on in open_]
    pks = {user: people[user].pk for user, _ in open_}
    layers = layers_of(account, min(days), max(days), list(pks.values()))
    found = MonthPreview(edit.version, {}, past=past, same=len(open_) - len(edit.changed))
    for key, after in sorted(edit.changed.items()):
        before = layers.day(pks[key[0]], key[1])
        if _shown(before) == _shown(after):
            found.same += 1
        else:
            found.wishes[key] = open_[key]
            found.differences.append(Difference(*key, before, after))
    return found


def _shown(day: Day) -> tuple[object, ...]:
    return day.kind, day.hours, day.cause


def import_month(
    account: Account, *, actor: Manager, base: int, wishes: Wishes, source: str, now: datetime
) -> Edit:
    """Change the days as the wishes say; `base` is the version of their preview.

    One change of the history, undone in the grid. Raises BadOperation and EditConflict; nothing is
    written then.
    """
    return edit_month(
        account,
        actor=actor,
        base=base,
        steps=_steps(wishes),
        now=now,
        kind=ScheduleChange.Kind.IMPORT,
        summary={"op": "import", "file": source, "people": len({user for user, _ in wishes})},
    )


def _steps(wishes: Wishes) -> list[Step]:
    values = {key: wish for key, wish in wishes.items() if wish is not None}
    cleared = tuple(key for key, wish in wishes.items() if wish is None)
    steps = [Step("paste", values=values)] if values else []
    return [*steps, Step("clear", cells=cleared)] if cleared else steps


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """Days off to be added, [first, last]."""

    user: int  # Kommo user id
    first: date
    last: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class AbsenceImport:
    """What an import of absences came to."""

    added: int
    days: int
    left_out: int  # over, known, or of people who have left since they were looked at
    version: int | None  # None: nothing was to be done


def import_absences(
    account: Account,
    *,
    actor: Manager,
    absences: Iterable[NewAbsence],
    cause: Override.Cause,
    source: str,
    now: datetime,
) -> AbsenceImport:
    """Add absences; days that are over or absent already are left out, so that twice is as once.

    Locks the account's schedule settings; one change of the history, the plan and an event.
    """
    absences = list(absences)
    with changing(account, kind=ScheduleChange.Kind.IMPORT, actor=actor, now=now) as change:
        rows = _rows(change, absences, cause, actor)
        days = sum((row.ends_on - row.starts_on).days + 1 for row in rows)
        asked = sum((absence.last - absence.first).days + 1 for absence in absences)
        if not rows:
            change.drop()
            return AbsenceImport(0, 0, asked, None)
        Override.objects.bulk_create(rows)
        change.touch(
            {row.manager_id for row in rows},
            min(row.starts_on for row in rows),
            max(row.ends_on for row in rows),
        )
        change.summary = {
            "op": "import",
            "days": days,
            "absences": len(rows),
            "cause": cause.value,
            "file": source,
            "managers": dict(Counter(str(row.manager.kommo_id) for row in rows)),
        }
    return AbsenceImport(len(rows), days, asked - days, change.version - 1)


def _rows(
    change: Change, absences: Collection[NewAbsence], cause: Override.Cause, actor: Manager
) -> list[Override]:
    """Return the overrides to be written: what is still ahead and not known yet."""
    if not absences:
        return []
    account = change.account
    wanted = {absence.user for absence in absences}
    people = {
        row.kommo_id: row
        for row in Manager.objects.for_account(account).filter(
            kommo_id__in=wanted, is_active_in_kommo=True
        )
    }
    first, last = min(item.first for item in absences), max(item.last for item in absences)
    known = known_days(account, first, last)
    rows: list[Override] = []
    for absence in absences:
        manager = people.get(absence.user)
        if manager is None:
            continue
        begins = max(absence.first, local_day(change.now, zone_of(manager, account)))
        days = {begins + number * _DAY for number in range((absence.last - begins).days + 1)}
        for starts_on, ends_on in periods_of(days - known[manager.pk]):
            rows.append(
                Override(
                    account=account,
                    manager=manager,
                    starts_on=starts_on,
                    ends_on=ends_on,
                    kind=Override.Kind.ABSENCE,
                    cause=cause,
                    note=absence.note[:LONGEST_NOTE],
                    created_at=change.now,
                    created_by=actor.kommo_id,
                )
            )
        known[manager.pk] |= days
    return rows


__all__ = [
    "AbsenceImport",
    "Difference",
    "MonthPreview",
    "NewAbsence",
    "import_absences",
    "import_month",
    "preview_month",
]
