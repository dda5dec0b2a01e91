"""How many people work at each hour, and where fewer than are needed. Pure.

One sweep over the instants at which the number changes answers everything else by bisection.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from shifts.core.clock import ZoneClock
from shifts.core.roster import Span

Change = tuple[int, int]
"""An instant, in microseconds since 1970, and by how many the number of people changes then."""
_HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which fewer people work than are needed."""

    starts_at: datetime
    ends_at: datetime
    people: int  # at the emptiest moment of the gap
    most: int  # at its fullest, still fewer than needed
    needed: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a day as the clock shows it: none, half, or two where the clock is changed."""

    hour: int  # 0 to 23
    length: timedelta  # zero: the clock jumps over it; more than an hour: it comes twice
    people: int | None  # at least, at each moment that is needed; None: over, or no such hour
    is_needed: bool = False
    is_gap: bool = False

    @property
    def is_skipped(self) -> bool:
        """Say whether the clock jumps over it."""
        return not self.length

    @property
    def is_repeated(self) -> bool:
        """Say whether the clock shows it twice."""
        return self.length > _HOUR


class Profile:
    """The number of people at every instant of a window, kept as whole numbers: they are many."""

    def __init__(self, changes: Iterable[Change], window: Span) -> None:
        since, until = stamp(window[0]), stamp(window[1])
        total = {since: 0, until: 0}
        for at, change in changes:
            place = since if at < since else min(at, until)
            total[place] = total.get(place, 0) + change
        self._at = sorted(total)
        # From each instant to the next one; the last stands for nothing.
        self._people = list(accumulate(total[at] for at in self._at))

    def least(self, window: Span) -> int | None:
        """Return the smallest number at any moment of the window; None where it is empty or unknown."""
        places = self._places(window)
        return min(self._people[places.start : places.stop], default=None)

    def gaps(self, windows: Iterable[Span], needed: int) -> list[Gap]:
        """Return where fewer than `needed` work, in windows in order; adjoining ones are joined."""
        found: list[tuple[int, int, int, int]] = []
        for window in windows:
            since, until = stamp(window[0]), stamp(window[1])
            for place in self._places(window):
                people = self._people[place]
                if people >= needed:
                    continue
                start, end = max(self._at[place], since), min(self._at[place + 1], until)
                if found and found[-1][1] == start:
                    begun, _, fewest, most = found.pop()
                    found.append((begun, end, min(fewest, people), max(most, people)))
                else:
                    found.append((start, end, people, people))
        return [
            Gap(_moment(start), _moment(end), fewest, most, needed)
            for start, end, fewest, most in found
        ]

    def _places(self, window: Span) -> range:
        """Return the places of the steps that the window meets."""
        start = max(stamp(window[0]), self._at[0])
        end = min(stamp(window[1]), self._at[-1])
        if start >= end:
            return range(0)
        return range(bisect_right(self._at, start) - 1, bisect_left(self._at, end))


def stamp(moment: datetime) -> int:
    """Return the moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def _moment(at: int) -> datetime:
    return _EPOCH + at * _MICROSECOND


def changes_of(spans: Iterable[Span]) -> Iterator[Change]:
    """Yield what the beginning and the end of each person's span do to the number of people."""
    for start, end in spans:
        if start < end:
            yield stamp(start), 1
            yield stamp(end), -1


def hours_of(
    on: date,
    clock: ZoneClock,
    profile: Profile,
    windows: Sequence[Span],
    needed: int,
    now: datetime,
) -> list[Hour]:
    """Return the 24 hours that the clock of a day shows, with the people in what is left of each.

    `windows` say when people are needed: in order, apart. Where a part of an hour is needed, the
    people in that part count.
    """
    found: list[Hour] = []
    for hour in range(24):
        spans = clock.spans(on, ((hour * 60, hour * 60 + 60),))
        if not spans:
            found.append(Hour(hour, timedelta(0), None))
            continue
        start, end = spans[0]
        left = max(start, now), end
        parts = _common(left, windows)
        counts = [profile.least(part) for part in parts or [left]]
        people = min((count for count in counts if count is not None), default=None)
        is_needed = bool(parts)
        is_gap = is_needed and people is not None and people < needed
        found.append(Hour(hour, end - start, people, is_needed, is_gap))
    return found


def _common(span: Span, windows: Sequence[Span]) -> list[Span]:
    """Return the parts of the span that lie in one of the windows."""
    place = max(bisect_right(windows, span[0], key=lambda window: window[0]) - 1, 0)
    found: list[Span] = []
    for window in windows[place:]:
        if window[0] >= span[1]:
            break
        start, end = max(span[0], window[0]), min(span[1], window[1])
        if start < end:
            found.append((start, end))
    return found


def least(spans: Iterable[Span], window: Span) -> int:
    """Return the smallest number of people at any moment of the window."""
    return Profile(changes_of(spans), window).least(window) or 0
