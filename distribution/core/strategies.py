"""The strategies: whose weights count, and who of the eligible wins. All share one tie-break.

Tie-break (R14): ledger lag, then longest since the last lead, then the smaller id.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distribution.core.facts import EVEN, LEAST_LOADED, WEIGHTED, CandidateFacts
from distribution.core.ledger import Ledger, taken

Seats = Sequence[int]


class Loads:
    """How loaded each seat is, as exact integers that compare like load / limit.

    Fractions are brought to their common denominator. A manager without a limit is measured by the
    policy's usual one; if nobody has a limit the denominators are equal and plain numbers compare.
    """

    __slots__ = ("numbers", "scores", "steps")

    def __init__(self, candidates: Sequence[CandidateFacts], usual_limit: int) -> None:
        limits = [
            usual_limit if candidate.limit is None else max(1, candidate.limit)
            for candidate in candidates
        ]
        common = math.lcm(*limits)
        self.steps = [common // limit for limit in limits]
        self.numbers = [candidate.load for candidate in candidates]
        self.scores = [load * step for load, step in zip(self.numbers, self.steps, strict=True)]

    def add(self, seat: int) -> None:
        """Count one more lead for a seat."""
        self.numbers[seat] += 1
        self.scores[seat] += self.steps[seat]


def most_owed(ledger: Ledger, loads: Loads, seats: Seats) -> int:
    """Return whom the register owes most."""
    return ledger.foremost(seats)


def least_loaded(ledger: Ledger, loads: Loads, seats: Seats) -> int:
    """Return who is loaded least for his limit; among equals whom the register owes most (F103)."""
    scores = loads.scores
    asked = taken(scores, seats)
    least = min(asked)
    if asked.count(least) == 1:
        return seats[asked.index(least)]
    return ledger.foremost(
        [seat for seat, score in zip(seats, asked, strict=True) if score == least]
    )


def equal_weight(candidate: CandidateFacts) -> int:
    """Everybody is owed the same, a newcomer the part that his ramp says (B5)."""
    return candidate.ramp


def own_weight(candidate: CandidateFacts) -> int:
    """Everybody is owed by his coefficient, a newcomer by a part of it."""
    return candidate.weight * candidate.ramp


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to choose among the eligible."""

    weigh: Callable[[CandidateFacts], int]  # what share of each lead he is owed
    pick: Callable[[Ledger, Loads, Seats], int]  # the winner's seat, after crediting
    by_load: bool = False  # load comes before lag


STRATEGIES: dict[str, Strategy] = {
    EVEN: Strategy(equal_weight, most_owed),
    WEIGHTED: Strategy(own_weight, most_owed),
    LEAST_LOADED: Strategy(equal_weight, least_loaded, by_load=True),
}
