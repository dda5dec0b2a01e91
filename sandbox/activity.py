"""What happens to tasks, notes and messages: rows, events, webhooks."""

from collections.abc import Iterable
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import nested_item, note_item, task_item
from sandbox.hooks import Hook
from sandbox.leads import Actor
from sandbox.model import Lead, Note, Task, User

SINGULAR = {"leads": "lead", "contacts": "contact", "companies": "company", "customers": "customer"}
EVENTS = {"common": "common_note_added", "call_in": "incoming_call", "call_out": "outgoing_call",
          "sms_in": "incoming_sms", "sms_out": "outgoing_sms"}  # fmt: skip


def add_notes(
    crm: Crm, account: Account, plural: str, drafts: Iterable[dict[str, Any]], actor: Actor
) -> list[Note]:
    """Write notes; a draft has entity_id, note_type, params and perhaps created_by."""
    now = int(crm.now())
    made = []
    for draft in drafts:
        number = crm.next_id("note", 213_000_001)
        by = draft.get("created_by", actor.user_id)
        note = Note(
            number, plural, draft["entity_id"], draft["note_type"], draft["params"], by, now, now,
            draft.get("responsible_user_id", actor.user_id),
        )  # fmt: skip
        account.notes[number] = note
        account.notes_of.setdefault((plural, note.entity_id), []).append(note)
        _tell_note(crm, account, note)
        made.append(note)
    return made


def _tell_note(crm: Crm, account: Account, note: Note) -> None:
    singular = SINGULAR[note.entity_type]
    after = [{"note": {"id": note.id}}]
    kind = EVENTS.get(note.note_type, f"{note.note_type}_added")
    crm.log_event(account, kind, (singular, note.entity_id), note.created_by, [], after)
    writer = account.users.get(note.created_by)
    item = note_item(account, note, writer.group_id if writer else 0)
    prefix = "leads" if singular == "lead" else "contacts"
    crm.announce(account, Hook((f"note_{singular}",), f"{prefix}[note]", [item]))


def add_tasks(
    crm: Crm, account: Account, drafts: Iterable[dict[str, Any]], actor: Actor
) -> list[Task]:
    """Create tasks; a draft has the checked attributes of Task."""
    now = int(crm.now())
    made = []
    for draft in drafts:
        by = draft.pop("created_by", actor.user_id)
        values = {"responsible_user_id": actor.user_id, **draft}
        number = crm.next_id("task", 1_564_001)
        task = Task(
            number, values.pop("text"), values.pop("complete_till"),
            values.pop("responsible_user_id"), by, by, now, now, **values,
        )  # fmt: skip
        account.tasks[number] = task
        if task.entity_type and task.entity_id:
            account.task_ids.setdefault((task.entity_type, task.entity_id), []).append(number)
        crm.log_event(account, "task_added", ("task", number), by, [], [])
        made.append(task)
    items = [task_item(account, task) for task in made]
    crm.announce(account, Hook(("add_task",), "task[add]", items))
    return made


def change_tasks(
    crm: Crm, account: Account, changes: Iterable[tuple[Task, dict[str, Any]]], actor: Actor
) -> list[Task]:
    """Apply changes to tasks; a new owner is heard by responsible_task and update_task."""
    changed = []
    for task, values in changes:
        owner, words, was_done = task.responsible_user_id, task.text, task.is_completed
        for name, value in values.items():
            setattr(task, name, value)
        task.updated_at = values.get("updated_at", int(crm.now()))
        task.updated_by = values.get("updated_by", actor.user_id)
        if task.is_completed and not was_done:
            crm.log_event(account, "task_completed", ("task", task.id), task.updated_by, [], [])
        item = task_item(account, task, old_text=words, old_responsible_user_id=owner)
        is_moved = owner != task.responsible_user_id
        codes = ("update_task", "responsible_task") if is_moved else ("update_task",)
        crm.announce(account, Hook(codes, "task[update]", [item]))
        changed.append(task)
    return changed


def delete_tasks(crm: Crm, account: Account, tasks: Iterable[Task], actor: Actor) -> None:
    """Delete tasks; the hook carries the whole task (its documented shape is not known)."""
    items = []
    for task in tasks:
        account.tasks.pop(task.id, None)
        if task.entity_type and task.entity_id:
            account.task_ids[task.entity_type, task.entity_id].remove(task.id)
        task.updated_at, task.updated_by = int(crm.now()), actor.user_id
        crm.log_event(account, "task_deleted", ("task", task.id), actor.user_id, [], [])
        items.append(task_item(account, task))
    crm.announce(account, Hook(("delete_task",), "task[delete]", items))


def send_message(
    crm: Crm, account: Account, lead: Lead, words: str, direction: str, user: User | None
) -> str:
    """Let a chat message pass, outgoing by `user` or incoming; return its id."""
    now, contact = int(crm.now()), next(iter(lead.contact_ids), None)
    outgoing = direction == "outgoing"
    name = crm.grants.uuid()
    author = (
        {"id": crm.grants.uuid(), "type": "internal", "name": user.name}
        if user is not None and outgoing
        else {"id": crm.grants.uuid(), "type": "external", "name": "Client"}
    )
    value: dict[str, Any] = {
        "id": name,
        "chat_id": crm.grants.uuid(),
        "talk_id": lead.id % 100_000,
        "contact_id": contact,
        "text": words,
        "created_at": now,
        "element_type": 2,
        "entity_type": "lead",
        "element_id": lead.id,
        "entity_id": lead.id,
        "type": direction,
        "author": author,
        "origin": "telegram",
    }
    by = user.id if user is not None and outgoing else 0
    after = [{"message": {"id": name, "origin": "telegram"}}]
    crm.log_event(account, f"{direction}_chat_message", ("lead", lead.id), by, [], after)
    crm.announce(account, Hook(("add_message",), "message[add]", [nested_item(value)]))
    return name
