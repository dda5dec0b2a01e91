"""Writes of registers: names, policies, and credits, skips and resets, which the account's lane applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from accounts.models import Account, AuditEntry, InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.core.credits import MOST_LEADS, credited
from distribution.core.ledger import Entry
from distribution.models import Register, RegisterCredit, RegisterEntry, RegisterEpoch, Trigger
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.registers import templates_without_pace, trigger_name
from peresmenka.lib.enqueue import ring

Json = dict[str, Any]
LONGEST_NAME = 64
LONGEST_REASON = 200
MOST_WEEKS = 26
MOST_CATCH_UP = 50


class RegisterError(Exception):
    """The register stays as it is; read the error's own text."""

    def __init__(self, *names: str) -> None:
        self.names = names
        super().__init__(self.__doc__)


class BadName(RegisterError):
    """Not a name. Write 1 to 64 characters."""


class NameTaken(RegisterError):
    """Another register has this name. Choose a different one."""


class OwnRegister(RegisterError):
    """This is the trigger's own register: it goes by the trigger's name and ends with it."""


class InUse(RegisterError):
    """Triggers use this register. Choose another register there first."""


class NoPace(RegisterError):
    """Strictly equal totals need a pace limit in every template that uses the register."""


class BadPolicy(RegisterError):
    """Out of range: catch-up 0 to 100 percent and 1 to 50 leads, at most 26 weeks of 1 to 100 percent."""


class BadCredit(RegisterError):
    """Not a credit. Write a whole number of leads from 1 to 50."""


class NoReason(RegisterError):
    """A reason is missing. Write in a few words why; it is shown in the ledger."""


class Alone(RegisterError):
    """Nobody else has a place in this register yet, so there is nobody to credit it against."""


class OnlyTotals(RegisterError):
    """With strictly equal totals only the number of leads counts; a credit would do nothing."""


@dataclass(frozen=True, slots=True)
class RegisterPolicy:
    """What can be set of a register."""

    strict_totals: bool = False
    catch_up_percent: int = 0
    catch_up_leads: int = 3
    ramp: Sequence[int] = ()


# -- by pages


@transaction.atomic
def create_register(
    account: Account, *, name: str, actor: Manager | None, now: datetime
) -> Register:
    """Create a named register, writing one audit entry. Raises BadName and NameTaken."""
    register = Register(account=account, name=_tidy_name(name), epoch_started_at=now)
    _save_name(register, is_new=True)
    _audit(register, "register_created", actor, now, {}, {"name": register.name})
    return register


@transaction.atomic
def rename_register(register: Register, *, name: str, actor: Manager | None, now: datetime) -> bool:
    """Give a named register another name; False where that is no change.

    Locks the register; writes one audit entry. Raises BadName, NameTaken and OwnRegister.
    """
    locked = _locked_named(register)
    former, locked.name = locked.name, _tidy_name(name)
    if locked.name == former:
        return False
    _save_name(locked, is_new=False)
    _audit(locked, "register_renamed", actor, now, {"name": former}, {"name": locked.name})
    return True


@transaction.atomic
def delete_register(register: Register, *, actor: Manager | None, now: datetime) -> None:
    """Delete a named register that no trigger uses; how it stood is kept in the audit entry.

    Locks the register. Raises OwnRegister, and InUse with the triggers' names.
    """
    locked = _locked_named(register)
    users = Trigger.objects.for_account(locked.account_id).filter(register=locked)
    names = [trigger_name(trigger) for trigger in users.select_related("group", "template")]
    if names:
        raise InUse(*names)
    entries = RegisterEntry.objects.for_account(locked.account_id).filter(register=locked)
    standing = [_stored(row.user_id, _entry_from(row)) for row in entries.order_by("user_id")]
    before = {"name": locked.name, "epoch": locked.epoch, "entries": standing}
    _audit(locked, "register_deleted", actor, now, before, {})
    locked.delete()


