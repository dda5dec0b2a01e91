"""The mirror's rows as a turn holds them in memory, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

COLUMNS = (
    "lead_id",
    "name",
    "pipeline_id",
    "status_id",
    "owner_id",
    "confirmed_owner_id",
    "version",
    "confirmed_at",
    "created_in_kommo_at",
    "stage_entry",
    "dealt_entry",
    "rule_id",
    "is_counted",
    "is_excluded",
    "is_deleted",
    "state",
    "waiting_since",
    "waiting_reason",
    "original_owner_id",
    "transferee_id",
    "displaced_entry",
)


@dataclass(slots=True)
class LeadRow:
    """One row of the mirror; the fields are those of LeadMirror."""

    lead_id: int
    name: str
    pipeline_id: int
    status_id: int
    owner_id: int | None
    confirmed_owner_id: int | None
    version: int
    confirmed_at: datetime
    created_in_kommo_at: int = 0
    stage_entry: int = 1
    dealt_entry: int = 0
    rule_id: int | None = None
    is_counted: bool = False
    is_excluded: bool = False
    is_deleted: bool = False
    state: str = "seen"
    waiting_since: datetime | None = None
    waiting_reason: str = ""
    original_owner_id: int | None = None
    transferee_id: int | None = None
    displaced_entry: int | None = None

    @property
    def is_in_flight(self) -> bool:
        """A change of owner is decided and not yet seen in Kommo."""
        return self.owner_id != self.confirmed_owner_id

    @property
    def in_queue(self) -> bool:
        """The lead waits for somebody who can take it."""
        return self.state in ("waiting", "parked")

    def leave_queue(self, state: str) -> None:
        """Put the lead into a state in which it waits for nobody."""
        self.state, self.waiting_since, self.waiting_reason = state, None, ""

    def forget_original(self) -> None:
        """Cancel the lead's return."""
        self.original_owner_id = self.transferee_id = self.displaced_entry = None


_SELECT = f"SELECT {', '.join(COLUMNS)} FROM distribution_leadmirror WHERE account_id = %s"


def _rows(sql: str, values: list[Any]) -> list[LeadRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [LeadRow(*row) for row in cursor.fetchall()]


def rows_by_ids(account_id: int, lead_ids: Iterable[int]) -> list[LeadRow]:
    """Return the mirror's rows of these leads."""
    return _rows(f"{_SELECT} AND lead_id = ANY(%s)", [account_id, list(lead_ids)])


# A rule whose leads cannot move on must not hide those of another behind it.
_QUEUE = f"""
SELECT q.* FROM unnest(%s::bigint[]) AS r(id), LATERAL (
  SELECT {", ".join(COLUMNS)} FROM distribution_leadmirror
  WHERE account_id = %s AND state IN ('waiting', 'parked') AND rule_id = r.id
  ORDER BY waiting_since, lead_id LIMIT %s) q
ORDER BY q.waiting_since, q.lead_id
"""


def rows_in_queue(account_id: int, rule_ids: list[int], limit: int) -> list[LeadRow]:
    """Return the leads that wait, longest first, at most `limit` of each rule."""
    return _rows(_QUEUE, [rule_ids, account_id, limit])


def rows_of_owner(account_id: int, user_id: int, limit: int) -> list[LeadRow]:
    """Return open tracked leads of a user that a wave may move: not excluded, not parked yet."""
    return _rows(
        f"{_SELECT} AND owner_id = %s AND is_counted AND NOT is_excluded AND state <> 'parked'"
        " ORDER BY lead_id LIMIT %s",
        [account_id, user_id, limit],
    )


def rows_displaced(account_id: int, user_id: int) -> list[LeadRow]:
    """Return the leads that were moved away from a user and have not come back."""
    return _rows(f"{_SELECT} AND original_owner_id = %s ORDER BY lead_id", [account_id, user_id])
