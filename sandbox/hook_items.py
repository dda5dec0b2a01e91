"""One item of a webhook body: the keys and value shapes of the captured deliveries (KOMMO.md §4)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.account import Account
from sandbox.hooks import Pairs
from sandbox.model import CustomField, Fired, Lead, Note, Person, Task, Trigger

NOTE_TYPES = {"common": 4, "call_in": 10, "call_out": 11, "service_message": 25, "sms_in": 102,
              "sms_out": 103, "extended_service_message": 25}  # fmt: skip
ELEMENT_TYPES = {"contacts": 1, "leads": 2, "companies": 3, "customers": 12}
PLURALS = {"contact": "contacts", "company": "companies", "customer": "customers"}


def text(value: object) -> str:
    """Write a value as Kommo's forms do: true is 1, false and null are 0 and the empty string."""
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value)


def lead_item(account: Account, lead: Lead, **old: int) -> Pairs:
    """Return a lead of add, update, status or responsible; `old` holds old_status_id and such."""
    pairs = [("[id]", lead.id), ("[name]", lead.name), ("[status_id]", lead.status_id)]
    if "old_status_id" in old:
        pairs.append(("[old_status_id]", old["old_status_id"]))
    stamps = _stamps(account, lead)
    pairs += [
        ("[price]", lead.price),
        *stamps[:5],
        ("[pipeline_id]", lead.pipeline_id),
        stamps[5],
        *_tags(lead.tags),
        *_fields(account.fields.get("leads", {}), lead.fields),
        ("[created_at]", lead.created_at),
        ("[updated_at]", lead.updated_at),
    ]
    if "old_responsible_user_id" in old:
        pairs.append(("[old_responsible_user_id]", old["old_responsible_user_id"]))
    return tuple([(key, text(value)) for key, value in pairs])


def _stamps(account: Account, lead: Lead) -> list[tuple[str, Any]]:
    return [
        ("[responsible_user_id]", lead.responsible_user_id),
        ("[last_modified]", lead.updated_at),
        ("[modified_user_id]", lead.updated_by),
        ("[created_user_id]", lead.created_by),
        ("[date_create]", lead.created_at),
        ("[account_id]", account.id),
    ]


def gone_lead_item(lead: Lead) -> Pairs:
    """Return a lead of delete: id, stage and pipeline only."""
    return (
        ("[id]", str(lead.id)),
        ("[status_id]", str(lead.status_id)),
        ("[pipeline_id]", str(lead.pipeline_id)),
    )


def person_item(account: Account, person: Person, old_owner: int | None = None) -> Pairs:
    """Return a contact or company; an update carries the old owner even when unchanged."""
    pairs: list[tuple[str, Any]] = [
        ("[id]", person.id),
        ("[name]", person.name),
        ("[responsible_user_id]", person.responsible_user_id),
        ("[date_create]", person.created_at),
        ("[last_modified]", person.updated_at),
        ("[created_user_id]", person.created_by),
        ("[modified_user_id]", person.updated_by),
        ("[account_id]", account.id),
        *_tags(person.tags),
        *_fields(account.fields.get(PLURALS[person.kind], {}), person.fields),
        ("[created_at]", person.created_at),
        ("[updated_at]", person.updated_at),
        ("[type]", person.kind),
    ]
    if old_owner is not None:
        pairs.append(("[old_responsible_user_id]", old_owner))
    return tuple((key, text(value)) for key, value in pairs)


def gone_person_item(person: Person) -> Pairs:
    """Return a contact or company of delete."""
    return (("[id]", str(person.id)), ("[type]", person.kind))


def _tags(tags: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (f"[tags][{number}][{key}]", tag[key])
        for number, tag in enumerate(tags)
        for key in ("id", "name")
    ]


def _fields(
    known: Mapping[int, CustomField], values: Mapping[int, list[dict[str, Any]]]
) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for number, (field_id, filled) in enumerate(values.items()):
        stem = f"[custom_fields][{number}]"
        meta = known[field_id]
        pairs += [(f"{stem}[id]", field_id), (f"{stem}[name]", meta.name)]
        if meta.code:
            pairs.append((f"{stem}[code]", meta.code))
        for index, value in enumerate(filled):
            pairs += _field_value(f"{stem}[values][{index}]", meta, value)
    return pairs


