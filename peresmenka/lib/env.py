"""Reads settings from the environment; a bad value stops the start and names its variable."""

from __future__ import annotations

from email.utils import parseaddr
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()


def text(name: str, default: str | None = None) -> str:
    """Return variable `name`; without a default an absent variable stops the start."""
    if default is None:
        return str(_env.str(name))
    return str(_env.str(name, default=default))


def number(name: str, default: float) -> float:
    """Return variable `name` as a number, at least zero."""
    raw = _env.str(name, default=str(default))
    try:
        value = float(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, got {raw!r}") from error
    if value < 0:
        raise ImproperlyConfigured(f"{name} must not be negative, got {raw!r}")
    return value


def whole(name: str, default: int) -> int:
    """Return variable `name` as a whole number, at least zero."""
    value = number(name, default)
    if value != int(value):
        raise ImproperlyConfigured(f"{name} must be a whole number, got {value}")
    return int(value)


def flag(name: str, *, default: bool) -> bool:
    """Return variable `name` as a boolean: 1/0, true/false, yes/no, on/off."""
    raw = _env.str(name, default="1" if default else "0").strip().lower()
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, got {raw!r}")


def words(name: str, default: str = "") -> list[str]:
    """Return variable `name` as a list, split at commas, empty items dropped."""
    return [word.strip() for word in _env.str(name, default=default).split(",") if word.strip()]


def database(name: str) -> dict[str, object]:
    """Return Django's database dict for the PostgreSQL URL in variable `name`.

    A unix socket folder is written in the host's place, percent-encoded:
    `postgres://user:password@%2Frun%2Fpostgresql/peresmenka`.
    """
    found: dict[str, object] = dict(environ.Env.db_url_config(text(name)))
    found["HOST"] = unquote(str(found.get("HOST") or ""))  # django-environ leaves the host encoded
    if found.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{name} must be a postgres:// URL: PostgreSQL is the only database"
        )
    return found


def mail(name: str, default: str) -> dict[str, object]:
    """Return Django's mail settings for the URL in variable `name`.

    `smtp+tls://user:password@host:587` speaks STARTTLS, `smtp+ssl://…:465` TLS from the start; what
    is special in a user name or password is percent-encoded. The value itself is never shown: it
    may hold a password.
    """
    advice = f"{name} must be a URL such as smtp+tls://user:password@mail.example.com:587"
    try:
        found: dict[str, object] = dict(environ.Env.email_url_config(text(name, default)))
    except (ValueError, ImproperlyConfigured):
        raise ImproperlyConfigured(advice) from None
    if str(found["EMAIL_BACKEND"]).endswith("smtp.EmailBackend") and not found["EMAIL_HOST"]:
        raise ImproperlyConfigured(f"{advice}; it names no host")
    return found


def sender(name: str, default: str) -> str:
    """Return variable `name` as an address that mails come from, with or without a name before it."""
    value = text(name, default)
    account, at, host = parseaddr(value)[1].partition("@")
    if not (account and at and host) or set(value) & set("\r\n"):
        raise ImproperlyConfigured(
            f"{name} must be an address such as Peresmenka <shifts@example.com>, got {value!r}"
        )
    return value
