"""Working windows: from–to by the clock of a zone, half-open, possibly over midnight. Pure.

A window belongs to the day on which it opens. On DST days a missing time becomes the first instant
after the gap and a repeated one its first occurrence. Instants that come out are in UTC.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LOOK_BACK_DAYS = 2
_LONGEST_SILENCE_DAYS = 16


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """[starts, ends) on each of its weekdays; ends <= starts: until the next day; equal: 24 hours."""

    starts: time
    ends: time
    weekdays: frozenset[int] = EVERY_DAY  # days on which it opens, Monday is 0

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise ValueError("weekdays must name at least one of the days 0 to 6")

    @property
    def always(self) -> bool:
        """It never closes."""
        return self.starts == self.ends and self.weekdays == EVERY_DAY


def instant_of(day: date, clock: time, zone: tzinfo | str) -> datetime:
    """Return the instant at which the zone's clock shows that time on that day, by the DST rule."""
    tz = _zone(zone)
    wall = datetime.combine(day, clock.replace(tzinfo=None, fold=0))
    before = wall.replace(tzinfo=tz).utcoffset()
    after = wall.replace(tzinfo=tz, fold=1).utcoffset()
    if before is None or after is None:
        raise ValueError(f"zone {tz} has no offset at {wall}")
    if before >= after:  # an ordinary time, or a repeated one: fold 0 is the first occurrence
        return (wall - before).replace(tzinfo=UTC)
    return _first_instant_with(
        after, tz, (wall - after).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC)
    )


def is_open(window: DailyWindow, zone: tzinfo | str, instant: datetime) -> bool:
    """Say whether the window is open at the instant: its start is in, its end is not."""
    return opens_at(window, zone, instant) == instant


def opens_at(window: DailyWindow, zone: tzinfo | str, instant: datetime) -> datetime:
    """Return the next opening, or the instant itself if the window is open."""
    at = instant.astimezone(UTC)
    return at if window.always else max(at, _next(window, zone, at)[0])


def closes_at(window: DailyWindow, zone: tzinfo | str, instant: datetime) -> datetime | None:
    """Return the first closing after the instant; None: the window never closes."""
    return None if window.always else _next(window, zone, instant.astimezone(UTC))[1]


def closed_at(window: DailyWindow, zone: tzinfo | str, instant: datetime) -> datetime | None:
    """Return the latest closing at or before the instant; None: the window never closes."""
    if window.always:
        return None
    latest = None
    for _, end in _intervals(window, zone, instant, _LONGEST_SILENCE_DAYS):
        if end > instant:
            break
        latest = end
    return latest


def open_until(window: DailyWindow, zone: tzinfo | str, start: datetime, minutes: int) -> datetime:
    """Return the first instant at which `minutes` of open time have passed since the start.

    A clock that runs out exactly at a closing has run out then, not at the next opening.
    Raises ValueError for minutes below zero.
    """
    if minutes < 0:
        raise ValueError("a clock cannot run backwards")
    at, left = start.astimezone(UTC), timedelta(minutes=minutes)
    if window.always or not left:
        return at + left
    for opening, closing in _intervals(window, zone, at, _LOOK_BACK_DAYS):
        opened = max(opening, at)
        if opened + left <= closing:
            return opened + left
        left -= max(closing - opened, timedelta())
    raise AssertionError("opening periods have no end")


def open_time(window: DailyWindow, zone: tzinfo | str, start: datetime, end: datetime) -> timedelta:
    """Return how much of [start, end) the window is open; nothing if the end is not later."""
    first, last, total = start.astimezone(UTC), end.astimezone(UTC), timedelta()
    if last <= first:
        return total
    if window.always:
        return last - first
    for opening, closing in _intervals(window, zone, first, _LOOK_BACK_DAYS):
        if opening >= last:
            break
        total += max(min(closing, last) - max(opening, first), timedelta())
    return total


def _zone(zone: tzinfo | str) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def _first_instant_with(offset: timedelta, zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """Return the transition after low (still the old offset), by high at the latest."""
    start = low.replace(microsecond=0)
    seconds = range(math.ceil((high - start).total_seconds()))

    def changed(second: int) -> bool:
        return (start + second * _SECOND).astimezone(zone).utcoffset() == offset

    return start + bisect_left(seconds, True, key=changed) * _SECOND


def _next(window: DailyWindow, zone: tzinfo | str, at: datetime) -> tuple[datetime, datetime]:
    """Return the opening period that is running, or the next one. Not for a window without end."""
    periods = _intervals(window, zone, at, _LOOK_BACK_DAYS)
    return next((start, end) for start, end in periods if end > at)


def _intervals(
    window: DailyWindow, zone: tzinfo | str, instant: datetime, days_back: int
) -> Iterator[tuple[datetime, datetime]]:
    """Yield opening periods in order, without end; empty ones are left out, touching ones joined."""
    tz = _zone(zone)
    first = instant.astimezone(tz).date() - days_back * _DAY
    held: tuple[datetime, datetime] | None = None
    for number in count():
        day = first + number * _DAY
        if day.weekday() not in window.weekdays:
            continue
        last_day = day + _DAY if window.ends <= window.starts else day
        start, end = instant_of(day, window.starts, tz), instant_of(last_day, window.ends, tz)
        if start >= end:
            continue
        if held is not None and held[1] == start:
            held = (held[0], end)
            continue
        if held is not None:
            yield held
        held = (start, end)
