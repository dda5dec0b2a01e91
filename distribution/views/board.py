"""The board: who is at work, who receives now and why not, what waits; and a supervisor's buttons."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page, has_role
from accounts.models import Manager
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.labels.reasons import waiting_text
from distribution.queries.board import Board, Move, QueuedLead, board_of, departure_of
from distribution.queries.people import OwnStanding
from distribution.views.board_filter import SHOWS, Wish, group_choices, page_of, wish_of
from distribution.views.live import Part, answer_change, answer_click, answer_poll, live_part
from distribution.views.presence import row_of
from distribution.views.statuses import give_status, mark_absent, status_from
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock
from shifts.core.machine import Cause, Presence
from shifts.core.participation import Status
from shifts.labels.participation import status_name


@require_GET
@console_page()
def board(request: HttpRequest) -> HttpResponse:
    """Show the whole page."""
    found, wish = board_of(account_of(request), read_clock()), wish_of(request)
    context = {
        "live": _part(request, found, wish),
        "wish": wish,
        "shows": SHOWS,
        "groups": group_choices(found.people),
    }
    return render(request, "distribution/board.html", context)


@require_GET
@console_page()
def live(request: HttpRequest) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    response = answer_poll(request, _live(request))
    if "seen" not in request.GET:  # the filter asks: the address bar follows
        response.headers["HX-Replace-Url"] = page_of(wish_of(request))
    return response


@require_POST
@console_page(Role.SUPERVISOR)
def shift(request: HttpRequest, user_id: int) -> HttpResponse:
    """Start, pause, resume or end a manager's shift."""
    return answer_click(
        request,
        _manager(request, user_id),
        cause=Cause.CONSOLE,
        page=page_of(wish_of(request)),
        now=read_clock(),
        zone=zone_of(request),
        part_of=_live,
    )


@require_POST
@console_page(Role.SUPERVISOR)
def status(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a manager one of the four statuses, until further notice."""
    manager, wanted = _manager(request, user_id), status_from(request.POST.get("status", ""))
    if wanted is None:
        return HttpResponseBadRequest("status must be on, off, forced_on or forced_off")
    give_status(request, manager, wanted, read_clock())
    return answer_change(request, page_of(wish_of(request)), _live)


@require_POST
@console_page(Role.SUPERVISOR)
def absent(request: HttpRequest, user_id: int) -> HttpResponse:
    """Exclude a manager until the day is over by their clock (F21)."""
    mark_absent(request, _manager(request, user_id), read_clock())
    return answer_change(request, page_of(wish_of(request)), _live)


@require_GET
@console_page(Role.SUPERVISOR)
def confirm_end(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask before a shift is ended: say whose, how many leads move, and when."""
    manager = _manager(request, user_id)
    return ask_before_end(request, manager, zone=zone_of(request), is_own=False)


def _manager(request: HttpRequest, user_id: int) -> Manager:
    rows = Manager.objects.for_account(account_of(request)).select_related("account")
    manager: Manager = get_object_or_404(rows, kommo_id=user_id)
    return manager


def ask_before_end(
    request: HttpRequest, manager: Manager, *, zone: tzinfo, is_own: bool
) -> HttpResponse:
    """Render the question, in a dialog or as a page of its own."""
    now = read_clock()
    departure = departure_of(account_of(request), manager, now)
    moves_at = departure.leads_move_at
    context = {
        "person": manager,
        "is_own": is_own,
        "departure": departure,
        "moves_at": clock(moves_at, zone, now) if moves_at and moves_at > now else "",
    }
    partial = is_partial(request)
    name = "distribution/_confirm_end.html" if partial else "distribution/confirm_end.html"
    return render(request, name, context)


def _live(request: HttpRequest) -> Part:
    return _part(request, board_of(account_of(request), read_clock()), wish_of(request))


def _part(request: HttpRequest, found: Board, wish: Wish) -> Part:
    return live_part(
        "distribution/_board.html",
        _context(request, found, wish),
        "distribution:board_live",
        asks_with="#board-filter",
    )


def _context(request: HttpRequest, found: Board, wish: Wish) -> dict[str, Any]:
    own, zone = viewer_of(request), zone_of(request)
    is_lead = has_role(own, Role.SUPERVISOR)
    most = max((person.load for person in found.people), default=0)
    rows = [
        row_of(
            person,
            zone,
            found.now,
            is_enabled=found.is_enabled,
            is_own=person.user_id == own.kommo_id,
            most=most,
            may_act=is_lead,
        )
        for person in found.people
    ]
    names = {person.user_id: person.name for person in found.people}
    return {
        "board": found,
        "people": len(rows),
        "rows": sorted(filter(wish.admits, rows), key=lambda row: not row.is_own),
        "online": sum(row.person.presence is Presence.ONLINE for row in rows),
        "receiving": sum(row.receives.yes for row in rows),
        "unplanned": _unplanned(found),
        "opens_at": clock(found.opens_at, zone, found.now) if found.opens_at else "",
        "queue": [_queue_line(lead, zone, found) for lead in found.queue],
        "moves": [move_line(move, names, zone, found) for move in found.moves],
        "statuses": [(one.value, status_name(one)) for one in Status],
        "is_lead": is_lead,
        "is_admin": own.is_admin,
        "own_id": own.kommo_id,
        "host": account_of(request).host,
        "zone": account_of(request).zone,
    }


def _unplanned(found: Board) -> str:
    """Return how many receive nothing for want of a schedule (F68); "" where nobody does."""
    number = sum(person.lacks_schedule for person in found.people)
    if not number or not found.is_enabled:
        return ""
    return ngettext(
        "%(number)s person who takes part has no schedule for today and receives nothing.",
        "%(number)s people who take part have no schedule for today and receive nothing.",
        number,
    ) % {"number": number}


def _queue_line(lead: QueuedLead, zone: tzinfo, found: Board) -> dict[str, Any]:
    is_ahead = lead.until is not None and lead.until > found.now
    return {
        "lead_id": lead.lead_id,
        "name": lead.name,
        "since": lead.since,
        "reason": waiting_text(lead.reason),
        "until": clock(lead.until, zone, found.now) if lead.until and is_ahead else "",
        "decision_id": lead.decision_id,
    }


def move_line(
    move: Move, names: dict[int, str], zone: tzinfo, found: Board | OwnStanding
) -> dict[str, Any]:
    """Return a move as the templates show it."""
    return {
        "decision_id": move.decision_id,
        "lead_id": move.lead_id,
        "lead_name": move.lead_name,
        "kind": move.kind,
        "at": clock(move.at, zone, found.now),
        "manager_id": move.manager_id,
        "manager": names.get(move.manager_id or 0, move.manager_id),
        "previous": names.get(move.previous_id or 0, ""),
    }
