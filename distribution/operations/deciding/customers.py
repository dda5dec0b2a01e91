"""Whose customer a lead is, and what it asks for: read when it comes, remembered with its row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.kommo.client import KommoClient, LinkedKind
from accounts.kommo.payloads import Lead
from accounts.models import InboxEvent
from distribution.core.facts import OFF, Sticky
from distribution.core.policy import Skills, StickyRules
from distribution.operations.deciding.absorb import may_be_new
from distribution.operations.deciding.agenda import Agenda
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.config import AccountConfig, TriggerConfig

Json = dict[str, Any]
Owned = tuple[int, int]  # (Kommo user id, id of the contact or company)

MOST_SKILLS = 20
LONGEST_SKILL = 40
_BETWEEN_SKILLS = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class Customer:
    """The owners of a lead's main contact and company, where an earlier lead of theirs exists (R22)."""

    contact: Owned | None = None
    company: Owned | None = None


def may_follow_customers(
    config: AccountConfig, agenda: Agenda, rows: Mapping[int, LeadRow], leads: Sequence[Lead]
) -> list[Lead]:
    """Return the leads that this turn may deal by a template that asks whose they are (F126)."""
    if not config.asks_customers:
        return []
    asked: dict[int, list[TriggerConfig | None]] = defaultdict(list)
    for kind, payload in agenda.internal:
        if kind in (InboxEvent.Kind.TRIGGER, InboxEvent.Kind.BOT):
            asked[int(payload["lead"])].append(config.trigger(payload.get("trigger")))

    def may_follow(lead: Lead) -> bool:
        triggers = asked[lead.id]
        if may_be_new(config, rows.get(lead.id), lead, agenda.hints.get(lead.id, ())):
            triggers += config.watches_of(lead.pipeline_id, lead.status_id)
        return any(one is not None and _rules(one).by != OFF for one in triggers)

    return [lead for lead in leads if may_follow(lead)]


def read_customers(
    client: KommoClient, config: AccountConfig, leads: Sequence[Lead]
) -> dict[int, Customer]:
    """Return whose customers the leads are, by lead; one call a 240 contacts and one a 240 companies.

    Companies are asked only for leads that their contacts do not settle. Raises the client's
    KommoErrors.
    """
    rules = {lead.id: _rules_for(config, lead) for lead in leads}
    contacts = _owners(
        client,
        "contacts",
        {
            lead.id: lead.main_contact_id
            for lead in leads
            if any(one.by in ("contact", "both") for one in rules[lead.id])
        },
    )
    companies = _owners(
        client,
        "companies",
        {
            lead.id: lead.company_id
            for lead in leads
            if any(_asks_company(one, contacts.get(lead.id)) for one in rules[lead.id])
        },
    )
    return {lead.id: Customer(contacts.get(lead.id), companies.get(lead.id)) for lead in leads}


def _rules(trigger: TriggerConfig) -> StickyRules:
    return trigger.template.body.sticky


def _rules_for(config: AccountConfig, lead: Lead) -> list[StickyRules]:
    """Return the rules of every trigger that may have the lead: watches of its stage, and senders."""
    watches = config.watches_of(lead.pipeline_id, lead.status_id)
    senders = [one for one in config.triggers if not one.is_watch]
    return [_rules(one) for one in (*watches, *senders)]


def _asks_company(rules: StickyRules, contact: Owned | None) -> bool:
    is_settled = contact is not None and contact[0] not in rules.always_distribute
    return rules.by == "company" or (rules.by == "both" and not is_settled)


def _owners(
    client: KommoClient, kind: LinkedKind, cards: Mapping[int, int | None]
) -> dict[int, Owned]:
    """Return whose each lead's card is, by lead, if the card has an owner and an earlier lead (R22)."""
    ids = [card for card in cards.values() if card is not None]
    if not ids:
        return {}
    read = {card.id: card for card in client.linked_by_ids(kind, ids, with_links=("leads",))}
    found = {}
    for lead_id, card_id in cards.items():
        card = read.get(card_id or 0)
        if card and card.owner_id and any(earlier < lead_id for earlier in card.lead_ids):
            found[lead_id] = card.owner_id, card.id
    return found


def remember(work: TurnWork, lead: Lead, customer: Customer | None) -> None:
    """Keep with a lead that is to be dealt whose customer it is, and what skills it asks for.

    Called right after the lead was absorbed. Of a lead that waits, new skills are taken in.
    """
    row = work.rows.get(lead.id)
    if row is None:
        return
    is_new = bool(work.to_deal) and work.to_deal[-1] is row
    if not is_new and not row.in_queue:
        return
    trigger = work.choose_trigger(row)
    if trigger is None:
        return
    body = trigger.template.body
    skills = skills_of(body.skills, lead)
    chosen = customer_for(body.sticky, customer) if is_new else row.cycle.customer
    if (chosen, skills) == (row.cycle.customer, row.cycle.skills):
        return
    work.is_released = work.is_released or not is_new
    with work.changing(row):
        row.cycle.customer, row.cycle.skills = chosen, skills


def customer_for(rules: StickyRules, customer: Customer | None) -> list[Any]:
    """Return [owner, "contact" or "company", its id] by the template's rules; [] for nobody.

    Owners who are always distributed for count as nobody: the company has its say then (R22).
    """
    if customer is None:
        return []
    for through, owned in (("contact", customer.contact), ("company", customer.company)):
        is_asked = rules.by in (through, "both")
        if is_asked and owned is not None and owned[0] not in rules.always_distribute:
            return [owned[0], through, owned[1]]
    return []


def skills_of(rules: Skills, lead: Lead) -> list[str]:
    """Return what the lead asks for, casefolded, each once: a text may name several (B14)."""
    if rules.mode == OFF or rules.field_id is None:
        return []
    values = [one for one in lead.field_values.get(rules.field_id, ()) if isinstance(one, str)]
    if rules.field_id not in lead.list_fields:
        values = [word for value in values for word in _BETWEEN_SKILLS.split(value)]
    words = (" ".join(value.split()).casefold()[:LONGEST_SKILL] for value in values)
    return list(dict.fromkeys(word for word in words if word))[:MOST_SKILLS]


def sticky_of(work: TurnWork, row: LeadRow) -> Sticky | None:
    """Return the owner of the lead's customer where the template asks for it; None: nobody (F126)."""
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or not row.cycle.customer:
        return None
    owner, through, entity_id = row.cycle.customer
    rules = _rules(trigger)
    if rules.by not in (through, "both") or owner in rules.always_distribute:
        return None
    if not work.crowd.knows(owner):
        return None
    part = work.crowd.parts_of(trigger).get(owner)
    facts = work.crowd.candidate(owner, trigger, part, work.changes())
    return Sticky(facts, through, entity_id)
