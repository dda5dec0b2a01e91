"""Set-wise SQL of a turn: everything that was decided is written by one statement.

`INSERT … SELECT unnest` moves a lead's rows in tens of microseconds; the parts are independent
common table expressions, so that they share one round trip and one snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from distribution.operations.deciding.rows import COLUMNS, LeadRow

Json = dict[str, Any]


@dataclass(slots=True)
class DecisionRow:
    """A row of Decision to be written."""

    id: int
    lead_id: int
    kind: str
    stage_entry: int
    chosen_id: int | None = None
    previous_owner_id: int | None = None
    reason: str = ""
    until: datetime | None = None
    turn_key: str = ""
    seq: int = 0
    lead_facts: Json = field(default_factory=dict)
    verdicts: list[Json] = field(default_factory=list)
    load_before: int | None = None
    lag_before: int | None = None
    eligible: int = 0
    wave_id: int | None = None
    trigger_id: int | None = None
    template_id: int | None = None
    template_version: int | None = None
    is_shadow: bool = False


@dataclass(slots=True)
class EffectRow:
    """A row of Effect to be written."""

    lead_id: int
    decision_id: int | None
    expected_from: int | None
    target: int | None
    read_version: int
    read_at: datetime
    note: str = ""
    kind: str = "owner"
    payload: Json = field(default_factory=dict)


@dataclass(slots=True)
class TurnRow:
    """A row of TurnRecord with its roster."""

    key: str
    trigger_id: int
    digest: bytes
    roster: Json
    opening: Json


@dataclass(slots=True)
class TimerRow:
    """A timer to set; `earliest` keeps an earlier due time that is pending already."""

    kind: str
    subject: int
    due_at: datetime
    payload: Json = field(default_factory=dict)
    earliest: bool = False


@dataclass(slots=True)
class TouchRow:
    """A row of FirstTouch to be written."""

    lead_id: int
    user_id: int
    template_id: int
    decision_id: int
    due_at: datetime
    allowed_minutes: int


@dataclass(slots=True)
class Written:
    """Everything one turn writes."""

    now: datetime
    leads: list[LeadRow] = field(default_factory=list)
    turns: list[TurnRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    effects: list[EffectRow] = field(default_factory=list)
    # (user id, scope of ManagerLoad) -> change
    loads: dict[tuple[int, int], int] = field(default_factory=dict)
    tasks: list[tuple[int, int | None, int, datetime]] = field(default_factory=list)  # open ones
    gone_tasks: list[int] = field(default_factory=list)  # completed or deleted
    # (register id, user id) -> (lag, count, last lead at)
    entries: dict[tuple[int, int], tuple[int, int, datetime | None]] = field(default_factory=dict)
    timers: list[TimerRow] = field(default_factory=list)
    cleared_timers: list[tuple[str, int]] = field(default_factory=list)
    waves: list[tuple[int, str, int, int, int]] = field(default_factory=list)
    done_events: list[int] = field(default_factory=list)
    untouched_events: list[int] = field(default_factory=list)  # claimed, left for the next turn
    settled_effects: list[tuple[int, int, str]] = field(
        default_factory=list
    )  # lead, target, result
    superseded_leads: list[int] = field(default_factory=list)  # overruled by a human
    touches: list[TouchRow] = field(default_factory=list)
    ended_touches: list[int] = field(default_factory=list)  # leads given to somebody (else)


class _Statement:
    """Common table expressions with their parameters, run as one statement."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._values: list[Any] = []

    def add(self, sql: str, values: Sequence[Any], *, name: str = "", returning: str = "1") -> None:
        """Add a part; a later one may select what a part with a `name` returns."""
        self._parts.append(f"{name or f'p{len(self._parts)}'} AS ({sql} RETURNING {returning})")
        self._values.extend(values)

    def run(self) -> None:
        if not self._parts:
            return
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(self._parts)} SELECT 1", self._values)


def _columns(rows: Sequence[Any], names: Iterable[str]) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]


