"""Writes to the inbox, the only way in: one INSERT, nothing else locked, flagged or notified."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import uuid4

from django.db import connection

from accounts.models import Account

_APPEND = """
INSERT INTO accounts_inboxevent (account_id, kind, body, digest, client_key, received_at, crashes, error)
VALUES (%s, %s, %s, %s, %s, %s, 0, '') ON CONFLICT DO NOTHING
"""
_INGEST = """
WITH found AS (SELECT id, state FROM accounts_account WHERE hook_digest = %(key)s),
stored AS (
  INSERT INTO accounts_inboxevent (account_id, kind, body, digest, received_at, crashes, error)
  SELECT id, 'webhook', %(body)s, %(digest)s, business_now(), 0, ''
    FROM found WHERE state NOT IN ('left', 'closing')
  ON CONFLICT DO NOTHING RETURNING 1)
SELECT (SELECT state FROM found), (SELECT count(*) FROM stored)
"""


class Ingest(Enum):
    """What became of a webhook."""

    STORED = "stored"
    FOLDED = "folded"  # the same body waits already
    FORGOTTEN = "forgotten"  # the account has left
    UNKNOWN = "unknown"  # no account has this key


def ingest_webhook(*, key: str, body: bytes) -> Ingest:
    """Store the raw `body` for the account whose secret path key this is; one statement.

    Durable when it returns. Raises django.db errors as they come.
    """
    digest = hashlib.sha256(body).digest()
    values = {"key": hashlib.sha256(key.encode()).digest(), "body": body, "digest": digest}
    with connection.cursor() as cursor:
        cursor.execute(_INGEST, values)
        state, stored = cursor.fetchone()
    if state is None:
        return Ingest.UNKNOWN
    if state in {Account.State.LEFT, Account.State.CLOSING}:
        return Ingest.FORGOTTEN
    return Ingest.STORED if stored else Ingest.FOLDED


def sealed_event(
    kind: str, payload: dict[str, Any], client_key: str | None = None
) -> tuple[bytes, bytes]:
    """Return body and digest of an event of our own, for a statement that writes it with its cause."""
    body = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    mark = client_key or uuid4().hex
    return body, hashlib.sha256(f"{kind}|{mark}|".encode() + body).digest()


def append_event(
    account: Account | int,
    kind: str,
    payload: dict[str, Any],
    now: datetime,
    client_key: str | None = None,
) -> bool:
    """Append an event of our own; return False when `client_key` was there already.

    Joins the caller's transaction, so that a change and its event stand or fall together. Unlike
    webhooks our own events are never folded: a turn could take the first before the second's
    change is committed, and nobody would look at that.
    """
    body, digest = sealed_event(kind, payload, client_key)
    account_id = account.pk if isinstance(account, Account) else account
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [account_id, str(kind), body, digest, client_key, now])
        return cursor.rowcount > 0 or client_key is None
