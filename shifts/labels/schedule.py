"""The schedule in words: states, days, problems, history; in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext_lazy, pgettext

from peresmenka.lib.moments import clock, day_text
from shifts.core import grid, hours
from shifts.core.hours import Hours, format_minute
from shifts.core.layers import Cause, Day, Kind
from shifts.core.roster import Standing, State
from shifts.models import Override

_CAUSES = {
    Cause.REST: gettext_lazy("Day of rest"),
    Cause.MARKED: gettext_lazy("Day off"),
    Cause.HOLIDAY: gettext_lazy("Holiday"),
    Cause.ABSENCE: gettext_lazy("Absence"),
    Cause.SWAPPED: gettext_lazy("Given to a colleague"),
}
HOURS_PROBLEMS = {
    hours.Problem.NOT_A_TIME: gettext_noop(
        "“%(text)s” is not a time. Write hours like 09:00-18:00, several with a comma."
    ),
    hours.Problem.ZERO_LENGTH: gettext_noop(
        "“%(text)s” begins and ends at the same time. A whole day is 00:00-24:00."
    ),
    hours.Problem.OVERLAP: gettext_noop(
        "The hours “%(text)s” overlap. Let one interval end before the next begins."
    ),
    hours.Problem.TOO_MANY: gettext_noop("A day has at most six intervals. Join some of them."),
    hours.Problem.NO_HOURS: gettext_noop("Give the hours, for example 09:00-18:00."),
}
_GRID_PROBLEMS = {
    grid.Problem.NO_HOURS: gettext_lazy(
        "A day off needs hours: set working hours for these days first."
    ),
    grid.Problem.PAST: gettext_lazy("Past days are kept as they were. Select today or later days."),
    grid.Problem.FAR_AWAY: gettext_lazy(
        "These days are more than 400 days ahead. Choose nearer ones, or let the manager follow a pattern."
    ),
    grid.Problem.INACTIVE: gettext_lazy(
        "This manager is deactivated in Kommo. Their days are kept, but cannot be changed."
    ),
    grid.Problem.UNKNOWN: gettext_lazy(
        "This manager is not in the account any more. Reload the page."
    ),
    grid.Problem.TOO_MANY: gettext_lazy(
        "These are more than 10,000 days at once. Select fewer of them."
    ),
    grid.Problem.NOTHING: gettext_lazy("No days are selected. Select some in the grid first."),
}


def state_text(standing: Standing, zone: tzinfo, now: datetime) -> str:
    """Return the state of a schedule as people say it: "In service until 18:00"."""
    if standing.state is State.IN_SERVICE:
        until = clock(standing.ends_at, zone, now) if standing.ends_at else ""
        return _("In service until %(time)s") % {"time": until}
    if standing.state is State.START_AT:
        starts = clock(standing.starts_at, zone, now) if standing.starts_at else ""
        return _("Start at %(time)s") % {"time": starts}
    return state_name(standing.state)


def state_name(state: State) -> str:
    """Return the bare name of a state."""
    names = {
        State.IN_SERVICE: pgettext("state of a schedule", "In service"),
        State.START_AT: pgettext("state of a schedule", "Starts later"),
        State.COMPLETED: pgettext("state of a schedule", "Completed"),
        State.DAY_OFF: pgettext("state of a schedule", "Day off"),
        State.EMPTY: pgettext("state of a schedule", "Empty"),
    }
    return names[state]


def until_text(last: date | None, is_endless: bool) -> str:
    """Return up to when a schedule is set (F61)."""
    if is_endless:
        return _("until further notice")
    if last is None:
        return _("no schedule")
    return _("until %(date)s") % {"date": day_text(last)}


def cause_text(day: Day, *, holiday: str = "", absence: tuple[str, str] = ("", "")) -> str:
    """Return why a day is off; "" for a day of work."""
    if day.kind is not Kind.DAY_OFF or day.cause is None:
        return ""
    if day.cause is Cause.HOLIDAY and holiday:
        return _("Holiday: %(name)s") % {"name": holiday}
    if day.cause is Cause.ABSENCE and absence[0]:
        label = str(Override.Cause(absence[0]).label).capitalize()
        return f"{label}: {absence[1]}" if absence[1] else label
    return str(_CAUSES[day.cause])


def short_hours(value: Hours) -> str:
    """Return hours as short as a cell of the grid is wide: 9–18."""
    return " ".join(f"{_short(start)}–{_short(end)}" for start, end in value)


def _short(minute: int) -> str:
    text = format_minute(minute)
    return str(int(text[:2])) if text.endswith(":00") else f"{int(text[:2])}:{text[3:]}"


def hours_problem(error: hours.BadHours) -> str:
    """Return what is wrong with hours, and what to do."""
    return _(HOURS_PROBLEMS[error.problem]) % {"text": error.text}


def grid_problem(problem: grid.Problem) -> str:
    """Return why an operation of the grid cannot be done, and what to do."""
    return str(_GRID_PROBLEMS[problem])


def change_text(kind: str, summary: Mapping[str, Any]) -> str:
    """Return what a change of the schedule was, for its history."""
    days = int(summary.get("days", 0))
    op = str(summary.get("op", ""))
    if kind in ("cells", "import", "undo"):
        name = {"import": "import", "undo": "undo"}.get(kind, op)
        if name in _CELL_CHANGES:
            return str(_CELL_CHANGES[name] % {"days": days})
    known = _OTHER_CHANGES.get(kind)
    return str(known) if known else kind


_CELL_CHANGES = {
    "set_hours": ngettext_lazy("Hours set on %(days)s day", "Hours set on %(days)s days", "days"),
    "clear": ngettext_lazy("%(days)s day cleared", "%(days)s days cleared", "days"),
    "day_off": ngettext_lazy(
        "Day off changed on %(days)s day", "Day off changed on %(days)s days", "days"
    ),
    "follow": ngettext_lazy(
        "%(days)s day follows the pattern", "%(days)s days follow the pattern", "days"
    ),
    "paint": ngettext_lazy(
        "Pattern filled in on %(days)s day", "Pattern filled in on %(days)s days", "days"
    ),
    "paste": ngettext_lazy("Pasted into %(days)s day", "Pasted into %(days)s days", "days"),
    "copy_month": ngettext_lazy(
        "%(days)s day copied from a month", "%(days)s days copied from a month", "days"
    ),
    "import": ngettext_lazy("%(days)s day imported", "%(days)s days imported", "days"),
    "undo": ngettext_lazy("Undone on %(days)s day", "Undone on %(days)s days", "days"),
}
_OTHER_CHANGES = {
    "pattern": gettext_lazy("A pattern was changed"),
    "standing": gettext_lazy("Standing patterns were changed"),
    "holiday": gettext_lazy("Holidays were changed"),
    "override": gettext_lazy("An absence or other hours were changed"),
    "swap": gettext_lazy("A swap was carried out"),
    "zone": gettext_lazy("A time zone was changed"),
    "import": gettext_lazy("Absences were imported"),
}
