"""Writes of participation: who takes part, by whose hand, until when; each tells the account's inbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from accounts.operations.inbox import append_event
from peresmenka.lib.enqueue import ring
from peresmenka.lib.zones import known_zone
from shifts.core.participation import Denied, Standing, Status
from shifts.core.roster import day_bounds
from shifts.models import Participation
from shifts.queries.participation import own_denial

CHANGED = "participation"  # action of the audit entry that each change of a manager writes
FARTHEST = timedelta(days=366)


class ParticipationError(Exception):
    """The status cannot be changed; read the error's own text."""

    code = "participation_error"

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class BadUntil(ParticipationError):
    """The end lies in the past or more than a year ahead; choose a moment within the next 366 days."""

    code = "bad_until"


class NothingToUndo(ParticipationError):
    """The status has been changed again since; look at it and set what you want."""

    code = "nothing_to_undo"


class ParticipationDenied(ParticipationError):
    """You may not change your own status; ask a supervisor."""

    code = "denied"


class KeptOn(ParticipationDenied):
    """A supervisor keeps you switched on, so you cannot switch yourself off; ask a supervisor."""

    code = Denied.FORCED_ON.value


class KeptOff(ParticipationDenied):
    """A supervisor has switched you off, so you cannot switch yourself on; ask a supervisor."""

    code = Denied.FORCED_OFF.value


class OnlySupervisors(ParticipationDenied):
    """In this account only supervisors switch managers on and off; ask one of them."""

    code = Denied.NOT_ALLOWED.value


class ForcingDenied(ParticipationDenied):
    """Only supervisors force a status; choose On or Off."""

    code = Denied.FORCING.value


class WithoutLicence(ParticipationDenied):
    """You do not take part in the distribution of leads; ask an admin to let you take part."""

    code = "not_taking_part"


ERROR_OF: dict[Denied, type[ParticipationDenied]] = {
    Denied.FORCED_ON: KeptOn,
    Denied.FORCED_OFF: KeptOff,
    Denied.NOT_ALLOWED: OnlySupervisors,
    Denied.FORCING: ForcingDenied,
}


@dataclass(frozen=True, slots=True)
class Former(Standing):
    """What counted before a change, and the audit entry by which it can be undone."""

    entry: int | None = None  # None: nothing was changed


@dataclass(frozen=True, slots=True)
class _Record:
    """What is written of a manager; `after` counts from `until` on."""

    status: Status = Status.ON
    until: datetime | None = None
    after: Status = Status.ON
    note: str = ""

    def as_json(self, manager: Manager) -> dict[str, Any]:
        until = self.until and self.until.astimezone(UTC).isoformat()
        return {
            "manager": manager.kommo_id,
            "status": self.status.value,
            "until": until,
            "after": self.after.value,
            "note": self.note,
        }


Choose = Callable[[Manager, _Record], _Record]


def set_participation(
    manager: Manager,
    *,
    status: Status,
    now: datetime,
    by: Manager | None,
    until: datetime | None = None,
    note: str = "",
) -> Former:
    """Give a manager any status, for good or until a moment; return what counted before.

    After `until` counts what counted before, a status that ended by itself left out. Locks the
    manager's row; writes Participation, one audit entry and one inbox event, or nothing where
    nothing differs. The caller has checked that `by` is a supervisor. Raises BadUntil.
    """
    choose = _given(status, until, note, now)
    return _change_one(manager, choose, now, by)


def set_participation_of(
    account: Account,
    managers: Collection[Manager],
    *,
    status: Status,
    now: datetime,
    by: Manager | None,
    until: datetime | None = None,
    note: str = "",
) -> list[int]:
    """Do the same for several managers at once; return the audit entries, one a changed manager."""
    changes = _change(account.pk, managers, _given(status, until, note, now), now, by)
    return [entry for _, _, entry in changes if entry is not None]


def set_own_participation(manager: Manager, *, status: Status, now: datetime) -> Former:
    """Switch oneself on or off; return what counted before. Locks and writes as `set_participation`.

    Supervisors and admins are not bound by forced states. Raises ParticipationDenied's kinds.
    """

    def choose(locked: Manager, before: _Record) -> _Record:
        if not locked.is_licensed:
            raise WithoutLicence
        denied = own_denial(locked, before.status, status)
        if denied is not None:
            raise ERROR_OF[denied]
        return before if before.status is status else _Record(status, after=status)

    return _change_one(manager, choose, now, manager)


def mark_absent_today(
    manager: Manager, *, now: datetime, by: Manager | None, note: str = ""
) -> Former:
    """Exclude a manager until the day is over by their clock (F21); return what counted before.

    Who is excluded by force for longer stays so. Locks and writes as `set_participation`.
    """
    zone = known_zone(manager.zone, manager.account.zone)
    _, midnight = day_bounds(timezone.localtime(now, zone).date(), zone)
    absent = _given(Status.FORCED_OFF, midnight, note, now)

    def choose(locked: Manager, before: _Record) -> _Record:
        is_out = before.status is Status.FORCED_OFF
        if is_out and (before.until is None or before.until >= midnight):
            return before
        return absent(locked, before)

    return _change_one(manager, choose, now, by)


