"""What happens to contacts and companies: rows, events, webhooks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import gone_person_item, person_item
from sandbox.hooks import Hook
from sandbox.leads import Actor, group_of
from sandbox.model import Person

SINGULAR = {"contacts": "contact", "companies": "company"}


@dataclass(slots=True)
class PersonDraft:
    """A contact or company to be; all ids are checked already."""

    name: str
    responsible_user_id: int
    fields: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class PersonChange:
    """New values of one contact or company: only what is given changes."""

    person: Person
    values: dict[str, Any]
    fields: dict[int, list[dict[str, Any]] | None] = field(default_factory=dict)


def add_people(
    crm: Crm, account: Account, plural: str, drafts: Iterable[PersonDraft], actor: Actor
) -> list[Person]:
    """Create contacts or companies (`plural` names which); return them."""
    kind, now = SINGULAR[plural], int(crm.now())
    made = []
    for draft in drafts:
        number = crm.next_id("person", 30_000_001)
        owner, by = draft.responsible_user_id, actor.user_id
        person = Person(
            number, kind, draft.name, owner, by, by, now, now,
            group_id=group_of(account, owner), fields=draft.fields, tags=draft.tags,
        )  # fmt: skip
        account.people[plural][number] = person
        crm.log_event(account, f"{kind}_added", (kind, number), by, [], [])
        made.append(person)
    items = [person_item(account, person) for person in made]
    crm.announce(account, Hook((f"add_{kind}",), "contacts[add]", items))
    return made


def change_people(
    crm: Crm, account: Account, changes: Iterable[PersonChange], actor: Actor
) -> list[Person]:
    """Apply changes; an owner's change arrives as an update with the old owner (KOMMO.md §4)."""
    heard: dict[str, list[Any]] = {"contact": [], "company": []}
    moved: set[str] = set()
    changed = []
    for change in changes:
        person, old = change.person, change.person.responsible_user_id
        _apply(crm, account, change, actor)
        heard[person.kind].append(person_item(account, person, old))
        changed.append(person)
        if old != person.responsible_user_id:
            moved.add(person.kind)
    for kind, items in heard.items():
        codes = (f"update_{kind}", f"responsible_{kind}") if kind in moved else (f"update_{kind}",)
        crm.announce(account, Hook(codes, "contacts[update]", items))
    return changed


def _apply(crm: Crm, account: Account, change: PersonChange, actor: Actor) -> None:
    person, old = change.person, change.person.responsible_user_id
    for name, value in change.values.items():
        setattr(person, name, value)
    for field_id, filled in change.fields.items():
        person.fields.pop(field_id, None)
        if filled:
            person.fields[field_id] = filled
    person.updated_at = change.values.get("updated_at", int(crm.now()))
    person.updated_by = change.values.get("updated_by", actor.user_id)
    new = person.responsible_user_id
    if old != new:
        person.group_id = group_of(account, new)
        before, after = [{"responsible_user": {"id": old}}], [{"responsible_user": {"id": new}}]
        entity = (person.kind, person.id)
        crm.log_event(
            account, "entity_responsible_changed", entity, person.updated_by, before, after
        )


def delete_people(crm: Crm, account: Account, people: Iterable[Person], actor: Actor) -> None:
    """Delete contacts or companies."""
    for person in people:
        person.is_deleted = True
        kind = person.kind
        crm.log_event(account, f"{kind}_deleted", (kind, person.id), actor.user_id, [], [])
        items = [gone_person_item(person)]
        crm.announce(account, Hook((f"delete_{kind}",), "contacts[delete]", items))
