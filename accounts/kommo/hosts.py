"""Which hosts belong to Kommo. Whatever host comes from outside passes `kommo_host` before any use."""

from __future__ import annotations

import re

from accounts.kommo.errors import ForeignHost

CONSENT_HOST = "www.kommo.com"
_LONGEST = 80
_ACCOUNT_HOST = re.compile(r"[a-z0-9-]{1,63}\.(kommo\.com|amocrm\.(ru|com))", re.ASCII)
# Kommo's own names, never an account: `api_domain` claims point to some of them.
_COMMON = frozenset({"www"})


def kommo_host(value: object) -> str | None:
    """Return `value` as a lower-case Kommo host, or None when it is anything else.

    A bare host only: no scheme, port, path, user or trailing dot. Names beyond ASCII are refused
    rather than converted: IDNA can only turn them into `xn--…` or into look-alikes of Kommo's.
    """
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isascii():
        return None
    host = value.lower()
    return host if _ACCOUNT_HOST.fullmatch(host) else None


def account_host(value: object) -> str | None:
    """Return `value` as the host of an account; Kommo's common host is none."""
    host = kommo_host(value)
    return host if host and host.split(".", 1)[0] not in _COMMON else None


def origin_host(value: object) -> str | None:
    """Return the account host of an origin such as `https://acme.kommo.com`, else None."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return None
    return account_host(value.removeprefix("https://"))


def require_kommo_host(value: object) -> str:
    """Return `value` as a Kommo host. Raises ForeignHost."""
    host = kommo_host(value)
    if host is None:
        raise ForeignHost(detail="the host is not one of Kommo's")
    return host
