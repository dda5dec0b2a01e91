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
from distribution.labels.reasons import Receives, presence_text
from distribution.labels.standing import (
    ParticipationLine,
    ScheduleLine,
    participation_line,
    receives_line,
    schedule_line,
)
from distribution.queries.board import departure_of
from distribution.queries.people import Person
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
    schedule: ScheduleLine
    participation: ParticipationLine
    receives: Receives
    load: str  # "5 of 20" where there is a limit
    bar: int  # percent of the limit, else of the largest load on the board
    is_full: bool  # the limit is reached
    last_lead: str
    leads_move: str
    buttons: tuple[tuple[str, str], ...]  # (action, label)


def row_of(
    person: Person,
    zone: tzinfo,
    now: datetime,
    *,
    is_enabled: bool,
    is_own: bool = False,
    most: int = 0,
    may_act: bool = False,
    to_oneself: bool = False,
) -> PersonRow:
    """Return the person's row by the clock of `zone`; `most` is the largest load on the board."""
    shift = person.stands.shift
    limit, whole = person.limit, most if person.limit is None else person.limit
    words = {"load": person.load, "limit": limit}
    return PersonRow(
        person=person,
        is_own=is_own,
        tone=_TONES[person.presence],
        presence=presence_text(person.presence.value),
        since=clock(shift.since, zone, now) if shift.since else "",
        cause=str(CauseWords(shift.cause.value).label) if shift.cause else "",
        schedule=schedule_line(person, zone, now),
        participation=participation_line(person, zone, now),
        receives=receives_line(person, zone, now, is_enabled=is_enabled, to_oneself=to_oneself),
        load=str(person.load) if limit is None else _("%(load)s of %(limit)s") % words,
        bar=min(100, round(100 * person.load / whole)) if whole else 100 * (limit == 0),
        is_full=limit is not None and person.load >= limit,
        last_lead=clock(person.last_lead_at, zone, now) if person.last_lead_at else "",
        leads_move=clock(person.leads_move_at, zone, now) if person.leads_move_at else "",
        buttons=buttons_of(person.presence) if may_act and person.takes_part else (),
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
