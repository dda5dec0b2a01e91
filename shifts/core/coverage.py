"""How many people work at each hour, and where fewer than are needed. Pure.

One sweep over the instants at which the number changes answers everything else by bisection.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from shifts.core.clock import ZoneClock
from shifts.core.roster import Span

Change = tuple[datetime, int]
"""By how many the number of people changes at an instant."""
Step = tuple[datetime, datetime, int]
_HOUR = timedelta(hours=1)


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
    """The number of people at every instant of a window."""

    def __init__(self, changes: Iterable[Change], window: Span) -> None:
        total: Counter[datetime] = Counter({window[0]: 0, window[1]: 0})
        for at, change in changes:
            total[min(max(at, window[0]), window[1])] += change
        self.steps: list[Step] = []
        people = 0
        for at, until in pairwise(sorted(total)):
            people += total[at]
            if self.steps and self.steps[-1][2] == people:
                self.steps[-1] = (self.steps[-1][0], until, people)
            else:
                self.steps.append((at, until, people))
        self._starts = [step[0] for step in self.steps]

    def within(self, window: Span) -> Iterator[Step]:
        """Yield (from, until, people) over the part of `window` that is known, in order."""
        place = max(bisect_right(self._starts, window[0]) - 1, 0)
        while place < len(self.steps):
            start, end, people = self.steps[place]
            if start >= window[1]:
                return
            begins, ends = max(start, window[0]), min(end, window[1])
            if begins < ends:
                yield begins, ends, people
            place += 1

    def least(self, window: Span) -> int | None:
        """Return the smallest number at any moment of the window; None where it is empty or unknown."""
        return min((people for _, _, people in self.within(window)), default=None)

    def gaps(self, windows: Iterable[Span], needed: int) -> list[Gap]:
        """Return where fewer than `needed` work, in windows in order; adjoining ones are joined."""
        found: list[Gap] = []
        for window in windows:
            for start, end, people in self.within(window):
                if people >= needed:
                    continue
                if found and found[-1].ends_at == start:
                    last = found.pop()
                    fewest, most = min(last.people, people), max(last.most, people)
                    found.append(Gap(last.starts_at, end, fewest, most, needed))
                else:
                    found.append(Gap(start, end, people, people, needed))
        return found


def changes_of(spans: Iterable[Span]) -> Iterator[Change]:
    """Yield what the beginning and the end of each person's span do to the number of people."""
    for start, end in spans:
        if start < end:
            yield start, 1
            yield end, -1


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
