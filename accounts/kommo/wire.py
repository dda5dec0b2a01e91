"""One HTTP exchange as plain values, and what an answer's status means. No I/O here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote_plus

from accounts.kommo import errors, payloads
from accounts.kommo.payloads import Json

Query = Sequence[tuple[str, str | int]]


@dataclass(frozen=True, slots=True)
class Request:
    """A call below the account's host."""

    method: str
    path: str  # /api/v4/leads
    query: Query = ()
    body: Any = field(default=None, repr=False)  # JSON; None = no body
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def summary(self) -> str:
        """What errors and logs may say of the call."""
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        """Path and query as they stand in the URL."""
        if not self.query:
            return self.path
        pairs = (f"{quote_plus(key)}={quote_plus(str(value))}" for key, value in self.query)
        return f"{self.path}?{'&'.join(pairs)}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: str = ""  # the header of this name


class Transport(Protocol):
    """Makes one HTTP call with the account's token; raises NotSent or AmbiguousAnswer."""

    def send(self, request: Request) -> Reply:
        """Return Kommo's answer, whatever its status."""


def read_reply(request: Request, reply: Reply) -> Json:
    """Return the JSON object of a success ({} for 204). Raises the KommoError of any other answer."""
    if reply.status == 204:
        return {}
    if 200 <= reply.status < 300:
        return _object(request, reply)
    raise error_of(request, reply)


def _object(request: Request, reply: Reply) -> Json:
    if not reply.body and reply.status == 202:
        return {}
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise errors.AmbiguousAnswer(
            status=reply.status, title="not a JSON object", request=request.summary
        )
    return found


def problem_of(reply: Reply) -> Json:
    """Return the problem document of an answer, {} where it is HTML or broken."""
    try:
        return payloads.mapping(json.loads(reply.body))
    except (ValueError, RecursionError):
        return {}


def error_of(request: Request, reply: Reply) -> errors.KommoError:
    """Return the error that stands for an answer beyond 2xx; redirects are not followed."""
    problem = problem_of(reply)
    said: dict[str, Any] = {
        "status": reply.status,
        "title": payloads.text(problem.get("title"))[:200],
        "detail": payloads.text(problem.get("detail"))[:500],
        "hint": payloads.text(problem.get("hint"))[:200],
        "request": request.summary,
    }
    if reply.status == 429:
        return errors.TooManyRequests(retry_after=_retry_after(reply, problem), **said)
    if reply.status == 403:
        return errors.Forbidden(**said) if problem else errors.Blocked(**said)
    if reply.status in {400, 405, 422}:
        return errors.InvalidRequest(items=_item_errors(problem), **said)
    return _BY_STATUS.get(reply.status, _family(reply.status))(
        **said
    )  # a renamed account redirects


_BY_STATUS: dict[int, type[errors.KommoError]] = {
    401: errors.Unauthorized,
    402: errors.PaymentRequired,
    404: errors.NotFound,
    413: errors.TooLarge,
    504: errors.TooLarge,
}


def _family(status: int) -> type[errors.KommoError]:
    if status >= 500:
        return errors.ServerTrouble
    return errors.NotFound if 300 <= status < 400 else errors.KommoError


def _retry_after(reply: Reply, problem: Json) -> float | None:
    for value in (problem.get("retry_after"), reply.retry_after):
        seconds = payloads.whole_or_none(value)
        if seconds is not None and seconds >= 0:
            return float(min(seconds, 3600))
    return None


def _item_errors(problem: Json) -> tuple[errors.ItemErrors, ...]:
    return tuple(
        errors.ItemErrors(str(row.get("request_id", "")), tuple(payloads.rows(row.get("errors"))))
        for row in payloads.rows(problem.get("validation-errors"))
    )
