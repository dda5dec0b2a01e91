"""Set-wise SQL of the plan: planned days and work spans of many managers at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

# Each manager has a first day of their own: what lies before it is over by their clock.
_FORGET = """
DELETE FROM {table} row USING unnest(%s::bigint[], %s::date[], %s::date[]) AS given(id, first, last)
WHERE row.manager_id = given.id AND row."on" BETWEEN given.first AND given.last
"""
_DAYS = """
INSERT INTO shifts_plannedday (account_id, manager_id, "on", kind, cause, hours, begins_at, closes_at)
SELECT %s, * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], %s::jsonb[],
                         %s::timestamptz[], %s::timestamptz[])
"""
_SPANS = """
INSERT INTO shifts_workspan (account_id, manager_id, "on", starts_at, ends_at)
SELECT %s, * FROM unnest(%s::bigint[], %s::date[], %s::timestamptz[], %s::timestamptz[])
"""


@dataclass(frozen=True, slots=True)
class DayRow:
    """A planned day as it is written."""

    manager_id: int
    on: date
    kind: str
    cause: str
    hours: Sequence[Sequence[int]]
    begins_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A work span as it is written."""

    manager_id: int
    on: date
    starts_at: datetime
    ends_at: datetime


def replace_plan(
    account_id: int,
    periods: Sequence[tuple[int, date, date]],
    days: Sequence[DayRow],
    spans: Sequence[SpanRow],
) -> None:
    """Write the plan of `periods` (our id of a manager, first and last day) anew; four statements."""
    for table in ("shifts_workspan", "shifts_plannedday"):
        forget_days(table, periods)
    with connection.cursor() as cursor:
        if days:
            rows = [
                (
                    row.manager_id,
                    row.on,
                    row.kind,
                    row.cause,
                    json.dumps(row.hours),
                    row.begins_at,
                    row.closes_at,
                )
                for row in days
            ]
            cursor.execute(_DAYS, [account_id, *_columns(rows, 7)])
        if spans:
            rows_ = [(row.manager_id, row.on, row.starts_at, row.ends_at) for row in spans]
            cursor.execute(_SPANS, [account_id, *_columns(rows_, 4)])


def forget_days(table: str, periods: Sequence[tuple[int, date, date]]) -> None:
    """Delete the rows of one of our tables of days (manager_id, "on") in `periods`; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET.format(table=table), _columns(periods, 3))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width
