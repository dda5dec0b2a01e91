"""Writes of triggers, what sends leads into templates; and the keys that their cards echo."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts.models import Account, AuditEntry, InboxEvent, Manager, Pipeline, Stage
from accounts.operations.inbox import append_event
from distribution.models import Register, RegisterEntry, Template, Trigger
from distribution.queries.registers import body_of
from peresmenka.lib.enqueue import ring

LONGEST_NAME = 64
LONGEST_DELAY_MINUTES = 7 * 24 * 60
MOST_STAGES = 200
LARGEST_PRIORITY = 32_767
FIELDS = ("template", "name", "stages", "register", "delay_minutes", "priority")

StageRef = tuple[int, int | None]  # (pipeline, stage); None = the whole pipeline


class TriggerError(Exception):
    """The trigger cannot be saved; read the error's own text. `names` says which stages are meant."""

    def __init__(self, *names: str) -> None:
        self.names = names
        super().__init__(self.__doc__)


class BadName(TriggerError):
    """The name is too long. Write at most 64 characters."""


class BadDelay(TriggerError):
    """Not a delay. Write whole minutes, from 0 to seven days."""


class BadPriority(TriggerError):
    """Not a place in the order. Write a whole number from 0 to 32767."""


class NoStages(TriggerError):
    """A watch needs stages to look at. Choose at least one pipeline or stage."""


class UnknownStage(TriggerError):
    """This account has no such stage (any more). Reload the page and choose again."""


class IncomingStage(TriggerError):
    """Kommo keeps incoming leads unaccepted: nobody can own them. Choose the stage they are accepted into."""


class ClosedStage(TriggerError):
    """Closed leads are not distributed. Choose an open stage."""


class ForeignRegister(TriggerError):
    """This register cannot be chosen. Choose "Current trigger" or a register with a name."""


class NoPace(TriggerError):
    """This register keeps totals strictly equal: its templates need a pace limit. Set one first."""


class ForeignTemplate(TriggerError):
    """This template cannot be chosen. Reload the page and choose a template of this account."""


class GroupsOwn(TriggerError):
    """This trigger belongs to the page "Shift distribution". Change its group and stages there."""


class KindHasNoKey(TriggerError):
    """Only triggers of the digital pipeline and of Salesbot have keys."""


# -- keys


def trigger_key(trigger: Trigger) -> str:
    """Return the secret that the trigger's card echoes with each hook: derived, not stored.

    It names the trigger and its version, so that a key whose trigger is gone is known as ours.
    """
    return _key(trigger.account.kommo_id, trigger.pk, trigger.key_version)


def key_digest(key: str) -> bytes:
    """Return what `Trigger.key_digest` holds: SHA-256 of the key."""
    return hashlib.sha256(key.encode()).digest()


def was_ours(key: str, kommo_id: int) -> bool:
    """Say whether we made the key for a trigger of this account, now deleted or with a newer key."""
    number, _, rest = key.partition(".")
    version, _, _ = rest.partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (number, version)):
        return False
    made = _key(kommo_id, int(number), int(version))
    return hmac.compare_digest(made.encode(), key.encode())


def _key(kommo_id: int, number: int, version: int) -> str:
    message = f"trigger|{kommo_id}|{number}|{version}".encode()
    mac = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return f"{number}.{version}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


# -- writes


@transaction.atomic
def create_trigger(
    template: Template,
    *,
    kind: str,
    name: str = "",
    stages: Iterable[Sequence[int | None]] = (),
    register: Register | None = None,
    delay_minutes: int = 0,
    priority: int | None = None,
    actor: Manager | None,
    now: datetime,
) -> Trigger:
    """Create a trigger of a template, asked after all others unless it is given a `priority`.

    `register` None = a register of its own ("current trigger"), which is created. Writes one audit
    entry and one inbox event. Raises TriggerErrors.
    """
    account = template.account
    if kind not in Trigger.Kind.values:
        raise ValueError(f"{kind} is no kind of trigger")
    row = Trigger(
        account=account,
        template=_template(account, template),
        kind=kind,
        name=_name(name),
        stages=_stages(account, kind, stages),
        register=_named(account, register),
        delay_minutes=_delay(delay_minutes),
        priority=_last_place(account) if priority is None else _priority(priority),
    )
    row.save(force_insert=True)
    if kind != Trigger.Kind.WATCH:
        row.key_digest = key_digest(trigger_key(row))
    if row.register is None:
        row.register = _own_register(row)
    _check_pace(row)
    row.save(update_fields=["key_digest", "register"])
    _note(row, "trigger_created", actor, now, before={}, after=document_of(row))
    return row


