"""What is to happen later: delayed triggers, waits of bots. Whoever takes due deliveries runs it."""

import heapq
from collections.abc import Callable

Action = Callable[[float], None]  # is given the time it was due at (unix seconds)
MOST_AT_ONCE = 10_000  # a bot that circles without waiting must not hang the sandbox


class Agenda:
    """Actions in order of their time."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Action]] = []
        self._number = 0

    def put(self, at: float, action: Action) -> None:
        """Let an action happen at a time (unix seconds)."""
        self._number += 1
        heapq.heappush(self._queue, (at, self._number, action))

    def run(self, now: float) -> int:
        """Do what is due, and what becomes due by that; return how much."""
        done = 0
        while self._queue and self._queue[0][0] <= now and done < MOST_AT_ONCE:
            at, _, action = heapq.heappop(self._queue)
            action(at)
            done += 1
        return done

    def next_at(self) -> float | None:
        """Return when the next action is due, None when there is none."""
        return self._queue[0][0] if self._queue else None
