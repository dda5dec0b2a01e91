"""The account's webhook: its secret address, its subscription in Kommo, and its health."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from datetime import datetime

from django.conf import settings

from accounts.kommo.client import KommoClient
from accounts.kommo.connection import connect
from accounts.kommo.errors import Forbidden, InvalidRequest, NotFound, PaymentRequired
from accounts.models import Account

# Codes that Kommo documents, all that tell of leads or of somebody's work.
SETTINGS = (
    "add_lead",
    "update_lead",
    "delete_lead",
    "restore_lead",
    "status_lead",
    "responsible_lead",
    "note_lead",
    "update_contact",
    "note_contact",
    "add_task",
    "responsible_task",
    "delete_task",
    "add_message",
)
# In Kommo's own pages but not in its table of codes: asked for, and done without where refused.
UNCONFIRMED_SETTINGS = ("add_unsorted", "delete_unsorted", "update_task")
_log = logging.getLogger(__name__)


def hook_key(account: Account) -> str:
    """Return the secret last part of the account's webhook address: 256 bits, derived, not stored."""
    message = f"hook|{account.kommo_id}|{account.hook_version}".encode()
    mac = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def hook_digest(account: Account) -> bytes:
    """Return what `Account.hook_digest` holds: SHA-256 of the key."""
    return hashlib.sha256(hook_key(account).encode()).digest()


def hook_url(account: Account) -> str:
    """Return the address that Kommo posts the account's webhooks to."""
    return f"{settings.PUBLIC_URL}/hooks/kommo/{hook_key(account)}"


def subscribe_hook(*, account: Account, client: KommoClient | None = None) -> bool:
    """Subscribe anew; return False where the plan or the rights forbid it (the poller stays).

    DELETE before POST: whether a second POST replaces or merges is not documented.
    """
    client = client or connect(account)
    url = hook_url(account)
    try:
        _unsubscribe(client, url)
        _subscribe(client, url)
    except (Forbidden, PaymentRequired, InvalidRequest) as error:
        _log.warning("account %s: webhook refused: %s", account.pk, error)
        return False
    return True


def _unsubscribe(client: KommoClient, url: str) -> None:
    try:
        client.unsubscribe(url)
    except (NotFound, InvalidRequest):
        return


def _subscribe(client: KommoClient, url: str) -> None:
    try:
        client.subscribe(url, (*SETTINGS, *UNCONFIRMED_SETTINGS))
    except InvalidRequest:
        client.subscribe(url, SETTINGS)


def check_hook(*, account: Account, now: datetime) -> bool:
    """Look at the subscription and renew it if it is missing, disabled or too narrow.

    Return whether it was renewed: webhooks may then have been lost, and a reconcile is due.
    Raises KommoError.
    """
    client = connect(account)
    url = hook_url(account)
    found = [one for one in client.subscriptions(url) if one.destination == url]
    is_sound = any(not one.is_disabled and one.settings >= set(SETTINGS) for one in found)
    renewed = not is_sound and subscribe_hook(account=account, client=client)
    Account.objects.filter(pk=account.pk).update(hook_checked_at=now)
    return renewed
