"""Standing patterns of one manager in a row: what a new one leaves of those before it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A pattern that is followed on [starts_on, ends_on]; without a last day until further notice."""

    pattern_id: int
    starts_on: date
    ends_on: date | None
    anchor_on: date

    def reaches(self, first: date, last: date | None) -> bool:
        """Say whether it has a day in [first, last]."""
        begins_in_time = last is None or self.starts_on <= last
        return begins_in_time and (self.ends_on is None or self.ends_on >= first)


def left_of(stretch: Stretch, first: date, last: date | None) -> list[Stretch]:
    """Return what is left of a stretch once [first, last] is taken out of it: nothing, one or two."""
    if not stretch.reaches(first, last):
        return [stretch]
    left = []
    if stretch.starts_on < first:
        left.append(replace(stretch, ends_on=first - _DAY))
    if last is not None and (stretch.ends_on is None or stretch.ends_on > last):
        left.append(replace(stretch, starts_on=last + _DAY))
    return left


def laid_over(stretches: Iterable[Stretch], new: Stretch) -> list[Stretch]:
    """Return the stretches with the new one among them: it has its days, the others keep theirs."""
    kept = [part for row in stretches for part in left_of(row, new.starts_on, new.ends_on)]
    return sorted([*kept, new], key=lambda row: row.starts_on)
