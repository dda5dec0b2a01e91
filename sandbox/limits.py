"""Sliding one-second windows of calls an account and an IP, and the block after too many 429."""

from collections import deque

from sandbox.account import Account

WINDOW_SECONDS = 1.0
BLOCK_WINDOW_SECONDS = 60.0


class Meter:
    """Counts calls; says which are too many (KOMMO.md §8: 7 a second)."""

    def __init__(self) -> None:
        self._windows: dict[str, deque[float]] = {}
        self._refusals: dict[str, deque[float]] = {}
        self.blocked_ips: set[str] = set()

    def admits(self, account: Account, ip: str, now: float) -> bool:
        """Count a call at `now` (unix seconds) and return False when it is one too many."""
        limits = account.limits
        fits = self._fits(f"account {account.id}", limits.per_account, now) and self._fits(
            f"ip {ip}", limits.per_ip, now
        )
        if not fits:
            self._refuse(account, ip, now)
        return fits

    def _fits(self, key: str, limit: int, now: float) -> bool:
        if limit <= 0:
            return True
        window = self._windows.setdefault(key, deque())
        while window and window[0] <= now - WINDOW_SECONDS:
            window.popleft()
        if len(window) >= limit:
            return False
        window.append(now)
        return True

    def _refuse(self, account: Account, ip: str, now: float) -> None:
        if account.limits.block_ip_after <= 0:
            return
        refusals = self._refusals.setdefault(ip, deque())
        refusals.append(now)
        while refusals[0] <= now - BLOCK_WINDOW_SECONDS:
            refusals.popleft()
        if len(refusals) > account.limits.block_ip_after:
            self.blocked_ips.add(ip)
            for subscription in account.subscriptions.values():
                subscription.disabled = True
