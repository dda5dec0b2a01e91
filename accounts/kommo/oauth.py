"""Kommo's OAuth: the calls to the token endpoint, signatures, and one-time tokens of the widget.

Django-free. Sources: Kommo's pages on OAuth 2.0, one-time tokens and the access-revoked hook.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from accounts.kommo import payloads
from accounts.kommo.errors import (
    AmbiguousAnswer,
    InvalidRequest,
    KommoError,
    NotFound,
    Unauthorized,
)
from accounts.kommo.hosts import kommo_host, origin_host
from accounts.kommo.payloads import Json
from accounts.kommo.wire import Reply, Request, Transport, error_of, problem_of, read_reply

TOKEN_PATH = "/oauth2/access_token"  # noqa: S105
SUBDOMAIN_PATH = "/oauth2/account/current/subdomain"
LEEWAY_SECONDS = 60
# Kommo's example lives 1,800 s; a token that claims to live longer is not one of Kommo's.
LONGEST_LIFE_SECONDS = 1_800 + 2 * LEEWAY_SECONDS


@dataclass(frozen=True, slots=True)
class Application:
    """Our integration as Kommo knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the token endpoint gave; life in seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says of itself. Unverified: it came over TLS from the token endpoint."""

    account_id: int | None
    user_id: int | None
    api_host: str | None  # api_domain: where the account's current name is asked for


@dataclass(frozen=True, slots=True)
class WidgetIdentity:
    """Who a one-time token of the widget speaks for."""

    account_id: int
    user_id: int
    subdomain: str
    host: str
    jti: str
    is_admin: bool  # Kommo's own sample lacks the claim: false then
    expires_at: int  # unix seconds


class InvalidWidgetToken(Exception):
    """The one-time token is forged, foreign, stale or broken. Open the page in Kommo again."""


class GrantRefused(KommoError):
    """Kommo does not take this code or refresh token (any more). A user must authorise again."""


def exchange_code(transport: Transport, application: Application, code: str) -> TokenPair:
    """Exchange an authorisation code. Raises GrantRefused when it is used, expired or foreign."""
    return _grant(transport, application, {"grant_type": "authorization_code", "code": code})


def refresh(transport: Transport, application: Application, refresh_token: str) -> TokenPair:
    """Exchange a refresh token. Raises GrantRefused, or NotFound when the account has moved."""
    return _grant(
        transport, application, {"grant_type": "refresh_token", "refresh_token": refresh_token}
    )


def _grant(transport: Transport, application: Application, grant: dict[str, str]) -> TokenPair:
    body = {
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        **grant,
        "redirect_uri": application.redirect_uri,
    }
    request = Request("POST", TOKEN_PATH, body=body)
    reply = transport.send(request)
    try:
        return _pair(read_reply(request, reply), request)
    except (InvalidRequest, Unauthorized) as error:
        raise _refusal(request, reply) from error


def _refusal(request: Request, reply: Reply) -> GrantRefused:
    seen = error_of(request, reply)
    hint = seen.hint or payloads.text(problem_of(reply).get("error"))
    return GrantRefused(
        status=seen.status, title=seen.title, detail=seen.detail, hint=hint, request=request.summary
    )


def _pair(found: Json, request: Request) -> TokenPair:
    access, again = (
        payloads.text(found.get("access_token")),
        payloads.text(found.get("refresh_token")),
    )
    life = payloads.whole(found.get("expires_in"))
    if not access or not again or life <= 0:
        raise AmbiguousAnswer(status=200, title="no token pair", request=request.summary)
    return TokenPair(access, again, life)


def current_subdomain(transport: Transport, refresh_token: str) -> str:
    """Return the host that the account has now. `transport` leads to the token's api_domain.

    Raises NotFound when the answer names no Kommo host.
    """
    request = Request("GET", SUBDOMAIN_PATH, headers=(("X-Refresh-Token", refresh_token),))
    found = read_reply(request, transport.send(request))
    domain, subdomain = found.get("domain"), payloads.text(found.get("subdomain"))
    host = kommo_host(domain) or kommo_host(
        f"{subdomain}.{payloads.text(found.get('top_level_domain'))}"
    )
    if host is None:
        raise NotFound(title="no current host", request=request.summary)
    return host


def read_claims(access_token: str) -> Claims:
    """Return the claims of an access token without checking its signature; junk gives None."""
    try:
        middle = access_token.split(".")[1]
        found = payloads.mapping(
            json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        )
    except (IndexError, ValueError, RecursionError):
        found = {}
    account_id, user_id = payloads.whole(found.get("account_id")), payloads.whole(found.get("sub"))
    return Claims(account_id or None, user_id or None, kommo_host(found.get("api_domain")))


def revocation_signature(client_id: str, account_id: int, secret: str) -> str:
    """Return the signature of the access-revoked hook: hex HMAC-SHA256 of `client_id|account_id`."""
    message = f"{client_id}|{account_id}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_revocation_signed(
    *, client_id: str, account_id: int, signature: str, secrets: Sequence[str]
) -> bool:
    """Say whether one of our secrets signed the hook; compares in constant time."""
    given = signature.encode("utf-8", "replace")
    verdicts = [
        hmac.compare_digest(revocation_signature(client_id, account_id, secret).encode(), given)
        for secret in secrets
        if secret
    ]
    return any(verdicts)


def read_widget_token(
    token: str, *, secrets: Sequence[str], client_id: str, audience: str, now: float
) -> WidgetIdentity:
    """Return who a one-time token speaks for. Raises InvalidWidgetToken.

    HS256 alone, whatever the header asks for; `secrets` is the current one and those before it,
    `audience` our scheme://host, `now` unix seconds. Whether `host` is the account's, and whether
    the token was used before, is for the caller to check.
    """
    found = _verified(token, [secret for secret in secrets if secret], audience)
    _check_times(found, now)
    if not client_id or found.get("client_uuid") != client_id:
        raise InvalidWidgetToken("the token was made for another integration")
    return _identity(found)


def _verified(token: str, secrets: Sequence[str], audience: str) -> dict[str, Any]:
    if len(token) > 4_096:
        raise InvalidWidgetToken("the token is too long")
    options: Any = {
        "require": [
            "exp",
            "iat",
            "nbf",
            "jti",
            "aud",
            "iss",
            "account_id",
            "user_id",
            "client_uuid",
        ],
        "verify_exp": False,  # times are checked against the caller's clock
        "verify_nbf": False,
        "verify_iat": False,
        "strict_aud": True,
    }
    for secret in secrets:
        try:
            return jwt.decode(
                token, secret, algorithms=["HS256"], audience=audience, options=options
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise InvalidWidgetToken("the token cannot be read") from error
    raise InvalidWidgetToken("the token's signature is wrong")


def _check_times(found: dict[str, Any], now: float) -> None:
    times = [found.get(name) for name in ("iat", "nbf", "exp")]
    if not all(type(value) is int for value in times):
        raise InvalidWidgetToken("the token's times are no whole seconds")
    issued, not_before, expires = (int(str(value)) for value in times)
    if expires + LEEWAY_SECONDS <= now:
        raise InvalidWidgetToken("the token has expired")
    if max(issued, not_before) - LEEWAY_SECONDS > now:
        raise InvalidWidgetToken("the token is not valid yet")
    if expires - issued > LONGEST_LIFE_SECONDS:
        raise InvalidWidgetToken("the token lives too long")


def _identity(found: dict[str, Any]) -> WidgetIdentity:
    host, jti = origin_host(found["iss"]), found["jti"]
    account_id, user_id = found["account_id"], found["user_id"]
    if host is None or not isinstance(jti, str) or not 0 < len(jti) <= 128:
        raise InvalidWidgetToken("the token's issuer is not Kommo")
    if type(account_id) is not int or type(user_id) is not int or min(account_id, user_id) <= 0:
        raise InvalidWidgetToken("the token names nobody")
    return WidgetIdentity(
        account_id=account_id,
        user_id=user_id,
        subdomain=payloads.text(found.get("subdomain")),
        host=host,
        jti=jti,
        is_admin=found.get("is_admin") is True,
        expires_at=found["exp"],
    )
