"""HTTP sessions towards Kommo: one a thread and host, kept alive; no redirects, no cookies, no retries."""

from __future__ import annotations

import functools
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from django.conf import settings
from django.utils.module_loading import import_string
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from accounts.kommo.errors import AmbiguousAnswer, NotSent
from accounts.kommo.hosts import require_kommo_host
from accounts.kommo.wire import Reply, Request

BIGGEST_ANSWER = 16 * 1024 * 1024
SESSIONS_A_THREAD = 64
_CHUNK = 64 * 1024
_kept = threading.local()


def base_url(host: str) -> str:
    """Return where `host` is reached: https://acme.kommo.com, or the sandbox. Raises ForeignHost."""
    return str(settings.KOMMO_URL_TEMPLATE).format(host=require_kommo_host(host)).rstrip("/")


def send(host: str, request: Request, token: str = "") -> Reply:
    """Make one HTTP call to `host` and read the whole answer within KOMMO_TIMEOUT_SECONDS.

    Raises NotSent when nothing can have arrived, AmbiguousAnswer when something may have.
    """
    url = base_url(host) + request.target
    limit = float(settings.KOMMO_TIMEOUT_SECONDS)
    deadline = time.monotonic() + limit
    try:
        with session_for(host).request(
            request.method,
            url,
            data=None if request.body is None else json.dumps(request.body).encode(),
            headers=_headers(request, token),
            timeout=(limit, limit),
            allow_redirects=False,
            stream=True,
        ) as response:
            return _read(response, request, deadline)
    except requests.RequestException as error:
        raise _trouble(error, request) from None


def session_for(host: str) -> requests.Session:
    """Return this thread's session for `host`; the least recently used one of many is closed."""
    sessions: OrderedDict[str, requests.Session] = _kept.__dict__.setdefault(
        "sessions", OrderedDict()
    )
    if host not in sessions:
        sessions[host] = _new_session()
    sessions.move_to_end(host)
    if len(sessions) > SESSIONS_A_THREAD:
        sessions.popitem(last=False)[1].close()
    return sessions[host]


def close_sessions() -> None:
    """Close this thread's sessions: for tests and for threads that end."""
    for session in _kept.__dict__.pop("sessions", {}).values():
        session.close()


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no .netrc: it would replace our Authorization header
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "Peresmenka/1"
    for prefix in ("https://", "http://"):
        session.mount(prefix, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    if settings.KOMMO_SESSION_SETUP:
        _setup(settings.KOMMO_SESSION_SETUP)(session)
    return session


@functools.cache
def _setup(dotted_path: str) -> Callable[[requests.Session], None]:
    found: Callable[[requests.Session], None] = import_string(dotted_path)
    return found


def _headers(request: Request, token: str) -> dict[str, str]:
    headers = {"Accept": "application/json", **dict(request.headers)}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _read(response: requests.Response, request: Request, deadline: float) -> Reply:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > BIGGEST_ANSWER or time.monotonic() > deadline:
            response.close()
            raise AmbiguousAnswer(
                status=response.status_code, title="answer too big or slow", request=request.summary
            )
    return Reply(
        status=response.status_code,
        body=bytes(body),
        content_type=response.headers.get("Content-Type", ""),
        retry_after=response.headers.get("Retry-After", ""),
    )


def _chunks(response: requests.Response) -> Iterator[bytes]:
    chunks: Iterator[bytes] = response.iter_content(_CHUNK)
    return chunks


def _trouble(error: requests.RequestException, request: Request) -> NotSent | AmbiguousAnswer:
    kind = NotSent if _is_unsent(error) else AmbiguousAnswer
    return kind(title=type(error).__name__, request=request.summary)


def _is_unsent(error: requests.RequestException) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.InvalidURL)):
        return True
    inner: Any = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
