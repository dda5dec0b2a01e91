"""Tasks, notes, events (KOMMO.md §3.6, §3.7, §3.9)."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.account import Account
from sandbox.activity import add_notes, add_tasks, change_tasks
from sandbox.api.context import (
    Context,
    Faults,
    batch_of,
    chosen,
    in_order,
    paged,
    request_id_of,
    single_of,
    span,
    thin,
    within,
)
from sandbox.api.values import NOT_SUPPORTED, known_user, whole_number, words
from sandbox.model import Event, Note, Task
from sandbox.wire import Answer, Problem, as_json, bad_request, no_content, not_found

NOTE_KINDS = {
    "common": ("text",),
    "call_in": ("uniq",),
    "call_out": ("uniq",),
    "service_message": ("text", "service"),
    "extended_service_message": ("text", "service"),
    "message_cashier": ("text",),
    "geolocation": ("text",),
    "sms_in": ("text", "phone"),
    "sms_out": ("text", "phone"),
    "attachment": (),
}
TASK_ENTITIES = ("leads", "contacts", "companies", "customers")
SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company", "customers": "customer",
            "tasks": "task"}  # fmt: skip
ENTITY_IDS_AT_ONCE = 10
EVENT_TYPES = (
    "lead_added", "lead_deleted", "lead_restored", "lead_status_changed",
    "entity_responsible_changed", "contact_added", "contact_deleted", "company_added",
    "company_deleted", "task_added", "task_completed", "task_deadline_changed",
    "common_note_added", "service_message_added", "extended_service_message_added",
    "incoming_call", "outgoing_call", "incoming_sms", "outgoing_sms", "incoming_chat_message",
    "outgoing_chat_message", "customer_added", "task_deleted",
)  # fmt: skip


def has_entity(account: Account, plural: str, number: object) -> bool:
    """Say whether a live lead, contact or company has this id."""
    if not isinstance(number, int):
        return False
    row = account.leads.get(number) if plural == "leads" else account.people[plural].get(number)
    return row is not None and not row.is_deleted


def tasks(context: Context) -> Answer:
    """Answer GET /tasks."""
    sets = [
        (name, chosen(context, key))
        for name, key in (
            *((key, key) for key in ("responsible_user_id", "task_type_id", "entity_id", "id")),
            ("task_type_id", "task_type"),
        )
    ]
    wanted = [(name, allowed) for name, allowed in sets if allowed is not None]
    types = set(context.query.words("filter[entity_type]"))
    done = context.query.one("filter[is_completed]")
    rows = within(
        _task_candidates(context), lambda row: row.updated_at, span(context, "updated_at")
    )
    found = [
        task
        for task in rows
        if all(getattr(task, name) in allowed for name, allowed in wanted)
        and (not types or task.entity_type in types)
        and (done == "" or task.is_completed is (done == "1"))
    ]
    name, is_descending = in_order(context, "id", ("complete_till", "created_at", "id"))
    found.sort(key=lambda task: (getattr(task, name), task.id), reverse=is_descending)
    return paged(context, "tasks", found, lambda task: _task(context, task))


def _task_candidates(context: Context) -> Iterable[Task]:
    """Return the tasks of the entities asked for, else all."""
    account, ids = context.account, chosen(context, "entity_id")
    numbers = chosen(context, "id")
    if numbers is not None:
        return [account.tasks[number] for number in sorted(numbers) if number in account.tasks]
    if ids is None:
        return account.tasks.values()
    types = context.query.words("filter[entity_type]") or TASK_ENTITIES
    numbers = {n for t in types for i in ids for n in account.task_ids.get((t, i), ())}
    return [account.tasks[number] for number in sorted(numbers)]


def one_task(context: Context, number: int) -> Answer:
    """Answer GET /tasks/{id}."""
    task = context.account.tasks.get(number)
    return as_json(200, _task(context, task)) if task else no_content()


def _task(context: Context, task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "created_by": task.created_by,
        "updated_by": task.updated_by,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "responsible_user_id": task.responsible_user_id,
        "group_id": 0,
        "entity_id": task.entity_id,
        "entity_type": task.entity_type,
        "duration": task.duration,
        "is_completed": task.is_completed,
        "task_type_id": task.task_type_id,
        "text": task.text,
        "result": {"text": task.result} if task.result else [],
        "complete_till": task.complete_till,
        "account_id": context.account.id,
        "_links": context.link(f"/api/v4/tasks/{task.id}"),
    }


def create_tasks(context: Context) -> Answer:
    """Answer POST /tasks."""
    items, faults = batch_of(context), Faults()
    ids = [request_id_of(item, index) for index, item in enumerate(items)]
    drafts = [
        _task_values(context, item, faults, key) for key, item in zip(ids, items, strict=True)
    ]
    for key, draft in zip(ids, drafts, strict=True):
        for name in ("text", "complete_till"):
            if name not in draft:
                faults.add(key, "FieldMissing", name, "This field is missing.")
    faults.settle()
    made = add_tasks(context.crm, context.account, drafts, context.actor)
    pairs = zip(ids, made, strict=True)
    return thin(context, "tasks", ((key, task.id, None) for key, task in pairs))


def _task_values(
    context: Context, item: dict[str, Any], faults: Faults, key: str
) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: known_user(context.account, item, name, faults, key)
        for name in ("responsible_user_id", "created_by", "updated_by")
    }
    for name in ("complete_till", "task_type_id", "duration", "entity_id", "updated_at"):
        values[name] = whole_number(item, name, faults, key)
    values |= {name: words(item, name, faults, key) for name in ("text", "entity_type")}
    values["is_completed"] = item.get("is_completed")
    result = item.get("result")
    values["result"] = result.get("text") if isinstance(result, dict) else None
    plural, number = values["entity_type"], values["entity_id"]
    is_known = plural in TASK_ENTITIES
    if plural and not (is_known and has_entity(context.account, plural, number)):
        faults.add(key, NOT_SUPPORTED, "entity_id", "Entity not found")
    return {name: value for name, value in values.items() if value is not None}


def patch_tasks(context: Context) -> Answer:
    """Answer PATCH /tasks."""
    items, faults = batch_of(context), Faults()
    ids = [request_id_of(item, index) for index, item in enumerate(items)]
    changes = []
    for key, item in zip(ids, items, strict=True):
        task = context.account.tasks.get(item.get("id", 0))
        if task is None:
            faults.add(key, NOT_SUPPORTED, "id", "Entity not found")
        else:
            changes.append((task, _task_values(context, item, faults, key)))
    faults.settle()
    changed = change_tasks(context.crm, context.account, changes, context.actor)
    pairs = zip(ids, changed, strict=True)
    return thin(context, "tasks", ((key, task.id, task.updated_at) for key, task in pairs))


def patch_task(context: Context, number: int) -> Answer:
    """Answer PATCH /tasks/{id}."""
    task, faults = context.account.tasks.get(number), Faults()
    if task is None:
        raise Problem(not_found())
    values = _task_values(context, single_of(context), faults, "0")
    faults.settle()
    change_tasks(context.crm, context.account, [(task, values)], context.actor)
    links = context.link(f"/api/v4/tasks/{number}")
    return as_json(200, {"id": number, "updated_at": task.updated_at, "_links": links})


def notes(plural: str) -> Callable[..., Answer]:
    """Return the handler of GET /{entity}/notes and /{entity}/{id}/notes."""

    def handler(context: Context, entity_id: int | None = None) -> Answer:
        found = list(_notes_found(context, plural, entity_id))
        name, is_descending = in_order(context, "id", ("updated_at", "id"))
        found.sort(key=lambda note: (getattr(note, name), note.id), reverse=is_descending)
        return paged(context, "notes", found, lambda note: _note(context, note))

    return handler


def _notes_found(context: Context, plural: str, entity_id: int | None) -> Iterable[Note]:
    account, asked = context.account, chosen(context, "entity_id")
    entities = {entity_id} if entity_id is not None else asked
    if entities is None:
        rows = [note for note in account.notes.values() if note.entity_type == plural]
    else:
        rows = [note for n in entities for note in account.notes_of.get((plural, n), ())]
    ids, kinds = chosen(context, "id"), set(context.query.words("filter[note_type]"))
    for note in within(rows, lambda row: row.updated_at, span(context, "updated_at")):
        if (ids is None or note.id in ids) and (not kinds or note.note_type in kinds):
            yield note


def one_note(plural: str) -> Callable[..., Answer]:
    """Return the handler of GET /{entity}/notes/{id} and /{entity}/{id}/notes/{id}."""

    def handler(context: Context, *numbers: int) -> Answer:
        note = context.account.notes.get(numbers[-1])
        is_here = note is not None and note.entity_type == plural
        return as_json(200, _note(context, note)) if note and is_here else no_content()

    return handler


def _note(context: Context, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "created_by": note.created_by,
        "updated_by": note.created_by,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "responsible_user_id": note.responsible_user_id,
        "group_id": 0,
        "note_type": note.note_type,
        "params": note.params,
        "account_id": context.account.id,
        "is_pinned": note.is_pinned,
        "_links": context.link(f"/api/v4/{note.entity_type}/{note.entity_id}/notes/{note.id}"),
    }


def create_notes(plural: str) -> Callable[..., Answer]:
    """Return the handler of POST /{entity}/notes and /{entity}/{id}/notes."""

    def handler(context: Context, entity_id: int | None = None) -> Answer:
        items, faults = batch_of(context), Faults()
        ids = [request_id_of(item, index) for index, item in enumerate(items)]
        drafts = []
        for key, item in zip(ids, items, strict=True):
            named = item if entity_id is None else {**item, "entity_id": entity_id}
            drafts.append(_note_draft(context, plural, named, faults, key))
        faults.settle()
        made = add_notes(context.crm, context.account, plural, drafts, context.actor)
        listed = [
            {"id": note.id, "entity_id": note.entity_id, "request_id": key,
             "_links": context.link(f"/api/v4/{plural}/{note.entity_id}/notes/{note.id}")}
            for key, note in zip(ids, made, strict=True)
        ]  # fmt: skip
        links = context.link(f"/api/v4/{plural}/notes")
        return as_json(200, {"_links": links, "_embedded": {"notes": listed}})

    return handler


def _note_draft(
    context: Context, plural: str, item: dict[str, Any], faults: Faults, key: str
) -> dict[str, Any]:
    kind, params = item.get("note_type"), item.get("params")
    if not has_entity(context.account, plural, item.get("entity_id")):
        faults.add(key, NOT_SUPPORTED, "entity_id", "Entity not found")
    if kind not in NOTE_KINDS:
        faults.add(key, NOT_SUPPORTED, "note_type", "The value is not a valid choice.")
    given = params if isinstance(params, dict) else {}
    for name in NOTE_KINDS.get(str(kind), ()):
        if not given.get(name):
            faults.add(key, "FieldMissing", f"params.{name}", "This field is missing.")
    draft = {"entity_id": item.get("entity_id"), "note_type": kind, "params": given}
    created_by = known_user(context.account, item, "created_by", faults, key)
    return draft if created_by is None else {**draft, "created_by": created_by}


def events(context: Context) -> Answer:
    """Answer GET /events, newest first (Kommo documents no order)."""
    ids = context.query.numbers("filter[entity_id]")
    if len(ids) > ENTITY_IDS_AT_ONCE or len(context.query.words("filter[created_by]")) > 10:
        raise Problem(bad_request("filter[entity_id] and filter[created_by] take at most 10 ids"))
    rows = [event for event in _events_found(context, ids) if _has_value(context, event)]
    rows.sort(key=lambda event: event.id, reverse=True)
    return paged(context, "events", rows, lambda event: _event(context, event))


def _events_found(context: Context, ids: list[int]) -> Iterable[Event]:
    account, bounds = context.account, span(context, "created_at")
    entities = [SINGULAR.get(w, w) for w in context.query.words("filter[entity]")]
    kinds, authors = set(context.query.words("filter[type]")), chosen(context, "created_by")
    names = set(context.query.words("filter[id]"))
    if ids:
        types = entities or list(SINGULAR.values())
        rows = [event for t in types for n in ids for event in account.events_of.get((t, n), ())]
    else:
        rows = account.events_between(*bounds) if bounds else account.events
    for event in within(rows, lambda row: row.created_at, bounds):
        is_asked = not entities or event.entity_type in entities
        is_kind = (not kinds or event.type in kinds) and (not names or event.id in names)
        if is_asked and is_kind and (authors is None or event.created_by in authors):
            yield event


def _has_value(context: Context, event: Event) -> bool:
    for side, values in (("before", event.before), ("after", event.after)):
        owner = context.query.number(f"filter[value_{side}][responsible_user_id]", 0)
        if owner and {"responsible_user": {"id": owner}} not in values:
            return False
        stage = context.query.number(f"filter[value_{side}][leads_statuses][0][status_id]", 0)
        if stage and not any(v.get("lead_status", {}).get("id") == stage for v in values):
            return False
    return True


def _event(context: Context, event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "entity_id": event.entity_id,
        "entity_type": event.entity_type,
        "created_by": event.created_by,
        "created_at": event.created_at,
        "value_after": event.after,
        "value_before": event.before,
        "account_id": context.account.id,
        "_links": context.link(f"/api/v4/events/{event.id}"),
        "_embedded": {"entity": {"id": event.entity_id}},
    }


def event_types(context: Context) -> Answer:
    """Answer GET /events/types."""
    listed = [
        {"key": key, "type": 0, "lang": key.replace("_", " ").capitalize()} for key in EVENT_TYPES
    ]
    return as_json(200, {"_total_items": len(listed), "_embedded": {"events_types": listed}})
