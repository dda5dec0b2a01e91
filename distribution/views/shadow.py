"""The report of templates in shadow: their choices against who really has the leads."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from accounts.identity import Role, console_page
from accounts.viewer import account_of, zone_of
from distribution.labels.reasons import code_text, waiting_text
from distribution.labels.waves import name_in
from distribution.models import Template
from distribution.queries.board import manager_names
from distribution.queries.shadow import LEADS_SHOWN, ShadowLead, shadow_report, shadow_templates
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock

DAYS = 7


@require_GET
@console_page(Role.SUPERVISOR)
def reports(request: HttpRequest) -> HttpResponse:
    """Show which templates are or were in shadow; of one alone its report at once."""
    found = shadow_templates(account_of(request), read_clock())
    if len(found) == 1:
        return redirect("distribution:shadow", found[0].pk)
    return render(request, "distribution/shadows.html", {"templates": found})


@require_GET
@console_page(Role.SUPERVISOR)
def report(request: HttpRequest, template_id: int) -> HttpResponse:
    """Show a template's choices in a period, lead by lead and person by person."""
    account, now = account_of(request), read_clock()
    template = get_object_or_404(Template.objects.for_account(account), pk=template_id)
    first, last = _period(request, now)
    found = shadow_report(account, template, _midnight(request, first), _after(request, last))
    names = manager_names(account)
    context = {
        "template": template,
        "found": found,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "lines": [_line(request, lead, names, now) for lead in found.leads],
        "left_out": max(0, found.total - LEADS_SHOWN),
        "people": [
            {"name": name_in(names, user), "ours": ours, "real": real, "both": both}
            for user, ours, real, both in found.people
        ],
    }
    return render(request, "distribution/shadow.html", context)


def _line(
    request: HttpRequest, lead: ShadowLead, names: dict[int, str], now: datetime
) -> dict[str, Any]:
    return {
        "lead": lead,
        "name": lead.name or str(lead.lead_id),
        "at": clock(lead.at, zone_of(request), now),
        "ours": name_in(names, lead.ours) if lead.ours is not None else "",
        "why": _why(lead),
        "real": "" if lead.is_deleted else name_in(names, lead.real),
    }


def _why(lead: ShadowLead) -> str:
    if lead.ours is None:
        return waiting_text(lead.reason)
    return code_text(lead.reason) if lead.reason else ""


def _period(request: HttpRequest, now: datetime) -> tuple[date, date]:
    """Return the asked days; the last seven where they make no sense."""
    today = now.astimezone(zone_of(request)).date()
    last = _day(request.GET.get("to", "")) or today
    first = _day(request.GET.get("from", "")) or min(last, today) - timedelta(days=DAYS - 1)
    return (first, last) if first <= last else (last, first)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _midnight(request: HttpRequest, day: date) -> datetime:
    return datetime.combine(day, time(), zone_of(request)).astimezone(UTC)


def _after(request: HttpRequest, day: date) -> datetime:
    return _midnight(request, day + timedelta(days=1))
