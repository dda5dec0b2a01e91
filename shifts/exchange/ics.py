"""iCalendar (RFC 5545): writes the feed of a schedule, reads other people's calendars."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import recurring_ical_events
from icalendar import Calendar, Component, vDuration
from icalendar import Event as Component_

from shifts.core.calendar_import import Event, Reason

PRODID = "-//Peresmenka//Schedule//EN"
REFRESH = timedelta(hours=1)
MOST_EVENTS = 5_000
MOST_SERIES = 300  # repetitions that are worked out
MOST_STEPS = 1_000_000  # days from the beginnings of all repetitions to the last day looked at
LONGEST_TITLE = 200
_SHORT = timedelta(hours=4)  # no working day is shorter: such a repetition need not be worked out
_DAY = timedelta(days=1)
# Parts of a repetition whose days are found quickly; hours and numbers of weeks are not among them.
_RULE_PARTS = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
    *("BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"),
}
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEGINS = re.compile(rb"^BEGIN:VEVENT\s*$", re.MULTILINE | re.IGNORECASE)


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
        repeated: list[Component] = []
        for components in series.values():
            _sort_out(components, found, repeated)
        if repeated:
            _expand(calendar, repeated, first, last, found)
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
    components: Sequence[Component], found: CalendarFile, repeated: list[Component]
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
    elif not all(_is_plain(component) for component in components):
        reason = Reason.REPEATS
    elif all(event is not None and _is_short(event) for event in events):
        reason = Reason.SHORT
    if reason is None:
        repeated += components
    else:
        found.left_out.append((events[0] or _shell(components[0]), reason))


def _repeats(component: Component) -> bool:
    return any(name in component for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _is_short(event: Event) -> bool:
    return not event.is_all_day and event.ends - event.starts < _SHORT


def _is_plain(component: Component) -> bool:
    """Say whether a repetition is one that days off have, and whose days are soon found.

    A rule that never comes true is looked for up to the year 9999; an interval of 0 without end.
    """
    rule = component.get("RRULE")
    if rule is None:
        return True
    if isinstance(rule, list) or not _RULE_PARTS.issuperset(rule):
        return False
    try:
        return _comes_true(
            frequency=str(rule.get("FREQ", ["?"])[0]).upper(),
            interval=int(rule.get("INTERVAL", [1])[0]),
            weekdays=[str(day) for day in rule.get("BYDAY", [])],
            days=[abs(int(day)) for day in rule.get("BYMONTHDAY", [])],
            months=[int(month) for month in rule.get("BYMONTH", [])],
            positions=[abs(int(place)) for place in rule.get("BYSETPOS", [])],
        )
    except (ValueError, TypeError, IndexError):
        return False


def _comes_true(
    *,
    frequency: str,
    interval: int,
    weekdays: list[str],
    days: list[int],
    months: list[int],
    positions: list[int],
) -> bool:
    numbers = [int(found[0]) for day in weekdays if (found := re.match(r"[+-]?\d+", day))]
    longest = max((_LONGEST_MONTHS[month - 1] for month in months if 1 <= month <= 12), default=31)
    is_sound = (
        frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
        and 1 <= interval <= 1000
        and all(1 <= month <= 12 for month in months)
        and all(1 <= abs(number) <= 5 for number in numbers)
        and (not days or 1 <= min(days) <= longest)
        and set(positions) <= {1}
    )
    is_contradictory = (
        (numbers and days)
        or (interval > 1 and frequency == "DAILY" and (weekdays or days or months))
        or (interval > 1 and frequency == "MONTHLY" and (months or max(days, default=1) > 28))
        or (interval > 1 and frequency == "WEEKLY" and (days or months))
    )
    return is_sound and not is_contradictory


def _expand(
    calendar: Component,
    repeated: list[Component],
    first: date,
    last: date,
    found: CalendarFile,
) -> None:
    """Add the occurrences of repetitions that reach into [first, last]."""
    steps = sum(max((last - _start_day(component)).days, 0) for component in repeated)
    if len(repeated) > MOST_SERIES or steps > MOST_STEPS:
        raise UnreadableCalendar(Trouble.TOO_INTRICATE)
    reduced = Calendar()
    reduced.add("prodid", PRODID)
    reduced.add("version", "2.0")
    if "X-WR-TIMEZONE" in calendar:
        reduced["X-WR-TIMEZONE"] = calendar["X-WR-TIMEZONE"]
    for component in (*calendar.walk("VTIMEZONE"), *repeated):
        reduced.add_component(component)
    query = recurring_ical_events.of(reduced, skip_bad_series=True)
    try:
        occurrences = query.between(first - _DAY, last + 2 * _DAY)
    except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise UnreadableCalendar(Trouble.BROKEN) from error
    for component in occurrences:
        _add(component, found)


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
    try:
        starts, ends = component.start, component.end  # type: ignore[attr-defined]
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


def _shell(component: Component) -> Event:
    return Event(_title(component), date.min, date.min)


def _title(component: Component) -> str:
    return " ".join(str(component.get("SUMMARY", "")).split())[:LONGEST_TITLE]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _address(value: Any) -> str:
    return re.sub(r"^mailto:", "", str(value).strip(), flags=re.IGNORECASE)