@transaction.atomic
def set_policy(
    register: Register, policy: RegisterPolicy, *, actor: Manager | None, now: datetime
) -> bool:
    """Set how a register treats totals, absence and newcomers; False where nothing differs.

    Locks the register; writes one audit entry. The next turn reads it. Raises BadPolicy, and NoPace
    with the names of the templates that have no pace limit.
    """
    locked = _locked(register)
    after = {
        "strict_totals": policy.strict_totals,
        "catch_up_percent": policy.catch_up_percent,
        "catch_up_leads": policy.catch_up_leads,
        "ramp": list(policy.ramp),
    }
    before = {name: getattr(locked, name) for name in after}
    if after == before:
        return False
    if not _is_sound(policy):
        raise BadPolicy
    unpaced = templates_without_pace(locked) if policy.strict_totals else []
    if unpaced:
        raise NoPace(*unpaced)
    for name, value in after.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(after))
    _audit(locked, "register_policy", actor, now, before, after)
    return True


@transaction.atomic
def credit(
    register: Register,
    user_id: int,
    *,
    leads: int,
    reason: str,
    actor: Manager | None,
    now: datetime,
) -> RegisterCredit:
    """Let the lane credit a manager so many leads, or skip them below 0 (B15).

    Writes the credit, one audit entry and one inbox event. Raises BadCredit, NoReason, OnlyTotals
    under strict totals, and Alone while nobody else has a place in the register.
    """
    if not 1 <= abs(leads) <= MOST_LEADS:
        raise BadCredit
    why = _tidy_reason(reason)
    locked = _locked(register)
    if locked.strict_totals:
        raise OnlyTotals
    entries = RegisterEntry.objects.for_account(locked.account_id).filter(register=locked)
    if not entries.exclude(user_id=user_id).exists():
        raise Alone
    row: RegisterCredit = RegisterCredit.objects.create(
        account=locked.account,
        register=locked,
        epoch=locked.epoch,
        user_id=user_id,
        leads=leads,
        reason=why,
        actor_id=actor.kommo_id if actor else None,
        at=now,
    )
    after = {"manager": user_id, "leads": leads, "reason": why}
    _audit(locked, "register_credit", actor, now, {}, after)
    _tell_lane(locked, {"what": "credit", "credit": row.pk}, now)
    return row


@transaction.atomic
def reset(register: Register, *, reason: str, actor: Manager | None, now: datetime) -> None:
    """Let the lane begin a new epoch of the register, all lags and counts zero (R12).

    Writes one audit entry and one inbox event. Raises NoReason.
    """
    why, actor_id = _tidy_reason(reason), actor.kommo_id if actor else None
    locked = _locked(register)
    _audit(locked, "register_reset", actor, now, {"epoch": locked.epoch}, {"reason": why})
    _tell_lane(locked, {"what": "reset", "reason": why, "actor": actor_id}, now)


def _locked(register: Register) -> Register:
    rows = Register.objects.for_account(register.account_id).select_related("account")
    found: Register = rows.select_for_update(of=("self",)).get(pk=register.pk)
    return found


def _locked_named(register: Register) -> Register:
    found = _locked(register)
    if found.own_of_id is not None:
        raise OwnRegister
    return found


def _tidy_name(name: str) -> str:
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= LONGEST_NAME:
        raise BadName
    return plain


def _tidy_reason(reason: str) -> str:
    plain = " ".join(reason.split())[:LONGEST_REASON]
    if not plain:
        raise NoReason
    return plain


def _save_name(register: Register, *, is_new: bool) -> None:
    try:
        with transaction.atomic():
            register.save(**({"force_insert": True} if is_new else {"update_fields": ["name"]}))
    except IntegrityError:
        raise NameTaken from None


def _is_sound(policy: RegisterPolicy) -> bool:
    return (
        0 <= policy.catch_up_percent <= 100
        and 1 <= policy.catch_up_leads <= MOST_CATCH_UP
        and len(policy.ramp) <= MOST_WEEKS
        and all(1 <= percent <= 100 for percent in policy.ramp)
    )


def _audit(
    register: Register, action: str, actor: Manager | None, now: datetime, before: Json, after: Json
) -> None:
    AuditEntry.objects.create(
        account=register.account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        before=before,
        after={"register": register.pk, **after},
    )


