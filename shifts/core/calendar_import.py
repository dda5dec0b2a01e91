"""Days off out of a calendar's events: which days they take, and whose they are. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from shifts.core.hours import Hours
from shifts.core.people import Person, words_of
from shifts.core.roster import day_bounds, spans_of

WORKING_DAY = timedelta(hours=8)  # what counts as a whole day where no hours are planned
_DAY = timedelta(days=1)


class Reason(StrEnum):
    """Why an event gives no days off."""

    SHORT = "short"  # shorter than the day's hours
    PAST = "past"
    FAR = "far"  # later than the days that are looked at
    CANCELLED = "cancelled"
    UNREADABLE = "unreadable"  # no start, an end before it, a broken repetition
    REPEATS = "repeats"  # a repetition that days off do not have
    NOBODY = "nobody"  # no manager is named
    SEVERAL = "several"  # more than one is
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a calendar, or one occurrence of it, [starts, ends).

    Both are days, or both are moments; a moment without a zone goes by its owner's clock.
    """

    title: str
    starts: date
    ends: date
    attendees: tuple[str, ...] = ()  # e-mail addresses
    organizer: str = ""

    @property
    def is_all_day(self) -> bool:
        """Say whether the event takes days rather than hours."""
        return not isinstance(self.starts, datetime)


def owners_of(event: Event, people: Iterable[Person]) -> list[Person]:
    """Return whose days the event may take: by the invited, else the title's names, else the organizer."""
    people = list(people)
    return (
        _by_email(people, event.attendees)
        or _by_title(people, event.title)
        or _by_email(people, [event.organizer])
    )


def _by_email(people: list[Person], addresses: Sequence[str]) -> list[Person]:
    wanted = {address.strip().casefold() for address in addresses} - {""}
    return [person for person in people if person.email.strip().casefold() in wanted]


def _by_title(people: list[Person], title: str) -> list[Person]:
    """Return the people whose whole name stands in the title; the longest names where they overlap."""
    words = words_of(title)
    found = [person for person in people if _names(words, words_of(person.name))]
    longest = max((len(words_of(person.name)) for person in found), default=0)
    return [person for person in found if len(words_of(person.name)) == longest]


def _names(words: list[str], name: list[str]) -> bool:
    length = len(name)
    places = range(len(words) - length + 1)
    return bool(name) and any(
        words[place : place + length] in (name, name[::-1]) for place in places
    )


def days_taken(
    event: Event, first: date, last: date, zone: tzinfo, hours_on: Callable[[date], Hours]
) -> set[date]:
    """Return the days in [first, last] by the owner's clock that the event takes as a whole."""
    if isinstance(event.starts, datetime) and isinstance(event.ends, datetime):
        return _covered(
            _aware(event.starts, zone), _aware(event.ends, zone), first, last, zone, hours_on
        )
    return set(_days(max(event.starts, first), min(event.ends - _DAY, last)))


def _covered(
    starts: datetime,
    ends: datetime,
    first: date,
    last: date,
    zone: tzinfo,
    hours_on: Callable[[date], Hours],
) -> set[date]:
    around = _days(
        max(starts.astimezone(zone).date() - _DAY, first),
        min(ends.astimezone(zone).date(), last),
    )
    found = set()
    for on in around:
        spans = spans_of(on, hours_on(on), zone)
        if spans:
            is_whole = starts <= spans[0][0] and spans[-1][1] <= ends
        else:
            begins, closes = day_bounds(on, zone)
            is_whole = min(ends, closes) - max(starts, begins) >= min(WORKING_DAY, closes - begins)
        if is_whole:
            found.add(on)
    return found


def reason_without_days(event: Event, first: date, last: date, zone: tzinfo) -> Reason:
    """Return why `days_taken` has found none."""
    starts, ends = event.starts, event.ends
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        opens, closes = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
        if _aware(ends, zone) <= opens:
            return Reason.PAST
        return Reason.FAR if _aware(starts, zone) >= closes else Reason.SHORT
    return Reason.PAST if ends <= first else Reason.FAR


def _aware(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _days(first: date, last: date) -> list[date]:
    return [first + number * _DAY for number in range((last - first).days + 1)]


def periods_of(days: Iterable[date]) -> list[tuple[date, date]]:
    """Return the days as periods of consecutive ones, [first, last], in order."""
    found: list[tuple[date, date]] = []
    for on in sorted(set(days)):
        if found and found[-1][1] + _DAY == on:
            found[-1] = found[-1][0], on
        else:
            found.append((on, on))
    return found
