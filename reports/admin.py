"""Decisions in the operator's site: the record as a page that can be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from distribution.labels.reasons import code_text
from distribution.models import Decision
from distribution.queries.board import manager_names
from peresmenka.admin_base import OperatorAdmin
from peresmenka.lib.clock import read_clock
from peresmenka.lib.zones import known_zone
from reports import queries
from reports.lines import candidate_lines, policy_line, timeline_lines, what_happened


@admin.register(Decision)
class DecisionAdmin(OperatorAdmin):
    list_display = (
        "id",
        "account",
        "lead_id",
        "kind",
        "decided_at",
        "chosen_id",
        "previous_owner_id",
        "why",
    )
    number_fields = ("lead_id",)
    hidden_fields = ("lead_facts", "verdicts")

    @admin.display(description=_("reason"))
    def why(self, decision: Decision) -> str:
        """Return the stored code in words."""
        return code_text(decision.reason)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the row, and under it the record: candidates, verdicts, replay, the lead's timeline."""
        decision = self.get_object(request, object_id)
        record = _record(decision) if decision and self.has_view_permission(request) else {}
        return super().change_view(
            request, object_id, form_url, {**record, **(extra_context or {})}
        )


def _record(decision: Decision) -> dict[str, Any]:
    account, now = decision.account, read_clock()
    zone = known_zone(account.zone)
    found = queries.decision_details(account, decision)
    names = manager_names(account)
    return {
        "what": what_happened(decision, names),
        "why": code_text(decision.reason) if decision.reason else "",
        "candidates": candidate_lines(found, names, zone, now),
        "policy": policy_line(found.policy),
        "differences": found.differences,
        "zone": account.zone,
        "timeline": timeline_lines(
            queries.decisions_of_lead(account, decision.lead_id),
            queries.effects_of_lead(account, decision.lead_id),
            names,
            zone,
            now,
            decision.pk,
        ),
    }
