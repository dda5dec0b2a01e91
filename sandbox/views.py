"""What the control API and the page show of the state: plain values only, read only."""

from collections import Counter
from itertools import islice
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.model import Lead, Note, Owning

CARDS_A_STAGE = 6
LATEST = 20


def account_card(account: Account) -> dict[str, Any]:
    """Return who and what an account has."""
    return {
        "id": account.id,
        "host": account.host,
        "name": account.name,
        "zone": account.zone,
        "language": account.language,
        "groups": [{"id": number, "name": name} for number, name in account.groups.items()],
        "users": [
            {"id": u.id, "name": u.name, "title": u.title, "group_id": u.group_id, "lang": u.lang,
             "is_admin": u.is_admin, "is_active": u.is_active}
            for u in account.users.values()
        ],
        "pipelines": [
            {
                "id": p.id,
                "name": p.name,
                "is_main": p.is_main,
                "stages": [{"id": s.id, "name": s.name, "type": s.type} for s in p.stages.values()],
            }
            for p in account.pipelines.values()
        ],
        "lead_fields": [
            {"id": f.id, "name": f.name, "type": f.type} for f in account.fields["leads"].values()
        ],
    }  # fmt: skip


def counts(account: Account) -> dict[str, int]:
    """Return the counters of an account."""
    return {
        "leads": sum(not lead.is_deleted for lead in account.leads.values()),
        "notes": len(account.notes),
        "tasks": len(account.tasks),
        "events": len(account.events),
        "calls": account.call_count,
        "owner_changes": account.owner_changes,
        "redundant_patches": account.redundant_patches,
    }


def state(account: Account, first_id: int, limit: int | None) -> dict[str, Any]:
    """Return all leads from `first_id` on, with owner histories and notes."""
    leads = (lead for lead in account.leads.values() if lead.id >= first_id)
    return {
        "account": account_card(account),
        "counts": counts(account),
        "leads": [_lead(account, lead) for lead in islice(leads, limit)],
    }


def _lead(account: Account, lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "name": lead.name,
        "pipeline_id": lead.pipeline_id,
        "status_id": lead.status_id,
        "owner": lead.responsible_user_id,
        "is_deleted": lead.is_deleted,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "contact_ids": lead.contact_ids,
        "owners": [_owning(entry) for entry in lead.owners],
        "notes": [_note(note) for note in account.notes_of.get(("leads", lead.id), ())],
    }


def _owning(entry: Owning) -> dict[str, Any]:
    return {
        "at": entry.at,
        "from": entry.before,
        "to": entry.after,
        "actor": entry.actor,
        "is_api": entry.is_api,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "entity_id": note.entity_id,
        "note_type": note.note_type,
        "text": str(note.params.get("text", "")),
        "created_by": note.created_by,
        "created_at": note.created_at,
    }


def calls(account: Account, last: int) -> dict[str, Any]:
    """Return the last API calls and the most within any sliding second."""
    listed = list(islice(reversed(account.calls), last))
    return {
        "total": account.call_count,
        "kept": len(account.calls),
        "most_in_a_second": account.most_calls_in_a_second(),
        "by_status": dict(Counter(str(call.status) for call in account.calls)),
        "by_method": dict(Counter(call.method for call in account.calls)),
        "calls": [
            {"at": call.at, "method": call.method, "path": call.path, "status": call.status}
            for call in reversed(listed)
        ],
    }


def webhooks(crm: Crm, account: Account) -> dict[str, Any]:
    """Return how deliveries of an account went."""
    waiting = [d for _, _, d in crm.post.waiting() if d.account_id == account.id]
    on_way = [d for d in list(crm.post.in_flight.values()) if d.account_id == account.id]
    return {
        "waiting": len(waiting),
        "in_flight": len(on_way),
        "subscriptions": [
            {
                "id": row.id,
                "destination": row.destination,
                "settings": row.settings,
                "disabled": row.disabled,
                "statuses": row.statuses,
                "bad_lately": len(row.bad_answers),
            }
            for row in account.subscriptions.values()
        ],
    }


def board(crm: Crm, account: Account) -> dict[str, Any]:
    """Return what the account's page shows."""
    return {
        "now": crm.now(),
        "account": account_card(account),
        "counts": counts(account),
        "columns": _columns(account),
        "loads": {str(u): len(account.by_owner.get(u, ())) for u in account.users},
        "notes": _latest_notes(account),
        "moves": _latest_moves(account),
        "calls_last_minute": _calls_since(account, crm.now() - 60),
        "webhooks": webhooks(crm, account),
    }


def _columns(account: Account) -> list[dict[str, Any]]:
    columns = []
    for pipeline in account.pipelines.values():
        for stage in pipeline.stages.values():
            held = account.by_stage.get((pipeline.id, stage.id), {})
            cards = [account.leads[number] for number in islice(reversed(held), CARDS_A_STAGE)]
            columns.append(
                {
                    "pipeline_id": pipeline.id,
                    "status_id": stage.id,
                    "count": len(held),
                    "leads": [
                        {
                            "id": c.id,
                            "name": c.name,
                            "owner": c.responsible_user_id,
                            "price": c.price,
                        }
                        for c in cards
                    ],
                }
            )
    return columns


def _latest_notes(account: Account) -> list[dict[str, Any]]:
    return [_note(account.notes[number]) for number in islice(reversed(account.notes), LATEST)]


def _latest_moves(account: Account) -> list[dict[str, Any]]:
    moves = []
    for event in islice(reversed(account.events), 400):
        if event.type == "entity_responsible_changed" and event.entity_type == "lead":
            lead = account.leads[event.entity_id]
            moves.append(
                {
                    "lead_id": lead.id,
                    "name": lead.name,
                    "from": event.before[0]["responsible_user"]["id"],
                    "to": event.after[0]["responsible_user"]["id"],
                    "by": event.created_by,
                    "at": event.created_at,
                }
            )
        if len(moves) == LATEST:
            break
    return moves


def _calls_since(account: Account, since: float) -> int:
    found = 0
    for call in reversed(account.calls):
        if call.at < since:
            break
        found += 1
    return found
