"""What happens when leads appear, change and vanish: rows, indexes, events, webhooks, and who reacts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import gone_lead_item, lead_item
from sandbox.hooks import Hook, Pairs
from sandbox.model import LOST, WON, Lead, Move, Owning


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user (0: a robot), and whether through the API."""

    user_id: int
    is_api: bool = False


@dataclass(slots=True)
class LeadDraft:
    """A lead to be; all ids are checked already."""

    name: str
    pipeline_id: int
    status_id: int
    responsible_user_id: int
    price: int = 0
    fields: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    contact_ids: list[int] = field(default_factory=list)
    company_id: int | None = None
    created_at: int | None = None
    created_by: int | None = None
    loss_reason_id: int | None = None
    source_id: int | None = None


@dataclass(slots=True)
class LeadChange:
    """New values of one lead: only what is given changes; all ids are checked already."""

    lead: Lead
    values: dict[str, Any]  # attribute of Lead -> new value
    fields: dict[int, list[dict[str, Any]] | None] = field(default_factory=dict)  # None clears


@dataclass(slots=True)
class _Heard:
    """The webhook items of one action, by kind."""

    update: list[Pairs] = field(default_factory=list)
    status: list[Pairs] = field(default_factory=list)
    responsible: list[Pairs] = field(default_factory=list)


def add_leads(
    crm: Crm,
    account: Account,
    drafts: Iterable[LeadDraft],
    actor: Actor,
    *,
    is_bulk: bool = False,
    is_told: bool = True,
) -> list[Lead]:
    """Create leads; one add_lead webhook each, or one for all when `is_bulk`; return them.

    Without `is_told` there is no webhook.
    """
    made = [_create(crm, account, draft, actor) for draft in drafts]
    items = [lead_item(account, lead) for lead in made] if account.subscriptions and is_told else []
    for group in [items] if is_bulk else [[item] for item in items]:
        crm.announce(account, Hook(("add_lead",), "leads[add]", group))
    _react(account, [Move(lead, None, crm.now()) for lead in made])
    return made


def _react(account: Account, moves: list[Move]) -> None:
    """Let the digital pipeline and the incoming leads react to what entered a stage."""
    for move in moves:
        for reaction in account.on_move:
            reaction(move)


def _create(crm: Crm, account: Account, draft: LeadDraft, actor: Actor) -> Lead:
    now = crm.now()
    owner = draft.responsible_user_id
    creator = actor.user_id if draft.created_by is None else draft.created_by
    lead = Lead(
        crm.next_id("lead", 20_000_001),
        draft.name,
        draft.pipeline_id,
        draft.status_id,
        owner,
        creator,
        creator,
        draft.created_at or int(now),
        int(now),
        group_id=group_of(account, owner),
        price=draft.price,
        loss_reason_id=draft.loss_reason_id,
        closed_at=int(now) if draft.status_id in (WON, LOST) else None,
        fields=draft.fields,
        tags=draft.tags,
        contact_ids=list(draft.contact_ids),
        company_id=draft.company_id,
        source_id=draft.source_id,
    )
    lead.owners.append(Owning(now, None, owner, actor.user_id, actor.is_api))
    account.leads[lead.id] = lead
    account.index(lead)
    _link_back(account, lead)
    crm.log_event(account, "lead_added", ("lead", lead.id), creator, [], [])
    return lead


def _link_back(account: Account, lead: Lead) -> None:
    for contact_id in lead.contact_ids:
        account.people["contacts"][contact_id].lead_ids.append(lead.id)
    if lead.company_id is not None:
        account.people["companies"][lead.company_id].lead_ids.append(lead.id)


def group_of(account: Account, user_id: int) -> int:
    """Return the group id that an owner's leads carry: 0 for the default group."""
    user = account.users.get(user_id)
    return user.group_id if user else 0


def change_leads(
    crm: Crm, account: Account, changes: Iterable[LeadChange], actor: Actor
) -> list[Lead]:
    """Apply changes of one user action; return the leads. A change of nothing raises no hook."""
    heard = _Heard()
    moves: list[Move] = []
    leads = []
    for change in changes:
        before = (change.lead.pipeline_id, change.lead.status_id)
        _apply(crm, account, change, actor, heard)
        leads.append(change.lead)
        if before != (change.lead.pipeline_id, change.lead.status_id):
            change.lead.entries += 1
            moves.append(Move(change.lead, before, crm.now()))
    crm.announce(
        account,
        Hook(("update_lead",), "leads[update]", heard.update),
        Hook(("status_lead",), "leads[status]", heard.status),
        Hook(("responsible_lead",), "leads[responsible]", heard.responsible),
    )
    _react(account, moves)
    return leads


