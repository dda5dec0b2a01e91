"""How many people work at each hour, and where fewer than are needed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from shifts.core.roster import Span


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which fewer people work than are needed."""

    starts_at: datetime
    ends_at: datetime
    people: int  # at most, during the gap


def steps(spans: Iterable[Span], window: Span) -> list[tuple[datetime, datetime, int]]:
    """Return (from, until, people) over the whole window, in order; spans are half-open."""
    changes: dict[datetime, int] = {window[0]: 0, window[1]: 0}
    for span in spans:
        start, end = max(span[0], window[0]), min(span[1], window[1])
        if start < end:
            changes[start] = changes.get(start, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    moments = sorted(changes)
    found: list[tuple[datetime, datetime, int]] = []
    people = 0
    for at, until in pairwise(moments):
        people += changes[at]
        if found and found[-1][2] == people:
            found[-1] = (found[-1][0], until, people)
        else:
            found.append((at, until, people))
    return found


def least(spans: Iterable[Span], window: Span) -> int:
    """Return the smallest number of people at any moment of the window."""
    return min((people for _, _, people in steps(spans, window)), default=0)


def gaps(spans: Sequence[Span], windows: Iterable[Span], minimum: int) -> list[Gap]:
    """Return where fewer than `minimum` people work, in each window; adjoining ones joined."""
    found: list[Gap] = []
    for window in windows:
        before: Gap | None = None
        for start, end, people in steps(spans, window):
            if people >= minimum:
                before = None
            elif before is not None and before.ends_at == start:
                before = Gap(before.starts_at, end, max(before.people, people))
                found[-1] = before
            else:
                before = Gap(start, end, people)
                found.append(before)
    return found