def undo_participation(
    account: Account, *, entry: int, now: datetime, by: Manager | None
) -> list[Manager]:
    """Give back what counted before the click that wrote `entry`, to all whom that click changed.

    Who was changed again since is left alone. Returns the managers restored; writes as
    `set_participation`. Raises NothingToUndo.
    """
    log = AuditEntry.objects.for_account(account).filter(action=CHANGED)
    told = log.filter(pk=entry).first()
    if told is None:
        raise NothingToUndo
    same_click = log.filter(at=told.at, actor_id=told.actor_id).order_by("pk")
    done = {row.before["manager"]: row for row in same_click}
    managers = list(Manager.objects.for_account(account).filter(kommo_id__in=done))

    def choose(locked: Manager, current: _Record) -> _Record:
        row = done[locked.kommo_id]
        return _restored(row.before, now) if current.as_json(locked) == row.after else current

    changes = _change(account.pk, managers, choose, now, by)
    restored = [manager for manager, _, undone in changes if undone is not None]
    if not restored:
        raise NothingToUndo
    return restored


def _given(status: Status, until: datetime | None, note: str, now: datetime) -> Choose:
    """Return the choice of a supervisor, the same for everybody."""
    if until is not None and not now < until <= now + FARTHEST:
        raise BadUntil

    def choose(_locked: Manager, before: _Record) -> _Record:
        base = before.after if before.until is not None else before.status
        after = base if until is not None else status
        return _Record(status, until, after, note.strip()[:200])

    return choose


def _restored(former: dict[str, Any], now: datetime) -> _Record:
    after = Status(former["after"])
    until = former["until"] and datetime.fromisoformat(former["until"])
    if until and until <= now:
        return _Record(after, after=after)
    return _Record(Status(former["status"]), until, after, former["note"])


def _record_of(row: Participation | None, now: datetime) -> _Record:
    if row is None:
        return _Record()
    after = Status(row.status_after)
    if row.until is not None and now >= row.until:
        return _Record(after, after=after)
    status = Status(row.status)
    return _Record(status, row.until, after if row.until else status, row.note)


def _change_one(manager: Manager, choose: Choose, now: datetime, by: Manager | None) -> Former:
    ((_, former, entry),) = _change(manager.account_id, [manager], choose, now, by)
    return Former(former.status, former.until, former.note, entry)


@transaction.atomic
def _change(
    account_id: int,
    managers: Collection[Manager],
    choose: Choose,
    now: datetime,
    by: Manager | None,
) -> list[tuple[Manager, _Record, int | None]]:
    """Write what `choose` says under the managers' locks; return each with what was and the audit entry."""
    pks = [manager.pk for manager in managers]
    rows = Manager.objects.for_account(account_id).filter(pk__in=pks).order_by("pk")
    locked = list(rows.select_for_update(no_key=True, of=("self",)).select_related("account"))
    written = Participation.objects.for_account(account_id).filter(manager_id__in=pks)
    found = {row.manager_id: row for row in written}
    before = {manager: _record_of(found.get(manager.pk), now) for manager in locked}
    after = {manager: choose(manager, before[manager]) for manager in locked}
    changed = [manager for manager in locked if before[manager] != after[manager]]
    entries: dict[Manager, int] = {}
    if changed:
        _write({manager: after[manager] for manager in changed}, now, by)
        audit = [_entry(one, before[one], after[one], now, by) for one in changed]
        AuditEntry.objects.bulk_create(audit)
        entries = {manager: entry.pk for manager, entry in zip(changed, audit, strict=True)}
        append_event(account_id, InboxEvent.Kind.AVAILABILITY, {"of": "participation"}, now)
        transaction.on_commit(ring)
    return [(manager, before[manager], entries.get(manager)) for manager in locked]


def _write(wanted: Mapping[Manager, _Record], now: datetime, by: Manager | None) -> None:
    rows = [
        Participation(
            account_id=manager.account_id,
            manager=manager,
            status=record.status.value,
            until=record.until,
            status_after=record.after.value,
            note=record.note,
            changed_at=now,
            changed_by=by.kommo_id if by else None,
        )
        for manager, record in wanted.items()
    ]
    Participation.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["manager"],
        update_fields=["status", "until", "status_after", "note", "changed_at", "changed_by"],
    )


def _entry(
    manager: Manager, before: _Record, after: _Record, now: datetime, by: Manager | None
) -> AuditEntry:
    return AuditEntry(
        account_id=manager.account_id,
        at=now,
        actor_id=by.kommo_id if by else None,
        action=CHANGED,
        before=before.as_json(manager),
        after=after.as_json(manager),
    )
