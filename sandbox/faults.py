"""Faults to inject into API calls: what is armed, and which call gets which. No I/O."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """The catalogue. `before` means that nothing was written, `after` that everything was."""

    TOO_MANY_REQUESTS = "too_many_requests"  # 429
    SERVER_ERROR = "server_error"  # 500 before
    SERVER_ERROR_AFTER_COMMIT = "server_error_after_commit"  # 500 after
    DROP_BEFORE_COMMIT = "drop_before_commit"  # connection closed before
    DROP_AFTER_COMMIT = "drop_after_commit"  # connection closed after
    GATEWAY_TIMEOUT = "gateway_timeout"  # 504 before
    GATEWAY_TIMEOUT_AFTER_COMMIT = "gateway_timeout_after_commit"  # 504 after
    SLOW = "slow"  # written at once, answered after `seconds`
    SLOW_BEFORE_COMMIT = "slow_before_commit"  # written and answered after `seconds`
    HTML = "html"  # 200 with a page, after
    TRUNCATED = "truncated"  # 200 with half of the JSON, after
    EMPTY = "empty"  # 200 with no body at all, after
    IP_BLOCKED = "ip_blocked"  # 403, not JSON
    PAYMENT_REQUIRED = "payment_required"  # 402
    UNAUTHORIZED = "unauthorized"  # 401 once, the token stays good


WRITES_FIRST = {
    Fault.SERVER_ERROR_AFTER_COMMIT,
    Fault.DROP_AFTER_COMMIT,
    Fault.GATEWAY_TIMEOUT_AFTER_COMMIT,
    Fault.SLOW,
    Fault.SLOW_BEFORE_COMMIT,
    Fault.HTML,
    Fault.TRUNCATED,
    Fault.EMPTY,
}


@dataclass(slots=True)
class Armed:
    """A fault that waits for calls of one account (0: of all)."""

    account_id: int
    kind: Fault
    probability: float = 1.0
    count: int | None = None  # how many calls it still hits, None: no end
    seconds: float = 30.0  # of the slow ones; of a 429 its retry_after
    method: str = ""  # only this method
    path: str = ""  # only paths that contain this
    hits: int = 0


class FaultBook:
    """All armed faults; the first that fits a call hits it."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.armed: list[Armed] = []

    def arm(self, fault: Armed) -> Armed:
        """Arm a fault and return it."""
        self.armed.append(fault)
        return fault

    def clear(self, account_id: int | None = None) -> None:
        """Disarm the faults of an account, or all."""
        self.armed = [f for f in self.armed if account_id not in (None, f.account_id)]

    def draw(self, account_id: int, method: str, path: str) -> Armed | None:
        """Return the fault that hits this call, None for a quiet one; uses the seeded Random."""
        for fault in self.armed:
            if not _fits(fault, account_id, method, path):
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.count is not None:
                fault.count -= 1
            return fault
        return None


def _fits(fault: Armed, account_id: int, method: str, path: str) -> bool:
    return (
        fault.account_id in (0, account_id)
        and fault.count != 0
        and fault.method in ("", method)
        and fault.path in path
    )
