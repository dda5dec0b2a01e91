"""GET, POST and PATCH of contacts, companies and customers (KOMMO.md §3.5)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
from sandbox.api.values import (
    NOT_SUPPORTED,
    filled_fields,
    known_user,
    linked_ids,
    shown_fields,
    tags_of,
    whole_number,
    words,
)
from sandbox.model import Lead, Person
from sandbox.people import PersonChange, PersonDraft, add_people, change_people
from sandbox.wire import Answer, Problem, as_json, no_content, not_found, problem

PARTS = ("contacts", "companies")


def listing(plural: str) -> Callable[[Context], Answer]:
    """Return the handler of GET /contacts, /companies or /customers."""

    def handler(context: Context) -> Answer:
        check_mode(context, plural)
        name, is_descending = in_order(context, "id", ("updated_at", "created_at", "id"))
        rows = sorted(
            _matching(context, plural),
            key=lambda row: (getattr(row, name), row.id),
            reverse=is_descending,
        )
        return paged(context, plural, rows, lambda person: shown(context, plural, person))

    return handler


def check_mode(context: Context, plural: str) -> None:
    """Refuse /customers where the account has none; what Kommo answers then is unconfirmed."""
    if plural == "customers" and not context.account.has_customers:
        status = context.account.customers_refusal
        title = {402: "Payment Required", 403: "Forbidden"}.get(status, "Bad Request")
        raise Problem(problem(status, title, "Customers are switched off in the account"))


def _matching(context: Context, plural: str) -> Iterator[Person]:
    known, ids = context.account.people[plural], chosen(context, "id")
    owners, text = chosen(context, "responsible_user_id"), context.query.one("query").lower()
    rows = known.values() if ids is None else (known[n] for n in ids if n in known)
    for person in within(rows, lambda row: row.updated_at, span(context, "updated_at")):
        is_asked = owners is None or person.responsible_user_id in owners
        if is_asked and not person.is_deleted and text in person.name.lower():
            yield person


def shown(context: Context, plural: str, person: Person) -> dict[str, Any]:
    """Return a contact, company or customer as GET shows it."""
    value = {
        "id": person.id,
        "name": person.name,
        "responsible_user_id": person.responsible_user_id,
        "group_id": person.group_id,
        "created_by": person.created_by,
        "updated_by": person.updated_by,
        "created_at": person.created_at,
        "updated_at": person.updated_at,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": shown_fields(context.account.fields[plural], person.fields),
        "account_id": context.account.id,
        "_links": context.link(f"/api/v4/{plural}/{person.id}"),
        "_embedded": _embedded(context, plural, person),
    }
    if plural == "customers":
        value |= {"next_price": 0, "next_date": None, "status_id": None, "periodicity": None,
                  "ltv": 0, "purchases_count": 0, "average_check": 0}  # fmt: skip
    if plural == "contacts":
        first, _, last = person.name.partition(" ")
        value |= {"first_name": first, "last_name": last, "is_unsorted": False}
    return value


def _embedded(context: Context, plural: str, person: Person) -> dict[str, Any]:
    """Return what is linked: tags and a contact's company always, the rest as `with` asks."""
    embedded: dict[str, Any] = {"tags": person.tags}
    companies = [person.company_id] if person.company_id else []
    if plural == "contacts" or (plural == "customers" and context.wants("companies")):
        embedded["companies"] = _live(context, "companies", companies)
    if plural == "customers":
        embedded["segments"] = []
    elif context.wants("leads"):
        embedded["leads"] = _live(context, "leads", person.lead_ids)
    if plural != "contacts" and context.wants("contacts"):
        embedded["contacts"] = _live(context, "contacts", person.contact_ids)
    if plural != "customers" and context.wants("customers"):
        ids = person.customer_ids if context.account.has_customers else []
        embedded["customers"] = _live(context, "customers", ids)
    return embedded


def _live(context: Context, plural: str, ids: list[int]) -> list[dict[str, Any]]:
    """Return links to those rows that are not deleted."""
    rows: Mapping[int, Lead | Person] = (
        context.account.leads if plural == "leads" else context.account.people[plural]
    )
    return [
        {"id": number, "_links": context.link(f"/api/v4/{plural}/{number}")}
        for number in ids
        if not rows[number].is_deleted
    ]


def one(plural: str) -> Callable[[Context, int], Answer]:
    """Return the handler of GET by id."""

    def handler(context: Context, number: int) -> Answer:
        check_mode(context, plural)
        person = context.account.people[plural].get(number)
        if person is None or person.is_deleted:
            return no_content()
        return as_json(200, shown(context, plural, person))

    return handler


