"""The part of a page that keeps itself up to date, and the answer to a button in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Manager
from accounts.viewer import account_of, is_partial, viewer_of
from distribution.views.presence import ACTIONS, act
from shifts.core.machine import Cause

Part = dict[str, Any]
PartOf = Callable[[HttpRequest], Part]
TEMPLATE = "distribution/_live.html"


def live_part(template: str, context: dict[str, Any], address: str, *, asks_with: str = "") -> Part:
    """Return the rendered part with its digest: what looks the same is not sent again.

    `asks_with` selects a form of the page whose fields go along when the part asks anew.
    """
    html = render_to_string(template, context)
    digest = sha256(html.encode()).hexdigest()[:16]
    return {"html": html, "digest": digest, "url": reverse(address), "asks_with": asks_with}


def answer_poll(request: HttpRequest, part: Part) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    if request.GET.get("seen") == part["digest"]:
        return HttpResponse(status=204)
    return render(request, TEMPLATE, {"live": part})


def answer_change(request: HttpRequest, page: str, part_of: PartOf) -> HttpResponse:
    """Return the part anew after a click, with what there is to say; or to the whole page."""
    if not is_partial(request):
        return redirect(page)
    return render(request, TEMPLATE, {"live": part_of(request), "is_answer_to_click": True})


def answer_click(
    request: HttpRequest,
    manager: Manager,
    *,
    cause: Cause,
    page: str,
    now: datetime,
    zone: tzinfo,
    part_of: PartOf,
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
        zone=zone,
        now=now,
    )
    return answer_change(request, page, part_of)


def asked_query(request: HttpRequest, page: str) -> QueryDict:
    """Return the query of the page on which a click was made; empty if it was another page."""
    told = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    return QueryDict(told.query if told.path == reverse(page) else "")
