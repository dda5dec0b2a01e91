"""Clocks: the only source of time of the sandbox. Nothing else here may read the machine's clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the sandbox asks of a clock."""

    def now(self) -> float:
        """Return the time in unix seconds."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the machine's time in unix seconds."""
        return time.time()


class VirtualClock:
    """A clock that moves only when it is told to, and never backwards."""

    def __init__(self, starts_at: float = 1_790_000_000.0) -> None:
        self._now = starts_at

    def now(self) -> float:
        """Return the virtual time in unix seconds."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Move forward by `seconds` (>= 0); return the new time. Raises ValueError when negative."""
        if seconds < 0:
            raise ValueError("a virtual clock never moves backwards")
        self._now += seconds
        return self._now

    def move_to(self, at: float) -> float:
        """Move to `at` (unix seconds); an earlier time raises ValueError; return the new time."""
        return self.advance(at - self._now)
