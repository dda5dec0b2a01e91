"""The board: who is on shift, who receives now and why not, what waits; and a supervisor's buttons."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page, has_role
from accounts.models import Manager
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.labels import waiting_text
from distribution.queries.board import Board, Move, board_of, departure_of
from distribution.views.live import Part, answer_click, answer_poll, live_part
from distribution.views.presence import row_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock
from shifts.core.machine import Cause, Presence


@require_GET
@console_page()
def board(request: HttpRequest) -> HttpResponse:
    """Show the whole page."""
    return render(request, "distribution/board.html", {"live": _live(request)})


@require_GET
@console_page()
def live(request: HttpRequest) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    return answer_poll(request, _live(request))


@require_POST
@console_page(Role.SUPERVISOR)
def shift(request: HttpRequest, user_id: int) -> HttpResponse:
    """Start, pause, resume or end a manager's shift."""
    manager = get_object_or_404(Manager.objects.for_account(account_of(request)), kommo_id=user_id)
    return answer_click(
        request,
        manager,
        cause=Cause.CONSOLE,
        page="distribution:board",
        now=read_clock(),
        part_of=_live,
    )


@require_GET
@console_page(Role.SUPERVISOR)
def confirm_end(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask before a shift is ended: say whose, how many leads move, and when."""
    manager = get_object_or_404(Manager.objects.for_account(account_of(request)), kommo_id=user_id)
    return ask_before_end(request, manager, is_own=False)


def ask_before_end(request: HttpRequest, manager: Manager, *, is_own: bool) -> HttpResponse:
    """Render the question, in a dialog or as a page of its own."""
    now = read_clock()
    departure = departure_of(account_of(request), manager, now)
    moves_at = departure.leads_move_at
    context = {
        "person": manager,
        "is_own": is_own,
        "departure": departure,
        "moves_at": clock(moves_at, zone_of(request), now) if moves_at and moves_at > now else "",
    }
    partial = is_partial(request)
    name = "distribution/_confirm_end.html" if partial else "distribution/confirm_end.html"
    return render(request, name, context)


def _live(request: HttpRequest) -> Part:
    found = board_of(account_of(request), read_clock())
    context = _context(request, found)
    return live_part("distribution/_board.html", context, "distribution:board_live")


def _context(request: HttpRequest, found: Board) -> dict[str, Any]:
    own, zone = viewer_of(request), zone_of(request)
    is_lead = has_role(own, Role.SUPERVISOR)
    most = max((person.load for person in found.people), default=0)
    rows = [
        row_of(person, found, own.kommo_id, zone, most, may_act=is_lead) for person in found.people
    ]
    names = {person.user_id: person.name for person in found.people}
    return {
        "board": found,
        "rows": sorted(rows, key=lambda row: not row.is_own),
        "online": sum(row.person.state.presence is Presence.ONLINE for row in rows),
        "receiving": sum(row.receives.yes for row in rows),
        "opens_at": clock(found.opens_at, zone, found.now) if found.opens_at else "",
        "queue": [
            {
                "lead_id": lead.lead_id,
                "name": lead.name,
                "since": lead.since,
                "reason": waiting_text(lead.reason),
            }
            for lead in found.queue
        ],
        "moves": [move_line(move, names, zone, found) for move in found.moves],
        "is_lead": is_lead,
        "is_admin": own.is_admin,
        "own_id": own.kommo_id,
        "host": account_of(request).host,
        "zone": account_of(request).zone,
    }


def move_line(move: Move, names: dict[int, str], zone: tzinfo, found: Board) -> dict[str, Any]:
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
