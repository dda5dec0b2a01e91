"""What hangs on leads, as values: contacts, companies, customers, tasks. Never raises."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.kommo.values import Json, contact_ids_of, embedded, ids_of, text, whole


@dataclass(frozen=True, slots=True)
class Linked:
    """A contact, a company or a customer: whose it is, and what it is linked to.

    Links that were not asked for (with=…) are empty.
    """

    id: int
    owner_id: int  # 0 = nobody
    updated_at: int  # unix seconds
    is_deleted: bool = False
    lead_ids: tuple[int, ...] = ()
    contact_ids: tuple[int, ...] = ()  # the main contact first
    company_ids: tuple[int, ...] = ()
    customer_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A task on an entity: whose it is."""

    id: int
    owner_id: int  # 0 = nobody
    entity_id: int  # 0 = on nothing
    entity_type: str  # leads, contacts, companies, customers; "" = on nothing
    updated_at: int  # unix seconds
    is_completed: bool


def read_linked(row: Json) -> Linked | None:
    """Return the contact, company or customer of an API row; None without an id."""
    entity_id = whole(row.get("id"))
    if entity_id <= 0:
        return None
    return Linked(
        id=entity_id,
        owner_id=whole(row.get("responsible_user_id")),
        updated_at=whole(row.get("updated_at")),
        is_deleted=row.get("is_deleted") is True,
        lead_ids=ids_of(embedded(row, "leads")),
        contact_ids=contact_ids_of(row),
        company_ids=ids_of(embedded(row, "companies")),
        customer_ids=ids_of(embedded(row, "customers")),
    )


def read_task(row: Json) -> Task | None:
    """Return the task of an API row; None without an id."""
    task_id = whole(row.get("id"))
    if task_id <= 0:
        return None
    return Task(
        id=task_id,
        owner_id=whole(row.get("responsible_user_id")),
        entity_id=whole(row.get("entity_id")),
        entity_type=text(row.get("entity_type"))[:16],
        updated_at=whole(row.get("updated_at")),
        is_completed=row.get("is_completed") is True,
    )
