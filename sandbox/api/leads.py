"""GET, POST and PATCH of leads (KOMMO.md §3.4)."""

from collections.abc import Iterable, Iterator
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
)
from sandbox.api.people import PARTS, new_person
from sandbox.api.values import (
    NOT_SUPPORTED,
    filled_fields,
    known_user,
    linked_ids,
    placed,
    shown_fields,
    tags_of,
    whole_number,
    words,
)
from sandbox.leads import LeadChange, LeadDraft, add_leads, change_leads
from sandbox.model import Lead
from sandbox.people import add_people
from sandbox.wire import Answer, Problem, as_json, no_content, not_found

PLAIN_NUMBERS = ("price", "loss_reason_id", "created_at", "updated_at", "closed_at")
USERS = ("responsible_user_id", "created_by", "updated_by")
ORDERS = ("created_at", "updated_at", "id")
SPANS = ("created_at", "updated_at", "closed_at")
COMPLEX_AT_ONCE = 50


def listing(context: Context) -> Answer:
    """Answer GET /leads."""
    rows = _ordered(context, _matching(context, _candidates(context)))
    return paged(context, "leads", rows, lambda lead: shown(context, lead))


def _candidates(context: Context) -> Iterable[int]:
    """Return lead ids from the narrowest index that the filters allow."""
    account = context.account
    ids = chosen(context, "id")
    if ids is not None:
        return ids
    choices: list[Iterable[int]] = []
    stage = _stage_asked(context)
    if stage is not None:
        choices.append(list(account.by_stage.get(stage, ())))
    owners = chosen(context, "responsible_user_id")
    if owners is not None:
        choices.append([n for owner in owners for n in account.by_owner.get(owner, ())])
    touched = span(context, "updated_at")
    if touched is not None and touched[0] > 0:
        choices.append(list(account.touched_since(touched[0])))
    return min(choices, key=lambda found: len(list(found))) if choices else account.leads


def _stage_asked(context: Context) -> tuple[int, int] | None:
    """Return (pipeline, stage) of filter[statuses]; only the first one works (KOMMO.md §3.4)."""
    stem = "filter[statuses][0]"
    if f"{stem}[status_id]" not in context.query.values:
        return None
    pipeline_id = context.query.number(f"{stem}[pipeline_id]", 0)
    return pipeline_id, context.query.number(f"{stem}[status_id]", 0)


def _matching(context: Context, ids: Iterable[int]) -> Iterator[Lead]:
    leads, stage = context.account.leads, _stage_asked(context)
    sets = {
        "pipeline_id": chosen(context, "pipeline_id"),
        "responsible_user_id": chosen(context, "responsible_user_id"),
        "created_by": chosen(context, "created_by"),
        "updated_by": chosen(context, "updated_by"),
        "price": chosen(context, "price"),
    }
    wanted = [(name, allowed) for name, allowed in sets.items() if allowed is not None]
    ranges = [(name, span(context, name)) for name in SPANS]
    bounds = [(name, limits) for name, limits in ranges if limits is not None]
    names, text = set(context.query.words("filter[name]")), context.query.one("query").lower()
    is_deleted = context.wants("only_deleted")
    for number in ids:
        lead = leads.get(number)
        if lead is None or lead.is_deleted is not is_deleted:
            continue
        if stage is not None and (lead.pipeline_id, lead.status_id) != stage:
            continue
        if any(getattr(lead, name) not in allowed for name, allowed in wanted):
            continue
        if any(not lo <= (getattr(lead, name) or 0) <= hi for name, (lo, hi) in bounds):
            continue
        if (names and lead.name not in names) or (text and text not in lead.name.lower()):
            continue
        if context.may("leads.view", lead.responsible_user_id, lead.group_id):
            yield lead


def _ordered(context: Context, leads: Iterator[Lead]) -> Iterable[Lead]:
    name, is_descending = in_order(context, "id", ORDERS)
    if name == "id" and not is_descending and "filter[id]" not in context.query.values:
        narrowed = {"filter[responsible_user_id]", "filter[updated_at][from]"}
        if narrowed.isdisjoint(context.query.values) and _stage_asked(context) is None:
            return leads  # a full scan runs in order of id and stops at the page's end
    return sorted(leads, key=lambda lead: (getattr(lead, name), lead.id), reverse=is_descending)


