"""Authorisation codes: kept as they arrive, exchanged once, turned into an installed account.

Kommo waits three seconds for the answer to a code and never sends it again; so it is stored first.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import F, Q

from accounts.kommo import oauth
from accounts.kommo.client import KommoClient
from accounts.kommo.connection import budget, sessions, tokens
from accounts.kommo.errors import Forbidden, KommoError, Unauthorized
from accounts.kommo.payloads import AccountFacts
from accounts.kommo.wire import Reply, Request
from accounts.models import Account, Authorization, Credential, Lane
from accounts.operations.hooks import hook_digest
from accounts.operations.languages import our_language
from peresmenka.lib.crypto import Secret, seal, unseal

CODE_LIFE = timedelta(minutes=20)
CLAIM_SECONDS = 30  # longer than one exchange takes
NOBODY = 0  # whose budget of calls is used before the account is known
_log = logging.getLogger(__name__)


class NotInstalled(Exception):
    """Peresmenka is not installed in this account: an admin of it has to authorise first."""


class GrantIsForeign(Exception):
    """The token does not belong to the account that answers; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Whom a code turned out to stand for."""

    facts: AccountFacts
    user_id: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class TokenTransport:
    """Calls with a token that belongs to no stored account yet."""

    host: str
    access: Secret

    def send(self, request: Request) -> Reply:
        """Return Kommo's answer."""
        with budget.one_call(NOBODY):
            return sessions.send(self.host, request, self.access.reveal())


def keep_authorization(
    *, code: str, host: str, from_widget: bool, now: datetime
) -> tuple[Authorization, bool]:
    """Store a code (encrypted) and return its row and whether it is new."""
    digest = hashlib.sha256(code.encode()).digest()
    return Authorization.objects.get_or_create(
        code_digest=digest,
        defaults={
            "code_encrypted": seal(Secret(code), _context(digest)),
            "host": host,
            "from_widget": from_widget,
            "received_at": now,
        },
    )


def exchange_pending(*, now: datetime) -> int:
    """Exchange the codes that wait; return how many were tried."""
    waiting = Authorization.objects.filter(state=Authorization.State.PENDING)
    due = waiting.filter(Q(not_before=None) | Q(not_before__lte=now)).order_by("received_at")
    found = list(due.values_list("pk", flat=True)[:20])
    return sum(exchange_authorization(authorization_id=pk, now=now) for pk in found)


def exchange_authorization(*, authorization_id: int, now: datetime) -> bool:
    """Exchange one code and install, re-authorise or identify; return whether it was ours to try.

    Claims the row first, so that a code is exchanged by one worker at a time.
    """
    mine = Authorization.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        pk=authorization_id,
        state=Authorization.State.PENDING,
    ).update(not_before=now + timedelta(seconds=CLAIM_SECONDS), attempts=F("attempts") + 1)
    if not mine:
        return False
    row = Authorization.objects.get(pk=authorization_id)
    try:
        account, granted = _exchange(row, now)
    except (oauth.GrantRefused, NotInstalled, GrantIsForeign, Forbidden, Unauthorized) as error:
        _fail(row, error)
    except KommoError as error:
        _postpone(row, error, now)
    else:
        _settle(row, state=Authorization.State.DONE, account=account, user_id=granted.user_id)
    return True


def _exchange(row: Authorization, now: datetime) -> tuple[Account, Granted]:
    code = unseal(row.code_encrypted, _context(bytes(row.code_digest)))
    transport = tokens.HostTransport(row.host)
    with budget.one_call(NOBODY):
        pair = oauth.exchange_code(transport, tokens.application(), code.reveal())
    granted = identify(pair, row.host)
    if granted.is_admin:
        return install_account(granted=granted, host=row.host, pair=pair, now=now), granted
    account = Account.objects.filter(kommo_id=granted.facts.id).exclude(state=Account.State.LEFT)
    found = account.first()
    if found is None:
        raise NotInstalled
    return found, granted  # a manager's own token is not kept


def identify(pair: oauth.TokenPair, host: str) -> Granted:
    """Ask the account who it is and its token whose it is. Raises GrantIsForeign, KommoError."""
    client = KommoClient(TokenTransport(host, Secret(pair.access)))
    facts, claims = client.account(), oauth.read_claims(pair.access)
    if facts.id <= 0 or claims.account_id not in {None, facts.id}:
        raise GrantIsForeign
    user_id = claims.user_id or facts.current_user_id
    try:
        user = client.user(user_id)
    except Forbidden:  # only admins may read users
        user = None
    return Granted(facts, user_id, bool(user and user.is_admin))


@transaction.atomic
def install_account(
    *, granted: Granted, host: str, pair: oauth.TokenPair, now: datetime
) -> Account:
    """Create the account, or give it its new token; its inbox, timers and settings stay.

    Locks the account's row. An account that had left begins anew with its first sync.
    """
    facts = granted.facts
    fresh = Account(kommo_id=facts.id)
    account, is_new = Account.objects.select_for_update().get_or_create(
        kommo_id=facts.id,
        defaults={"host": host, "installed_at": now, "hook_digest": hook_digest(fresh)},
    )
    take_facts(account, facts, host)
    account.service_user_id = granted.user_id
    account.health = Account.Health.OK
    account.revoked_hook_at = None
    if is_new or account.state == Account.State.LEFT:
        account.state, account.left_at = Account.State.TRIAL, None
        account.installed_at, account.sync_state = now, Account.SyncState.NEVER
    account.save()
    lanes = [Lane(account=account, kind=kind) for kind in Lane.Kind.values]
    Lane.objects.bulk_create(lanes, ignore_conflicts=True)
    list(Credential.objects.for_account(account).select_for_update())
    tokens.store_pair(account, pair, now)
    return account


def take_facts(account: Account, facts: AccountFacts, host: str) -> None:
    """Set on `account` what Kommo says of it; an empty answer leaves what was known."""
    account.host = host
    account.name = facts.name[:255] or account.name
    account.zone = facts.zone if facts.zone in available_timezones() else account.zone
    account.country = facts.country or account.country
    account.language = our_language(facts.language) or account.language


def _context(digest: bytes) -> str:
    return f"authorization:{digest.hex()}"


def _fail(row: Authorization, error: Exception) -> None:
    _log.warning("authorisation %s failed: %s", row.pk, error)
    words = str(error) or (type(error).__doc__ or "").split("\n", maxsplit=1)[0]
    _settle(row, state=Authorization.State.FAILED, error=words[:500])


def _postpone(row: Authorization, error: KommoError, now: datetime) -> None:
    if now - row.received_at > CODE_LIFE:
        _fail(row, error)
        return
    wait = timedelta(seconds=min(60, 2**row.attempts))
    _settle(row, not_before=now + wait, error=str(error)[:500])


def _settle(row: Authorization, **values: object) -> None:
    if values.get("state"):
        values["code_encrypted"] = b""  # used or dead: nobody needs it any more
    Authorization.objects.filter(pk=row.pk).update(**values)