@transaction.atomic
def save_trigger(
    trigger: Trigger, *, changes: Mapping[str, Any], actor: Manager | None, now: datetime
) -> bool:
    """Write what differs in `changes` (names of FIELDS); False where nothing does.

    `register` None = its own; that which it leaves keeps its statistics. Locks the trigger; writes
    one audit entry and one inbox event. Raises TriggerErrors.
    """
    row = _locked(trigger)
    before = document_of(row)
    if unknown := set(changes) - set(FIELDS):
        raise ValueError(f"no fields of a trigger: {', '.join(sorted(unknown))}")
    for field in FIELDS:
        if field in changes:
            setattr(row, field, _checked(row, field, changes[field]))
    after = document_of(row)
    if before == after:
        return False
    _check_pace(row)
    row.save(update_fields=[*FIELDS])
    _note(row, "trigger_saved", actor, now, before=before, after=after)
    return True


@transaction.atomic
def delete_trigger(trigger: Trigger, *, actor: Manager | None, now: datetime) -> None:
    """Delete a trigger, and its own register, whose last state the audit entry keeps.

    A named register stays as it is. Locks the trigger; writes one audit entry and one inbox event.
    Its card in Kommo may go on firing: such hooks are answered and forgotten. Raises GroupsOwn.
    """
    row = _locked(trigger)
    before = {**document_of(row), "standing": _standing(row)}
    _note(row, "trigger_deleted", actor, now, before=before, after={})
    row.delete()


@transaction.atomic
def rotate_key(trigger: Trigger, *, actor: Manager | None, now: datetime) -> str:
    """Give a trigger a new key and return it; the old one sends no leads from now on.

    Locks the trigger; writes one audit entry and one inbox event. Raises GroupsOwn, KindHasNoKey.
    """
    row = _locked(trigger)
    if row.kind == Trigger.Kind.WATCH:
        raise KindHasNoKey
    row.key_version += 1
    key = trigger_key(row)
    row.key_digest = key_digest(key)
    row.save(update_fields=["key_version", "key_digest"])
    before, after = {"key": row.key_version - 1}, {"key": row.key_version}
    _note(row, "trigger_key_rotated", actor, now, before=before, after=after)
    return key


def document_of(trigger: Trigger) -> dict[str, Any]:
    """Return a trigger as audit entries hold it; no key is among it."""
    return {
        "kind": trigger.kind,
        "template": trigger.template_id,
        "name": trigger.name,
        "stages": trigger.stages,
        "register": trigger.register_id,
        "delay_minutes": trigger.delay_minutes,
        "priority": trigger.priority,
    }


def _locked(trigger: Trigger) -> Trigger:
    rows = Trigger.objects.for_account(trigger.account_id).select_for_update(of=("self",))
    row: Trigger = rows.select_related("account").get(pk=trigger.pk)
    if row.group_id is not None:
        raise GroupsOwn
    return row


