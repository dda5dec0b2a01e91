"""What the page "Registers" shows: who uses each ledger, how everybody stands in it, what was done by hand."""

from __future__ import annotations

from accounts.models import Account
from distribution.core.policy import Body, read_body
from distribution.models import Register, Trigger


def trigger_name(trigger: Trigger) -> str:
    """Return what a trigger is called: its own name, its group's, else its template's."""
    if trigger.name:
        return str(trigger.name)
    return str(trigger.group.name if trigger.group else trigger.template.name)


def templates_without_pace(register: Register) -> list[str]:
    """Return the names of the templates that use the register and have no pace limit (R13)."""
    rows = Trigger.objects.for_account(register.account_id).filter(register=register)
    found = {row.template_id: row.template for row in rows.select_related("template")}
    named = [one.name for one in found.values() if body_of(one.body).limits.pace_leads is None]
    return sorted(named)


def named_registers(account: Account) -> list[Register]:
    """Return the registers that triggers may share, by name, to choose one from (F95, F115)."""
    rows = Register.objects.for_account(account).filter(own_of__isnull=True)
    return list(rows.order_by("name"))


def body_of(document: dict[str, object]) -> Body:
    """Return a stored body; it was checked when it was saved."""
    return read_body(document)[0]


def has_inexact_shares(body: Body, *, moves: bool) -> bool:
    """Say whether shares by coefficient are blurred by redistribution and online tracking at once (F113).

    `moves`: leads of who leaves a shift are redistributed, by whatever switch.
    """
    is_moved = moves or body.departure.moves or body.acceptance.minutes is not None
    return body.strategy == "weighted" and is_moved and body.gates.presence != "off"
