"""The budget of calls: 7 a second an account and an IP, the breaker, the guard after an IP block.

All of it is rows of CallBudget, so that every worker of every machine shares it; time is the
database's real clock. One statement takes a slot for all keys together, and no sliding second
holds more calls than the limit: the n-th call after one begins a second and a guard after that one
began, or a second after it ended where it took longer than the guard. A call reaches Kommo between
its beginning and its end, so whatever delays it, the distance at Kommo is a second at least.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.kommo.errors import BudgetExhausted

IP_KEY = "ip"
GUARD_SECONDS = 0.040  # beyond the second: clocks, networks and late wakes
LATEST_WAKE_SECONDS = 0.025
LONGEST_WAIT_SECONDS = 1.0
MOST_RETAKES = 3
BREAK_AFTER = 5  # failures …
BREAK_WITHIN_SECONDS = 30.0  # … within this
BREAK_SECONDS = 30.0
PROBE_SECONDS = 10.0  # how long the others wait for the probe's answer
IP_BLOCK_ACCOUNTS = 2  # accounts blocked …
IP_BLOCK_WITHIN_SECONDS = 60.0  # … within this stop all calls …
IP_BLOCK_SECONDS = 60.0  # … for this long

# `turn` is first come, first served within the account; on the IP's row a call may go between two
# reserved ones when a second around it has room, else it queues behind the last.
_TAKE = """
WITH locked AS MATERIALIZED (
  SELECT key, slots, blocked_until, failures,
         CASE key WHEN %(account)s THEN %(account_limit)s ELSE %(ip_limit)s END AS room
    FROM accounts_callbudget
   WHERE key = ANY(%(keys)s) ORDER BY key FOR UPDATE
), earliest AS MATERIALIZED (
  SELECT count(*) AS found, clock_timestamp() AS read_at, greatest(
           clock_timestamp(),
           max(slots[cardinality(slots)]) FILTER (WHERE key = %(account)s),
           max(slots[cardinality(slots) - room + 1] + %(spacing)s) FILTER (WHERE key = %(account)s),
           (SELECT max(blocked_until) FROM accounts_callbudget
             WHERE key IN (%(account)s, %(ip)s))) AS at
    FROM locked
), turn AS MATERIALIZED (
  SELECT found, read_at, greatest(at, (
           SELECT greatest(slots[cardinality(slots)], slots[cardinality(slots) - room + 1] + %(spacing)s)
             FROM locked
            WHERE key = %(ip)s AND room <= (
                    SELECT count(*) FROM unnest(slots) AS slot
                     WHERE slot > at - %(spacing)s AND slot < at + %(spacing)s))) AS at
    FROM earliest
), taken AS (
  UPDATE accounts_callbudget AS budget
     SET slots = (SELECT array_agg(slot ORDER BY slot) FROM unnest(budget.slots || turn.at) AS slot
                   WHERE slot > turn.read_at - %(spacing)s),
         blocked_until = CASE WHEN locked.failures >= %(break_after)s
                              THEN turn.at + %(probe)s ELSE NULL END
    FROM turn, locked
   WHERE budget.key = locked.key AND turn.found = %(wanted)s
     AND turn.at <= turn.read_at + %(longest)s
)
SELECT found, at, read_at,
       coalesce((SELECT max(failures) FROM accounts_callbudget
                  WHERE key IN (%(account)s, %(ip)s)), 0)
  FROM turn
"""
_STRETCH = """
UPDATE accounts_callbudget AS budget
   SET slots = (SELECT array_agg(one.at ORDER BY one.at) FROM (
         SELECT CASE WHEN slot = %(began)s THEN %(counts)s ELSE slot END AS at
           FROM unnest(budget.slots) AS slot) AS one)
 WHERE key = ANY(%(keys)s) AND %(began)s = ANY(slots)
