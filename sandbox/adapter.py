"""The sandbox behind `requests`, in one process and without a socket: for tests and simulation."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as Dropped
from requests.exceptions import ReadTimeout
from requests.structures import CaseInsensitiveDict

from sandbox.clock import Clock, VirtualClock
from sandbox.faults import Fault
from sandbox.gateway import Gateway
from sandbox.wire import Answer, Call


class SandboxAdapter(BaseAdapter):
    """Answers requests to Kommo hosts from a Gateway.

    Under a VirtualClock every call costs `latency_seconds` and a slow fault its own time, up to the
    caller's read time-out; then ReadTimeout is raised, with the write done. A dropped answer raises
    ConnectionError. URLs may name the host or, after a prefix, carry it as first path segment.
    """

    def __init__(self, gateway: Gateway, *, latency_seconds: float = 0.0,
                 remote_ip: str = "127.0.0.1") -> None:  # fmt: skip
        super().__init__()
        self._gateway = gateway
        self._latency = latency_seconds
        self._ip = remote_ip

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Answer one prepared request; `timeout` is seconds or (connect, read)."""
        clock, call = self._gateway.crm.clock, call_of(request, self._ip)
        read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout
        _pass_time(clock, self._latency)
        fault = self._gateway.draw_fault(call)
        if fault is not None and fault.kind is Fault.SLOW_BEFORE_COMMIT:
            if read_timeout is not None and fault.seconds > read_timeout:
                self._gateway.answer(call, fault)
                _pass_time(clock, read_timeout)
                raise ReadTimeout("the sandbox is slow", request=request)
            _pass_time(clock, fault.seconds)
        found = self._gateway.answer(call, fault)
        if found.is_dropped:
            raise Dropped("the sandbox dropped the connection", request=request)
        if read_timeout is not None and found.delay_seconds > read_timeout:
            _pass_time(clock, read_timeout)
            raise ReadTimeout("the sandbox is slow", request=request)
        _pass_time(clock, found.delay_seconds)
        return response_of(request, found)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _pass_time(clock: Clock, seconds: float) -> None:
    if isinstance(clock, VirtualClock):
        clock.advance(seconds)


def call_of(request: PreparedRequest, remote_ip: str) -> Call:
    """Translate a prepared request."""
    parts = urlsplit(str(request.url))
    host, path, base = parts.hostname or "", parts.path or "/", f"{parts.scheme}://{parts.netloc}"
    first = path.lstrip("/").split("/", 1)
    if "." in first[0]:
        host, base = first[0], f"{base}/{first[0]}"
        path = "/" + (first[1] if len(first) > 1 else "")
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    method = str(request.method)
    return Call(method, host, path, parts.query, headers, raw, remote_ip, base)


def response_of(request: PreparedRequest, found: Answer) -> Response:
    """Translate an answer."""
    response = Response()
    response.status_code = found.status
    response.headers = CaseInsensitiveDict(
        {"Content-Type": found.content_type, **dict(found.headers)}
    )
    response.raw = BytesIO(found.body)
    response.url = str(request.url)
    response.request = request
    response.encoding = "utf-8"
    return response


def plug_in(session: Session, adapter: SandboxAdapter, *prefixes: str) -> Session:
    """Mount the adapter for URL prefixes, for all URLs when none is named; return the session."""
    for prefix in prefixes or ("https://", "http://"):
        session.mount(prefix, adapter)
    return session
