"""Waves: the list, the page of one, and taking it back."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.identity import Role, console_page
from accounts.models import Account
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.labels.waves import error_text, name_in, wave_line, wave_text
from distribution.models import Wave
from distribution.operations.undo import NotUndoable, WaveRunning, WaveUndone, undo_wave
from distribution.queries.board import manager_names
from distribution.queries.waves import LEADS_SHOWN, WaveDetails, latest_waves, wave_details
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock

REFUSALS = (WaveUndone, NotUndoable, WaveRunning)


@require_GET
@console_page(Role.SUPERVISOR)
def waves(request: HttpRequest) -> HttpResponse:
    """Show the latest waves, newest first."""
    account, zone, now = account_of(request), zone_of(request), read_clock()
    names = manager_names(account)
    rows = [
        {
            "wave": wave,
            "what": wave_text(wave, names),
            "at": clock(wave.started_at, zone, now),
            "is_undone": is_undone,
        }
        for wave, is_undone in latest_waves(account)
    ]
    return render(request, "distribution/waves.html", {"rows": rows})


@require_GET
@console_page(Role.SUPERVISOR)
def wave(request: HttpRequest, wave_id: int) -> HttpResponse:
    """Show a wave with its leads; the part alone where the page asks how far its undo is."""
    row = _wave(account_of(request), wave_id)
    page = "distribution/_wave.html" if is_partial(request) else "distribution/wave.html"
    return render(request, page, _context(request, row))


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def undo(request: HttpRequest, wave_id: int) -> HttpResponse:
    """Ask whether the wave is to be taken back; with POST have it done."""
    row = _wave(account_of(request), wave_id)
    if request.method == "GET":
        context = _context(request, row)
        template = "_wave_undo.html" if is_partial(request) else "wave_undo.html"
        return render(request, f"distribution/{template}", context)
    try:
        undo_wave(account_of(request), row.pk, actor=viewer_of(request), now=read_clock())
    except REFUSALS as error:
        messages.error(request, error_text(error))
    else:
        messages.success(request, _("The wave is being taken back."))
    return redirect("distribution:wave", row.pk)


def _wave(account: Account, wave_id: int) -> Wave:
    found: Wave = get_object_or_404(Wave.objects.for_account(account), pk=wave_id)
    return found


def _context(request: HttpRequest, row: Wave) -> dict[str, Any]:
    account, zone, now = account_of(request), zone_of(request), read_clock()
    details, names = wave_details(account, row), manager_names(account)
    by = details.taken_back_by
    return {
        "details": details,
        "wave": row,
        "what": wave_text(row, names),
        "at": clock(row.started_at, zone, now),
        "lines": [wave_line(lead, names) for lead in details.leads],
        "left_out": max(0, details.total - LEADS_SHOWN),
        "by": name_in(names, by) if by is not None else "",
        "progress": _progress(details, zone, now),
    }


def _progress(details: WaveDetails, zone: tzinfo, now: datetime) -> dict[str, Any] | None:
    """Return how far the undo of a wave is; None: there is none."""
    if details.undo is None:
        return None
    return {
        "at": clock(details.undo.started_at, zone, now),
        "back": details.undo.moved,
        "left": details.undo.parked,
        "done": details.undone,
        "total": details.undoable,
        "on_its_way": details.on_its_way,
        "is_over": details.undone >= details.undoable and not details.on_its_way,
    }
