"""Where a manager stands, in words: the three axes and what follows; for board, own page and widget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distribution.core.reasons import Reason, Refusal
from distribution.labels.reasons import Receives, receives, refusal_text
from distribution.queries.people import Person
from peresmenka.lib.moments import clock
from shifts.core.layers import Cause, Day, Kind
from shifts.core.participation import Status
from shifts.core.roster import State
from shifts.labels.participation import status_name
from shifts.labels.schedule import cause_text, state_text

STATUS_TONES = {
    Status.ON: "good",
    Status.OFF: "off",
    Status.FORCED_ON: "good",
    Status.FORCED_OFF: "bad",
}
_SCHEDULE_TONES = {State.IN_SERVICE: "good", State.START_AT: "warn"}

# What the engine objects, said to the manager themselves.
_TO_ONESELF = {
    Reason.NOT_IN_GROUP: gettext_lazy("you are in no group that takes part"),
    Reason.LEAVING: gettext_lazy("your shift has ended and your leads are being moved"),
    Reason.UNLICENSED: gettext_lazy("you do not take part: no licence"),
    Reason.FORCED_OFF: gettext_lazy("a supervisor has switched you off"),
    Reason.PARTICIPATION_OFF: gettext_lazy("you are switched off"),
    Reason.OFFLINE: gettext_lazy("you are not on shift"),
    Reason.PAUSED: gettext_lazy("you are on pause"),
}


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """Where a schedule stands."""

    state: str
    tone: str
    text: str  # "In service until 18:00"
    cause: str  # why a day is off, where that says more than "Day off"
    following: str  # when the next hours begin, after today's
    elsewhere: str  # the manager's own clock, where it is another one than the page's


@dataclass(frozen=True, slots=True)
class ParticipationLine:
    """What counts of a manager's participation."""

    status: str
    name: str
    tone: str
    until: str
    note: str
    is_in: bool
    is_forced_off: bool


def schedule_line(person: Person, zone: tzinfo, now: datetime) -> ScheduleLine:
    """Return the schedule's state by the clock of `zone`; another clock of the person is named."""
    schedule = person.schedule
    cause = ""
    if schedule.cause not in (None, Cause.MARKED):
        cause = cause_text(Day(Kind.DAY_OFF, (), schedule.cause))
    following = ""
    if schedule.starts_at and schedule.state is not State.START_AT:
        following = clock(schedule.starts_at, zone, now)
    return ScheduleLine(
        state=schedule.state.value,
        tone=_SCHEDULE_TONES.get(schedule.state, "off"),
        text=state_text(schedule, zone, now),
        cause=cause,
        following=following,
        elsewhere=_elsewhere(person, zone, now),
    )


def _elsewhere(person: Person, zone: tzinfo, now: datetime) -> str:
    """Return the name of the person's own clock, with the time that it will show."""
    if str(person.zone) == str(zone):
        return ""
    schedule = person.schedule
    moment = schedule.ends_at or schedule.starts_at
    return f"{clock(moment, person.zone, now)}, {person.zone}" if moment else str(person.zone)


def participation_line(person: Person, zone: tzinfo, now: datetime) -> ParticipationLine:
    """Return what counts of a person's participation."""
    standing = person.stands.participation
    return ParticipationLine(
        status=standing.status.value,
        name=status_name(standing.status),
        tone=STATUS_TONES[standing.status],
        until=clock(standing.until, zone, now) if standing.until else "",
        note=standing.note,
        is_in=standing.status.is_in,
        is_forced_off=standing.status is Status.FORCED_OFF,
    )


def receives_line(
    person: Person, zone: tzinfo, now: datetime, *, is_enabled: bool, to_oneself: bool = False
) -> Receives:
    """Return the line "Receives now: yes" or "no, because …, until …"."""
    if not is_enabled:
        return Receives(False, _("distribution is off"))
    line = receives(person.refusals, zone, now)
    if line.yes or not to_oneself:
        return line
    return Receives(False, _said_to_oneself(person.refusals[0]), line.until)


def _said_to_oneself(refusal: Refusal) -> str:
    known = _TO_ONESELF.get(refusal.reason)
    return str(known) if known else refusal_text(refusal)
