"""What can go wrong in a call to Kommo, one class a consequence; each says what to do next.

`is_ambiguous`: the call may have been carried out, so a write is read back before it is repeated.
`is_transient`: the same call may succeed later without anybody's help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


class KommoError(Exception):
    """A call to Kommo did not succeed. Carries no secret: the request is method and path alone."""

    is_ambiguous: ClassVar[bool] = False
    is_transient: ClassVar[bool] = False

    def __init__(
        self,
        *,
        status: int = 0,
        title: str = "",
        detail: str = "",
        hint: str = "",
        request: str = "",
    ) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.hint = hint
        self.request = request
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        said = " ".join(part for part in (self.title, self.detail, self.hint) if part)
        return f"{self.request or 'call'}: {self.status or 'no answer'} {said}".strip()


class Unauthorized(KommoError):
    """401: the token is expired or revoked. Refresh once; if that fails, ask for authorisation."""


class NeedsAuthorization(Unauthorized):
    """No token of the account works any more. Pause its lanes, keep its inbox, ask an admin."""


class PaymentRequired(KommoError):
    """402: the account's Kommo plan or trial has ended. Pause the lanes, look again in an hour."""


class Blocked(KommoError):
    """403 without a problem document: Kommo blocks the address. Send nothing for a while."""

    is_transient = True


class Forbidden(KommoError):
    """403 with a problem document: the granting user lacks the right. A retry will not help."""


class NotFound(KommoError):
    """404: the entity, or the whole host, is not there."""


@dataclass(frozen=True, slots=True)
class ItemErrors:
    """What Kommo found wrong with one item of a batch."""

    request_id: str  # the item's index where the caller gave none
    errors: tuple[Mapping[str, Any], ...] = field(default=())  # {"code", "path", "detail"}


class InvalidRequest(KommoError):
    """400, 405 or 422: Kommo refused the body. Take it as nothing written; read, then retry singly."""

    def __init__(self, *, items: tuple[ItemErrors, ...] = (), **rest: Any) -> None:
        self.items = items
        super().__init__(**rest)


class TooManyRequests(KommoError):
    """429: wait `retry_after` seconds (None: Kommo did not say), and call less often."""

    is_transient = True

    def __init__(self, *, retry_after: float | None = None, **rest: Any) -> None:
        self.retry_after = retry_after
        super().__init__(**rest)


class ServerTrouble(KommoError):
    """5xx: Kommo failed, perhaps after it had written. Read back before a write is repeated."""

    is_ambiguous = True
    is_transient = True


class TooLarge(KommoError):
    """504 or 413: the batch was too much for Kommo. Halve it; after a 504 read back first."""

    is_ambiguous = True
    is_transient = True


class AmbiguousAnswer(KommoError):
    """Sent, but no clear answer came (time-out, dropped, truncated). Read back before a repeat."""

    is_ambiguous = True
    is_transient = True


class NotSent(KommoError):
    """Certainly not carried out: nothing reached Kommo. May be repeated as it is."""

    is_transient = True


class BudgetExhausted(NotSent):
    """No call may begin within the next second; `retry_at` is when one may, in `wait_seconds`."""

    def __init__(self, *, retry_at: datetime, wait_seconds: float = 1.0, **rest: Any) -> None:
        self.retry_at = retry_at
        self.wait_seconds = wait_seconds  # by the clock of the budget, whatever the business time
        super().__init__(
            detail=f"no call to Kommo may begin before {retry_at:%H:%M:%S.%f} UTC", **rest
        )


class ForeignHost(NotSent):
    """The host is not one of Kommo's: nothing is ever sent there."""
