"""A manager's own page: the status and why, the shift's buttons, the open load, the latest leads."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import console_page
from accounts.viewer import account_of, viewer_of, zone_of
from distribution.queries.board import board_of, manager_names, moves_of
from distribution.views.board import ask_before_end, move_line
from distribution.views.live import Part, answer_click, answer_poll, live_part
from distribution.views.presence import row_of
from peresmenka.lib.clock import read_clock
from shifts.core.machine import Cause, Mode
from shifts.queries.presence import policy_of

LEADS_SHOWN = 10


@require_GET
@console_page()
def me(request: HttpRequest) -> HttpResponse:
    """Show the whole page; with ?end the question before the shift ends."""
    if "end" in request.GET:
        return ask_before_end(request, viewer_of(request), is_own=True)
    return render(request, "distribution/me.html", {"live": _live(request)})


@require_GET
@console_page()
def live(request: HttpRequest) -> HttpResponse:
    """Return the part that changes; 204 where the browser has it already."""
    return answer_poll(request, _live(request))


@require_POST
@console_page()
def shift(request: HttpRequest) -> HttpResponse:
    """Start, pause, resume or end one's own shift."""
    own = viewer_of(request)
    return answer_click(
        request, own, cause=Cause.BUTTON, page="distribution:me", now=read_clock(), part_of=_live
    )


def _live(request: HttpRequest) -> Part:
    return live_part("distribution/_me.html", _context(request), "distribution:me_live")


def _context(request: HttpRequest) -> dict[str, Any]:
    own, zone = viewer_of(request), zone_of(request)
    found = board_of(account_of(request), read_clock())
    mine = next((person for person in found.people if person.user_id == own.kommo_id), None)
    row = row_of(mine, found, own.kommo_id, zone, mine.load, may_act=True) if mine else None
    runs_by_activity = policy_of(account_of(request)).mode is Mode.AUTOMATIC
    buttons = row.buttons if row else ()
    if runs_by_activity:
        buttons = tuple(pair for pair in buttons if pair[0] in ("start", "resume"))
    moves = moves_of(account_of(request), limit=LEADS_SHOWN, user_id=own.kommo_id)
    names = manager_names(account_of(request))
    return {
        "row": row,
        "buttons": buttons,
        "runs_by_activity": runs_by_activity,
        "moves": [move_line(move, names, zone, found) for move in moves],
        "host": account_of(request).host,
        "zone": account_of(request).zone,
    }
