"""When a failed call is tried again, as a table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.kommo import errors
from accounts.kommo.retry import RetryDecision, backoff, decide_retry

Decision = RetryDecision
TABLE = [
    # error, attempts, decision
    (errors.NotSent(), 1, Decision(1.0)),
    (errors.NotSent(), 4, Decision(8.0)),  # 2^3
    (errors.NotSent(), 12, Decision(None)),
    (
        errors.BudgetExhausted(retry_at=datetime(2026, 1, 1, tzinfo=UTC)),
        50,
        Decision(0.0, pause_lane=True),
    ),
    (errors.ServerTrouble(), 1, Decision(1.0, read_back=True)),
    (errors.ServerTrouble(), 11, Decision(600.0, read_back=True)),  # 2^10 = 1024, at most 600
    (errors.ServerTrouble(), 12, Decision(None, read_back=True)),
    (errors.AmbiguousAnswer(), 3, Decision(4.0, read_back=True)),
    (errors.TooLarge(), 1, Decision(0.0, halve=True, read_back=True)),
    (errors.TooLarge(), 4, Decision(8.0, halve=True, read_back=True)),
    (errors.TooManyRequests(retry_after=300.0), 1, Decision(300.0, pause_lane=True)),
    (errors.TooManyRequests(), 3, Decision(4.0, pause_lane=True)),
    (errors.Blocked(), 1, Decision(60.0, pause_lane=True)),
    (errors.Unauthorized(), 1, Decision(600.0, pause_lane=True)),
    (errors.NeedsAuthorization(), 99, Decision(600.0, pause_lane=True)),
    (errors.PaymentRequired(), 99, Decision(600.0, pause_lane=True)),
    (errors.InvalidRequest(), 1, Decision(0.0, one_by_one=True)),
    (errors.InvalidRequest(), 2, Decision(None)),
    (errors.NotFound(), 1, Decision(None)),
    (errors.Forbidden(), 1, Decision(None)),
    (errors.KommoError(), 1, Decision(None)),
]


@pytest.mark.parametrize(("error", "attempts", "decision"), TABLE)
def test_each_error_has_its_consequence(
    error: errors.KommoError, attempts: int, decision: RetryDecision
) -> None:
    assert decide_retry(error, attempts) == decision


def test_the_wait_doubles_up_to_ten_minutes() -> None:
    assert [backoff(n) for n in (1, 2, 3, 10, 11, 10**6)] == [1, 2, 4, 512, 600, 600]
