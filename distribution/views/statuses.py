"""Clicks on participation: a supervisor's on the board, a manager's own; each leaves a message."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Manager
from accounts.viewer import viewer_of
from shifts.core.participation import Status
from shifts.labels.participation import error_text, own_status_text, status_name
from shifts.operations import participation as operations


def status_from(text: str) -> Status | None:
    """Return the status that a button names; None for what is none."""
    return Status(text) if text in Status.__members__.values() else None


def give_status(request: HttpRequest, manager: Manager, status: Status, now: datetime) -> None:
    """Give a manager a status until further notice, and offer to undo it."""
    by = viewer_of(request)
    former = operations.set_participation(manager, status=status, now=now, by=by)
    words = {"name": manager.name, "status": status_name(status)}
    _say(request, _("%(name)s: %(status)s.") % words, former)


def mark_absent(request: HttpRequest, manager: Manager, now: datetime) -> None:
    """Exclude a manager until the day is over by their clock, and offer to undo it (F21)."""
    former = operations.mark_absent_today(manager, now=now, by=viewer_of(request))
    text = _("%(name)s is absent today: no new leads until midnight.")
    _say(request, text % {"name": manager.name}, former)


def switch_oneself(request: HttpRequest, status: Status, now: datetime) -> None:
    """Switch the viewer on or off; say what that means, or why it cannot be."""
    try:
        operations.set_own_participation(viewer_of(request), status=status, now=now)
    except operations.ParticipationDenied as error:
        messages.error(request, error_text(error))
        return
    messages.success(request, own_status_text(status))


def _say(request: HttpRequest, text: str, former: operations.Former) -> None:
    """Leave the message, with a button that gives back what counted before where something changed."""
    undo = ""
    if former.entry is not None:
        undo = reverse("distribution:team_undo", args=[former.entry])
    messages.success(request, text, extra_tags=undo)