def _tell_lane(register: Register, payload: Json, now: datetime) -> None:
    append_event(
        register.account, InboxEvent.Kind.REGISTER, {"register": register.pk, **payload}, now
    )
    transaction.on_commit(ring)


# -- by the lane


def absorb_register(work: TurnWork, payload: Json) -> None:
    """Apply what a page has asked of a register, before anything of this turn is dealt by it.

    payload: {"register": id, "what": "credit", "credit": id} or {"register": id, "what": "reset",
    "reason": text, "actor": user id or null}. A register that is gone by now asks for nothing.
    """
    register_id = int(payload["register"])
    if payload["what"] == "reset":
        start_epoch(work, register_id, payload["reason"], payload["actor"])
    else:
        _apply_credit(work, register_id, int(payload["credit"]))


def start_epoch(work: TurnWork, register_id: int, reason: str, actor_id: int | None) -> None:
    """End the register's epoch: it is kept as it stood, and everybody begins anew at zero (R12).

    Only before anything of this turn is dealt by the register. Who has joined when stays.
    """
    register = _of_lane(work, register_id)
    if register is None:
        return
    standing = _entries(work, register_id)
    RegisterEpoch.objects.create(
        account_id=work.config.account_id,
        register=register,
        epoch=register.epoch,
        started_at=register.epoch_started_at,
        ended_at=work.now,
        reason=reason[:LONGEST_REASON],
        actor_id=actor_id,
        entries=[_stored(user_id, entry) for user_id, (entry, _) in standing.items()],
    )
    register.epoch += 1
    register.epoch_started_at = work.now
    register.save(update_fields=["epoch", "epoch_started_at"])
    for user_id in standing:
        work.change_entry(register_id, user_id, Entry(0, 0, None))


def _apply_credit(work: TurnWork, register_id: int, credit_id: int) -> None:
    register = _of_lane(work, register_id)
    rows = RegisterCredit.objects.for_account(work.config.account_id)
    asked = rows.filter(pk=credit_id, register_id=register_id, applied_at__isnull=True).first()
    if register is None or asked is None:
        return
    standing = _entries(work, register_id)
    lags = {user_id: entry.lag for user_id, (entry, _) in standing.items()}
    payers = [user_id for user_id, (_, is_here) in standing.items() if is_here]
    for user_id, lag in credited(lags, asked.user_id, asked.leads, payers=payers).items():
        entry = standing[user_id][0] if user_id in standing else Entry(0, 0, None)
        work.change_entry(register_id, user_id, Entry(lag, entry.count, entry.last_lead_at))
    asked.applied_at, asked.epoch = work.now, register.epoch
    asked.save(update_fields=["applied_at", "epoch"])


def _of_lane(work: TurnWork, register_id: int) -> Register | None:
    rows = Register.objects.for_account(work.config.account_id).select_for_update()
    found: Register | None = rows.filter(pk=register_id).first()
    return found


# A register's places, and whether their managers still take part: whoever has left pays no credit.
_STANDING = """
SELECT e.user_id, e.lag, e.count, e.last_lead_at,
  coalesce(m.is_active_in_kommo AND m.is_licensed, false)
FROM distribution_registerentry e
LEFT JOIN accounts_manager m ON m.account_id = e.account_id AND m.kommo_id = e.user_id
WHERE e.account_id = %s AND e.register_id = %s ORDER BY e.user_id
"""


def _entries(work: TurnWork, register_id: int) -> dict[int, tuple[Entry, bool]]:
    """Return the register's places as this turn has changed them, by user id."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [work.config.account_id, register_id])
        rows = cursor.fetchall()
    found = {user: (Entry(lag, count, last), here) for user, lag, count, last, here in rows}
    for (of, user), entry in work.changes().entries.items():
        if of == register_id:
            found[user] = entry, found[user][1] if user in found else True
    return dict(sorted(found.items()))


def _entry_from(row: RegisterEntry) -> Entry:
    return Entry(row.lag, row.count, row.last_lead_at)


def _stored(user_id: int, entry: Entry) -> list[Any]:
    """Return a place as RegisterEpoch keeps it."""
    last = entry.last_lead_at
    return [user_id, entry.lag, entry.count, last.isoformat() if last else None]
