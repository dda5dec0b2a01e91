"""When a failed call is tried again: pure policy, no clock, no randomness. See the table test."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.kommo import errors

LONGEST_WAIT = 600.0  # seconds
MOST_ATTEMPTS = 12
LONGEST_ACCOUNT_WAIT = 60.0  # seconds, where no wait follows from the error itself


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What to do after an error."""

    wait_seconds: float | None  # None = this call is never tried again
    halve: bool = False  # send half as many items
    pause_lane: bool = False  # the whole account waits, not only this call
    read_back: bool = False  # the call may have been carried out: look before a repeat
    one_by_one: bool = False  # an item of the batch is bad: find it by sending each alone


def decide_retry(error: errors.KommoError, attempts: int) -> RetryDecision:
    """Return what follows `error` after `attempts` (>= 1) calls of the same effect.

    Waits: 429 as told, else 2^n s; 5xx and lost answers 2^n s up to 10 minutes; 402 and a lost
    authorisation 10 minutes with the lane paused; wrong requests never, but a batch singly.
    """
    if isinstance(error, errors.BudgetExhausted):
        return RetryDecision(wait_seconds=0.0, pause_lane=True)  # until error.retry_at
    if isinstance(error, (errors.Unauthorized, errors.PaymentRequired)):
        return RetryDecision(wait_seconds=LONGEST_WAIT, pause_lane=True)
    if isinstance(error, errors.InvalidRequest):
        return RetryDecision(wait_seconds=0.0 if attempts == 1 else None, one_by_one=attempts == 1)
    if not error.is_transient or attempts >= MOST_ATTEMPTS:
        return RetryDecision(wait_seconds=None, read_back=error.is_ambiguous)
    return _transient(error, attempts)


def _transient(error: errors.KommoError, attempts: int) -> RetryDecision:
    wait = backoff(attempts)
    if isinstance(error, errors.TooManyRequests):
        told = error.retry_after
        return RetryDecision(wait_seconds=wait if told is None else told, pause_lane=True)
    if isinstance(error, errors.Blocked):
        return RetryDecision(wait_seconds=max(60.0, wait), pause_lane=True)
    if isinstance(error, errors.TooLarge):
        return RetryDecision(wait_seconds=0.0 if attempts < 4 else wait, halve=True, read_back=True)
    return RetryDecision(wait_seconds=wait, read_back=error.is_ambiguous)


def account_wait(error: errors.KommoError, attempts: int) -> float:
    """Return the seconds for which an account is left alone after `error`; it is never given up."""
    if isinstance(error, errors.BudgetExhausted):
        return error.wait_seconds
    return decide_retry(error, attempts).wait_seconds or LONGEST_ACCOUNT_WAIT


def backoff(attempts: int) -> float:
    """Return 1, 2, 4 … seconds for the 1st, 2nd, 3rd … failure, at most 10 minutes."""
    return min(LONGEST_WAIT, float(2 ** min(attempts - 1, 20)))
