"""What happens to contacts, companies and customers: rows, links, events, webhooks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import gone_person_item, person_item
from sandbox.hooks import Hook
from sandbox.leads import Actor, group_of
from sandbox.model import Lead, Person

SINGULAR = {"contacts": "contact", "companies": "company", "customers": "customer"}
PREFIXES = {"contact": "contacts", "company": "contacts", "customer": "customers"}


@dataclass(slots=True)
class PersonDraft:
    """A contact, company or customer to be; all ids are checked already."""

    name: str
    responsible_user_id: int
    fields: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    company_id: int | None = None  # of a contact or customer
    contact_ids: list[int] = field(default_factory=list)  # of a customer


@dataclass(slots=True)
class PersonChange:
    """New values of one contact, company or customer: only what is given changes."""

    person: Person
    values: dict[str, Any]
    fields: dict[int, list[dict[str, Any]] | None] = field(default_factory=dict)


def add_people(
    crm: Crm, account: Account, plural: str, drafts: Iterable[PersonDraft], actor: Actor
) -> list[Person]:
    """Create contacts, companies or customers (`plural` names which); return them."""
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
        link_people(account, person, draft)
        crm.log_event(account, f"{kind}_added", (kind, number), by, [], [])
        made.append(person)
    items = [person_item(account, person) for person in made]
    crm.announce(account, Hook((f"add_{kind}",), f"{PREFIXES[kind]}[add]", items))
    return made


def link_people(account: Account, person: Person, draft: PersonDraft) -> None:
    """Link a new row to the company and contacts of its draft."""
    if draft.company_id is not None:
        join(person, account.people["companies"][draft.company_id])
    for contact_id in draft.contact_ids:
        join(person, account.people["contacts"][contact_id])


def join(one: Person, other: Person) -> None:
    """Link two rows of different kinds, both ways; a contact or customer has one company."""
    for row, far in ((one, other), (other, one)):
        if far.kind == "company":
            row.company_id = far.id
            continue
        held = row.contact_ids if far.kind == "contact" else row.customer_ids
        if far.id not in held:
            held.append(far.id)


def join_lead(lead: Lead, person: Person, *, is_main: bool = False) -> None:
    """Link a lead to a contact or company, both ways; the first contact is the main one."""
    if lead.id not in person.lead_ids:
        person.lead_ids.append(lead.id)
    if person.kind == "company":
        lead.company_id = person.id
        return
    kept = [number for number in lead.contact_ids if number != person.id]
    lead.contact_ids = [person.id, *kept] if is_main else [*kept, person.id]


def change_people(
    crm: Crm, account: Account, changes: Iterable[PersonChange], actor: Actor
) -> list[Person]:
    """Apply changes; an owner's change arrives as an update with the old owner (KOMMO.md §4)."""
    heard: dict[str, list[Any]] = {kind: [] for kind in PREFIXES}
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
        crm.announce(account, Hook(codes, f"{PREFIXES[kind]}[update]", items))
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
    """Delete contacts, companies or customers."""
    for person in people:
        person.is_deleted = True
        kind = person.kind
        crm.log_event(account, f"{kind}_deleted", (kind, person.id), actor.user_id, [], [])
        items = [gone_person_item(person)]
        crm.announce(account, Hook((f"delete_{kind}",), f"{PREFIXES[kind]}[delete]", items))
