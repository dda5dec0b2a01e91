"""Virtual time for everything, leases, budgets and breakers included: one seed is one execution.

In the simulation's session PostgreSQL finds our `clock_timestamp()` before its own, and the modules
that read the machine's monotonic clock read the virtual one. Sleeping moves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import patch

from django.db import connection

from accounts.kommo.connection import budget, sessions
from distribution.operations import lanes
from distribution.operations.deciding import turn
from distribution.operations.delivering import deliver
from peresmenka.lib.clock import set_clock
from sandbox.clock import VirtualClock
from tests.world import START

_TIMED_MODULES = (budget, sessions, lanes, turn)
_CLOCK_SQL = """
CREATE SCHEMA IF NOT EXISTS virtual_time;
CREATE OR REPLACE FUNCTION virtual_time.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT current_setting('peresmenka.now')::timestamptz
$$;
"""


class SessionClock(VirtualClock):
    """A virtual clock that the database session follows at once."""

    def advance(self, seconds: float) -> float:
        """Move forward, here and in the database."""
        now = super().advance(seconds)
        set_clock(datetime.fromtimestamp(now, UTC))
        return now


@contextmanager
def virtual_time(start: float = START) -> Iterator[SessionClock]:
    """Let the block run in virtual time; what this process has learnt of real time is forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK_SQL)
        cursor.execute("SET search_path = virtual_time, pg_catalog, public")
    clock = SessionClock(start)
    clock.advance(0)
    fake = SimpleNamespace(monotonic=clock.now, sleep=clock.advance, time=clock.now)
    deliver._batch_size.clear()
    patches = [patch.object(module, "time", fake) for module in _TIMED_MODULES]
    patches.append(patch.object(budget, "_offset", budget._Offset()))
    for one in patches:
        one.start()
    try:
        yield clock
    finally:
        for one in patches:
            one.stop()
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
