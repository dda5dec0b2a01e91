"""Reads the body of an account's webhook: what may have changed, and who visibly acted, on which lead.

A webhook is a hint, so only keys that name a lead, a stage or a user are kept; nothing is built
that could grow with the depth of a key. Any bytes are read without an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_plus

Action = Literal["add", "update", "status", "responsible", "delete", "restore", "note", "trigger"]
TouchKind = Literal["message", "call", "note", "task", "stage"]
LARGEST_BODY = 1024 * 1024
DEEPEST_KEY = 12
MOST_KEYS = 20_000  # keys that we keep: 1,000 leads have 12 each
_LEAD = "2"  # element_type of leads
# Note types of a manager's work by what it is. An SMS that came in (102) is the client's own, a
# result (13) comes beside the task that it closes.
_WORK: dict[str, TouchKind] = {
    "4": "note",
    "10": "call",
    "11": "call",
    "103": "message",
}
# Calls say in their text what they were, as JSON: nobody took one that came in and lasted 0 s.
_CALL_IN = "10"
_MISSED = re.compile(r'"duration"\s*:\s*"?0+"?\s*[,}]', re.IGNORECASE)
_LONGEST_TEXT = 2_000
_BOTS = frozenset({"bot", "robot", "salesbot"})  # types of a message's author
_SERVICE_NOTES = frozenset({"25", "26"})  # written by integrations, ours among them
_ACTIONS: dict[str, Action] = {
    "add": "add",
    "update": "update",
    "status": "status",
    "responsible": "responsible",
    "delete": "delete",
    "restore": "restore",
    "note": "note",
}
_ENTITIES = frozenset({"leads", "contacts", "companies", "task", "tasks", "unsorted", "message"})
_TASKS = frozenset({"task", "tasks"})
_KEPT = frozenset(
    f"{name}]"
    for name in (
        "id",
        "status_id",
        "old_status_id",
        "pipeline_id",
        "responsible_user_id",
        "old_responsible_user_id",
        "modified_user_id",
        "created_user_id",
        "modified_by",
        "created_by",
        "last_modified",
        "updated_at",
        "lead_id",
        "element_id",
        "element_type",
        "note_type",
    )
)
# Kept of these entities alone, so that a bulk edit of leads costs no more.
_KEPT_OF = {
    "leads": frozenset({"text]"}),  # of notes alone; leads have none
    "task": frozenset({"status]", "action_close]"}),
    "tasks": frozenset({"status]", "action_close]"}),
    "message": frozenset({"type]", "entity_id]", "entity_type]", "created_at]"}),
}
_EVENT = frozenset({"id]", "element_type]", "pipeline_id]", "status_id]"})
_Fields = dict[str, str]
_Items = dict[tuple[str, str, str], _Fields]  # (entity, action, index) -> kept fields


@dataclass(frozen=True, slots=True)
class LeadHint:
    """A lead that may have changed. What the body did not say is None."""

    lead_id: int
    action: Action
    pipeline_id: int | None = None
    status_id: int | None = None
    old_status_id: int | None = None
    owner_id: int | None = None
    old_owner_id: int | None = None
    updated_at: int | None = None  # unix seconds
    modified_by: int | None = None  # user id, 0 = robot
    created_by: int | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """Somebody's work on a lead, never a robot's. `user_id` None: a person that has no id here."""

    lead_id: int
    user_id: int | None
    at: int | None  # unix seconds
    kind: TouchKind


@dataclass(slots=True)
class HookContent:
    """What a body says."""

    account_id: int | None = None
    subdomain: str | None = None
    lead_changes: list[LeadHint] = field(default_factory=list)
    activity: list[tuple[int, int | None]] = field(default_factory=list)  # (user id, unix seconds)
    problems: list[str] = field(default_factory=list)
    task_ids: set[int] = field(default_factory=set)  # added, changed, reassigned or deleted
    touches: list[Touch] = field(default_factory=list)  # in the order of the body


def parse_hook(body: bytes) -> HookContent:
    """Return what the form-encoded `body` says; problems are listed, never raised.

    Source: Kommo's page on webhooks, and deliveries that were seen.
    """
    content = HookContent()
    if len(body) > LARGEST_BODY:
        content.problems.append("the body is larger than 1 MiB; its end was not read")
    items = _read_items(body[:LARGEST_BODY], content)
    seen: dict[int, int | None] = {}
    for (entity, action, _), fields in items.items():
        if entity in _TASKS and (task_id := _number(fields.get("id"))):
            content.task_ids.add(task_id)
        content.touches.extend(_touches(entity, action, fields))
        if entity == "message":
            continue
        content.lead_changes.extend(_hints(entity, action, fields))
        _note_activity(seen, action, fields)
    content.activity = list(seen.items())
    return content


def _read_items(body: bytes, content: HookContent) -> _Items:
    items: _Items = {}
    kept = 0
    for parts, value in _pairs(body):
        if parts[0] == "account":
            _read_account(parts, value, content)
            continue
        if parts[:2] == ["event", "data]"] and parts[2:] and parts[2] in _EVENT:
            items.setdefault(("event", "trigger", ""), {})[parts[2][:-1]] = value
            continue
        place = _place(parts)
        if place is None:
            if len(parts) > DEEPEST_KEY + 1 and "deep" not in content.problems:
                content.problems.append("deep")
            continue
        kept += 1
        if kept > MOST_KEYS:
            content.problems.append("too many keys; the rest was not read")
            break
        items.setdefault(place, {})[_name(parts)] = value
    return items


def _pairs(body: bytes) -> Iterator[tuple[list[str], str]]:
    """Yield (key split at its opening brackets, value still encoded)."""
    text = body.decode("latin-1")
    for code, bracket in (("%5B", "["), ("%5D", "]"), ("%5b", "["), ("%5d", "]")):
        text = text.replace(code, bracket)
    for pair in text.split("&"):
        key, _, value = pair.partition("=")
        if "%" in key:
            key = unquote_plus(key)
        yield key.split("[", DEEPEST_KEY + 2), value


def _place(parts: list[str]) -> tuple[str, str, str] | None:
    """Return (entity, action, index) when the key is one that we keep, else None."""
    size = len(parts)
    if size < 4 or parts[0] not in _ENTITIES:
        return None
    if size == 5 and parts[0] == "message" and parts[3:] == ["author]", "type]"]:
        return "message", parts[1][:-1], parts[2][:16]
    if parts[-1] not in _KEPT and parts[-1] not in _KEPT_OF.get(parts[0], ()):
        return None
    is_note = size == 5 and parts[1] == "note]" and parts[3] == "note]"
    is_accepted = size == 7 and parts[0] == "unsorted" and parts[4] == "leads]"
    if size == 4 or is_note:
        return parts[0], parts[1][:-1], parts[2][:16]
    return ("accepted", parts[1][:-1], parts[2][:16] + parts[5][:16]) if is_accepted else None


def _name(parts: list[str]) -> str:
    """Return what a kept field is called; the type of a message's author is no message's type."""
    return "author_type" if parts[3] == "author]" else parts[-1][:-1]


def _read_account(parts: list[str], value: str, content: HookContent) -> None:
    if parts[1:] == ["id]"]:
        content.account_id = _number(value)
    elif parts[1:] == ["subdomain]"]:
        content.subdomain = unquote_plus(value)[:63] or None


def _hints(entity: str, action: str, fields: _Fields) -> Iterator[LeadHint]:
    if entity == "unsorted":
        yield from _hint(_number(fields.get("lead_id")), "add", fields)
    elif entity == "accepted":
        yield from _hint(_number(fields.get("id")), "update", fields)
    elif entity == "event":  # an action of the widget in the digital pipeline
        if fields.get("element_type", _LEAD) == _LEAD:
            yield from _hint(_number(fields.get("id")), "trigger", fields)
    elif entity == "leads" and action == "note":
        if fields.get("element_type", _LEAD) == _LEAD:
            yield from _hint(_number(fields.get("element_id")), "note", {})
    elif entity == "leads" and action in _ACTIONS:
        yield from _hint(_number(fields.get("id")), _ACTIONS[action], fields)


def _hint(lead_id: int | None, action: Action, fields: _Fields) -> Iterator[LeadHint]:
    if not lead_id:
        return
    get = fields.get
    updated_at = _number(get("updated_at"))
    yield LeadHint(
        lead_id=lead_id,
        action=action,
        pipeline_id=_number(get("pipeline_id")),
        status_id=_number(get("status_id")),
        old_status_id=_number(get("old_status_id")),
        owner_id=_number(get("responsible_user_id")),
        old_owner_id=_number(get("old_responsible_user_id")),
        updated_at=_number(get("last_modified")) if updated_at is None else updated_at,
        modified_by=_number(get("modified_user_id")),
        created_by=_number(get("created_user_id")),
    )


def _touches(entity: str, action: str, fields: _Fields) -> Iterator[Touch]:
    """Yield the work on a lead that an item announces."""
    get = fields.get
    if entity == "message":
        yield from _message(action, fields)
    elif entity == "leads" and action == "note" and get("element_type", _LEAD) == _LEAD:
        if (kind := _WORK.get(get("note_type", ""))) and not _is_missed_call(fields):
            actor = get("created_by", get("modified_by"))
            yield from _touch(get("element_id"), actor, get("updated_at"), kind)
    elif entity == "leads" and action == "status":
        at = get("last_modified") or get("updated_at")
        yield from _touch(get("id"), get("modified_user_id"), at, "stage")
    elif entity in _TASKS and _is_completed_on_lead(action, fields):
        yield from _touch(get("element_id"), get("modified_by"), get("updated_at"), "task")


def _is_missed_call(fields: _Fields) -> bool:
    text = unquote_plus(fields.get("text", "")[:_LONGEST_TEXT])
    return fields.get("note_type") == _CALL_IN and _MISSED.search(text) is not None


def _is_completed_on_lead(action: str, fields: _Fields) -> bool:
    is_done = "1" in (fields.get("status"), fields.get("action_close"))
    return is_done and action in {"add", "update"} and fields.get("element_type") == _LEAD


def _touch(
    lead_id: str | None, actor: str | None, at: str | None, kind: TouchKind
) -> Iterator[Touch]:
    number, user_id = _number(lead_id), _number(actor)
    if number and user_id:
        yield Touch(number, user_id, _number(at), kind)


def _message(action: str, fields: _Fields) -> Iterator[Touch]:
    """Yield what a person wrote to a lead's client: a chat's author has no user id of the account."""
    get = fields.get
    if action != "add" or get("type") != "outgoing" or get("author_type") in _BOTS:
        return
    is_of_lead = get("entity_type") in {"lead", "leads"} or get("element_type") == _LEAD
    lead_id = _number(get("entity_id")) or _number(get("element_id"))
    actor = _number(get("created_by"))
    if is_of_lead and lead_id and actor != 0:
        yield Touch(lead_id, actor, _number(get("created_at")), "message")


def _note_activity(seen: dict[int, int | None], action: str, fields: _Fields) -> None:
    """Keep for who acted the latest moment that a body tells; robots (0) do not act."""
    if fields.get("note_type") in _SERVICE_NOTES:
        return
    names: tuple[str, ...] = ("modified_user_id", "modified_by")
    if action in {"add", "note"}:
        names = (*names, "created_user_id", "created_by")
    actor = next((found for name in names if (found := _number(fields.get(name)))), 0)
    if not actor:
        return
    at = _number(fields.get("updated_at")) or _number(fields.get("last_modified"))
    known = seen.get(actor)
    seen[actor] = max(known, at) if known and at else at or known


def _number(value: str | None) -> int | None:
    """Return a decimal number of up to 18 digits, else None ("2024-09-17 13:28:01", "", junk)."""
    if value is None or len(value) > 18 or not value.isascii() or not value.isdigit():
        return None
    return int(value)
