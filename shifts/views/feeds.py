"""Calendar feeds: the feed itself for calendar programs, the supervisors' page, and one's own address."""

from __future__ import annotations

import hashlib
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.identity import Role, console_page
from accounts.models import Group, Manager
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock
from peresmenka.lib.numbers import number_from
from shifts.exchange.ics import Entry, write_calendar
from shifts.models import CalendarFeed
from shifts.operations.feeds import create_feed, note_read, revoke_feed
from shifts.queries.feeds import (
    Shown,
    Timetable,
    can_have_feed,
    feed_at,
    feed_of_manager,
    feeds_of,
    timetable_of,
)

# --- what calendar programs read -------------------------------------------------------------------


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar at a secret address; 404 for one that is unknown, revoked or left alone."""
    found = feed_at(token)
    if found is None:
        return HttpResponse(
            "This calendar is not available. Ask for a new address in Peresmenka.\n",
            content_type="text/plain; charset=utf-8",
            status=HTTPStatus.NOT_FOUND,
        )
    now = read_clock()
    timetable = timetable_of(found, now)
    note_read(found, now)
    with translation.override(_language_of(found)):
        etag = _etag(found, timetable)
        answer = get_conditional_response(request, etag=etag)
        if answer is None:
            answer = HttpResponse(
                _written(found, timetable), content_type="text/calendar; charset=utf-8"
            )
            answer.headers["Content-Disposition"] = 'inline; filename="peresmenka.ics"'
        answer.headers["Content-Language"] = translation.get_language() or "en"
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "private, max-age=300"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _language_of(found: CalendarFeed) -> str:
    known = dict(settings.LANGUAGES)
    wishes = (found.manager.language if found.manager else "", found.account.language)
    return next((code for code in wishes if code in known), settings.LANGUAGE_CODE)


def _etag(found: CalendarFeed, timetable: Timetable) -> str:
    """Return a mark of everything that the file is written from, so that writing it can be spared."""
    facts = (_calendar_name(found), translation.get_language(), timetable)
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def _calendar_name(found: CalendarFeed) -> str:
    if found.manager:
        return _("Shifts: %(name)s") % {"name": found.manager.name}
    return _("Shifts of the group %(name)s") % {"name": found.group.name if found.group else ""}


def _written(found: CalendarFeed, timetable: Timetable) -> bytes:
    account = found.account.kommo_id
    entries = [
        Entry(f"{account}-{shown.uid}@peresmenka", _title(found, shown), shown.starts, shown.ends)
        for shown in timetable.entries
    ]
    return write_calendar(_calendar_name(found), entries, timetable.changed_at)


def _title(found: CalendarFeed, shown: Shown) -> str:
    own = bool(found.manager_id)
    if not shown.cause:
        return _("Shift") if own else _("%(name)s: shift") % {"name": shown.name}
    if shown.cause == "absence":
        return _("Absence") if own else _("%(name)s: absence") % {"name": shown.name}
    if own:
        return _("Holiday: %(name)s") % {"name": shown.holiday} if shown.holiday else _("Holiday")
    return _("%(name)s: holiday") % {"name": shown.name}


# --- the supervisors' page ---------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def calendars(request: HttpRequest) -> HttpResponse:
    """List the feeds; POST makes one for "of": m13 is the manager 13, g5 the group 5 (Kommo ids)."""
    if request.method == "GET":
        return _calendars(request)
    of = _chosen(request, request.POST.get("of", ""))
    if of is None:
        error = _("Choose a manager or a group first.")
        return _calendars(request, error=error, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    found, token = create_feed(
        account_of(request), of=of, actor=viewer_of(request), now=read_clock()
    )
    return _calendars(request, new=found, address=_address(token))


def _chosen(request: HttpRequest, wish: str) -> Manager | Group | None:
    kind, number = wish[:1], number_from(wish[1:])
    if kind not in ("m", "g") or number is None:
        return None
    managers, groups = can_have_feed(account_of(request))
    rows: list[Manager] | list[Group] = managers if kind == "m" else groups
    return next((row for row in rows if row.kommo_id == number), None)


def _calendars(
    request: HttpRequest,
    *,
    new: CalendarFeed | None = None,
    address: str = "",
    error: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    account, now = account_of(request), read_clock()
    managers, groups = can_have_feed(account)
    names = {row.kommo_id: row.name for row in Manager.objects.for_account(account)}
    context = {
        "lines": [_line(request, row, names, now) for row in feeds_of(account)],
        "managers": managers,
        "groups": groups,
        "new": new,
        **_address_context(address),
        "error": error,
    }
    return _unkept(render(request, "shifts/calendars.html", context, status=status), address)


def _line(
    request: HttpRequest, row: CalendarFeed, names: dict[int, str], now: datetime
) -> dict[str, Any]:
    zone = zone_of(request)
    of = row.manager or row.group
    return {
        "pk": row.pk,
        "name": of.name if of else "",
        "is_group": row.group_id is not None,
        "created": clock(row.created_at, zone, now),
        "created_by": names.get(row.created_by or 0, ""),
        "read": clock(row.read_at, zone, now) if row.read_at else "",
    }


@require_POST
@console_page(Role.SUPERVISOR)
def calendar_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke any feed of the account."""
    rows = CalendarFeed.objects.for_account(account_of(request)).select_related("manager", "group")
    found = get_object_or_404(rows, pk=pk)
    of = found.manager or found.group
    if revoke_feed(account_of(request), feed=found, actor=viewer_of(request), now=read_clock()):
        text = _("Revoked: the calendar address of %(name)s answers nobody any more.")
    else:
        text = _("The calendar address of %(name)s had been revoked already.")
    messages.success(request, text % {"name": of.name if of else ""})
    return redirect("shifts:calendars")


