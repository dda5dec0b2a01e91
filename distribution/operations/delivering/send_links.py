"""What is linked to leads that have a new owner: looked up in batches, then given to them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from accounts.kommo.client import EntityType, KommoClient, LinkedKind
from accounts.kommo.errors import (
    Forbidden,
    InvalidRequest,
    KommoError,
    NotFound,
    PaymentRequired,
)
from accounts.kommo.payloads import Lead, Linked, Task
from accounts.models import Stage
from distribution.core.delivery import FRESH_FOR
from distribution.models import Effect, LeadMirror
from distribution.operations.delivering.effects import (
    ClaimedEffect,
    Follower,
    Settlement,
    claim_effects,
)
from distribution.operations.lanes import may_send

LEADS_A_LOOK = 240  # what one read of Kommo holds
LEADS_AN_EVENT = 200
MOST_FOLLOWERS = 1000  # the newest leads of a company or contact; who has more is no customer
T = TypeVar("T")
Kind = Effect.Kind


def send_links(client: KommoClient, settlement: Settlement) -> bool:
    """Look up what is linked to leads that have a new owner; False = nothing is to be looked up."""
    claimed = claim_effects(settlement.lease, Kind.LINKS, LEADS_A_LOOK)
    if not claimed:
        return False
    looks = _worth_it(claimed, settlement)
    search = _Search(client, looks, settlement)
    try:
        search.run()
    except _OutOfTime:  # another worker may look by now
        settlement.put_back(looks)
        return True
    except KommoError as error:
        for look in looks:
            settlement.again(look, look.attempts > 1, str(error))
        settlement.wait_for(error)
        return True
    _settle(search, looks, settlement)
    return True


class _OutOfTime(Exception):
    """The lease does not outlast another call."""


def _worth_it(claimed: Sequence[ClaimedEffect], settlement: Settlement) -> list[ClaimedEffect]:
    """Return the last look of each lead; an earlier one would only be undone."""
    last = {look.lead_id: look for look in claimed}
    looks = []
    for look in claimed:
        if last[look.lead_id] is not look:
            settlement.overtaken(look, "a later change of owner")
        else:
            looks.append(look)
    return settlement.without_deadly(looks)


def _kinds(look: ClaimedEffect) -> frozenset[str]:
    return frozenset(look.payload["links"])


@dataclass(slots=True)
class _Search:
    """What Kommo says of these leads: one call a 240 of each kind that some template asks for."""

    client: KommoClient
    looks: Sequence[ClaimedEffect]
    settlement: Settlement
    leads: dict[int, Lead] = field(default_factory=dict)
    contacts: dict[int, Linked] = field(default_factory=dict)
    companies: dict[int, Linked] = field(default_factory=dict)
    customers: dict[int, Linked] = field(default_factory=dict)
    tasks: dict[tuple[str, int], list[Task]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Ask Kommo; what it refuses for good is left out. Raises the client's other errors."""
        asked = [look.lead_id for look in self.looks if self.needs_lead(look)]
        if asked:
            found = self.client.leads_by_ids(asked, with_contacts=True)
            self.leads = {lead.id: lead for lead in found}
        self._read_cards()
        self._read_customers()
        self._read_tasks()

    def needs_lead(self, look: ClaimedEffect) -> bool:
        """Say whether the lead is read: for its links, or since its owner may have changed meanwhile."""
        is_old = self.settlement.began_at - look.created_at > FRESH_FOR
        return is_old or look.attempts > 1 or _kinds(look) != {"lead_tasks"}

    def _wanting(self, *kinds: str) -> Iterator[tuple[ClaimedEffect, Lead]]:
        for look in self.looks:
            lead = self.leads.get(look.lead_id)
            if (
                lead is not None
                and lead.owner_id == look.target
                and _kinds(look).intersection(kinds)
            ):
                yield look, lead

    def _read_cards(self) -> None:
        contacts = [
            one for _, lead in self._wanting("contacts", "customers") for one in lead.contact_ids
        ]
        contacts += [
            one for _, lead in self._wanting("contact_leads") for one in lead.contact_ids[:1]
        ]
        companies = [
            one
            for _, lead in self._wanting("companies", "customers", "company_leads")
            for one in lead.company_ids
        ]
        self.contacts = self._cards("contacts", contacts, "contact_leads")
        self.companies = self._cards("companies", companies, "company_leads")

    def _cards(self, kind: LinkedKind, ids: list[int], leads: str) -> dict[int, Linked]:
        with_links: list[EntityType] = []
        if any(True for _ in self._wanting(leads)):
            with_links.append("leads")
        if any(True for _ in self._wanting("customers")):
            with_links.append("customers")
        return self._linked(kind, ids, with_links)

    def _linked(
        self, kind: LinkedKind, ids: list[int], with_links: Sequence[EntityType] = ()
    ) -> dict[int, Linked]:
        if not ids:
            return {}
        found = self._allowed(
            lambda: self.client.linked_by_ids(kind, ids, with_links=with_links),
            is_extra=kind == "customers",
        )
        return {card.id: card for card in found if not card.is_deleted}

    def _read_customers(self) -> None:
        """Read the customers of contacts and companies; where they are switched off there are none."""
        ids = [one for _, lead in self._wanting("customers") for one in self.customers_of(lead)]
        self.customers = self._linked("customers", ids)

    def customers_of(self, lead: Lead) -> list[int]:
        """Return the ids of the customers of a lead's contacts and company."""
        cards = [self.contacts.get(one) for one in lead.contact_ids]
        cards += [self.companies.get(one) for one in lead.company_ids]
        return [one for card in cards if card is not None for one in card.customer_ids]

    def _read_tasks(self) -> None:
        of_leads = [
            look.lead_id
            for look in self.looks
            if "lead_tasks" in _kinds(look) and self.is_current(look)
        ]
        linked = [lead for _, lead in self._wanting("linked_tasks")]
        self._tasks("leads", of_leads)
        self._tasks("contacts", [one for lead in linked for one in lead.contact_ids])
        self._tasks("companies", [one for lead in linked for one in lead.company_ids])

    def _tasks(self, entity: EntityType, ids: list[int]) -> None:
        if ids:
            for task in self._allowed(lambda: self.client.open_tasks(entity, ids)):
                if not task.is_completed:
                    self.tasks.setdefault((entity, task.entity_id), []).append(task)

    def is_current(self, look: ClaimedEffect) -> bool:
        """Say whether the lead still belongs to whom it was given; unread it was given just now."""
        lead = self.leads.get(look.lead_id)
        if lead is None:
            return not self.needs_lead(look)
        return lead.owner_id == look.target

    def _allowed(self, call: Callable[[], list[T]], *, is_extra: bool = False) -> list[T]:
        """Return what the call finds; nothing, and why, where Kommo will never allow it."""
        if not may_send(self.settlement.lease):
            raise _OutOfTime
        try:
            return call()
        except (Forbidden, NotFound, InvalidRequest) as error:
            self.refusals.append(str(error))
        except PaymentRequired as error:
            if not is_extra:
                raise
            self.refusals.append(str(error))
        return []


