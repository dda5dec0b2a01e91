"""The one business clock: PostgreSQL's function `business_now()` (migration accounts 0001).

It returns the database's clock, or the session's setting `peresmenka.now` where a simulation has
set it. Business SQL never calls `now()`; leases and call slots use `clock_timestamp()`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

CREATE_SQL = """
CREATE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('peresmenka.now', true), '')::timestamptz, clock_timestamp())
$$
"""
DROP_SQL = "DROP FUNCTION business_now()"


def read_clock() -> datetime:
    """Return the business time, UTC, from the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_now()")
        now: datetime = cursor.fetchone()[0]
    return now


def set_clock(moment: datetime | None) -> None:
    """Hold this session's business time at `moment`, or let it run again (None). For simulations."""
    with connection.cursor() as cursor:
        value = moment.isoformat() if moment else ""
        cursor.execute("SELECT set_config('peresmenka.now', %s, false)", [value])
