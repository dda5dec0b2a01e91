"""What every worker does, whoever woke it: a turn for the account longest unserved, then delivery."""

from __future__ import annotations

import time

from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver


def work_once(*, slow: bool = True) -> bool:
    """Serve one account; return whether there was work.

    Without `slow`, accounts whose Kommo has just answered slowly are left to other workers, so
    that a slow account never occupies all of them.
    """
    served = take_turn(slow=slow)
    if served is not None:
        deliver(account_id=served, slow=slow)
        return True
    return deliver(slow=slow) is not None


def work_until_idle(*, seconds: float, slow: bool = True) -> int:
    """Serve accounts until there is no work or the time is over; return how many were served."""
    deadline = time.monotonic() + seconds
    served = 0
    while time.monotonic() < deadline and work_once(slow=slow):
        served += 1
    return served