def _note(
    row: Trigger,
    action: str,
    actor: Manager | None,
    now: datetime,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Leave the audit entry, tell the lane, and ring once all is committed."""
    AuditEntry.objects.create(
        account=row.account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=action,
        before={"trigger": row.pk, **before},
        after={"trigger": row.pk, **after},
    )
    append_event(row.account, InboxEvent.Kind.SETTINGS, {}, now)
    transaction.on_commit(ring)


# -- registers


def _own_register(row: Trigger) -> Register:
    """Return the trigger's own register, made when it is first needed."""
    name = row.name or f"{row.template.name} {row.pk}"
    register, _ = Register.objects.get_or_create(
        account=row.account, own_of=row, defaults={"name": name}
    )
    found: Register = register
    return found


def _standing(row: Trigger) -> list[list[int]]:
    """Return how the trigger's own register stands: [user id, lag, leads] each."""
    entries = RegisterEntry.objects.for_account(row.account_id).filter(register__own_of=row)
    return [list(one) for one in entries.order_by("user_id").values_list("user_id", "lag", "count")]


def _named(account: Account, register: Register | None) -> Register | None:
    """Return a register that triggers may share. Raises ForeignRegister for any other."""
    if register is None:
        return None
    rows = Register.objects.for_account(account).filter(own_of=None)
    found: Register | None = rows.filter(pk=register.pk).first()
    if found is None:
        raise ForeignRegister
    return found


def _check_pace(row: Trigger) -> None:
    """Raise NoPace where strictly equal totals would meet a template without a pace limit (R13)."""
    is_strict = row.register is not None and row.register.strict_totals
    if is_strict and body_of(row.template.body).limits.pace_leads is None:
        raise NoPace(row.template.name)


# -- checks


def _checked(row: Trigger, field: str, value: Any) -> Any:
    match field:
        case "template":
            return _template(row.account, value)
        case "name":
            return _name(value)
        case "stages":
            return _stages(row.account, row.kind, value)
        case "register":
            if isinstance(value, Register) and value.own_of_id == row.pk:
                return value
            return _named(row.account, value) or _own_register(row)
        case "delay_minutes":
            return _delay(value)
    return _priority(value)


def _template(account: Account, template: Template) -> Template:
    rows = Template.objects.for_account(account).filter(is_simple=False)
    found: Template | None = rows.filter(pk=template.pk).first()
    if found is None:
        raise ForeignTemplate
    return found


def _name(name: str) -> str:
    tidy = " ".join(name.replace("\x00", " ").split())
    if len(tidy) > LONGEST_NAME:
        raise BadName
    return tidy


def _delay(minutes: int) -> int:
    if not 0 <= minutes <= LONGEST_DELAY_MINUTES:
        raise BadDelay
    return minutes


def _priority(priority: int) -> int:
    if not 0 <= priority <= LARGEST_PRIORITY:
        raise BadPriority
    return priority


def _last_place(account: Account) -> int:
    last = Trigger.objects.for_account(account).aggregate(last=Max("priority"))["last"]
    return 0 if last is None else min(int(last) + 1, LARGEST_PRIORITY)


def _stages(
    account: Account, kind: str, stages: Iterable[Sequence[int | None]]
) -> list[list[int | None]]:
    """Return stages as they are stored, each once, in their order. Raises TriggerErrors."""
    wanted = [(pipeline, status) for pipeline, status in stages]
    refs: list[StageRef] = [
        (pipeline, status) for pipeline, status in dict.fromkeys(wanted) if pipeline is not None
    ]
    if len(refs) > MOST_STAGES or len(refs) < len(set(wanted)):
        raise UnknownStage
    if kind == Trigger.Kind.WATCH and not refs:
        raise NoStages
    known = _known_stages(account)
    for pipeline, status in refs:
        _check_stage(known, pipeline, status)
    return [[pipeline, status] for pipeline, status in refs]


def _check_stage(
    known: Mapping[int, Mapping[int, Stage]], pipeline: int, status: int | None
) -> None:
    inside = known.get(pipeline)
    if inside is None or (status is not None and status not in inside):
        raise UnknownStage
    if status is None:
        return
    if status in Stage.CLOSED:
        raise ClosedStage(inside[status].name)
    if inside[status].type == Stage.UNSORTED_TYPE:
        raise IncomingStage(inside[status].name)


def _known_stages(account: Account) -> dict[int, dict[int, Stage]]:
    pipelines = Pipeline.objects.for_account(account).filter(is_gone=False)
    known: dict[int, dict[int, Stage]] = {
        one: {} for one in pipelines.values_list("kommo_id", flat=True)
    }
    rows = Stage.objects.for_account(account).filter(is_gone=False, pipeline__is_gone=False)
    for stage in rows.select_related("pipeline"):
        known[stage.pipeline.kommo_id][stage.kommo_id] = stage
    return known
