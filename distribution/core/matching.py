"""Dealing a wave whose leads may go to different people: optimal semi-matching by augmenting paths.

Greedy dealing is optimal when all leads have the same eligible set. When the sets differ, each lead
goes to the least loaded manager that can be reached by passing leads on along a path (Harvey, Ladner,
Lovász and Tamir, Semi-matchings for bipartite graphs, 2006); the largest load and the sum of squares
are then least.
"""

from collections.abc import Sequence
from datetime import datetime

from distribution.core.decide import Turn
from distribution.core.facts import LeadFacts
from distribution.core.ledger import LEAD

Seats = tuple[int, ...]


def plan(leads: Sequence[LeadFacts], turn: Turn) -> dict[int, int]:
    """Return whom (manager id) each lead (its place) should go to; empty: greedy is optimal already.

    Leads that come earlier are served first when room runs out: whoever a lead left out could reach
    is full of earlier leads for good, so that dealing in the leads' order keeps to the plan.
    """
    sets = [turn.eligible_for(lead) for lead in leads]
    if len(set(filter(None, sets))) < 2:
        return {}
    wave = _Wave(turn)
    for place, eligible in enumerate(sets):
        wave.insert(place, eligible)
    return {place: manager for (manager, _), places in wave.held.items() for place in places}


class _Wave:
    """The wave while it is planned. Leads with the same eligible set are interchangeable."""

    def __init__(self, turn: Turn) -> None:
        self.score = dict(zip(turn.ledger.ids, turn.loads.scores, strict=True))
        self.step = dict(zip(turn.ledger.ids, turn.loads.steps, strict=True))
        self.lag = dict(zip(turn.ledger.ids, turn.ledger.lags, strict=True))
        self.last = dict(zip(turn.ledger.ids, turn.ledger.lasts, strict=True))
        self.room = turn.room()  # how many more each may have
        self.held: dict[tuple[int, Seats], list[int]] = {}  # (manager, set) -> places of leads
        self.sets_of: dict[int, set[Seats]] = {manager: set() for manager in self.score}

    def insert(self, place: int, eligible: Seats) -> None:
        """Give one more lead away, passing others on if that levels better; or leave it out."""
        came_from = self._reach(eligible)
        room = [manager for manager in came_from if self._has_room(manager)]
        if not room:
            return
        end = min(room, key=self._rank)
        left = self.room[end]
        self.room[end] = None if left is None else left - 1
        self.score[end] += self.step[end]
        self.lag[end] -= LEAD
        manager = end
        while (previous := came_from[manager]) is not None:
            giver, via = previous
            self._put(manager, via, self._take(giver, via))
            manager = giver
        self._put(manager, eligible, place)

    def _reach(self, eligible: Seats) -> dict[int, tuple[int, Seats] | None]:
        """Return all managers that a path reaches, with who passes a lead of which set to them."""
        came_from: dict[int, tuple[int, Seats] | None] = dict.fromkeys(eligible)
        queue = list(eligible)
        seen = {eligible}
        for giver in queue:
            for via in sorted(self.sets_of[giver] - seen):
                seen.add(via)
                for manager in via:
                    if manager not in came_from:
                        came_from[manager] = (giver, via)
                        queue.append(manager)
        return came_from

    def _rank(self, manager: int) -> tuple[int, int, datetime, int]:
        return self.score[manager], -self.lag[manager], self.last[manager], manager

    def _has_room(self, manager: int) -> bool:
        left = self.room[manager]
        return left is None or left > 0

    def _put(self, manager: int, eligible: Seats, place: int) -> None:
        self.held.setdefault((manager, eligible), []).append(place)
        self.sets_of[manager].add(eligible)

    def _take(self, manager: int, eligible: Seats) -> int:
        places = self.held[manager, eligible]
        place = places.pop()
        if not places:
            del self.held[manager, eligible]
            self.sets_of[manager].discard(eligible)
        return place
