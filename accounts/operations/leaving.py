"""An account that leaves: a signed hook is kept, confirmed by an API call, and only then believed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.kommo.connection import connect, tokens
from accounts.kommo.errors import KommoError, Unauthorized
from accounts.kommo.oauth import is_revocation_signed
from accounts.models import Account, Credential

_log = logging.getLogger(__name__)


def signing_secrets() -> Sequence[str]:
    """Return the secrets that Kommo may sign with: the current one and the one before it."""
    return [one for one in (settings.KOMMO_CLIENT_SECRET, settings.KOMMO_PREVIOUS_SECRET) if one]


def keep_revocation(*, client_id: str, kommo_id: int, signature: str, now: datetime) -> bool:
    """Note a revocation hook; return False, with nothing written, when it is not signed for us.

    It carries neither time nor nonce and can be replayed: `confirm_revocations` asks Kommo.
    """
    is_ours = bool(settings.KOMMO_CLIENT_ID) and client_id == settings.KOMMO_CLIENT_ID
    is_signed = is_revocation_signed(
        client_id=settings.KOMMO_CLIENT_ID,
        account_id=kommo_id,
        signature=signature,
        secrets=signing_secrets(),
    )
    if not (is_ours and is_signed):
        return False
    Account.objects.filter(kommo_id=kommo_id).exclude(state=Account.State.LEFT).update(
        revoked_hook_at=now
    )
    return True


def confirm_revocations(*, now: datetime) -> int:
    """Ask Kommo about accounts whose revocation was told; return how many were asked about."""
    told = Account.objects.exclude(state=Account.State.LEFT).exclude(revoked_hook_at=None)
    accounts = list(told[:5])
    for account in accounts:
        _confirm(account, now)
    return len(accounts)


def _confirm(account: Account, now: datetime) -> None:
    try:
        connect(account).account()
    except Unauthorized:
        leave(account=account, now=now)
        return
    except KommoError as error:
        if error.is_transient:
            return  # asked again at the next round
        _log.warning("revocation of account %s not confirmed: %s", account.pk, error)
    told = Account.objects.filter(pk=account.pk, revoked_hook_at=account.revoked_hook_at)
    told.update(revoked_hook_at=None)


@transaction.atomic
def leave(*, account: Account, now: datetime) -> None:
    """Let the account go: no more calls, webhooks are forgotten; its rows stay for the purge."""
    Credential.objects.for_account(account).delete()
    tokens.forget_tokens()
    Account.objects.filter(pk=account.pk).update(
        state=Account.State.LEFT, left_at=now, revoked_hook_at=None
    )
