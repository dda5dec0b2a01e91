"""GET, accept and decline of incoming leads (KOMMO.md §3.10)."""

from typing import Any

from sandbox import incoming
from sandbox.api.context import Context, Faults, in_order, paged, span, within
from sandbox.api.values import NOT_SUPPORTED, known_user, whole_number
from sandbox.model import Incoming
from sandbox.wire import Answer, Problem, as_json, bad_request, not_found, read_json


def listing(context: Context) -> Answer:
    """Answer GET /leads/unsorted: 204 when there are none."""
    uids = set(context.query.words("filter[uid]"))
    kinds = set(context.query.words("filter[category]"))
    pipelines = set(context.query.numbers("filter[pipeline_id]"))
    rows = within(
        incoming.still_open(context.account),
        lambda row: row.created_at,
        span(context, "created_at"),
    )
    found = [
        row
        for row in rows
        if (not uids or row.uid in uids)
        and (not kinds or row.category in kinds)
        and (not pipelines or row.pipeline_id in pipelines)
    ]
    _, is_descending = in_order(context, "created_at", ("created_at", "updated_at"))
    found.sort(key=lambda row: (row.created_at, row.lead_id), reverse=is_descending)
    return paged(context, "unsorted", found, lambda row: _shown(context, row))


def _shown(context: Context, row: Incoming) -> dict[str, Any]:
    lead = context.account.leads[row.lead_id]
    metadata = {
        "form_id": str(row.source_id),
        "form_name": row.source_name,
        "form_page": "https://example.com/",
        "form_sent_at": row.created_at,
        "ip": "203.0.113.5",
    }
    return {
        "uid": row.uid,
        "source_uid": f"{row.source_id:032x}",
        "source_name": row.source_name,
        "category": row.category,
        "pipeline_id": row.pipeline_id,
        "created_at": row.created_at,
        "metadata": metadata,
        "account_id": context.account.id,
        "_links": context.link(f"/api/v4/leads/unsorted/{row.uid}"),
        "_embedded": {
            "leads": [{"id": lead.id, "_links": context.link(f"/api/v4/leads/{lead.id}")}],
            "contacts": [
                {"id": number, "_links": context.link(f"/api/v4/contacts/{number}")}
                for number in lead.contact_ids
            ],
            "companies": [{"id": lead.company_id}] if lead.company_id else [],
        },
    }


def _row(context: Context, uid: str) -> Incoming:
    """Return an open incoming lead; a uid that is used up or unknown is a 404."""
    found = context.account.incoming.get(uid)
    if found is None or not incoming.is_open(context.account, found):
        raise Problem(not_found())
    return found


def one(context: Context, uid: str) -> Answer:
    """Answer GET /leads/unsorted/{uid}."""
    return as_json(200, _shown(context, _row(context, uid)))


def accept(context: Context, uid: str) -> Answer:
    """Answer POST /leads/unsorted/{uid}/accept; without status_id: the first stage."""
    row, form, faults = _row(context, uid), _form(context), Faults()
    user_id = known_user(context.account, form, "user_id", faults, "0")
    status_id = whole_number(form, "status_id", faults, "0")
    pipeline = context.account.pipelines[row.pipeline_id]
    stage_id = pipeline.first_stage().id if status_id is None else status_id
    if stage_id not in pipeline.stages:
        faults.add("0", NOT_SUPPORTED, "status_id", "The stage is not in the pipeline.")
    faults.settle()
    shown = _shown(context, row)
    incoming.accept(context.crm, context.account, row, user_id or context.user.id, stage_id)
    return as_json(200, shown)


def decline(context: Context, uid: str) -> Answer:
    """Answer DELETE /leads/unsorted/{uid}/decline."""
    row, form, faults = _row(context, uid), _form(context), Faults()
    user_id = known_user(context.account, form, "user_id", faults, "0")
    faults.settle()
    shown = _shown(context, row)
    incoming.decline(context.crm, context.account, row, user_id or context.user.id)
    return as_json(200, shown)


def _form(context: Context) -> dict[str, Any]:
    value = read_json(context.call)
    if value is not None and not isinstance(value, dict):
        raise Problem(bad_request("Request body must be an object"))
    return value or {}
