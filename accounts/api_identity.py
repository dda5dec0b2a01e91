"""Who calls the API: the widget's one-time token."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.identity import Role, has_role, known_manager, set_identity
from accounts.kommo.oauth import InvalidWidgetToken, WidgetIdentity, read_widget_token
from accounts.models import Account, Manager, WidgetNonce
from accounts.operations.leaving import signing_secrets
from peresmenka.lib.clock import read_clock

HEADER = "X-Auth-Token"


class WidgetTokenAuthentication(BaseAuthentication):
    """Takes the token that Kommo's page gives to the widget; one that changes something, once."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge, so that a refusal is 401 and not 403."""
        return f'KommoWidget header="{HEADER}"'

    def authenticate(self, request: Request) -> tuple[Manager, WidgetIdentity] | None:
        """Return (manager, identity), None without a token. Raises AuthenticationFailed.

        A console session is nobody here: its cookie comes along with requests of foreign pages.
        """
        set_identity(request._request, None)
        token = request.headers.get(HEADER)
        if not token:
            return None
        try:
            identity = read_widget_token(
                token,
                secrets=signing_secrets(),
                client_id=settings.KOMMO_CLIENT_ID,
                audience=audience(),
                now=read_clock().timestamp(),
            )
        except InvalidWidgetToken as error:
            raise AuthenticationFailed(
                _("The widget's token is not valid. Reload the page.")
            ) from error
        manager = _manager(identity)
        if request.method not in SAFE_METHODS:
            _use_up(identity)
        set_identity(request._request, manager)
        return manager, identity


def audience() -> str:
    """Return what Kommo writes into `aud`: scheme and host of our redirect address, no port."""
    parts = urlsplit(settings.PUBLIC_URL)
    return f"{parts.scheme}://{parts.hostname}"


def _manager(identity: WidgetIdentity) -> Manager:
    manager = known_manager(account__kommo_id=identity.account_id, kommo_id=identity.user_id)
    if manager is not None and manager.account.host == identity.host:
        return manager
    # Signed by Kommo, so it may know a user or an address that we have not read yet: read soon.
    known = Account.objects.filter(kommo_id=identity.account_id, sync_state=Account.SyncState.DONE)
    known.update(synced_at=None)
    raise AuthenticationFailed(
        _("Peresmenka does not know this user of the account yet. Try again in a minute.")
    )


def _use_up(identity: WidgetIdentity) -> None:
    digest = hashlib.sha256(f"{identity.account_id}|{identity.jti}".encode()).digest()
    expires_at = datetime.fromtimestamp(identity.expires_at, UTC)
    expiry = {"expires_at": expires_at}
    is_first = WidgetNonce.objects.get_or_create(digest=digest, defaults=expiry)[1]
    if not is_first:
        raise AuthenticationFailed(_("The widget's token was used already. Ask for a new one."))


class _HasRole(BasePermission):
    role = Role.MANAGER

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether a manager with the role asks."""
        return has_role(getattr(request._request, "manager", None), self.role)


class IsKnown(_HasRole):
    """Any manager of an installed account."""


class IsSupervisor(_HasRole):
    """Supervisors and admins."""

    role = Role.SUPERVISOR


class IsAdmin(_HasRole):
    """Admins of the Kommo account."""

    role = Role.ADMIN
