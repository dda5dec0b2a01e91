"""The demo's figures, from both sides: what we decided and what Kommo shows."""

from __future__ import annotations

from collections import Counter
from typing import Any

from accounts.models import Account
from distribution.models import Decision, LeadMirror
from peresmenka.demo.crm import Crm


def figures(account: Account, crm: Crm, *, spread: int) -> dict[str, Any]:
    """Return the line that the headless demo prints.

    lost: leads in Kommo that nobody dealt and that do not wait. double: leads dealt more than once
    for one stage entry, or given away in Kommo more often than was decided.
    """
    leads = crm.leads()
    rows = {row.lead_id: row for row in LeadMirror.objects.for_account(account)}
    decisions = Decision.objects.for_account(account).exclude(chosen_id=None)
    kinds = Counter(decisions.values_list("kind", flat=True))
    waiting = sum(row.state == LeadMirror.State.WAITING for row in rows.values())
    lost = sum(_is_lost(lead, rows.get(lead["id"])) for lead in leads)
    return {
        "leads": len(leads),
        "dealt": kinds[Decision.Kind.DISTRIBUTION],
        "waiting": waiting,
        "moved": kinds[Decision.Kind.REDISTRIBUTION],
        "returned": kinds[Decision.Kind.RETURN],
        "spread": spread,
        "lost": lost,
        "double": _doubled(account, leads),
        "api_calls": crm.ask("calls", last=1)["total"],
    }


def _is_lost(lead: dict[str, Any], row: LeadMirror | None) -> bool:
    if row is None:
        return True
    if row.state == LeadMirror.State.WAITING:
        return False
    return bool(row.owner_id != lead["owner"])


def _doubled(account: Account, leads: list[dict[str, Any]]) -> int:
    decisions = Decision.objects.for_account(account).exclude(chosen_id=None)
    dealt = Counter(
        decisions.filter(kind=Decision.Kind.DISTRIBUTION).values_list("lead_id", "stage_entry")
    )
    decided = Counter(decisions.values_list("lead_id", flat=True))
    twice = {lead_id for (lead_id, _), count in dealt.items() if count > 1}
    for lead in leads:
        given = sum(bool(owner["is_api"]) for owner in lead["owners"])
        if given > decided[lead["id"]]:
            twice.add(lead["id"])
    return len(twice)