def create(plural: str) -> Callable[[Context], Answer]:
    """Return the handler of POST."""

    def handler(context: Context) -> Answer:
        check_mode(context, plural)
        items, faults = batch_of(context), Faults()
        ids = [request_id_of(item, index) for index, item in enumerate(items)]
        drafts = [
            new_person(context, plural, item, faults, key)
            for key, item in zip(ids, items, strict=True)
        ]
        faults.settle()
        made = add_people(context.crm, context.account, plural, drafts, context.actor)
        pairs = zip(ids, made, strict=True)
        return thin(context, plural, ((key, person.id, None) for key, person in pairs))

    return handler


def new_person(
    context: Context, plural: str, item: dict[str, Any], faults: Faults, key: str
) -> PersonDraft:
    """Return a checked draft; a contact may be named by first_name and last_name."""
    account = context.account
    parts = [words(item, name, faults, key) for name in ("first_name", "last_name")]
    name = words(item, "name", faults, key) or " ".join(part for part in parts if part)
    owner = known_user(account, item, "responsible_user_id", faults, key) or context.user.id
    values = filled_fields(account.fields[plural], item, faults, key)
    fields = {number: filled for number, filled in values.items() if filled}
    companies = _linked(context, "companies", plural, item, faults, key)
    contacts = _linked(context, "contacts", plural, item, faults, key)
    return PersonDraft(
        name, owner, fields, tags_of(context.crm, item) or [],
        companies[0] if companies else None, contacts,
    )  # fmt: skip


def _linked(
    context: Context, part: str, plural: str, item: dict[str, Any], faults: Faults, key: str
) -> list[int]:
    """Return the ids of _embedded[part] that a row of this kind can be created with."""
    if part == plural:
        return []
    ids = linked_ids(item, part)
    if any(number not in context.account.people[part] for number in ids):
        faults.add(key, NOT_SUPPORTED, f"_embedded.{part}", "The entity does not exist.")
    return ids


def patch_many(plural: str) -> Callable[[Context], Answer]:
    """Return the handler of PATCH of a batch."""

    def handler(context: Context) -> Answer:
        check_mode(context, plural)
        items, faults = batch_of(context), Faults()
        ids = [request_id_of(item, index) for index, item in enumerate(items)]
        changes = []
        for key, item in zip(ids, items, strict=True):
            person = context.account.people[plural].get(item.get("id", 0))
            if person is None or person.is_deleted:
                faults.add(key, NOT_SUPPORTED, "id", "Entity not found")
            else:
                changes.append(checked_person(context, plural, person, item, faults, key))
        faults.settle()
        changed = change_people(context.crm, context.account, changes, context.actor)
        pairs = zip(ids, changed, strict=True)
        return thin(context, plural, ((key, row.id, row.updated_at) for key, row in pairs))

    return handler


def patch_one(plural: str) -> Callable[[Context, int], Answer]:
    """Return the handler of PATCH by id."""

    def handler(context: Context, number: int) -> Answer:
        check_mode(context, plural)
        person = context.account.people[plural].get(number)
        if person is None or person.is_deleted:
            raise Problem(not_found())
        faults = Faults()
        change = checked_person(context, plural, person, single_of(context), faults, "0")
        faults.settle()
        change_people(context.crm, context.account, [change], context.actor)
        links = context.link(f"/api/v4/{plural}/{number}")
        value = {"id": number, "name": person.name, "updated_at": person.updated_at}
        return as_json(200, {**value, "_links": links})

    return handler


def checked_person(
    context: Context, plural: str, person: Person, item: dict[str, Any], faults: Faults, key: str
) -> PersonChange:
    """Return what an item of PATCH asks of a row; faults are collected."""
    values: dict[str, Any] = {}
    name = words(item, "name", faults, key)
    if name is not None:
        values["name"] = name
    for attribute in ("responsible_user_id", "created_by", "updated_by"):
        user_id = known_user(context.account, item, attribute, faults, key)
        if user_id is not None:
            values[attribute] = user_id
    updated_at = whole_number(item, "updated_at", faults, key)
    if updated_at is not None:
        values["updated_at"] = updated_at
    tags = tags_of(context.crm, item)
    if tags is not None:
        values["tags"] = tags
    known = context.account.fields[plural]
    return PersonChange(person, values, filled_fields(known, item, faults, key))