_TYPES = {
    "name": "text",
    "confirmed_at": "timestamptz",
    "waiting_since": "timestamptz",
    "state": "text",
    "waiting_reason": "text",
    "is_counted": "boolean",
    "is_excluded": "boolean",
    "is_deleted": "boolean",
    "stage_entry": "int",
    "dealt_entry": "int",
    "displaced_entry": "int",
    "cycle": "jsonb",
}
_ARRAYS = ", ".join(f"%s::{_TYPES.get(column, 'bigint')}[]" for column in COLUMNS)
# What delivery or a newer read has seen in Kommo is never overwritten by an older look.
_CONFIRMED = {"confirmed_owner_id", "version", "confirmed_at"}
_UPDATES = ", ".join(
    f"{column} = CASE WHEN excluded.confirmed_at >= m.confirmed_at"
    f" THEN excluded.{column} ELSE m.{column} END"
    if column in _CONFIRMED
    else f"{column} = excluded.{column}"
    for column in COLUMNS
    if column != "lead_id"
)
_MIRROR = f"""
INSERT INTO distribution_leadmirror AS m (account_id, {", ".join(COLUMNS)})
SELECT %s, u.* FROM unnest({_ARRAYS}) AS u
ON CONFLICT (account_id, lead_id) DO UPDATE SET {_UPDATES}
"""
_ROSTERS = """
INSERT INTO distribution_roster (account_id, digest, body)
SELECT %s, u.* FROM unnest(%s::bytea[], %s::jsonb[]) AS u ON CONFLICT (account_id, digest) DO NOTHING
"""
_TURNS = """
INSERT INTO distribution_turnrecord (account_id, decided_at, key, trigger_id, roster_digest, opening)
SELECT %s, %s, u.* FROM unnest(%s::text[], %s::bigint[], %s::bytea[], %s::jsonb[]) AS u
"""
_DECISION_COLUMNS = (
    ("id", "bigint"),
    ("lead_id", "bigint"),
    ("kind", "text"),
    ("stage_entry", "int"),
    ("chosen_id", "bigint"),
    ("previous_owner_id", "bigint"),
    ("reason", "text"),
    ("until", "timestamptz"),
    ("turn_key", "text"),
    ("seq", "int"),
    ("load_before", "int"),
    ("lag_before", "bigint"),
    ("eligible", "int"),
    ("wave_id", "bigint"),
    ("trigger_id", "bigint"),
    ("template_id", "bigint"),
    ("template_version", "int"),
    ("is_shadow", "boolean"),
)
_DECISIONS = f"""
INSERT INTO distribution_decision (account_id, decided_at,
  {", ".join(name for name, _ in _DECISION_COLUMNS)}, lead_facts, verdicts)
SELECT %s, %s, u.* FROM unnest(
  {", ".join(f"%s::{kind}[]" for _, kind in _DECISION_COLUMNS)}, %s::jsonb[], %s::jsonb[]) AS u
"""
_EFFECTS = """
INSERT INTO distribution_effect (account_id, created_at, state, attempts, crashes, token,
  result, lead_id, decision_id, expected_from, target, read_version, read_at, note, kind, payload)
SELECT %s, %s, 'pending', 0, 0, 0, '', u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[]) AS u
"""
_LOADS = """
INSERT INTO distribution_managerload AS l (account_id, user_id, scope, number)
SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS u
ON CONFLICT (account_id, user_id, scope) DO UPDATE SET number = l.number + excluded.number
"""
_TASKS = """
INSERT INTO distribution_taskmirror (account_id, task_id, owner_id, version, seen_at)
SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) AS u
ON CONFLICT (account_id, task_id) DO UPDATE
SET owner_id = excluded.owner_id, version = excluded.version, seen_at = excluded.seen_at
"""
_GONE_TASKS = "DELETE FROM distribution_taskmirror WHERE account_id = %s AND task_id = ANY(%s)"
_ENTRIES = """
INSERT INTO distribution_registerentry (account_id, joined_at, register_id, user_id, lag, count,
  last_lead_at)
SELECT %s, %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[]) AS u
ON CONFLICT (account_id, register_id, user_id) DO UPDATE
SET lag = excluded.lag, count = excluded.count, last_lead_at = excluded.last_lead_at
"""
_TIMERS = """
INSERT INTO distribution_timer AS t (account_id, generation, kind, subject, due_at, payload)
SELECT %s, 1, u.* FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::jsonb[]) AS u
ON CONFLICT (account_id, kind, subject) DO UPDATE
SET due_at = {due}, payload = excluded.payload, generation = t.generation + 1
"""
_SET_TIMERS = _TIMERS.format(due="excluded.due_at")
_SET_TIMERS_IF_EARLIER = _TIMERS.format(due="least(t.due_at, excluded.due_at)")
_CLEAR_TIMERS = """
DELETE FROM distribution_timer WHERE account_id = %s
  AND (kind, subject) IN (SELECT u.* FROM unnest(%s::text[], %s::bigint[]) AS u)
"""
_WAVES = """
INSERT INTO distribution_wave AS w (account_id, started_at, id, kind, user_id, moved, parked)
SELECT %s, %s, u.* FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::int[]) AS u
ON CONFLICT (id) DO UPDATE SET moved = w.moved + excluded.moved, parked = w.parked + excluded.parked
"""
_SETTLED = """
UPDATE distribution_effect e SET state = 'done', settled_at = %s, result = u.result
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS u(lead_id, target, result)
WHERE e.account_id = %s AND e.lead_id = u.lead_id AND e.target = u.target AND e.kind = 'owner'
  AND e.state = 'unknown'
"""
# The note follows the change however the change was found to be done.
_NOTES_OF_SETTLED = """
INSERT INTO distribution_effect (account_id, lead_id, kind, decision_id, read_version, read_at,
  note, state, created_at, attempts, crashes, token, result)
SELECT s.account_id, s.lead_id, 'note', s.decision_id, 0, %s, s.note, 'pending', %s, 0, 0, 0, ''
FROM settled s WHERE s.note <> ''
"""
# So do the linked entities.
_LINKS_OF_SETTLED = """
INSERT INTO distribution_effect (account_id, lead_id, kind, decision_id, target, read_version,
  read_at, note, state, created_at, attempts, crashes, token, result, payload)
SELECT s.account_id, s.lead_id, 'links', s.decision_id, s.target, 0, %s, '', 'pending', %s, 0, 0,
  0, '', s.payload
FROM settled s WHERE s.payload ? 'links'
"""
# Not yet sent: nothing has to be read back.
_SUPERSEDED = """
UPDATE distribution_effect SET state = 'superseded', settled_at = %s, result = 'a person decided'
WHERE account_id = %s AND lead_id = ANY(%s) AND kind = 'owner' AND state = 'pending'
"""
_TOUCHES = """
INSERT INTO distribution_firsttouch (account_id, started_at, touched_by, lead_id, user_id,
  template_id, decision_id, due_at, allowed_minutes)
SELECT %s, %s, '', u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::timestamptz[], %s::int[]) AS u"""
_ENDED_TOUCHES = """
UPDATE distribution_firsttouch SET ended_at = %s
WHERE account_id = %s AND lead_id = ANY(%s) AND touched_at IS NULL AND ended_at IS NULL"""
_DONE = """
UPDATE accounts_inboxevent SET done_at = %s, crashes = 0 WHERE id = ANY(%s) AND account_id = %s
"""
# This claim was no try of theirs.
_UNTOUCHED = """
UPDATE accounts_inboxevent SET crashes = greatest(crashes - 1, 0) WHERE id = ANY(%s) AND account_id = %s
"""


