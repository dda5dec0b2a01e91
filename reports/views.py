"""The log and the page of one decision."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.identity import Role, console_page, has_role
from accounts.viewer import account_of, viewer_of, zone_of
from distribution.labels.reasons import code_text
from distribution.models import Decision
from distribution.queries.board import manager_names
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock, midnight
from peresmenka.lib.numbers import number_from
from reports import queries
from reports.lines import candidate_lines, policy_line, timeline_lines, what_happened

FILTERS = ("kind", "manager", "template", "lead", "from", "to")


@require_GET
@console_page()
def log(request: HttpRequest) -> HttpResponse:
    """Show what was decided, newest first; managers see what concerns them."""
    account, own, zone, now = (
        account_of(request),
        viewer_of(request),
        zone_of(request),
        read_clock(),
    )
    sees_all = has_role(own, Role.SUPERVISOR)
    wish = _wish(request, None if sees_all else own.kommo_id)
    page = queries.log_page(account, wish, request.GET.get("after", ""))
    names, templates = manager_names(account), queries.template_names(account)
    rows = [
        {
            "decision": row,
            "at": clock(row.decided_at, zone, now),
            "what": what_happened(row, names),
            "why": code_text(row.reason) if row.reason else "",
            "lead_name": getattr(row, "lead_name", "") or row.lead_id,
            "template": templates.get(row.template_id or 0, ""),
        }
        for row in page.rows
    ]
    asked = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    context = {
        "rows": rows,
        "kinds": Decision.Kind.choices,
        "people": sorted(names.items(), key=lambda pair: pair[1]) if sees_all else [],
        "templates": sorted(templates.items(), key=lambda pair: pair[1]),
        "asked": {**dict.fromkeys(FILTERS, ""), **asked},
        "older": urlencode({**asked, "after": page.older}) if page.older else "",
        "newest": urlencode(asked) if request.GET.get("after") else None,
        "is_filtered": bool(asked),
    }
    return render(request, "reports/log.html", context)


def _wish(request: HttpRequest, only_of: int | None) -> queries.LogFilter:
    """Return the filter that the address asks for; what is not understood does not restrict."""
    kind = request.GET.get("kind", "")
    return queries.LogFilter(
        kind=kind if kind in Decision.Kind.values else "",
        user_id=_number(request, "manager"),
        lead_id=_number(request, "lead"),
        template_id=_number(request, "template"),
        since=midnight(request.GET.get("from", ""), zone_of(request)),
        until=midnight(request.GET.get("to", ""), zone_of(request), days=1),
        only_of=only_of,
    )


def _number(request: HttpRequest, name: str) -> int | None:
    return number_from(request.GET.get(name, "").strip())


@require_GET
@console_page()
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Show why a lead went where it went; a manager sees the decisions that concern them."""
    account, own = account_of(request), viewer_of(request)
    row = Decision.objects.for_account(account).filter(pk=decision_id).first()
    sees_all = has_role(own, Role.SUPERVISOR)
    if row is None or not (sees_all or own.kommo_id in (row.chosen_id, row.previous_owner_id)):
        raise Http404
    return render(request, "reports/decision.html", _decision_context(request, row))


def _decision_context(request: HttpRequest, row: Decision) -> dict[str, Any]:
    account, zone, now = account_of(request), zone_of(request), read_clock()
    details = queries.decision_details(account, row)
    names = manager_names(account)
    decisions = queries.decisions_of_lead(account, row.lead_id)
    effects = queries.effects_of_lead(account, row.lead_id)
    return {
        "decision": row,
        "lead_name": (details.lead.name if details.lead else "") or str(row.lead_id),
        "lead_url": f"https://{account.host}/leads/detail/{row.lead_id}",
        "at": clock(row.decided_at, zone, now),
        "until": clock(row.until, zone, now) if row.until else "",
        "what": what_happened(row, names),
        "why": code_text(row.reason) if row.reason else "",
        "chosen": names.get(row.chosen_id or 0, ""),
        "previous": names.get(row.previous_owner_id or 0, ""),
        "candidates": candidate_lines(details, names, zone, now),
        "policy": policy_line(details.policy),
        "template_name": queries.template_names(account).get(row.template_id or 0, ""),
        "version": details.settings_version,
        "differences": details.differences,
        "timeline": timeline_lines(decisions, effects, names, zone, now, row.pk),
    }
