"""The page of the test run: a question in the address, the answer below; nothing is written."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.identity import Role, console_page
from accounts.models import Account
from accounts.viewer import account_of, zone_of
from distribution.forms.rehearsal import TestRunForm
from distribution.labels.rehearsal import (
    answer_text,
    chance_lines,
    error_text,
    policy_text,
    relaxed_texts,
    subject,
    why_text,
)
from distribution.operations.rehearsal import NEW_LEAD, NoAnswer, Rehearsal, would_get
from distribution.queries.board import manager_names
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock

PAGE = "distribution/test_run.html"


@require_GET
@console_page(Role.SUPERVISOR)
def test_run(request: HttpRequest) -> HttpResponse:
    """Show the form, and the answer where something is asked."""
    account, zone, now = account_of(request), zone_of(request), read_clock()
    is_asked = any(request.GET.get(name) for name in ("lead", "stage", "trigger"))
    form = TestRunForm(account, request.GET if is_asked else None)
    context: dict[str, Any] = {"form": form, "error": ""}
    status = 200
    if is_asked and form.is_valid():
        try:
            found = would_get(account.pk, form.question(), now)
            context |= _answer(found, account, zone, now)
        except NoAnswer as error:
            context["error"] = error_text(error)
            status = 422
    elif is_asked:
        status = 422
    return render(request, PAGE, context, status=status)


test_run.__test__ = False  # type: ignore[attr-defined]


def _answer(found: Rehearsal, account: Account, zone: tzinfo, now: datetime) -> dict[str, Any]:
    names, template = manager_names(account), found.trigger.template
    lead_url = f"https://{account.host}/leads/detail/{found.lead_id}"
    outsider = found.outsider.manager_id if found.outsider else 0
    return {
        "found": found,
        "subject": subject(found),
        "lead_url": "" if found.lead_id == NEW_LEAD else lead_url,
        "answer": answer_text(found, names),
        "why": why_text(found),
        "until": clock(found.recorded.until, zone, now) if found.recorded.until else "",
        "asked_at": clock(now, zone, now),
        "template_name": template.name,
        "template_version": template.version,
        "is_shadow": template.is_shadow,
        "policy": policy_text(found),
        "relaxed": relaxed_texts(found),
        "tier": found.decided.tier if _has_tiers(found) else None,
        "outsider": names.get(outsider, "") if outsider else "",
        "lines": chance_lines(found, names, zone, now),
        "has_tiers": _has_tiers(found),
    }


def _has_tiers(found: Rehearsal) -> bool:
    return len({one.before.tier for one in found.chances}) > 1
