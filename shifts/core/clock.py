"""Instants of one zone's calendar, each worked out once. Pure."""

from datetime import date, tzinfo

from shifts.core.hours import Hours
from shifts.core.roster import Span, day_bounds, spans_of


class ZoneClock:
    """Remembers the spans of equal hours on equal days: a month of a team has few different ones."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._spans: dict[tuple[date, Hours], list[Span]] = {}
        self._bounds: dict[date, Span] = {}

    def spans(self, on: date, hours: Hours) -> list[Span]:
        """Return the instants of a day's hours."""
        key = (on, hours)
        if key not in self._spans:
            self._spans[key] = spans_of(on, hours, self.zone)
        return self._spans[key]

    def bounds(self, on: date) -> Span:
        """Return the day itself, from midnight to midnight."""
        if on not in self._bounds:
            self._bounds[on] = day_bounds(on, self.zone)
        return self._bounds[on]
