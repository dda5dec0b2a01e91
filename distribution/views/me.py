"""A manager's own page: the three axes and why, the buttons, the own schedule, the latest leads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import console_page
from accounts.viewer import account_of, viewer_of
from distribution.queries.board import manager_names, moves_of
from distribution.queries.people import own_standing
from distribution.views.board import ask_before_end, move_line
from distribution.views.live import Part, answer_change, answer_click, answer_poll, live_part
from distribution.views.my_schedule import schedule_of
from distribution.views.presence import PersonRow, row_of
from distribution.views.statuses import status_from, switch_oneself
from peresmenka.lib.clock import read_clock
from shifts.core.machine import Cause, Mode, Presence
from shifts.labels.participation import own_choice
from shifts.queries.presence import policy_of
from shifts.queries.schedule import zone_of as own_zone
from shifts.views.swaps import my_swaps_context

LEADS_SHOWN = 10


@require_GET
@console_page()
def me(request: HttpRequest) -> HttpResponse:
    """Show the whole page; with ?end the question before the shift ends."""
    own = viewer_of(request)
    if "end" in request.GET:
        zone = own_zone(own, account_of(request))
        return ask_before_end(request, own, zone=zone, is_own=True)
    now = read_clock()
    context = {
        "live": _live(request),
        "my_schedule": schedule_of(request, own, account_of(request), now),
        **my_swaps_context(request, now),
    }
    return render(request, "distribution/me.html", context)


@require_GET
@console_page()
def live(request: HttpRequest) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    return answer_poll(request, _live(request))


@require_GET
@console_page()
def weeks(request: HttpRequest) -> HttpResponse:
    """Return other weeks of the own schedule."""
    schedule = schedule_of(request, viewer_of(request), account_of(request), read_clock())
    return render(request, "distribution/_my_schedule.html", {"my_schedule": schedule})


@require_POST
@console_page()
def shift(request: HttpRequest) -> HttpResponse:
    """Start, pause, resume or end one's own shift."""
    own = viewer_of(request)
    return answer_click(
        request,
        own,
        cause=Cause.BUTTON,
        page=reverse("distribution:me"),
        now=read_clock(),
        zone=own_zone(own, account_of(request)),
        part_of=_live,
    )


@require_POST
@console_page()
def participation(request: HttpRequest) -> HttpResponse:
    """Switch oneself on or off."""
    wanted = status_from(request.POST.get("status", ""))
    if wanted is None or wanted.is_forced:
        return HttpResponseBadRequest("status must be on or off")
    switch_oneself(request, wanted, read_clock())
    return answer_change(request, reverse("distribution:me"), _live)


def _live(request: HttpRequest) -> Part:
    return live_part("distribution/_me.html", _context(request), "distribution:me_live")


def _context(request: HttpRequest) -> dict[str, Any]:
    own, account = viewer_of(request), account_of(request)
    found = own_standing(own, read_clock())
    person = found.person
    row = row_of(
        person, person.zone, found.now, is_enabled=found.is_enabled, may_act=True, to_oneself=True
    )
    runs_by_activity = policy_of(account).mode is Mode.AUTOMATIC
    moves = moves_of(account, limit=LEADS_SHOWN, user_id=own.kommo_id)
    names = manager_names(account) if moves else {}
    return {
        "row": row,
        "buttons": _buttons(row, runs_by_activity),
        "choice": own_choice(own, person.stands.participation.status),
        "runs_by_activity": runs_by_activity,
        "moves": [move_line(move, names, person.zone, found) for move in moves],
        "host": account.host,
        "zone": person.zone,
    }


def _buttons(row: PersonRow, runs_by_activity: bool) -> tuple[tuple[str, str], ...]:
    """Return the shift's buttons; who is in no group has a shift to end, but none to start (F51)."""
    if not row.person.in_group and row.person.presence is Presence.OFFLINE:
        return ()
    allowed = ("start", "resume") if runs_by_activity else ("start", "pause", "resume", "end")
    return tuple(pair for pair in row.buttons if pair[0] in allowed)
