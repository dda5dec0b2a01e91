"""Codes, grants and tokens: what an account's users have allowed to integrations (KOMMO.md §1)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sandbox.account import Account
from sandbox.model import Integration, User

CODE_SECONDS = 20 * 60
ACCESS_SECONDS = 86_400
REFRESH_SECONDS = 90 * 86_400  # "3 months"
ONE_TIME_SECONDS = 1_800
API_DOMAIN = "api-c.kommo.com"
SCOPES = ["push_notifications", "files", "crm", "files_delete", "notifications"]
_SIGNING_KEY = "the sandbox signs access tokens with this; nobody can check Kommo's"


class OAuthError(Exception):
    """Raised when a token request is refused; `status` and `hint` go into the answer."""

    def __init__(self, status: int, hint: str) -> None:
        super().__init__(hint)
        self.status = status
        self.hint = hint


@dataclass(slots=True)
class Grant:
    """One user's permission for one integration in one account."""

    account_id: int
    user_id: int
    client_id: str
    access: dict[str, float] = field(default_factory=dict)  # token -> expires at
    refresh: str = ""
    previous: str = ""  # the pair before; good until the new pair has been used
    refresh_until: float = 0.0
    latest_access: str = ""
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code."""

    account_id: int
    user_id: int
    client_id: str
    expires_at: float


class GrantBook:
    """All codes and grants. `has_grace`: an old refresh token works until the new pair is used."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.has_grace = True
        self.codes: dict[str, Code] = {}
        self.by_access: dict[str, Grant] = {}
        self.by_refresh: dict[str, Grant] = {}
        self.exchanges = 0
        self.refreshes = 0

    def issue_code(self, account_id: int, user_id: int, client_id: str, now: float) -> str:
        """Return a new code, good for 20 minutes and one exchange."""
        name = "def50200" + self._hex(32)
        self.codes[name] = Code(account_id, user_id, client_id, now + CODE_SECONDS)
        return name

    def exchange(
        self, integration: Integration, code: str, account: Account, now: float
    ) -> dict[str, Any]:
        """Trade a code for the first pair. Raises OAuthError."""
        found = self.codes.pop(code, None)
        if found is None or found.client_id != integration.client_id:
            raise OAuthError(400, "Authorization code has been revoked")
        if found.expires_at <= now:
            raise OAuthError(400, "Authorization code has expired")
        if found.account_id != account.id:
            raise OAuthError(400, "Authorization code was issued for another account")
        self.exchanges += 1
        return self.issue(Grant(account.id, found.user_id, integration.client_id), now)

    def renew(
        self, integration: Integration, refresh: str, account: Account, now: float
    ) -> dict[str, Any]:
        """Trade a refresh token for a new pair. Raises OAuthError."""
        grant = self.by_refresh.get(refresh)
        if grant is None or grant.client_id != integration.client_id:
            raise OAuthError(401, "Cannot decrypt the refresh token")
        is_current = refresh == grant.refresh
        is_graced = self.has_grace and refresh == grant.previous
        if grant.is_revoked or not (is_current or is_graced):
            raise OAuthError(401, "Token has been revoked")
        if grant.refresh_until <= now or grant.account_id != account.id:
            raise OAuthError(401, "Token has expired")
        self.refreshes += 1
        if is_graced:
            self._forget_unused_pair(grant)
        return self.issue(grant, now)

    def _forget_unused_pair(self, grant: Grant) -> None:
        grant.access.pop(grant.latest_access, None)
        self.by_access.pop(grant.latest_access, None)
        grant.refresh = grant.previous

    def issue(self, grant: Grant, now: float) -> dict[str, Any]:
        """Give a grant a new pair and return the token answer of KOMMO.md §1.3."""
        access = encode_jwt(self._claims(grant, now), _SIGNING_KEY)
        refresh = "def50200" + self._hex(64)
        self._drop_expired(grant, now)
        grant.access[access] = now + ACCESS_SECONDS
        grant.latest_access = access
        grant.previous, grant.refresh = grant.refresh, refresh
        grant.refresh_until = now + REFRESH_SECONDS
        self.by_access[access] = self.by_refresh[refresh] = grant
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "server_time": int(now),
            "access_token": access,
            "refresh_token": refresh,
        }

    def _drop_expired(self, grant: Grant, now: float) -> None:
        for token in [token for token, until in grant.access.items() if until <= now]:
            del grant.access[token]
            self.by_access.pop(token, None)

    def _claims(self, grant: Grant, now: float) -> dict[str, Any]:
        return {
            "aud": grant.client_id,
            "jti": self._hex(20),
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + ACCESS_SECONDS,
            "sub": str(grant.user_id),
            "grant_type": "",
            "account_id": grant.account_id,
            "base_domain": "kommo.com",
            "version": 2,
            "scopes": SCOPES,
            "api_domain": API_DOMAIN,
        }

    def holder_of(self, access: str, now: float) -> Grant | None:
        """Return the grant of a live access token; using it ends the old pair's grace."""
        grant = self.by_access.get(access)
        if grant is None or grant.is_revoked or grant.access.get(access, 0) <= now:
            return None
        if access == grant.latest_access:
            grant.previous = ""
        return grant

    def account_of_refresh(self, refresh: str) -> int | None:
        """Return the account id of a current or previous refresh token, None for others."""
        grant = self.by_refresh.get(refresh)
        is_good = grant and not grant.is_revoked and refresh in (grant.refresh, grant.previous)
        return grant.account_id if grant and is_good else None

    def revoke(
        self,
        account_id: int,
        client_id: str | None = None,
        user_id: int | None = None,
    ) -> int:
        """Revoke an account's grants, of one integration or user if named; return how many."""
        hit = [
            grant
            for grant in {id(g): g for g in self.by_refresh.values()}.values()
            if grant.account_id == account_id
            and not grant.is_revoked
            and client_id in (None, grant.client_id)
            and user_id in (None, grant.user_id)
        ]
        for grant in hit:
            grant.is_revoked = True
        return len(hit)

    def has_installed(self, account_id: int, client_id: str) -> bool:
        """Say whether an account has a live grant of an integration."""
        return any(
            g.account_id == account_id and g.client_id == client_id and not g.is_revoked
            for g in self.by_refresh.values()
        )

    def uuid(self) -> str:
        """Return a UUID from the seeded Random."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _hex(self, length: int) -> str:
        return f"{self._random.getrandbits(length * 4):0{length}x}"


def encode_jwt(claims: Mapping[str, Any], key: str, alg: str = "HS256") -> str:
    """Sign claims as a compact JWT with HS256 or HS512."""
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[alg]
    head = {"typ": "JWT", "alg": alg}
    parts = [_b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)]
    signed = ".".join(parts)
    return f"{signed}.{_b64(hmac.new(key.encode(), signed.encode(), digest).digest())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def one_time_token(
    account: Account, user: User, integration: Integration, jti: str, now: float
) -> str:
    """Mint the token that $authorizedAjax sends as X-Auth-Token (KOMMO.md §2)."""
    target = urlsplit(integration.redirect_uri)
    claims = {
        "iss": f"https://{account.host}",
        "aud": f"{target.scheme}://{target.hostname}",
        "jti": jti,
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + ONE_TIME_SECONDS,
        "account_id": account.id,
        "user_id": user.id,
        "subdomain": account.subdomain,
        "client_uuid": integration.client_id,
    }
    return encode_jwt(claims, integration.client_secret)


def revoked_signature(client_id: str, account_id: int, client_secret: str) -> str:
    """Return the signature of the access-revoked hook (KOMMO.md §1.6)."""
    message = f"{client_id}|{account_id}".encode()
    return hmac.new(client_secret.encode(), message, hashlib.sha256).hexdigest()