def shown(context: Context, lead: Lead) -> dict[str, Any]:
    """Return a lead as GET shows it."""
    embedded: dict[str, Any] = {"tags": lead.tags, "companies": []}
    if lead.company_id is not None:
        embedded["companies"] = [_part(context, "companies", lead.company_id)]
    if context.wants("contacts"):
        embedded["contacts"] = [
            {**_part(context, "contacts", number), "is_main": index == 0}
            for index, number in enumerate(lead.contact_ids)
        ]
    if context.wants("loss_reason"):
        embedded["loss_reason"] = [{"id": lead.loss_reason_id}] if lead.loss_reason_id else []
    extras = {"source_id": lead.source_id} if context.wants("source_id") else {}
    return extras | {
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "responsible_user_id": lead.responsible_user_id,
        "group_id": lead.group_id,
        "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id,
        "loss_reason_id": lead.loss_reason_id,
        "created_by": lead.created_by,
        "updated_by": lead.updated_by,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "closed_at": lead.closed_at,
        "closest_task_at": _closest_task_at(context, lead),
        "is_deleted": lead.is_deleted,
        "custom_fields_values": shown_fields(context.account.fields["leads"], lead.fields),
        "score": None,
        "account_id": context.account.id,
        "labor_cost": None,
        "is_price_computed": False,
        "_links": context.link(f"/api/v4/leads/{lead.id}"),
        "_embedded": embedded,
    }


def _part(context: Context, plural: str, number: int) -> dict[str, Any]:
    return {"id": number, "_links": context.link(f"/api/v4/{plural}/{number}")}


def _closest_task_at(context: Context, lead: Lead) -> int | None:
    dates = (context.account.tasks[number] for number in context.account.tasks_of_lead(lead.id))
    return min((task.complete_till for task in dates if not task.is_completed), default=None)


def one(context: Context, number: int) -> Answer:
    """Answer GET /leads/{id}: 204 for a missing or deleted one (KOMMO.md §3.4)."""
    lead = context.account.leads.get(number)
    if lead is None or lead.is_deleted:
        return no_content()
    if not context.may("leads.view", lead.responsible_user_id, lead.group_id):
        return no_content()
    return as_json(200, shown(context, lead))


def create(context: Context) -> Answer:
    """Answer POST /leads."""
    items, faults = batch_of(context), Faults()
    drafts = [_draft(context, item, faults, request_id_of(item, n)) for n, item in enumerate(items)]
    faults.settle()
    made = add_leads(context.crm, context.account, drafts, context.actor, is_bulk=True)
    ids = [request_id_of(item, n) for n, item in enumerate(items)]
    return thin(
        context, "leads", ((key, lead.id, None) for key, lead in zip(ids, made, strict=True))
    )


def _draft(context: Context, item: dict[str, Any], faults: Faults, key: str) -> LeadDraft:
    account = context.account
    place = placed(account, item, None, faults, key)
    values = filled_fields(account.fields["leads"], item, faults, key)
    contacts, companies = linked_ids(item, "contacts"), linked_ids(item, "companies")
    _check_links(context, "contacts", contacts, faults, key)
    _check_links(context, "companies", companies, faults, key)
    return LeadDraft(
        words(item, "name", faults, key) or "",
        place.get("pipeline_id", 0),
        place.get("status_id", 0),
        known_user(account, item, "responsible_user_id", faults, key) or context.user.id,
        price=whole_number(item, "price", faults, key) or 0,
        fields={number: filled for number, filled in values.items() if filled},
        tags=tags_of(context.crm, item) or [],
        contact_ids=contacts,
        company_id=companies[0] if companies else None,
        created_at=whole_number(item, "created_at", faults, key),
        created_by=known_user(account, item, "created_by", faults, key),
    )


def _check_links(context: Context, plural: str, ids: list[int], faults: Faults, key: str) -> None:
    if any(number not in context.account.people[plural] for number in ids):
        faults.add(key, NOT_SUPPORTED, f"_embedded.{plural}", "The entity does not exist.")


