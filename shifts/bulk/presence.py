"""Set-wise SQL for what arrives in bursts: who was seen. Called by operations alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Account, InboxEvent
from accounts.operations.inbox import sealed_event
from shifts.core.machine import ONLINE_FOR

# Manual mode needs nobody's exact minute: presence is then written once a minute at most.
_SEE = """
WITH settings AS (
  SELECT coalesce((SELECT mode FROM shifts_shiftsettings WHERE account_id = %(account)s), 'manual') AS mode
), seen AS (
  SELECT m.id, m.kommo_id, given.at, known.last_seen_at,
    known.last_seen_at IS NULL OR given.at - known.last_seen_at > %(online_for)s AS is_back
  FROM unnest(%(users)s::bigint[], %(instants)s::timestamptz[]) AS given(kommo_id, at)
  JOIN accounts_manager m ON m.account_id = %(account)s AND m.kommo_id = given.kommo_id
    AND m.is_active_in_kommo AND m.is_licensed
  LEFT JOIN shifts_presence known ON known.manager_id = m.id
), written AS (
  INSERT INTO shifts_presence AS known (account_id, manager_id, last_seen_at, source)
  SELECT %(account)s, seen.id, seen.at, %(source)s
  FROM seen CROSS JOIN settings
  WHERE seen.last_seen_at IS NULL OR seen.at - seen.last_seen_at >=
    CASE settings.mode WHEN 'manual' THEN interval '1 minute' ELSE interval '1 microsecond' END
  ORDER BY seen.id
  ON CONFLICT (manager_id) DO UPDATE
    SET last_seen_at = EXCLUDED.last_seen_at, source = EXCLUDED.source
    WHERE known.last_seen_at < EXCLUDED.last_seen_at
), told AS (
  INSERT INTO accounts_inboxevent (account_id, kind, body, digest, received_at, crashes, error)
  SELECT %(account)s, %(kind)s, %(body)s, %(digest)s, %(now)s, 0, ''
  WHERE EXISTS (SELECT FROM seen WHERE is_back)
)
SELECT judged.* FROM (
  SELECT seen.id, seen.kommo_id, seen.at, seen.is_back, settings.mode <> 'manual' AND NOT EXISTS (
    SELECT FROM shifts_shift s
    WHERE s.manager_id = seen.id AND s.ended_at IS NULL AND NOT EXISTS (
      SELECT FROM shifts_shiftpause p WHERE p.shift_id = s.id AND p.ended_at IS NULL
    )
  ) AS may_move
  FROM seen CROSS JOIN settings
) judged
WHERE judged.may_move OR judged.is_back
ORDER BY judged.id
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A manager who was seen, and for whom that changes something."""

    manager_id: int
    kommo_id: int
    seen_at: datetime
    is_back: bool  # was not online a moment ago
    may_move: bool  # is not plainly Online, in an account that counts activity


def record_presence(
    account: Account, seen: Mapping[int, datetime], *, source: str, now: datetime
) -> list[Sighting]:
    """Move `last_seen_at` of the managers in `seen` (Kommo user id → instant) forward, in one statement.

    Users who are unknown, deactivated or without a licence are passed over. Returns those for whom
    it changes something, in the order in which their rows are to be locked. That somebody has come
    online is an event of the inbox, written by the same statement.
    """
    users = list(seen)
    kind = InboxEvent.Kind.AVAILABILITY.value
    body, digest = sealed_event(kind, {"of": "presence"})
    values: dict[str, Any] = {
        "account": account.pk,
        "users": users,
        "instants": [seen[user] for user in users],
        "source": source,
        "online_for": ONLINE_FOR,
        "kind": kind,
        "body": body,
        "digest": digest,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEE, values)
        return [Sighting(*row) for row in cursor.fetchall()]
