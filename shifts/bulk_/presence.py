"""Set-wise SQL for what arrives in bursts: who was seen. Called by operations alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Account

# Manual mode needs nobody's exact minute: presence is then written once a minute at most.
_SEE = """
WITH settings AS (
  SELECT coalesce((SELECT mode FROM shifts_shiftsettings WHERE account_id = %(account)s), 'manual') AS mode
), seen AS (
  SELECT m.id, m.kommo_id, given.at, known.last_seen_at
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
)
SELECT seen.id, seen.kommo_id, seen.at
FROM seen CROSS JOIN settings
WHERE settings.mode <> 'manual' AND NOT EXISTS (
  SELECT FROM shifts_shift s
  WHERE s.manager_id = seen.id AND s.ended_at IS NULL AND NOT EXISTS (
    SELECT FROM shifts_shiftpause p WHERE p.shift_id = s.id AND p.ended_at IS NULL
  )
)
ORDER BY seen.id
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A manager who was seen and is not plainly Online, in an account that counts activity."""

    manager_id: int
    kommo_id: int
    seen_at: datetime


def record_presence(
    account: Account, seen: Mapping[int, datetime], *, source: str
) -> list[Sighting]:
    """Move `last_seen_at` of the managers in `seen` (Kommo user id → instant) forward, in one statement.

    Users who are unknown, deactivated or without a licence are passed over. Returns those whom
    their activity may start or resume, in the order in which their rows are to be locked.
    """
    users = list(seen)
    with connection.cursor() as cursor:
        cursor.execute(
            _SEE,
            {
                "account": account.pk,
                "users": users,
                "instants": [seen[user] for user in users],
                "source": source,
            },
        )
        return [Sighting(*row) for row in cursor.fetchall()]