# --- one's own address -------------------------------------------------------------------------------


@require_GET
@console_page()
def my_calendar(request: HttpRequest) -> HttpResponse:
    """Show the page of one's own calendar address."""
    return _my_feed(request)


@require_http_methods(["GET", "POST"])
@console_page()
def my_feed(request: HttpRequest) -> HttpResponse:
    """Return the part with one's own calendar address; POST makes one, shown this once."""
    if request.method == "GET":
        return _my_feed(request)
    own = viewer_of(request)
    _feed, token = create_feed(own.account, of=own, actor=own, now=read_clock())
    return _my_feed(request, _address(token))


@require_POST
@console_page()
def my_feed_revoke(request: HttpRequest) -> HttpResponse:
    """Revoke one's own calendar address."""
    own = viewer_of(request)
    found = feed_of_manager(own)
    if found is not None:
        revoke_feed(own.account, feed=found, actor=own, now=read_clock())
    return _my_feed(request) if is_partial(request) else redirect("shifts:my_calendar")


def _my_feed(request: HttpRequest, address: str = "") -> HttpResponse:
    context = {**my_feed_context(request), **_address_context(address)}
    name = "shifts/_my_feed.html" if is_partial(request) else "shifts/my_calendar.html"
    return _unkept(render(request, name, context), address)


def my_feed_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the template shifts/_my_feed.html needs, for pages that include it."""
    found, now = feed_of_manager(viewer_of(request)), read_clock()
    line = _line(request, found, {}, now) if found else None
    return {"my_feed": line}


# --- addresses ---------------------------------------------------------------------------------------


def _address(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('shifts:feed', args=[token])}"


def _address_context(address: str) -> dict[str, str]:
    if not address:
        return {}
    parts = urlsplit(address)
    return {"address": address, "webcal": parts._replace(scheme="webcal").geturl()}


def _unkept(response: HttpResponse, address: str) -> HttpResponse:
    """Let no cache keep a page that tells a secret."""
    if address:
        response.headers["Cache-Control"] = "no-store"
    return response