"""
_BEAR = """
INSERT INTO accounts_callbudget (key, slots, failures)
SELECT unnest(%s::text[]), '{}', 0 ON CONFLICT DO NOTHING
"""
_FAIL = """
INSERT INTO accounts_callbudget AS budget (key, slots, failures, first_failure_at)
VALUES (%(key)s, '{}', 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN budget.failures >= %(break_after)s THEN budget.failures
                  WHEN budget.first_failure_at > clock_timestamp() - %(within)s
                  THEN budget.failures + 1 ELSE 1 END,
  first_failure_at = CASE WHEN budget.first_failure_at > clock_timestamp() - %(within)s
                          THEN budget.first_failure_at ELSE clock_timestamp() END,
  blocked_until = CASE
    WHEN budget.failures >= %(break_after)s
      OR budget.failures + 1 >= %(break_after)s
         AND budget.first_failure_at > clock_timestamp() - %(within)s
    THEN greatest(budget.blocked_until, clock_timestamp() + %(open)s)
    ELSE budget.blocked_until END
"""
_HEAL = """
UPDATE accounts_callbudget SET failures = 0, first_failure_at = NULL, blocked_until = NULL
 WHERE key IN (%(account)s, %(ip)s) AND failures > 0
"""
_PAUSE = """
INSERT INTO accounts_callbudget AS budget (key, slots, failures, blocked_until)
VALUES (%(key)s, '{}', 0, clock_timestamp() + %(pause)s)
ON CONFLICT (key) DO UPDATE
SET blocked_until = greatest(budget.blocked_until, excluded.blocked_until)
"""
# The account's row keeps when Kommo last blocked it; enough of those stop the whole IP.
_BLOCK = """
WITH noted AS (
  INSERT INTO accounts_callbudget AS budget (key, slots, failures, blocked_at, blocked_until)
  VALUES (%(account)s, '{}', 0, clock_timestamp(), clock_timestamp() + %(open)s)
  ON CONFLICT (key) DO UPDATE SET blocked_at = excluded.blocked_at,
    blocked_until = greatest(budget.blocked_until, excluded.blocked_until)
), others AS (
  SELECT count(*) AS number FROM accounts_callbudget
   WHERE blocked_at > clock_timestamp() - %(within)s AND key <> %(account)s
)
INSERT INTO accounts_callbudget AS budget (key, slots, failures, blocked_until)
SELECT %(ip)s, '{}', %(break_after)s, clock_timestamp() + %(open)s
  FROM others WHERE number + 1 >= %(accounts)s
ON CONFLICT (key) DO UPDATE SET failures = excluded.failures,
  blocked_until = greatest(budget.blocked_until, excluded.blocked_until)
"""


class _Offset:
    """How far this process's monotonic clock is from the database's: the least of late samples."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=16)
        self._lock = threading.Lock()

    def learn(self, read_at: float) -> float:
        """Take one sample (the database's time, read just now); return the offset in seconds."""
        with self._lock:
            self._samples.append(time.monotonic() - read_at)
            return min(self._samples)


_offset = _Offset()


def account_key(account_id: int) -> str:
    """Return the key of an account's row."""
    return f"account:{account_id}"


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to begin one call."""

    account_id: int
    begins_at: datetime  # by the database's real clock
    local: float  # the same by this process's monotonic clock, seconds
    counts_failures: bool  # a breaker counts: report success

    def seconds_late(self) -> float:
        """Return how long ago the call was to begin."""
        return time.monotonic() - self.local


def wait_for_slot(account_id: int) -> Slot:
    """Sleep until a call may begin; see `one_call`.

    A slot that was overslept by more than 25 ms is given up for another one. Raises BudgetExhausted
    when no call may begin within a second.
    """
    for _ in range(MOST_RETAKES):
        slot = _take(account_id)
        time.sleep(max(0.0, -slot.seconds_late()))
        if slot.seconds_late() <= LATEST_WAKE_SECONDS:
            break
    return slot


@contextmanager
def one_call(account_id: int) -> Iterator[Slot]:
    """Wait until a call may begin, let the block make it, and note how long it took."""
    slot = wait_for_slot(account_id)
    try:
        yield slot
    finally:
        report_end(slot)


def report_end(slot: Slot) -> None:
    """Let a call that took longer than the guard count from its end; most calls cost nothing here."""
    took = slot.seconds_late()
    keys = list(_limits(slot.account_id))
    if took <= GUARD_SECONDS or not keys:
        return
    counts = slot.begins_at + _seconds(took - GUARD_SECONDS)
    _write(_STRETCH, keys=keys, began=slot.begins_at, counts=counts)


def take_slot(account_id: int) -> float:
    """Reserve one call of the account; return the seconds to wait before it begins.

    One query. Raises BudgetExhausted, with nothing reserved, when that is more than a second.
    """
    return max(0.0, -_take(account_id).seconds_late())


def _limits(account_id: int) -> dict[str, int]:
    """Return the limits that are on, by the key of their row."""
    limits = {
        account_key(account_id): settings.KOMMO_CALLS_PER_SECOND,
        IP_KEY: settings.KOMMO_IP_CALLS_PER_SECOND,
    }
    return {key: limit for key, limit in limits.items() if limit > 0}


def _take(account_id: int) -> Slot:
    keys = list(_limits(account_id))
    found, begins_at, read_at, failures = _run_take(account_id, keys)
    if found < len(keys):
        with connection.cursor() as cursor:
            cursor.execute(_BEAR, [keys])
        _, begins_at, read_at, failures = _run_take(account_id, keys)
    offset = _offset.learn(read_at.timestamp())
    wait = (begins_at - read_at).total_seconds()
    if wait > LONGEST_WAIT_SECONDS:
        raise BudgetExhausted(retry_at=begins_at, wait_seconds=wait)
    return Slot(account_id, begins_at, begins_at.timestamp() + offset, failures > 0)


def _run_take(account_id: int, keys: list[str]) -> tuple[int, datetime, datetime, int]:
    parameters: dict[str, Any] = {
        "account": account_key(account_id),
        "ip": IP_KEY,
        "keys": keys,
        "wanted": len(keys),
        "account_limit": settings.KOMMO_CALLS_PER_SECOND,
        "ip_limit": settings.KOMMO_IP_CALLS_PER_SECOND,
        "spacing": _seconds(1 + GUARD_SECONDS),
        "longest": _seconds(LONGEST_WAIT_SECONDS),
        "probe": _seconds(PROBE_SECONDS),
        "break_after": BREAK_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, parameters)
        found, begins_at, read_at, failures = cursor.fetchone()
    return found, begins_at, read_at, failures


def report_success(account_id: int) -> None:
    """Close the breakers after a call that was answered."""
    _write(_HEAL, account=account_key(account_id), ip=IP_KEY)


def report_trouble(account_id: int) -> None:
    """Count a 5xx or a time-out; the fifth within 30 s stops the account's calls for 30 s."""
    _write(
        _FAIL,
        key=account_key(account_id),
        break_after=BREAK_AFTER,
        within=_seconds(BREAK_WITHIN_SECONDS),
        open=_seconds(BREAK_SECONDS),
    )


def report_pause(account_id: int, seconds: float) -> None:
    """Begin no call of the account for `seconds`: Kommo asked for it with a 429."""
    _write(_PAUSE, key=account_key(account_id), pause=_seconds(seconds))


def report_block(account_id: int) -> None:
    """Stop the account for a minute after a block; two accounts within a minute stop the whole IP."""
    _write(
        _BLOCK,
        account=account_key(account_id),
        ip=IP_KEY,
        accounts=IP_BLOCK_ACCOUNTS,
        within=_seconds(IP_BLOCK_WITHIN_SECONDS),
        open=_seconds(IP_BLOCK_SECONDS),
        break_after=BREAK_AFTER,
    )


def _write(statement: str, **parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)