def _field_value(stem: str, meta: CustomField, value: dict[str, Any]) -> list[tuple[str, Any]]:
    """A date is the bare [values][0]; everything else has [value] and perhaps [enum]."""
    if meta.type in ("date", "date_time", "birthday"):
        return [(stem, value.get("value"))]
    pairs = [(f"{stem}[value]", value.get("value"))]
    if "enum_id" in value:
        pairs.append((f"{stem}[enum]", value["enum_id"]))
    return pairs


def note_item(account: Account, note: Note, group_id: int) -> Pairs:
    """Return a note; it sits one level deeper, and its date strings are in the account's zone."""
    written = datetime.fromtimestamp(note.created_at, ZoneInfo(account.zone))
    shown = written.strftime("%Y-%m-%d %H:%M:%S")
    pairs: list[tuple[str, Any]] = [
        ("text", note_text(note)),
        ("note_type", NOTE_TYPES.get(note.note_type, 4)),
        ("element_type", ELEMENT_TYPES[note.entity_type]),
        ("element_id", note.entity_id),
        ("account_id", account.id),
        ("date_create", shown),
        ("timestamp_x", shown),
        ("created_by", note.created_by),
        ("modified_by", note.created_by),
        ("main_user_id", note.responsible_user_id),
        ("group_id", group_id),
        ("id", note.id),
        ("created_at", note.created_at),
        ("updated_at", note.updated_at),
    ]
    return tuple((f"[note][{key}]", text(value)) for key, value in pairs)


def note_text(note: Note) -> str:
    """Return what a note's hook says; calls carry their parameters as JSON there (a guess)."""
    if note.note_type in ("call_in", "call_out"):
        return json.dumps(note.params, ensure_ascii=False, separators=(",", ":"))
    return str(note.params.get("text", ""))


def task_item(account: Account, task: Task, **old: str | int) -> Pairs:
    """Return a task; its dates are strings without zone beside unix twins (UTC here)."""
    pairs: list[tuple[str, Any]] = [
        ("[id]", task.id),
        ("[element_id]", task.entity_id),
        ("[element_type]", ELEMENT_TYPES.get(task.entity_type or "", 0)),
        ("[task_type]", task.task_type_id),
        ("[date_create]", _utc(task.created_at)),
        ("[text]", task.text),
        ("[status]", task.is_completed),
        ("[account_id]", account.id),
        ("[created_user_id]", task.created_by),
        ("[last_modified]", _utc(task.updated_at)),
        ("[responsible_user_id]", task.responsible_user_id),
        ("[complete_till]", _utc(task.complete_till)),
        ("[action_close]", task.is_completed),
        *((f"[{key}]", value) for key, value in old.items() if key == "old_text"),
        ("[main_user]", task.responsible_user_id),
        ("[modified_by]", task.updated_by),
        *((f"[{key}]", value) for key, value in old.items() if key != "old_text"),
        ("[created_at]", task.created_at),
        ("[updated_at]", task.updated_at),
        ("[complete_before]", task.complete_till),
    ]
    return tuple((key, text(value)) for key, value in pairs)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def trigger_value(
    account: Account, trigger: Trigger, fired: Fired, type_code: str
) -> dict[str, Any]:
    """Return the body of a widget's digital-pipeline action as documented (KOMMO.md §5.1)."""
    return {
        "event": {
            "type": fired.type,
            "type_code": type_code,
            "data": {
                "id": fired.lead_id,
                "element_type": ELEMENT_TYPES["leads"],
                "status_id": trigger.status_id,
                "pipeline_id": trigger.pipeline_id,
                "direction_of_movement": fired.direction,
            },
            "time": int(fired.at),
        },
        "action": {"settings": {"widget": {"settings": dict(trigger.settings)}}},
        "subdomain": account.subdomain,
        "account_id": account.id,
    }


def form_pairs(value: Any, stem: str = "") -> Pairs:
    """Flatten a value into PHP's bracket keys, in order."""
    if isinstance(value, dict):
        listed = [(f"{stem}[{key}]" if stem else str(key), part) for key, part in value.items()]
    elif isinstance(value, list):
        listed = [(f"{stem}[{index}]", part) for index, part in enumerate(value)]
    else:
        return ((stem, text(value)),)
    return tuple(pair for key, part in listed for pair in form_pairs(part, key))


def nested_item(message: dict[str, Any]) -> Pairs:
    """Return an item given as a nested value: a chat message, an incoming lead."""
    return tuple((_bracketed(key), value) for key, value in form_pairs(message))


def _bracketed(key: str) -> str:
    """Put the first name of a key into brackets: author[id] -> [author][id]."""
    first, bracket, rest = key.partition("[")
    return f"[{first}]{bracket}{rest}"
