"""Where Kommo's webhooks arrive: raw body → one INSERT → 204. Parses nothing.

The hooks of triggers and bots (distribution.webhooks) are answered by the same means.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from accounts.kommo.webhook import LARGEST_BODY
from accounts.operations.inbox import Ingest, ingest_webhook
from peresmenka.lib.enqueue import ring

PREFIX = "/hooks/kommo/"
_log = logging.getLogger(__name__)


class HooksFirst:
    """Middleware, the first of all: webhooks need no session, no language, no cookie, no policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self._get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return HttpResponse(status=404)
        answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
        return answer


@csrf_exempt
def receive_hook(request: HttpRequest, key: str) -> HttpResponse:
    """Answer 204 once the body is committed; 404 for an unknown key, 503 when it cannot be kept."""
    return answer_hook(request, lambda body: ingest_webhook(key=key, body=body))


def answer_hook(
    request: HttpRequest, store: Callable[[bytes], Ingest], *, taken: int = 204
) -> HttpResponse:
    """Answer `taken` once `store` has kept the body; 404 where it knows no sender of it.

    Kommo repeats a delivery for hours after a 5xx, but soon gives up after a 4xx. `store` may be
    called twice.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    try:
        body = _read_body(request)
        if body is None:
            return HttpResponse(status=413)
        outcome = _stored(store, body)
    except UnreadablePostError:
        return HttpResponse(status=400)
    except (DatabaseError, InterfaceError) as error:
        _log.error("webhook not stored: %s", type(error).__name__)
        return HttpResponse(status=503, headers={"Retry-After": "60"})
    if outcome is Ingest.UNKNOWN:
        return HttpResponse(status=404)
    if outcome is Ingest.STORED:
        _doorbell.ring()
    return HttpResponse(status=taken)


def _read_body(request: HttpRequest) -> bytes | None:
    """Return the raw body, never `request.POST`: its limit of 1,000 fields loses bulk edits."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > LARGEST_BODY:
        return None
    body: bytes = request.read(LARGEST_BODY + 1)
    return body if len(body) <= LARGEST_BODY else None


def _stored(store: Callable[[bytes], Ingest], body: bytes) -> Ingest:
    """Store; once more on a new connection if the kept one has died. A repeat folds."""
    was_connected = connection.connection is not None
    try:
        return store(body)
    except (OperationalError, InterfaceError):
        if not was_connected or connection.in_atomic_block:
            raise
        connection.close()
        return store(body)


class Doorbell:
    """Rings from a thread of its own: a Valkey that hangs must not delay an answer to Kommo.

    Many rings while one is under way become one.
    """

    def __init__(self) -> None:
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Ask for a ring; return at once."""
        self._is_wanted.set()
        if self._thread is None or not self._thread.is_alive():  # the first, or after a fork
            self._thread = threading.Thread(target=self._serve, name="doorbell", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while self._is_wanted.wait():
            self._is_wanted.clear()
            ring()


_doorbell = Doorbell()
