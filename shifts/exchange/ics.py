"""iCalendar (RFC 5545): writes the feed of a schedule, reads other people's calendars."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Component, vDuration
from icalendar import Event as Component_

from shifts.core.calendar_import import Event, Reason
from shifts.exchange.repetition import is_plain, named_days, rule_of

PRODID = "-//Peresmenka//Schedule//EN"
REFRESH = timedelta(hours=1)
MOST_EVENTS = 5_000
MOST_STEPS = 200_000  # of all repetitions from their beginnings to the last day looked at
MOST_OCCURRENCES = 10_000  # of all repetitions in the days looked at, at most
LONGEST_TITLE = 200
_SHORT = timedelta(hours=4)  # no working day is shorter: such a repetition need not be worked out
_DAY = timedelta(days=1)
_DATES = {"DTSTART", "DTEND", "DURATION", "RDATE", "EXDATE", "RECURRENCE-ID"}
_BEGINS = re.compile(rb"^BEGIN:VEVENT\s*$", re.MULTILINE | re.IGNORECASE)
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


# --- writing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of a feed, [starts, ends): moments in UTC for work, days for a day off."""

    uid: str
    title: str
    starts: date
    ends: date


def write_calendar(name: str, entries: Iterable[Entry], changed_at: datetime) -> bytes:
    """Return the feed as a file; the same entries give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)  # RFC 7986; the two below are what programs have read for long
    calendar.add("x-wr-calname", name)
    calendar.add("x-published-ttl", vDuration(REFRESH))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_component(entry, changed_at))
    written: bytes = calendar.to_ical()
    return written


def _component(entry: Entry, changed_at: datetime) -> Component_:
    event = Component_()
    event.add("uid", entry.uid)
    event.add("dtstamp", changed_at)
    event.add("dtstart", entry.starts)
    event.add("dtend", entry.ends)
    event.add("summary", entry.title)
    if not isinstance(entry.starts, datetime):
        event.add("transp", "TRANSPARENT")
        event.add("x-microsoft-cdo-busystatus", "FREE")
    return event


# --- reading ---------------------------------------------------------------------------------------


class Trouble(StrEnum):
    """Why a file cannot be read as a calendar."""

    EMPTY = "empty"
    NOT_A_CALENDAR = "not_a_calendar"
    BROKEN = "broken"
    TOO_MANY = "too_many"
    TOO_INTRICATE = "too_intricate"  # repetitions that take too long to work out


class UnreadableCalendar(ValueError):
    """The file cannot be read as a calendar; nothing was imported."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(slots=True)
class CalendarFile:
    """What a calendar holds: occurrences that may be days off, and what cannot be one."""

    events: list[Event] = field(default_factory=list)
    left_out: list[tuple[Event, Reason]] = field(default_factory=list)


def read_calendar(raw: bytes, first: date, last: date) -> CalendarFile:
    """Return the events of a calendar; repetitions are worked out for [first, last] alone.

    Raises UnreadableCalendar.
    """
    found = CalendarFile()
    for calendar in _parse(raw):
        series: dict[str, list[Component]] = defaultdict(list)
        for number, component in enumerate(calendar.walk("VEVENT")):
            series[str(component.get("UID") or number)].append(component)
        repeated: list[Sequence[Component]] = []
        for components in series.values():
            _sort_out(components, found, repeated)
        _refuse_intricate(repeated, first, last)
        for repetition in repeated:
            _expand(calendar, repetition, first, last, found)
    return found


