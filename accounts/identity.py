"""Who is looking at a console page: the manager signed in with Kommo, kept in the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse


class ConsoleIdentityMiddleware:
    """Sets `request.manager` and `request.account` (None without a session)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.manager = None  # type: ignore[attr-defined]
        request.account = None  # type: ignore[attr-defined]
        return self.get_response(request)


def console_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the console's shell needs on every page."""
    return {"manager": getattr(request, "manager", None)}
