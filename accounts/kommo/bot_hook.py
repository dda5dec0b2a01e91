"""Reads what a Salesbot's widget step sends us, checks its token, and takes its return address apart.

Nothing of the address is ever fetched: the client posts two numbers of it to the account's own host.
Sources: Kommo's page on widgets in the Salesbot, its reference page on confirming a widget step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt

from accounts.kommo import payloads
from accounts.kommo.hook_body import Fields, read_fields, settings_of
from accounts.kommo.hosts import account_host, origin_host

ALGORITHMS = ("HS256", "HS512")  # documented, and what Kommo's own library checks
LEEWAY_SECONDS = 60
LONGEST_TOKEN = 4_096
MOST_DATA = 50
LONGEST_DATUM = 1_000  # characters of a key and of a value; what is longer is left out
_RETURN_URL = re.compile(
    r"https://([a-z0-9.-]{1,80})/api/v4/salesbot/([1-9][0-9]{0,17})/continue/([1-9][0-9]{0,17})",
    re.ASCII,
)
BadTokenCause = Literal["long", "unreadable", "signature", "expired", "foreign", "nobody"]


@dataclass(frozen=True, slots=True)
class BotCall:
    """What a bot's step asks; nothing of it is proven before its token is."""

    token: str = field(repr=False)
    data: dict[str, str]  # as the step's designer wrote it: {"lead": "…", "group": "…"}
    return_url: str


@dataclass(frozen=True, slots=True)
class BotClaims:
    """What a checked token says: which bot's step, on which entity of which account."""

    account_id: int
    entity_id: int
    entity_type: int  # 2 = lead, 12 = customer
    bot_type: int  # 0 = not said
    subdomain: str
    host: str | None  # of the issuer, where it is an account's of Kommo
    expires_at: int  # unix seconds


class BadBotToken(Exception):
    """The token of a bot's step is forged, foreign, stale or broken; `cause` says which."""

    def __init__(self, cause: BadTokenCause, words: str) -> None:
        super().__init__(words)
        self.cause = cause


def read_bot_call(body: bytes, content_type: str) -> BotCall | None:
    """Return the call that `body` is, as JSON or as a form, whatever `content_type` says.

    None without a token or a return address, and for more than 1 MiB. Of `data` the first 50 plain
    values are kept; what is nested or longer than 1,000 characters is left out.
    """
    found = (_call(fields) for fields in read_fields(body, content_type))
    return next((call for call in found if call is not None), None)


def _call(fields: Fields) -> BotCall | None:
    token, return_url = fields.get(("token",), ""), fields.get(("return_url",), "")
    if not token or not return_url:
        return None
    data = settings_of(fields, ("data",), most=MOST_DATA, longest=LONGEST_DATUM)
    return BotCall(token=token, data=data, return_url=return_url)


def read_bot_token(token: str, *, secrets: Sequence[str], client_id: str, now: int) -> BotClaims:
    """Return what a bot's token says. Raises BadBotToken.

    HS256 or HS512 with one of our `secrets` (the current one and those before it). `nbf` is skipped:
    Kommo's own demo does, for it may lie ahead. `exp` is required, with 60 s of leeway to `now`
    (unix seconds). Whether the account is the one called is for the caller to check.
    """
    found = _verified(token, [secret for secret in secrets if secret])
    expires_at = found.get("exp")
    if type(expires_at) is not int:
        raise BadBotToken("unreadable", "the token's end is no whole second")
    if expires_at + LEEWAY_SECONDS <= now:
        raise BadBotToken("expired", "the token has expired")
    if not client_id or found.get("client_uuid") != client_id:
        raise BadBotToken("foreign", "the token was made for another integration")
    account_id, entity_id, entity_type = (
        payloads.whole(found.get(name)) for name in ("account_id", "entity_id", "entity_type")
    )
    if min(account_id, entity_id, entity_type) <= 0:
        raise BadBotToken("nobody", "the token names no account or no entity")
    return BotClaims(
        account_id=account_id,
        entity_id=entity_id,
        entity_type=entity_type,
        bot_type=payloads.whole(found.get("bot_type")),
        subdomain=payloads.text(found.get("subdomain"))[:63],
        host=origin_host(found.get("iss")),
        expires_at=expires_at,
    )


def _verified(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise BadBotToken("long", "the token is too long")
    checks = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
    options: Any = {f"verify_{name}": False for name in checks}  # times by the caller's clock
    for secret in secrets:
        try:
            return jwt.decode(token, secret, algorithms=list(ALGORITHMS), options=options)
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise BadBotToken("unreadable", "the token cannot be read") from error
    raise BadBotToken("signature", "the token's signature is wrong")


def continuation_of(return_url: str, *, host: str) -> tuple[int, int]:
    """Return (bot id, continue id) of a return address. Raises ValueError for any other address.

    Exactly `https://HOST/api/v4/salesbot/N/continue/M`: no port, user, query or fragment. HOST is
    the account's `host`, or the same account's name below another domain of Kommo's: its hooks were
    seen to name x.amocrm.com for x.kommo.com.
    """
    found = _RETURN_URL.fullmatch(return_url)
    ours, theirs = account_host(host), account_host(found[1]) if found else None
    if found is None or ours is None or theirs is None:
        raise ValueError("the return address is not one of a waiting bot's")
    if ours.split(".", 1)[0] != theirs.split(".", 1)[0]:
        raise ValueError("the return address belongs to another account")
    return int(found[2]), int(found[3])