def _parse(raw: bytes) -> list[Component]:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not raw:
        raise UnreadableCalendar(Trouble.EMPTY)
    if not raw[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        raise UnreadableCalendar(Trouble.NOT_A_CALENDAR)
    if len(_BEGINS.findall(raw)) > MOST_EVENTS:
        raise UnreadableCalendar(Trouble.TOO_MANY)
    if not raw[-13:].upper() == b"END:VCALENDAR":  # cut off while it was downloaded
        raise UnreadableCalendar(Trouble.BROKEN)
    try:
        found = Calendar.from_ical(raw, multiple=True)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UnreadableCalendar(Trouble.BROKEN) from error
    return [component for component in found if component.name == "VCALENDAR"]


def _sort_out(
    components: Sequence[Component], found: CalendarFile, repeated: list[Sequence[Component]]
) -> None:
    """Read the components of one event: at once, or later as a repetition."""
    if not any(_repeats(component) for component in components):
        for component in components:
            _add(component, found)
        return
    events = [_event(component) for component in components]
    reason = None
    if None in events:
        reason = Reason.UNREADABLE
    elif not all(is_plain(component) for component in components):
        reason = Reason.REPEATS
    elif all(event is not None and _is_short(event) for event in events):
        reason = Reason.SHORT
    if reason is None:
        repeated.append(components)
    else:
        found.left_out.append((events[0] or _shell(components[0]), reason))


def _repeats(component: Component) -> bool:
    return any(name in component for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _is_short(event: Event) -> bool:
    return not event.is_all_day and event.ends - event.starts < _SHORT


def _refuse_intricate(series: Sequence[Sequence[Component]], first: date, last: date) -> None:
    """Raise UnreadableCalendar where the repetitions take too long to work out."""
    components = [component for components in series for component in components]
    rules = [(rule, component) for component in components if (rule := rule_of(component))]
    steps = sum(rule.steps((last - _start_day(component)).days) for rule, component in rules)
    most = sum(rule.occurrences((last - first).days) for rule, _ in rules)
    most += sum(named_days(component) for component in components)
    if steps > MOST_STEPS or most > MOST_OCCURRENCES:
        raise UnreadableCalendar(Trouble.TOO_INTRICATE)


def _expand(
    calendar: Component,
    components: Sequence[Component],
    first: date,
    last: date,
    found: CalendarFile,
) -> None:
    """Add the occurrences of one repetition that reach into [first, last]."""
    alone = Calendar()
    if "X-WR-TIMEZONE" in calendar:
        alone["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
    for component in components:
        alone.add_component(component)
    whole = _event(components[0]) or _shell(components[0])
    try:
        occurrences = recurring_ical_events.of(alone).between(first, last + _DAY)
    except Exception:  # noqa: BLE001 - the library raises whatever it stumbles over
        found.left_out.append((whole, Reason.UNREADABLE))
        return
    for component in occurrences:
        _add(component, found)
    if not occurrences:
        is_later = _start_day(components[0]) > last
        found.left_out.append((whole, Reason.FAR if is_later else Reason.PAST))


def _start_day(component: Component) -> date:
    event = _event(component)
    starts = event.starts if event else date.min
    return starts.date() if isinstance(starts, datetime) else starts


def _add(component: Component, found: CalendarFile) -> None:
    event = _event(component)
    if event is None:
        found.left_out.append((_shell(component), Reason.UNREADABLE))
    elif str(component.get("STATUS", "")).upper() == "CANCELLED":
        found.left_out.append((event, Reason.CANCELLED))
    else:
        found.events.append(event)


def _event(component: Component) -> Event | None:
    """Return a component as an event; None where it has no sound beginning and end."""
    if any(name in _DATES for name, _problem in component.errors):
        return None
    try:
        starts, ends = _within(component.start), _within(component.end)  # type: ignore[attr-defined]
        if not isinstance(starts, datetime) and ends <= starts:
            ends = starts + _DAY
        if isinstance(starts, datetime) != isinstance(ends, datetime) or ends < starts:
            return None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None  # what icalendar raises for events without beginning, or of mixed kinds
    return Event(
        title=_title(component),
        starts=starts,
        ends=ends,
        attendees=tuple(_address(value) for value in _listed(component.get("ATTENDEE"))),
        organizer=_address(component.get("ORGANIZER", "")),
    )


def _within(moment: date) -> date:
    """Return a moment; one at the ends of all calendars, where clocks differ, a year away from them."""
    if isinstance(moment, datetime) and moment.year in (MINYEAR, MAXYEAR):
        return moment.replace(year=min(max(moment.year, MINYEAR + 1), MAXYEAR - 1))
    return moment


def _shell(component: Component) -> Event:
    return Event(_title(component), date.min, date.min)


def _title(component: Component) -> str:
    written = _NO_TEXT.sub("", str(component.get("SUMMARY", "")))
    return " ".join(written.split())[:LONGEST_TITLE]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _address(value: Any) -> str:
    return re.sub(r"^mailto:", "", str(value).strip(), flags=re.IGNORECASE)
