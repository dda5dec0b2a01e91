"""The sets of managers that a lead is dealt among: one a level, made when first asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from distribution.core.decisions import Verdict
from distribution.core.ledger import shares_of
from distribution.core.levels import Level


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """A set of seats to deal among, with everything about it that can be worked out beforehand."""

    level: Level
    seats: tuple[int, ...]  # ascending
    shares: list[int]  # millionths, a seat
    charge: int  # sum of the shares
    ids: tuple[int, ...] | None  # manager ids; None: the roster's eligible ones
    is_even: bool  # all shares are equal
    is_lasting: bool  # may be dealt among again


class Pools:
    """The pools by the verdicts as they stand; `refresh` when one has changed."""

    def __init__(self, ids: Sequence[int], weights: Sequence[int], tiers: Sequence[int]) -> None:
        self._ids, self._weights, self._tiers = ids, weights, tiers
        self._has_tiers = len(set(tiers)) > 1
        self._verdicts: Sequence[Verdict] = ()
        self._is_as_recorded = False
        self._made: dict[Level, Pool] = {}

    def refresh(self, verdicts: Sequence[Verdict], *, as_recorded: bool) -> None:
        """Take the current verdicts, by seat, and whether they are all the roster's."""
        self._verdicts, self._is_as_recorded = verdicts, as_recorded
        self._made = {}

    def of(self, level: Level, own: Mapping[int, Verdict]) -> Pool:
        """Return who is asked on a level; `own` are verdicts that the lead itself changes."""
        pool = self._made.get(level)
        if pool is None:
            pool = self._made[level] = self._base(level)
        if not own:
            return pool
        left = [
            seat for seat in pool.seats if seat not in own or own[seat].relaxes_to(level.relaxed)
        ]
        return pool if len(left) == len(pool.seats) else self._make(level, left, lasting=False)

    def _base(self, level: Level) -> Pool:
        """Return the level's pool for leads that nobody in particular is kept from."""
        relaxed = level.relaxed
        seats = [
            seat
            for seat, verdict in enumerate(self._verdicts)
            if not verdict.refusals or (relaxed and verdict.relaxes_to(relaxed))
        ]
        if self._has_tiers:
            seats = [seat for seat in seats if self._tiers[seat] == level.tier]
        return self._make(level, seats, lasting=True)

    def _make(self, level: Level, seats: Sequence[int], *, lasting: bool) -> Pool:
        shares = shares_of([self._weights[seat] for seat in seats]) if seats else []
        usual = lasting and self._is_as_recorded and not self._has_tiers and not level.relaxed
        ids = None if usual else tuple(self._ids[seat] for seat in seats)
        is_even = len(set(shares)) <= 1
        return Pool(level, tuple(seats), shares, sum(shares), ids, is_even, lasting)
