"""Says how the service is: to load balancers as JSON, to people as a page when the database is away."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)

_FLOW = """
SELECT (SELECT min(received_at) FROM accounts_inboxevent WHERE done_at IS NULL),
       (SELECT max(served_at) FROM accounts_lane), business_now()
"""


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is up; asks nobody else."""
    return JsonResponse({"status": "up"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when requests can be served, 503 when not; Valkey may be away."""
    body: dict[str, Any] = {"database": "up", "migrations": "applied", "valkey": _valkey()}
    try:
        if _pending_migrations():
            body["migrations"] = "pending"
        body |= _flow()
    except DatabaseError as error:
        log.warning("not ready: %s", type(error).__name__)
        body |= {"database": "down", "migrations": "unknown"}
    is_ready = (body["database"], body["migrations"]) == ("up", "applied")
    body["status"] = "ready" if is_ready else "not ready"
    return JsonResponse(body, status=200 if is_ready else 503)


def _pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _flow() -> dict[str, Any]:
    """Return how old the oldest unserved event is, and when a lane was served last."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOW)
        oldest, served, now = cursor.fetchone()
    return {"oldest_event_seconds": _age(oldest, now), "last_work_seconds": _age(served, now)}


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round((now - moment).total_seconds(), 1)


def _valkey() -> str:
    """Return "up", "down", or "off" where none is configured."""
    if not settings.VALKEY_URL:
        return "off"
    client = redis.Redis.from_url(
        settings.VALKEY_URL, socket_timeout=0.5, socket_connect_timeout=0.5
    )
    try:
        client.ping()
    except redis.RedisError:
        return "down"
    finally:
        client.close()
    return "up"


def server_error(request: HttpRequest) -> HttpResponse:
    """Show the page for an error of ours; 503 while the database is away."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    if not is_away:
        return render(request, "500.html", status=500)
    with translation.override(translation.get_language_from_request(request)):
        response = render(request, "503.html", status=503)
    response.headers["Retry-After"] = "10"
    return response