def _settle(search: _Search, looks: Sequence[ClaimedEffect], settlement: Settlement) -> None:
    """End the looks, together with what follows from them."""
    chosen: dict[tuple[str, int], Follower] = {}
    for look in looks:
        if not search.is_current(look):
            settlement.overtaken(look, "somebody else has the lead, or it is gone")
            continue
        for one in _followers(search, look):
            chosen.pop((one.kind, one.entity_id), None)  # of two leads the later one has it
            if one.owner_id != look.target:
                chosen[one.kind, one.entity_id] = one
        settlement.done(look, 0, "; ".join(search.refusals)[:200] or "looked up")
    settlement.followers.extend(chosen.values())
    _tell_leads(search, looks, settlement)


def _followers(search: _Search, look: ClaimedEffect) -> Iterator[Follower]:
    """Yield everything linked that the template has follow, whoever has it."""
    kinds, lead = _kinds(look), search.leads.get(look.lead_id)
    contacts = lead.contact_ids if lead else ()
    companies = lead.company_ids if lead else ()
    if "contacts" in kinds:
        yield from _cards(look, Kind.CONTACT, contacts, search.contacts)
    if "companies" in kinds:
        yield from _cards(look, Kind.COMPANY, companies, search.companies)
    if "customers" in kinds and lead:
        yield from _cards(look, Kind.CUSTOMER, search.customers_of(lead), search.customers)
    entities: list[tuple[str, int]] = []
    if "lead_tasks" in kinds:
        entities.append(("leads", look.lead_id))
    if "linked_tasks" in kinds:
        entities += [("contacts", one) for one in contacts]
        entities += [("companies", one) for one in companies]
    for entity in entities:
        for task in search.tasks.get(entity, ()):
            yield Follower(look.id, Kind.TASK, task.id, task.owner_id, task.updated_at)


def _cards(
    look: ClaimedEffect, kind: str, ids: Iterable[int], found: dict[int, Linked]
) -> Iterator[Follower]:
    for card in (found.get(one) for one in ids):
        if card is not None:
            yield Follower(look.id, kind, card.id, card.owner_id, card.updated_at)


def _tell_leads(search: _Search, looks: Sequence[ClaimedEffect], settlement: Settlement) -> None:
    """Let the turn know which other leads follow; of a customer with several new leads, the first."""
    told: set[int] = set()  # contacts and companies: their ids are from one sequence
    groups: dict[int, list[int]] = {}
    for look in looks:
        lead, kinds = search.leads.get(look.lead_id), _kinds(look)
        if lead is None or not search.is_current(look):
            continue
        cards = [search.companies.get(one) for one in lead.company_ids if "company_leads" in kinds]
        if "contact_leads" in kinds:
            cards += [search.contacts.get(one) for one in lead.contact_ids[:1]]
        fresh = [card for card in cards if card is not None and card.id not in told]
        told.update(card.id for card in fresh)
        others = {one for card in fresh for one in card.lead_ids} - {lead.id}
        groups[look.id] = sorted(others)[-MOST_FOLLOWERS:]
    closed = _closed(settlement.lease.account_id, {one for ids in groups.values() for one in ids})
    for look in looks:
        leads = [one for one in groups.get(look.id, ()) if one not in closed]
        for start in range(0, len(leads), LEADS_AN_EVENT):
            settlement.tell_leads(look, leads[start : start + LEADS_AN_EVENT])


def _closed(account_id: int, lead_ids: set[int]) -> set[int]:
    """Return which of the leads we know to be closed: they need not even be read."""
    if not lead_ids:
        return set()
    rows = LeadMirror.objects.for_account(account_id).filter(
        lead_id__in=lead_ids, status_id__in=Stage.CLOSED
    )
    return set(rows.values_list("lead_id", flat=True))
