"""The fairness ledger: integer millionths owed to each manager of one register; they sum to zero.

Fagin and Williams' carpool rule with weights and presence: whoever is eligible for a lead is
credited his share of it, whoever gets it pays what was credited. With any weights and any presence
|lag| stays within (n - 1) / 2 leads when the largest lag wins. Managers are addressed by seat:
their place in the list sorted by id, so that the smaller seat is the smaller id.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import add

LEAD = 1_000_000
"""One lead in the ledger's unit."""

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One manager's row of the register."""

    lag: int  # millionths of a lead owed to him
    count: int  # leads that he has had in this epoch
    last_lead_at: datetime | None  # None: never


def shares_of(weights: Sequence[int]) -> list[int]:
    """Return each weight's credit in millionths, rounded down so that equals stay equal."""
    total = sum(weights)
    return [LEAD * weight // total for weight in weights]


def taken(values: list[int], seats: Sequence[int]) -> list[int]:
    """Return the values of the seats, in their order; those of everybody are the list itself."""
    return values if len(seats) == len(values) else list(map(values.__getitem__, seats))


class Ledger:
    """The rows of one register, changed in place while a turn lasts."""

    __slots__ = ("_opening", "counts", "ids", "lags", "lasts")

    def __init__(self, entries: Mapping[int, tuple[int, int, datetime | None]]) -> None:
        self.ids = sorted(entries)
        self._opening = [Entry(*entries[manager_id]) for manager_id in self.ids]
        self.lags = [entry.lag for entry in self._opening]
        self.counts = [entry.count for entry in self._opening]
        self.lasts = [entry.last_lead_at or NEVER for entry in self._opening]

    def credit(self, seats: Sequence[int], shares: Sequence[int]) -> None:
        """Add to each seat its share of one lead."""
        lags = self.lags
        if len(seats) == len(lags):  # everybody: one pass in C
            lags[:] = map(add, lags, shares)
            return
        for seat, share in zip(seats, shares, strict=True):
            lags[seat] += share

    def foremost(self, seats: Sequence[int]) -> int:
        """Return the seat with the largest lag; ties: longest since the last lead, then smaller id.

        `seats` is ascending and not empty.
        """
        lags = self.lags
        owed = taken(lags, seats)
        most = max(owed)
        if owed.count(most) == 1:
            return seats[owed.index(most)]
        tied = [seat for seat, lag in zip(seats, owed, strict=True) if lag == most]
        return min(tied, key=self.lasts.__getitem__)

    def pay(self, seat: int, charge: int, now: datetime) -> None:
        """Let the winner pay what was credited, and note his lead."""
        self.lags[seat] -= charge
        self.counts[seat] += 1
        self.lasts[seat] = now

    def entry(self, seat: int) -> Entry:
        """Return a seat's row as it stands."""
        last = self.lasts[seat]
        return Entry(self.lags[seat], self.counts[seat], None if last is NEVER else last)

    def entries(self) -> dict[int, Entry]:
        """Return the rows that have changed since the ledger was built, by manager id."""
        now = map(self.entry, range(len(self.ids)))
        rows = zip(self.ids, self._opening, now, strict=True)
        return {manager_id: entry for manager_id, before, entry in rows if entry != before}


class StrictLedger(Ledger):
    """A register with strict totals: the fewest leads for the weight win, then the largest lag (R13)."""

    __slots__ = ("_steps",)

    def __init__(
        self,
        entries: Mapping[int, tuple[int, int, datetime | None]],
        weights: Sequence[int],
    ) -> None:
        """Take the rows, and the weights in the order of their ids; those of 0 never take part."""
        super().__init__(entries)
        parts = [max(1, weight) for weight in weights]
        common = math.lcm(*parts)
        self._steps = [common // part for part in parts]

    def foremost(self, seats: Sequence[int]) -> int:
        """Return the seat with the fewest leads for its weight, compared exactly."""
        totals = [self.counts[seat] * self._steps[seat] for seat in seats]
        fewest = min(totals)
        return super().foremost(
            [seat for seat, total in zip(seats, totals, strict=True) if total == fewest]
        )