def _texts(values: Iterable[Any]) -> list[str]:
    return [json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in values]


def write_turn(account_id: int, written: Written, *, last: tuple[str, list[Any]]) -> None:
    """Write everything in one statement; `last` is one more UPDATE, the lane's release."""
    statement = _Statement()
    _add_leads(statement, account_id, written)
    _add_records(statement, account_id, written)
    _add_counters(statement, account_id, written)
    _add_timers(statement, account_id, written)
    _add_touches(statement, account_id, written)
    if written.done_events:
        statement.add(_DONE, [written.now, written.done_events, account_id])
    if written.untouched_events:
        statement.add(_UNTOUCHED, [written.untouched_events, account_id])
    statement.add(*last)
    statement.run()


def _add_leads(statement: _Statement, account_id: int, written: Written) -> None:
    if written.leads:
        *columns, cycles = _columns(written.leads, COLUMNS)
        stored = [cycle.to_json() for cycle in cycles]
        statement.add(_MIRROR, [account_id, *columns, stored])
    if written.effects:
        names = ("lead_id", "decision_id", "expected_from", "target", "read_version", "read_at")
        values = _columns(written.effects, (*names, "note", "kind"))
        payloads = _texts(effect.payload for effect in written.effects)
        statement.add(_EFFECTS, [account_id, written.now, *values, payloads])
    if written.settled_effects:
        settled = [list(column) for column in zip(*written.settled_effects, strict=True)]
        statement.add(
            _SETTLED,
            [written.now, *settled, account_id],
            name="settled",
            returning="e.account_id, e.lead_id, e.decision_id, e.note, e.target, e.payload",
        )
        statement.add(_NOTES_OF_SETTLED, [written.now, written.now])
        statement.add(_LINKS_OF_SETTLED, [written.now, written.now])
    if written.superseded_leads:
        statement.add(_SUPERSEDED, [written.now, account_id, written.superseded_leads])


