"""Whose customer a lead is, and what it asks for: read when it comes, remembered with its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.kommo.client import KommoClient
from accounts.kommo.payloads import Lead
from distribution.core.facts import Sticky
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork
from distribution.queries.config import AccountConfig

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Customer:
    """The owners of a lead's main contact and company, where an earlier lead of theirs exists (R22)."""

    contact: tuple[int, int] | None = None  # (Kommo user id, contact id)
    company: tuple[int, int] | None = None


def read_customers(
    client: KommoClient, config: AccountConfig, leads: Sequence[Lead]
) -> dict[int, Customer]:
    """Return whose customers the leads are, by lead; one call a 240 contacts and one a 240 companies.

    Raises the client's KommoErrors.
    """
    return {}


def remember(work: TurnWork, lead: Lead, customer: Customer | None) -> None:
    """Keep with a lead that is to be dealt whose customer it is, and what skills it asks for."""


def absorb_linked(work: TurnWork, payload: Json) -> None:
    """Other leads of the same customer follow a lead that was given (F135, F136).

    payload: {"lead": id of the lead that was given, "target": user id, "leads": [ids]}
    """


def sticky_of(work: TurnWork, row: LeadRow) -> Sticky | None:
    """Return the owner of the lead's customer where the template asks for it; None: nobody (F126)."""
    trigger = work.config.trigger(row.trigger_id)
    if trigger is None or trigger.template.body.sticky.by == "off" or not row.cycle.customer:
        return None
    owner, through, entity_id = row.cycle.customer
    if owner in trigger.template.body.sticky.always_distribute or not work.crowd.knows(owner):
        return None
    part = work.crowd.parts_of(trigger).get(owner)
    facts = work.crowd.candidate(owner, trigger, part, work.changes())
    return Sticky(facts, through, entity_id)
