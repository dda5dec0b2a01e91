"""Who of a pool wins next, as a heap: for pools whose members are all credited alike.

Equal credits change no order, so only the winner's place changes from lead to lead. The winner is
the one whom the strategies' plain search finds (a property test holds them together).
"""

from collections.abc import Sequence
from datetime import datetime
from heapq import heapify, heapreplace

from distribution.core.ledger import Ledger
from distribution.core.strategies import Loads

Key = tuple[int, int, datetime, int]  # load, minus the lag, last lead, seat: the least wins


class Race:
    """A pool while the turn deals to it alone; any other change of its lags or loads ends it."""

    __slots__ = ("_by_load", "_credited", "_heap", "_ledger", "_loads", "_share")

    def __init__(
        self, ledger: Ledger, loads: Loads, seats: Sequence[int], share: int, *, by_load: bool
    ) -> None:
        """Line up the seats (not empty), each of whom has been credited `share` for a first lead."""
        self._ledger = ledger
        self._loads = loads
        self._share = share
        self._by_load = by_load
        self._credited = 0  # since then, to each
        self._heap = [self._key(seat) for seat in seats]
        heapify(self._heap)

    def _key(self, seat: int) -> Key:
        load = self._loads.scores[seat] if self._by_load else 0
        return load, self._credited - self._ledger.lags[seat], self._ledger.lasts[seat], seat

    def winner(self) -> int:
        """Return the seat that gets the lead at hand."""
        return self._heap[0][-1]

    def paid(self) -> None:
        """Put the winner, who has paid and holds the lead, into their new place."""
        heapreplace(self._heap, self._key(self.winner()))

    def credited(self) -> None:
        """Take note that everybody has been credited for one more lead."""
        self._credited += self._share