def _add_records(statement: _Statement, account_id: int, written: Written) -> None:
    if written.turns:
        rosters: Mapping[bytes, Json] = {turn.digest: turn.roster for turn in written.turns}
        statement.add(_ROSTERS, [account_id, list(rosters), _texts(rosters.values())])
        keys, triggers, digests = _columns(written.turns, ("key", "trigger_id", "digest"))
        openings = _texts(turn.opening for turn in written.turns)
        statement.add(_TURNS, [account_id, written.now, keys, triggers, digests, openings])
    if written.decisions:
        columns = _columns(written.decisions, (name for name, _ in _DECISION_COLUMNS))
        facts = _texts(row.lead_facts for row in written.decisions)
        verdicts = _texts(row.verdicts for row in written.decisions)
        statement.add(_DECISIONS, [account_id, written.now, *columns, facts, verdicts])
    if written.waves:
        waves = [list(column) for column in zip(*written.waves, strict=True)]
        statement.add(_WAVES, [account_id, written.now, *waves])


def _add_counters(statement: _Statement, account_id: int, written: Written) -> None:
    changed = {key: change for key, change in sorted(written.loads.items()) if change}
    if changed:
        pairs = [list(column) for column in zip(*changed, strict=True)]
        statement.add(_LOADS, [account_id, *pairs, list(changed.values())])
    if written.tasks:
        statement.add(_TASKS, [account_id, *map(list, zip(*written.tasks, strict=True))])
    if written.gone_tasks:
        statement.add(_GONE_TASKS, [account_id, written.gone_tasks])
    if written.entries:
        registers, users = zip(*written.entries, strict=True)
        lags, counts, last = zip(*written.entries.values(), strict=True)
        values = [list(column) for column in (registers, users, lags, counts, last)]
        statement.add(_ENTRIES, [account_id, written.now, *values])


def _add_timers(statement: _Statement, account_id: int, written: Written) -> None:
    gone = set(written.cleared_timers)  # a timer that fired keeps no earlier time of its own
    kept = {(timer.kind, timer.subject) for timer in written.timers}
    cleared = [key for key in written.cleared_timers if key not in kept]
    if cleared:
        pairs = [list(column) for column in zip(*cleared, strict=True)]
        statement.add(_CLEAR_TIMERS, [account_id, *pairs])
    for earliest, sql in ((False, _SET_TIMERS), (True, _SET_TIMERS_IF_EARLIER)):
        timers = [
            one
            for one in written.timers
            if (one.earliest and (one.kind, one.subject) not in gone) is earliest
        ]
        if timers:
            kinds, subjects, due = _columns(timers, ("kind", "subject", "due_at"))
            payloads = _texts(timer.payload for timer in timers)
            statement.add(sql, [account_id, kinds, subjects, due, payloads])


def _add_touches(statement: _Statement, account_id: int, written: Written) -> None:
    if written.ended_touches:
        statement.add(_ENDED_TOUCHES, [written.now, account_id, written.ended_touches])
    if written.touches:
        touches = _columns(written.touches, TouchRow.__slots__)
        statement.add(_TOUCHES, [account_id, written.now, *touches])
