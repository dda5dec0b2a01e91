"""System checks of the settings, peresmenka.E001…: what is wrong, and the next step as a hint."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)
_MAKE_A_KEY = (
    'python -c "import base64, secrets;'
    " print('k1:' + base64.b64encode(secrets.token_bytes(32)).decode())\""
)


def is_at_home() -> bool:
    """Say whether the service is for this machine only: DEBUG, or a loopback PUBLIC_URL."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if settings.DEBUG or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@register()
def check_encryption_keys(**_options: Any) -> Sequence[CheckMessage]:
    """E001 (W004 at home), E002, E003: keys for the stored tokens are there, well-formed and named apart."""
    if not settings.ENCRYPTION_KEYS:
        text = "ENCRYPTION_KEYS is empty: no account can be installed."
        hint = f"Make one and put it into the environment: {_MAKE_A_KEY}"
        if is_at_home():
            return [Warning(text, hint=hint, id="peresmenka.W004")]
        return [Error(text, hint=hint, id="peresmenka.E001")]
    found: list[CheckMessage] = []
    names = [entry.partition(":")[0] for entry in settings.ENCRYPTION_KEYS]
    for place, entry in enumerate(settings.ENCRYPTION_KEYS, start=1):
        if not _is_key(entry):
            text = f"Key {place} of ENCRYPTION_KEYS is not `id:` and base64 of 32 bytes."
            hint = f"An id has up to 16 letters, digits, - and _. Make a key: {_MAKE_A_KEY}"
            found.append(Error(text, hint=hint, id="peresmenka.E002"))
    if len(set(names)) < len(names):
        hint = "Give each key an id of its own: what is stored names its key by the id."
        found.append(
            Error("Two keys of ENCRYPTION_KEYS have one id.", hint=hint, id="peresmenka.E003")
        )
    return found


def _is_key(entry: str) -> bool:
    name, _sep, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(_KEY_ID.fullmatch(name)) and len(key) == KEY_BYTES


@register()
def check_kommo(**_options: Any) -> Sequence[CheckMessage]:
    """E004, E005, E006 (W002 at home): Kommo is asked at the account's host, safely, under our own name."""
    found: list[CheckMessage] = []
    if "{host}" not in settings.KOMMO_URL_TEMPLATE:
        hint = "The default is https://{host}; {host} becomes the account's own host."
        found.append(Error("KOMMO_URL_TEMPLATE lacks {host}.", hint=hint, id="peresmenka.E004"))
    if not is_at_home() and not settings.KOMMO_URL_TEMPLATE.startswith("https://"):
        hint = "Tokens would travel in the clear. Use https://{host}."
        found.append(Error("KOMMO_URL_TEMPLATE is not https.", hint=hint, id="peresmenka.E005"))
    if not (settings.KOMMO_CLIENT_ID and settings.KOMMO_CLIENT_SECRET):
        text = "KOMMO_CLIENT_ID or KOMMO_CLIENT_SECRET is empty."
        hint = "Take both from the integration's page in Kommo, under Keys and scopes."
        if is_at_home():
            found.append(Warning(text, hint=hint, id="peresmenka.W002"))
        else:
            found.append(Error(text, hint=hint, id="peresmenka.E006"))
    return found


@register()
def check_public_url(**_options: Any) -> Sequence[CheckMessage]:
    """E007: users and Kommo reach the service over https, but for the own machine."""
    parts = urlsplit(settings.PUBLIC_URL)
    is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    if is_address and (parts.scheme == "https" or is_at_home()):
        return []
    hint = (
        "Put a TLS proxy before the service (deploy/nginx.example.conf), give its https:// address."
    )
    return [Error("PUBLIC_URL is not an https:// address.", hint=hint, id="peresmenka.E007")]


@register()
def check_broker(**_options: Any) -> Sequence[CheckMessage]:
    """W001: without Valkey the pump alone does the work."""
    if settings.VALKEY_URL:
        return []
    hint = "That is allowed: run `manage.py pump`. With Valkey, Celery's workers are woken at once."
    return [Warning("VALKEY_URL is empty: Celery is not used.", hint=hint, id="peresmenka.W001")]


@register()
def check_second_factor(**_options: Any) -> Sequence[CheckMessage]:
    """W003: the operator's site is guarded by more than a password."""
    if settings.OPERATOR_SECOND_FACTOR or is_at_home():
        return []
    hint = "Set OPERATOR_SECOND_FACTOR=yes; docs/runbook.md says how a device is set up."
    return [
        Warning("The operator's site asks for no second factor.", hint=hint, id="peresmenka.W003")
    ]


@register()
def check_mail(**_options: Any) -> Sequence[CheckMessage]:
    """W005: supervisors can be told of tomorrow's gaps by mail."""
    if settings.EMAIL_BACKEND != "django.core.mail.backends.dummy.EmailBackend":
        return []
    hint = (
        "Name a mail server, as .env.example shows; without one the page Coverage still shows gaps."
    )
    text = "EMAIL_URL is not set: no mail warns of gaps in schedules."
    return [Warning(text, hint=hint, id="peresmenka.W005")]
