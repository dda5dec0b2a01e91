"""The part of a page that keeps itself up to date, and the answer to a shift's button in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Manager
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.views.presence import ACTIONS, act
from shifts.core.machine import Cause

Part = dict[str, Any]
TEMPLATE = "distribution/_live.html"


def live_part(template: str, context: dict[str, Any], address: str) -> Part:
    """Return the rendered part with its digest: what looks the same is not sent again."""
    html = render_to_string(template, context)
    digest = sha256(html.encode()).hexdigest()[:16]
    return {"html": html, "digest": digest, "url": reverse(address)}


def answer_poll(request: HttpRequest, part: Part) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    if request.GET.get("seen") == part["digest"]:
        return HttpResponse(status=204)
    return render(request, TEMPLATE, {"live": part})


def answer_click(
    request: HttpRequest,
    manager: Manager,
    *,
    cause: Cause,
    page: str,
    now: datetime,
    part_of: Callable[[HttpRequest], Part],
) -> HttpResponse:
    """Start, pause, resume or end a manager's shift; return the part anew, or to the whole page."""
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        return HttpResponseBadRequest("action must be start, pause, resume or end")
    act(
        request,
        account_of(request),
        manager,
        action,
        by=viewer_of(request).kommo_id,
        cause=cause,
        zone=zone_of(request),
        now=now,
    )
    if not is_partial(request):
        return redirect(page)
    return render(request, TEMPLATE, {"live": part_of(request), "is_answer_to_click": True})
