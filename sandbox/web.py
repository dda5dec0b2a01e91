"""The WSGI shell: turns requests into calls, waits out slow faults without the lock, serves the pages."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from sandbox.consent import CONSENT_HOST, consent_answer
from sandbox.control import Control
from sandbox.faults import Fault
from sandbox.wire import Answer, Call
from sandbox.world import World

PAGES = Path(__file__).parent / "pages"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
POLICY = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action *"


class Shell:
    """The WSGI application of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control = Control(world)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith("/_sandbox/"):
            return self._controlled(request)(environ, start)
        page = self._page(request)
        if page is not None:
            return page(environ, start)
        found = self._called(call_of(request))
        if found.is_dropped:
            return dropping(start)
        headers = dict(found.headers)
        response = Response(found.body, found.status, headers, content_type=found.content_type)
        return response(environ, start)

    def _called(self, call: Call) -> Answer:
        if call.host == CONSENT_HOST:
            with self.world.lock:
                return consent_answer(self.world.crm, call)
        with self.world.lock:
            fault = self.world.gateway.draw_fault(call)
        if fault is not None and fault.kind is Fault.SLOW_BEFORE_COMMIT:
            time.sleep(fault.seconds)
        with self.world.lock:
            found = self.world.gateway.answer(call, fault)
        if found.delay_seconds:
            time.sleep(found.delay_seconds)
        return found

    def _controlled(self, request: Request) -> Response:
        name = request.path.removeprefix("/_sandbox/").strip("/")
        is_read = request.method == "GET"
        if not is_read and not request.is_json:  # no page of another site may post here
            return Response('{"error": "send application/json"}', 415, mimetype="application/json")
        given = dict(request.args.items()) if is_read else request.get_json(silent=True)
        form = given if isinstance(given, dict) else {}
        status, value = self.control.run(request.method, name, form)
        return Response(json.dumps(value, ensure_ascii=False), status, mimetype="application/json")

    def _page(self, request: Request) -> Response | None:
        """Return the page or file that a browser asks for, None for a call of Kommo."""
        if request.method != "GET":
            return None
        host, path = split_host(request)
        if request.path == "/" and self.world.crm.account_at(host) is None:
            return page_file("index.html")
        if request.path.startswith("/static/"):
            return page_file(request.path.removeprefix("/static/"))
        if path == "/" and self.world.crm.account_at(host) is not None:
            return page_file("account.html")
        return None


def split_host(request: Request) -> tuple[str, str]:
    """Return (Kommo host, path): from the first path segment if it has a dot, else from Host."""
    first, _, rest = request.path.lstrip("/").partition("/")
    if "." in first and first not in ("favicon.ico", "robots.txt"):
        return first.lower(), "/" + rest
    return request.host.split(":", 1)[0].lower(), request.path


def call_of(request: Request) -> Call:
    """Translate a request."""
    host, path = split_host(request)
    base = request.host_url.rstrip("/")
    if path != request.path:
        base = f"{base}/{host}"
    return Call(
        request.method,
        host,
        path,
        request.query_string.decode("latin-1"),
        {name.lower(): value for name, value in request.headers.items()},
        request.get_data(),
        request.headers.get("X-Sandbox-Ip", request.remote_addr or ""),
        base,
    )


def dropping(start: StartResponse) -> Iterator[bytes]:
    """Promise more than is sent: the server cuts the connection, the client sees a broken body."""
    start("200 OK", [("Content-Type", "application/hal+json"), ("Content-Length", "65536")])
    return iter([b" "])


def page_file(name: str) -> Response:
    """Return a file of the pages folder."""
    path = PAGES / name
    if "/" in name or not path.is_file():
        return Response("Not found", 404)
    response = Response(path.read_bytes(), mimetype=TYPES.get(path.suffix, "text/plain"))
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response
