"""The mirror's rows as a turn holds them in memory, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    "trigger_id",
    "is_counted",
    "is_excluded",
    "is_deleted",
    "state",
    "waiting_since",
    "waiting_reason",
    "original_owner_id",
    "transferee_id",
    "displaced_entry",
    "cycle",
)


@dataclass(slots=True)
class Cycle:
    """What is remembered of a lead between its first dealing and its acceptance; mostly nothing."""

    asked: list[int] = field(default_factory=list)  # triggers that have sent it in this stage entry
    customer: list[Any] = field(default_factory=list)  # [owner, "contact" or "company", its id]
    skills: list[str] = field(default_factory=list)  # what its owner should know, casefolded
    sticky: bool = False  # it went to its customer's owner and is never redistributed (F128)
    entry: int = 0  # the stage entry in which it was dealt: another one is acceptance (F141)
    given: int = 0  # id of the decision by which its present owner has it
    accepted: str = ""  # by what: core.acceptance; the clock stands still
    tried: list[int] = field(default_factory=list)  # who has had it in this cycle
    moves: int = 0  # redistributions by time since its first dealing (R10)
    caps: int = 0  # how often the cap was reached (F140)
    unmoved: int = 0  # the stage entry in which Kommo refused to move it to another stage (R4)

    def to_json(self) -> str:
        """Return what is not at its default."""
        values = {name: getattr(self, name) for name in _CYCLE}
        return json.dumps({name: value for name, value in values.items() if value})

    @classmethod
    def from_json(cls, stored: str) -> Cycle:
        """Return the stored cycle."""
        return cls(**json.loads(stored)) if stored != "{}" else cls()


_CYCLE = tuple(Cycle.__slots__)


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
    trigger_id: int | None = None
    is_counted: bool = False
    is_excluded: bool = False
    is_deleted: bool = False
    state: str = "seen"
    waiting_since: datetime | None = None
    waiting_reason: str = ""
    original_owner_id: int | None = None
    transferee_id: int | None = None
    displaced_entry: int | None = None
    cycle: Cycle = field(default_factory=Cycle)

    @property
    def place(self) -> tuple[int, int]:
        """The stage in which the lead stands."""
        return self.pipeline_id, self.status_id

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


_READ = ", ".join(f"{name}::text" if name == "cycle" else name for name in COLUMNS)
_SELECT = f"SELECT {_READ} FROM distribution_leadmirror WHERE account_id = %s"


def _rows(sql: str, values: list[Any]) -> list[LeadRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return [LeadRow(*row[:-1], Cycle.from_json(row[-1])) for row in rows]  # type: ignore[call-arg]  # the columns in their order


def rows_by_ids(account_id: int, lead_ids: Iterable[int]) -> list[LeadRow]:
    """Return the mirror's rows of these leads."""
    return _rows(f"{_SELECT} AND lead_id = ANY(%s)", [account_id, list(lead_ids)])


# A trigger whose leads cannot move on must not hide those of another behind it.
_QUEUE = f"""
SELECT q.* FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[]) AS r(id, since, lead), LATERAL (
  SELECT {_READ} FROM distribution_leadmirror
  WHERE account_id = %s AND state IN ('waiting', 'parked') AND trigger_id = r.id
    AND (r.since IS NULL OR (waiting_since, lead_id) > (r.since, r.lead))
  ORDER BY waiting_since, lead_id LIMIT %s) q
ORDER BY q.waiting_since, q.lead_id
"""


def rows_in_queue(
    account_id: int, asked: Mapping[int, tuple[datetime, int] | None], limit: int
) -> list[LeadRow]:
    """Return the leads that wait, longest first, at most `limit` of each trigger.

    `asked` says, by trigger, behind which (waiting_since, lead id) to begin; None: with the first.
    """
    since = [after[0] if after else None for after in asked.values()]
    leads = [after[1] if after else None for after in asked.values()]
    return _rows(_QUEUE, [list(asked), since, leads, account_id, limit])


def rows_of_owner(
    account_id: int, user_id: int, trigger_ids: list[int], limit: int, *, with_sticky: bool
) -> list[LeadRow]:
    """Return a user's open leads of these triggers that a wave may move: not excluded, not parked yet.

    Leads of his own customers only `with_sticky`: they are not redistributed (F128).
    """
    return _rows(
        f"{_SELECT} AND owner_id = %s AND is_counted AND NOT is_excluded AND state <> 'parked'"
        " AND trigger_id = ANY(%s) AND (%s OR cycle -> 'sticky' IS NULL) ORDER BY lead_id LIMIT %s",
        [account_id, user_id, trigger_ids, with_sticky, limit],
    )


def rows_displaced(account_id: int, user_id: int) -> list[LeadRow]:
    """Return the leads that were moved away from a user and have not come back."""
    return _rows(f"{_SELECT} AND original_owner_id = %s ORDER BY lead_id", [account_id, user_id])
