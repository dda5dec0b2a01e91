"""The lane: who may work on an account now. A lease with a fencing token, claimed by one statement.

A lane has no "ready" flag: work is the existence of open events, due timers or open effects. The
account longest unserved goes first, so a noisy account costs the others one quantum.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import Account, Lane

LEASE_SECONDS = 30
SLOW_CALL_SECONDS = 1.0
SLOW_FOR_SECONDS = 30
# Above so many undelivered changes an account is not decided further: reads would grow stale.
MAX_UNDELIVERED = 500

LIVE_STATES = (Account.State.TRIAL, Account.State.ACTIVE)


class LostLane(Exception):
    """The lease ran out and another worker holds the lane: give up, nothing is written."""


@dataclass(frozen=True, slots=True)
class LaneLease:
    """The right to work on an account until `local_deadline`."""

    lane_id: int
    account_id: int
    kind: str
    token: int
    business_now: datetime  # the database's business clock at the claim
    has_due_timers: bool  # some timer of the account was due then
    claimed_monotonic: float  # our monotonic clock at the claim, seconds

    def seconds_left(self) -> float:
        """Return how long the lease still lasts, by our own clock."""
        return LEASE_SECONDS - (time.monotonic() - self.claimed_monotonic)

    def clock(self) -> datetime:
        """Return the business time now, as far as our clock runs as fast as the database's."""
        return self.business_now + timedelta(seconds=time.monotonic() - self.claimed_monotonic)


def may_send(lease: LaneLease) -> bool:
    """Say whether the lease outlasts another call: HTTP cannot be fenced."""
    return lease.seconds_left() > settings.KOMMO_TIMEOUT_SECONDS + 2.0


# Accounts with open events, by a loose walk over the partial index: its cost grows with the
# accounts that have work, not with the events or with all accounts.
_BUSY_DECIDE = """
WITH RECURSIVE open_accounts AS (
  (SELECT account_id FROM accounts_inboxevent WHERE done_at IS NULL ORDER BY account_id LIMIT 1)
  UNION ALL
  SELECT (SELECT e.account_id FROM accounts_inboxevent e
          WHERE e.done_at IS NULL AND e.account_id > o.account_id ORDER BY e.account_id LIMIT 1)
  FROM open_accounts o WHERE o.account_id IS NOT NULL
), busy AS (
  SELECT account_id FROM open_accounts WHERE account_id IS NOT NULL
  UNION
  SELECT account_id FROM distribution_timer WHERE due_at <= business_now()
)
"""
_BUSY_DELIVER = """
WITH RECURSIVE open_accounts AS (
  (SELECT account_id FROM distribution_effect WHERE state IN ('pending', 'sending', 'unknown')
   ORDER BY account_id LIMIT 1)
  UNION ALL
  SELECT (SELECT e.account_id FROM distribution_effect e
          WHERE e.state IN ('pending', 'sending', 'unknown') AND e.account_id > o.account_id
          ORDER BY e.account_id LIMIT 1)
  FROM open_accounts o WHERE o.account_id IS NOT NULL
), busy AS (SELECT account_id FROM open_accounts WHERE account_id IS NOT NULL)
"""
_NOT_TOO_FAR_AHEAD = """
  AND NOT EXISTS (
    SELECT 1 FROM distribution_effect e WHERE e.account_id = l.account_id
      AND e.state IN ('pending', 'sending', 'unknown') AND e.kind = 'owner'
    OFFSET %(max_undelivered)s LIMIT 1)
"""
_CLAIM = """
UPDATE accounts_lane SET token = token + 1,
  lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id = (
  SELECT l.id FROM accounts_lane l
  JOIN busy b ON b.account_id = l.account_id
  JOIN accounts_account a ON a.id = l.account_id
  WHERE l.kind = %(kind)s AND a.state = ANY(%(live)s) AND a.health <> 'payment_required'
    AND (l.lease_until IS NULL OR l.lease_until < clock_timestamp())
    AND (l.not_before IS NULL OR l.not_before <= business_now())
    AND (%(slow)s OR l.slow_until IS NULL OR l.slow_until < clock_timestamp())
    AND (%(account)s::bigint IS NULL OR l.account_id = %(account)s)
    {extra}
  ORDER BY l.served_at NULLS FIRST, l.id LIMIT 1 FOR UPDATE OF l SKIP LOCKED)
RETURNING id, account_id, token, business_now(),
  EXISTS (SELECT 1 FROM distribution_timer t
          WHERE t.account_id = accounts_lane.account_id AND t.due_at <= business_now())
"""
_CLAIM_SQL = {
    Lane.Kind.DECIDE: _BUSY_DECIDE + _CLAIM.format(extra=_NOT_TOO_FAR_AHEAD),
    Lane.Kind.DELIVER: _BUSY_DELIVER + _CLAIM.format(extra=""),
}


def claim_lane(
    *, kind: Lane.Kind, account_id: int | None = None, slow: bool = True
) -> LaneLease | None:
    """Lease the longest unserved lane that has work and nobody holds; None = nothing to do.

    `account_id` looks at one account only; without `slow` accounts whose Kommo has just answered
    slowly are left to others.
    """
    values: dict[str, Any] = {
        "kind": kind.value,
        "lease": LEASE_SECONDS,
        "live": [state.value for state in LIVE_STATES],
        "slow": slow,
        "account": account_id,
        "max_undelivered": MAX_UNDELIVERED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_SQL[kind], values)
        row = cursor.fetchone()
    if row is None:
        return None
    return LaneLease(row[0], row[1], kind.value, row[2], row[3], row[4], time.monotonic())


def hold_lane(lease: LaneLease) -> tuple[datetime, int]:
    """Lock the lane's row for this transaction; return the business time and a block of ids.

    Raises LostLane if another worker has claimed the lane since.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT token, business_now(), nextval('distribution_block')"
            " FROM accounts_lane WHERE id = %s FOR UPDATE",
            [lease.lane_id],
        )
        row = cursor.fetchone()
    if row is None or row[0] != lease.token:
        raise LostLane
    return row[1], row[2]


RELEASE_SQL = """
UPDATE accounts_lane SET lease_until = NULL, served_at = clock_timestamp(),
  not_before = business_now() + make_interval(secs => %s::float8),
  slow_until = CASE WHEN %s THEN clock_timestamp() + make_interval(secs => %s) ELSE slow_until END
WHERE id = %s AND token = %s
"""


def release_values(
    lease: LaneLease, *, wait_seconds: float | None = None, was_slow: bool = False
) -> list[Any]:
    """Return the parameters of RELEASE_SQL."""
    return [wait_seconds, was_slow, SLOW_FOR_SECONDS, lease.lane_id, lease.token]


def release_lane(
    lease: LaneLease, *, wait_seconds: float | None = None, was_slow: bool = False
) -> None:
    """Give the lane back, to be left alone for `wait_seconds`; harmless when it was lost."""
    with connection.cursor() as cursor:
        cursor.execute(
            RELEASE_SQL, release_values(lease, wait_seconds=wait_seconds, was_slow=was_slow)
        )