def patch_many(context: Context) -> Answer:
    """Answer PATCH /leads: all items or, with any fault, none."""
    items, faults = batch_of(context), Faults()
    changes = []
    for index, item in enumerate(items):
        key = request_id_of(item, index)
        lead = context.account.leads.get(item.get("id", 0))
        if lead is None or lead.is_deleted:
            faults.add(key, NOT_SUPPORTED, "id", "Entity not found")
        else:
            changes.append(_change(context, lead, item, faults, key))
    faults.settle()
    return _write(context, items, changes)


def patch_one(context: Context, number: int) -> Answer:
    """Answer PATCH /leads/{id} with a thin object."""
    lead = context.account.leads.get(number)
    if lead is None or lead.is_deleted:
        raise Problem(not_found())
    item, faults = single_of(context), Faults()
    change = _change(context, lead, item, faults, "0")
    faults.settle()
    change_leads(context.crm, context.account, [change], context.actor)
    links = context.link(f"/api/v4/leads/{number}")
    return as_json(200, {"id": number, "updated_at": lead.updated_at, "_links": links})


def _write(context: Context, items: list[dict[str, Any]], changes: list[LeadChange]) -> Answer:
    leads = change_leads(context.crm, context.account, changes, context.actor)
    ids = [request_id_of(item, index) for index, item in enumerate(items)]
    pairs = zip(ids, leads, strict=True)
    return thin(context, "leads", ((key, lead.id, lead.updated_at) for key, lead in pairs))


def _change(
    context: Context, lead: Lead, item: dict[str, Any], faults: Faults, key: str
) -> LeadChange:
    account = context.account
    if not context.may("leads.edit", lead.responsible_user_id, lead.group_id):
        faults.add(key, "AccessDenied", "id", "Not enough rights to edit the lead.")
    return checked_change(context, account.leads[lead.id], item, faults, key)


def checked_change(
    context: Context, lead: Lead, item: dict[str, Any], faults: Faults, key: str
) -> LeadChange:
    """Return what an item of PATCH asks of a lead; faults are collected."""
    account = context.account
    values: dict[str, Any] = dict(placed(account, item, lead, faults, key))
    name = words(item, "name", faults, key)
    if name is not None:
        values["name"] = name
    for attribute in PLAIN_NUMBERS:
        number = whole_number(item, attribute, faults, key)
        if number is not None:
            values[attribute] = number
    for attribute in USERS:
        user_id = known_user(account, item, attribute, faults, key)
        if user_id is not None:
            values[attribute] = user_id
    tags = tags_of(context.crm, item)
    if tags is not None:
        values["tags"] = tags
    return LeadChange(lead, values, filled_fields(account.fields["leads"], item, faults, key))


def create_complex(context: Context) -> Answer:
    """Answer POST /leads/complex: a lead with new contacts and a new company, at most 50."""
    items, faults = batch_of(context, COMPLEX_AT_ONCE), Faults()
    for index, item in enumerate(items):
        _draft(context, {**item, "_embedded": {}}, faults, request_id_of(item, index))
        for part in PARTS:
            for row in linked_rows(item, part):
                new_person(context, part, row, faults, request_id_of(item, index))
    faults.settle()
    made = [_add_complex(context, item, index) for index, item in enumerate(items)]
    return as_json(200, made)


def linked_rows(item: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """Return the new rows of _embedded[part]: those without an id."""
    rows = (item.get("_embedded") or {}).get(part) or ()
    return [row for row in rows if isinstance(row, dict) and "id" not in row]


def _add_complex(context: Context, item: dict[str, Any], index: int) -> dict[str, Any]:
    made: dict[str, list[int]] = {}
    for part in PARTS:
        drafts = [new_person(context, part, row, Faults(), "") for row in linked_rows(item, part)]
        people = add_people(context.crm, context.account, part, drafts, context.actor)
        made[part] = linked_ids(item, part) + [person.id for person in people]
    embedded = {part: [{"id": number} for number in ids] for part, ids in made.items()}
    tags = (item.get("_embedded") or {}).get("tags") or []
    draft = _draft(context, {**item, "_embedded": {**embedded, "tags": tags}}, Faults(), "")
    lead = add_leads(context.crm, context.account, [draft], context.actor)[0]
    return {
        "id": lead.id,
        "contact_id": made["contacts"][0] if made["contacts"] else None,
        "company_id": made["companies"][0] if made["companies"] else None,
        "request_id": [request_id_of(item, index)],
        "merged": False,
    }
