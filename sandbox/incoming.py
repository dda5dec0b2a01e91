"""Incoming leads (unsorted): they wait in the first column until somebody accepts or declines them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import nested_item
from sandbox.hooks import Hook
from sandbox.leads import Actor, LeadChange, LeadDraft, add_leads, change_leads
from sandbox.model import ROBOT, UNSORTED, Incoming, Lead, Move

CATEGORIES = ("forms", "chats", "sip", "mail")


@dataclass(slots=True)
class IncomingDraft:
    """An incoming lead to be; ids are checked already."""

    name: str
    pipeline_id: int
    responsible_user_id: int
    category: str = "forms"
    source_name: str = "Site form"
    source_id: int = 36_504
    contact_ids: list[int] = field(default_factory=list)


def add_incoming(crm: Crm, account: Account, drafts: Iterable[IncomingDraft]) -> list[Incoming]:
    """Let leads come in; one unsorted[add] each. Raises StopIteration without such a stage."""
    made = []
    for draft in drafts:
        stages = account.pipelines[draft.pipeline_id].stages.values()
        stage = next(stage for stage in stages if stage.type == UNSORTED)
        lead_draft = LeadDraft(
            draft.name, draft.pipeline_id, stage.id, draft.responsible_user_id,
            contact_ids=draft.contact_ids, source_id=draft.source_id,
        )  # fmt: skip
        (lead,) = add_leads(
            crm, account, [lead_draft], Actor(ROBOT), is_told=account.incoming_adds_lead
        )
        row = Incoming(
            f"{crm.random.getrandbits(160):040x}", lead.id, draft.category, draft.pipeline_id,
            draft.source_name, draft.source_id, int(crm.now()),
        )  # fmt: skip
        account.incoming[row.uid] = account.incoming_of[lead.id] = row
        hook = Hook(("add_unsorted",), "unsorted[add]", [nested_item(_added(account, row, lead))])
        crm.announce(account, hook)
        made.append(row)
    return made


def _added(account: Account, row: Incoming, lead: Lead) -> dict[str, Any]:
    """Return the documented shape of unsorted[add] (a form's)."""
    filled = {"name_2": {"type": "text", "value": lead.name}}
    source = {
        "form_id": row.source_id,
        "form_type": 1,
        "form_name": row.source_name,
        "origin": {"ip": "203.0.113.5", "referer": "https://example.com/"},
        "data": filled,
        "date": row.created_at,
    }
    return {
        "uid": row.uid,
        "category": row.category,
        "source_data": source,
        "date_create": row.created_at,
        "data": {"leads": [{"name": lead.name, "pipeline_id": lead.pipeline_id}]},
        "pipeline_id": row.pipeline_id,
        "account_id": account.id,
        "request_id": 0,
        "source_id": row.source_id,
        "lead_id": lead.id,
        "created_at": row.created_at,
    }


def accept(crm: Crm, account: Account, row: Incoming, user_id: int, status_id: int) -> Lead:
    """Accept: unsorted[delete], then the lead moves to the stage; `user_id` becomes its creator."""
    lead = account.leads[row.lead_id]
    _close(crm, account, row, "accepted", "accept", user_id)
    values: dict[str, Any] = {"status_id": status_id, "created_by": user_id}
    if account.accept_makes_responsible:
        values["responsible_user_id"] = user_id
    change_leads(crm, account, [LeadChange(lead, values)], Actor(user_id))
    return lead


def decline(crm: Crm, account: Account, row: Incoming, user_id: int) -> Lead:
    """Decline: unsorted[delete]; the lead is gone without leads[delete]."""
    lead = account.leads[row.lead_id]
    _close(crm, account, row, "declined", "decline", user_id)
    account.unindex(lead)
    account.by_touch.pop(lead.id, None)
    account.dated_by_hand.discard(lead.id)
    lead.is_deleted, lead.updated_at, lead.updated_by = True, int(crm.now()), user_id
    crm.log_event(account, "lead_deleted", ("lead", lead.id), user_id, [], [])
    return lead


def _close(
    crm: Crm, account: Account, row: Incoming, state: str, action: str, user_id: int
) -> None:
    row.state = state
    contacts = account.leads[row.lead_id].contact_ids
    value = {
        "action": action,
        "uid": row.uid,
        "category": row.category,
        "modified_user_id": user_id,
        "pipeline_id": row.pipeline_id,
        "created_at": row.created_at,
        f"{action}_result": {"leads": [row.lead_id], "contacts": contacts},
    }
    crm.announce(account, Hook(("delete_unsorted",), "unsorted[delete]", [nested_item(value)]))


def react(crm: Crm, account: Account, move: Move) -> None:
    """A lead that was taken out of its column by hand is no incoming lead any more."""
    row = account.incoming_of.get(move.lead.id)
    if move.before is not None and row is not None and row.state == "open":
        _close(crm, account, row, "accepted", "accept", move.lead.updated_by)


def still_open(account: Account) -> list[Incoming]:
    """Return the incoming leads that nobody has accepted or declined, nor deleted."""
    return [row for row in account.incoming.values() if is_open(account, row)]


def is_open(account: Account, row: Incoming) -> bool:
    """Say whether an incoming lead can still be accepted or declined."""
    return row.state == "open" and not account.leads[row.lead_id].is_deleted