def _apply(crm: Crm, account: Account, change: LeadChange, actor: Actor, heard: _Heard) -> None:
    lead, values = change.lead, dict(change.values)
    if values.get("responsible_user_id") == lead.responsible_user_id and actor.is_api:
        account.redundant_patches += 1
    if not _differs(lead, change):
        return
    owner, stage = lead.responsible_user_id, (lead.pipeline_id, lead.status_id)
    account.unindex(lead)
    _stamp(crm, account, lead, values, actor)
    for name, value in values.items():
        setattr(lead, name, value)
    for field_id, filled in change.fields.items():
        lead.fields.pop(field_id, None)
        if filled:
            lead.fields[field_id] = filled
    account.index(lead)
    _tell_events(crm, account, lead, owner, stage, actor)
    _tell_hooks(account, lead, owner, stage, heard)


def _differs(lead: Lead, change: LeadChange) -> bool:
    is_new = any(
        getattr(lead, name) != value
        for name, value in change.values.items()
        if name != "updated_by"  # who says it is no change of what is said
    )
    return is_new or any(
        (lead.fields.get(key) or None) != (value or None) for key, value in change.fields.items()
    )


def _stamp(crm: Crm, account: Account, lead: Lead, values: dict[str, Any], actor: Actor) -> None:
    """Fill in what a change brings with it: updated_at, updated_by, group_id, closed_at."""
    now = int(crm.now())
    if "updated_at" in values:
        account.dated_by_hand.add(lead.id)
    else:
        account.dated_by_hand.discard(lead.id)
    values.setdefault("updated_at", now)
    values.setdefault("updated_by", actor.user_id)
    if "responsible_user_id" in values:
        values["group_id"] = group_of(account, values["responsible_user_id"])
    if "status_id" in values and values["status_id"] != lead.status_id:
        is_closed = values["status_id"] in (WON, LOST)
        values.setdefault("closed_at", now if is_closed else None)


def _tell_events(
    crm: Crm, account: Account, lead: Lead, owner: int, stage: tuple[int, int], actor: Actor
) -> None:
    who = lead.updated_by
    if owner != lead.responsible_user_id:
        account.owner_changes += 1
        new = lead.responsible_user_id
        lead.owners.append(Owning(crm.now(), owner, new, who, actor.is_api))
        before, after = [{"responsible_user": {"id": owner}}], [{"responsible_user": {"id": new}}]
        kind = "entity_responsible_changed"
        crm.log_event(account, kind, ("lead", lead.id), who, before, after)
    if stage != (lead.pipeline_id, lead.status_id):
        before = [{"lead_status": {"id": stage[1], "pipeline_id": stage[0]}}]
        after = [{"lead_status": {"id": lead.status_id, "pipeline_id": lead.pipeline_id}}]
        crm.log_event(account, "lead_status_changed", ("lead", lead.id), who, before, after)


def _tell_hooks(
    account: Account, lead: Lead, owner: int, stage: tuple[int, int], heard: _Heard
) -> None:
    if not account.subscriptions:
        return
    heard.update.append(lead_item(account, lead))
    if stage != (lead.pipeline_id, lead.status_id):
        heard.status.append(lead_item(account, lead, old_status_id=stage[1]))
    if owner != lead.responsible_user_id:
        heard.responsible.append(lead_item(account, lead, old_responsible_user_id=owner))


def delete_leads(crm: Crm, account: Account, leads: Iterable[Lead], actor: Actor) -> None:
    """Delete leads: they answer 204 from now on."""
    items = []
    for lead in leads:
        account.unindex(lead)
        account.by_touch.pop(lead.id, None)
        account.dated_by_hand.discard(lead.id)
        lead.is_deleted = True
        lead.updated_at, lead.updated_by = int(crm.now()), actor.user_id
        items.append(gone_lead_item(lead))
        crm.log_event(account, "lead_deleted", ("lead", lead.id), actor.user_id, [], [])
    crm.announce(account, Hook(("delete_lead",), "leads[delete]", items))


def restore_leads(crm: Crm, account: Account, leads: Iterable[Lead], actor: Actor) -> None:
    """Bring deleted leads back to the stage and owner that they had."""
    items = []
    for lead in leads:
        lead.is_deleted = False
        lead.updated_at, lead.updated_by = int(crm.now()), actor.user_id
        account.index(lead)
        items.append(lead_item(account, lead))
        crm.log_event(account, "lead_restored", ("lead", lead.id), actor.user_id, [], [])
    crm.announce(account, Hook(("restore_lead",), "leads[restore]", items))
