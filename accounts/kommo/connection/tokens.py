"""An account's access token: read once a process, renewed under the lock of its row, kept encrypted.

The row's version is the truth of all workers. A refresh token works once, so the new pair is
committed before anything uses it, and the previous one is kept: Kommo's pages disagree on whether
it still works after an answer was lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import ExpressionWrapper, F, fields

from accounts.kommo import oauth
from accounts.kommo.connection import budget, sessions
from accounts.kommo.errors import KommoError, NeedsAuthorization, NotFound, NotSent
from accounts.kommo.wire import Reply, Request
from accounts.models import Account, Credential
from peresmenka.lib.clock import read_clock
from peresmenka.lib.crypto import CannotDecrypt, Secret, seal, unseal

LOCK_SECONDS = 10  # a slow refresh takes one HTTP limit for each of its calls
REFRESHED_A_ROUND = 50
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, the version of its row and the host that takes it."""

    access: Secret
    version: int
    host: str


_known: dict[int, Token] = {}  # account pk -> the newest token that this process has seen


@dataclass(frozen=True, slots=True)
class HostTransport:
    """Calls to one host without a token: the token endpoint and what is near it."""

    host: str

    def send(self, request: Request) -> Reply:
        """Return the answer of `host`."""
        return sessions.send(self.host, request)


def application() -> oauth.Application:
    """Return our integration as the settings have it."""
    return oauth.Application(
        client_id=settings.KOMMO_CLIENT_ID,
        client_secret=settings.KOMMO_CLIENT_SECRET,
        redirect_uri=f"{settings.PUBLIC_URL}/oauth/kommo",
    )


def current_token(account_id: int) -> Token:
    """Return the newest token known to this process; reads the row the first time.

    Raises NeedsAuthorization where there is none.
    """
    return _known.get(account_id) or read_token(account_id)


def read_token(account_id: int) -> Token:
    """Return the token in the row. Raises NeedsAuthorization where there is none."""
    row = Credential.objects.for_account(account_id).select_related("account").first()
    if row is None:
        raise NeedsAuthorization(title="no credential")
    return _remember(row)


def forget_tokens() -> None:
    """Forget what this process knows: for tests and after a database was exchanged."""
    _known.clear()


def _remember(row: Credential) -> Token:
    access = unseal(row.access_encrypted, context(row.account, "access"))
    token = Token(access, row.version, row.account.host)
    _known[row.account_id] = token
    return token


def context(account: Account, what: str) -> str:
    """Return what a ciphertext of the account is bound to."""
    return f"account:{account.kommo_id}:{what}"


def store_pair(account: Account, pair: oauth.TokenPair, now: datetime) -> None:
    """Write a new pair and keep the refresh token before it. Call it under the row's lock."""
    row = Credential.objects.for_account(account).first() or Credential(account=account, version=0)
    row.previous_refresh_encrypted = row.refresh_encrypted or None
    row.access_encrypted = seal(Secret(pair.access), context(account, "access"))
    row.refresh_encrypted = seal(Secret(pair.refresh), context(account, "refresh"))
    row.issued_at = now
    row.expires_at = now + timedelta(seconds=pair.expires_in)
    row.version += 1
    row.save(force_insert=row._state.adding, update_fields=None if row._state.adding else _PAIR)


_PAIR = [
    "access_encrypted",
    "refresh_encrypted",
    "previous_refresh_encrypted",
    "issued_at",
    "expires_at",
    "version",
]


def renew_token(account_id: int, seen_version: int) -> Token:
    """Return a token newer than `seen_version`: another worker's, or one refreshed now.

    Locks the credential's row for the refresh. Raises NeedsAuthorization (health is set, nothing
    is deleted), or what the calls raise.
    """
    token = read_token(account_id)
    if token.version != seen_version:
        return token
    try:
        with budget.one_call(account_id), transaction.atomic():
            row = _lock(account_id)
            if row.version == seen_version:
                _refresh(row)
    except oauth.GrantRefused as error:
        Account.objects.filter(pk=account_id).update(health=Account.Health.NEEDS_REAUTH)
        raise NeedsAuthorization(
            status=error.status, title=error.title, detail=error.detail, hint=error.hint
        ) from error
    return read_token(account_id)


def _lock(account_id: int) -> Credential:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    rows = Credential.objects.for_account(account_id).select_related("account")
    try:
        row: Credential = rows.select_for_update(of=("self",)).get()
    except OperationalError as error:
        raise NotSent(title="another worker refreshes the token") from error
    return row


def _refresh(row: Credential) -> None:
    """Exchange the refresh token, at the account's new host if it moved, or else the previous one."""
    attempts: list[Callable[[], oauth.TokenPair]] = [
        lambda: _exchange(row, row.refresh_encrypted),
        lambda: _exchange_at_new_host(row),
    ]
    if row.previous_refresh_encrypted:
        attempts.append(lambda: _exchange(row, row.previous_refresh_encrypted))
    refusal: KommoError | None = None
    for attempt in attempts:
        try:
            store_pair(row.account, attempt(), read_clock())
        except (oauth.GrantRefused, NotFound) as error:
            refusal = refusal or error
            continue
        Account.objects.filter(pk=row.account_id).update(
            host=row.account.host, health=Account.Health.OK
        )
        return
    raise (
        oauth.GrantRefused(status=refusal.status, title=refusal.title)
        if refusal
        else AssertionError
    )


def _exchange(row: Credential, encrypted: Any) -> oauth.TokenPair:
    try:
        refresh_token = unseal(encrypted, context(row.account, "refresh")).reveal()
    except CannotDecrypt as error:
        raise oauth.GrantRefused(title="the stored refresh token cannot be decrypted") from error
    return oauth.refresh(HostTransport(row.account.host), application(), refresh_token)


def _exchange_at_new_host(row: Credential) -> oauth.TokenPair:
    """Ask the token's api_domain for the account's present host. Raises NotFound if it is the same."""
    access = unseal(row.access_encrypted, context(row.account, "access")).reveal()
    refresh_token = unseal(row.refresh_encrypted, context(row.account, "refresh")).reveal()
    api_host = oauth.read_claims(access).api_host
    if api_host is None:
        raise NotFound(title="no api_domain in the token")
    try:
        host = oauth.current_subdomain(HostTransport(api_host), refresh_token)
    except KommoError as error:
        raise NotFound(title="the present host is not known", detail=error.title) from error
    if host == row.account.host:
        raise NotFound(title="the account has not moved")
    row.account.host = host
    return _exchange(row, row.refresh_encrypted)


def refresh_due_credentials(now: datetime) -> int:
    """Refresh the tokens that have lived half of their life at `now`; return how many were tried.

    Early, so that an answer lost here still leaves hours of valid token. One account's failure
    leaves the others alone.
    """
    half = ExpressionWrapper(
        F("issued_at") + (F("expires_at") - F("issued_at")) * 0.5,
        output_field=fields.DateTimeField(),
    )
    due = Credential.objects.alias(half_life_at=half).filter(half_life_at__lte=now)
    due = due.exclude(account__state=Account.State.LEFT).exclude(
        account__health=Account.Health.NEEDS_REAUTH
    )
    found = list(due.order_by("issued_at").values_list("account_id", "version")[:REFRESHED_A_ROUND])
    for account_id, version in found:
        try:
            renew_token(account_id, version)
        except KommoError as error:
            _log.warning("token of account %s was not refreshed: %s", account_id, error)
    return len(found)
