"""Who looks at a console page, after `console_page` has let them in."""

from __future__ import annotations

from datetime import tzinfo

from django.http import HttpRequest

from accounts.models import Account, Manager
from peresmenka.lib.zones import known_zone


def viewer_of(request: HttpRequest) -> Manager:
    """Return the manager who is signed in."""
    manager: Manager = request.manager  # type: ignore[attr-defined]
    return manager


def account_of(request: HttpRequest) -> Account:
    """Return the account of the manager who is signed in."""
    account: Account = viewer_of(request).account
    return account


def zone_of(request: HttpRequest) -> tzinfo:
    """Return the account's zone; UTC where this machine does not know it."""
    return known_zone(account_of(request).zone)


def is_partial(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"
