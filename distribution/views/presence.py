"""The words for where a manager stands, and the buttons that change it; shared by board and own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Manager
from distribution.labels import Receives, presence_text, receives
from distribution.queries.board import Board, Person, departure_of
from peresmenka.lib.moments import clock
from shifts.core.machine import Cause, Presence
from shifts.models import Cause as CauseWords
from shifts.operations import presence as operations

ACTIONS = {
    "start": operations.start_shift,
    "pause": operations.pause_shift,
    "resume": operations.resume_shift,
    "end": operations.end_shift,
}
_TONES = {Presence.ONLINE: "good", Presence.PAUSED: "warn", Presence.OFFLINE: "off"}
_SENTENCES = {
    operations.NotOnShift: gettext_lazy("There is no running shift. Start the shift first."),
    operations.RunsByActivity: gettext_lazy(
        "Shifts of this account follow activity in Kommo. Ask a supervisor to pause or end yours."
    ),
    operations.NotTakingPart: gettext_lazy(
        "This manager is deactivated in Kommo or does not take part. An admin has to switch them on."
    ),
}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A manager as the templates show him."""

    person: Person
    is_own: bool
    tone: str
    presence: str
    since: str
    cause: str
    receives: Receives
    bar: int  # percent of the largest load on the board
    last_lead: str
    leads_move: str
    buttons: tuple[tuple[str, str], ...]  # (action, label)


def row_of(
    person: Person, board: Board, own_id: int, zone: tzinfo, most: int, *, may_act: bool
) -> PersonRow:
    """Return the person's row; `most` is the largest load on the board."""
    state, now = person.state, board.now
    line = receives(person.refusals, zone, now)
    if not board.is_enabled:
        line = Receives(False, _("distribution is off"))
    return PersonRow(
        person=person,
        is_own=person.user_id == own_id,
        tone=_TONES[state.presence],
        presence=presence_text(state.presence.value),
        since=clock(state.since, zone, now) if state.since else "",
        cause=str(CauseWords(state.cause.value).label) if state.cause else "",
        receives=line,
        bar=round(100 * person.load / most) if most else 0,
        last_lead=clock(person.last_lead_at, zone, now) if person.last_lead_at else "",
        leads_move=clock(person.leads_move_at, zone, now) if person.leads_move_at else "",
        buttons=buttons_of(state.presence) if may_act and person.takes_part else (),
    )


def buttons_of(presence: Presence) -> tuple[tuple[str, str], ...]:
    """Return the actions that a state allows, the usual one first."""
    if presence is Presence.ONLINE:
        return (("pause", _("Pause")), ("end", _("End shift")))
    if presence is Presence.PAUSED:
        return (("resume", _("Resume")), ("end", _("End shift")))
    return (("start", _("Start shift")),)


def act(
    request: HttpRequest,
    account: Account,
    manager: Manager,
    action: str,
    *,
    by: int,
    cause: Cause,
    zone: tzinfo,
    now: datetime,
) -> None:
    """Do what a click asks for and leave a message that says what came of it."""
    departure = departure_of(account, manager, now) if action == "end" else None
    try:
        ACTIONS[action](manager, now=now, cause=cause, by=by)
    except operations.ShiftError as error:
        messages.error(request, _sentence(error))
        return
    name = {"name": manager.name}
    if departure is None:
        done = {
            "start": _("%(name)s is on shift."),
            "pause": _("%(name)s is paused: no new leads, the present ones stay."),
            "resume": _("%(name)s is back on shift."),
        }
        messages.success(request, done[action] % name)
        return
    undo = reverse("distribution:shift", args=[manager.kommo_id])
    if cause is Cause.BUTTON:
        undo = reverse("distribution:my_shift")
    moves_at = departure.leads_move_at
    if moves_at is None or not departure.open_leads:
        messages.success(request, _("%(name)s: the shift has ended.") % name, extra_tags=undo)
    elif moves_at <= now:
        text = _("%(name)s: the shift has ended, the leads are moving to colleagues.")
        messages.success(request, text % name)
    else:
        text = _("%(name)s: the shift has ended. Leads move at %(time)s unless it starts again.")
        messages.success(
            request, text % {**name, "time": clock(moves_at, zone, now)}, extra_tags=undo
        )


def _sentence(error: operations.ShiftError) -> str:
    known = _SENTENCES.get(type(error))
    return str(known or error)
