"""The widget's one-time token at our API: only Kommo's own, for us, for now, and once for a change."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
import pytest
from django.db import connections
from django.test import Client

from accounts.models import Account, Manager, WidgetNonce
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME, RIVAL, install, user_id

SECRET = "test-secret"
Claims = dict[str, Any]


def claims_of(account: Account, name: str = "Vera", **changes: Any) -> Claims:
    manager = Manager.objects.for_account(account).get(name__startswith=name)
    now = int(time.time())
    claims = {
        "iss": f"https://{account.host}",
        "aud": "https://peresmenka.example",
        "jti": f"jti-{time.time_ns()}",
        "iat": now,
        "nbf": now,
        "exp": now + 1_800,
        "account_id": account.kommo_id,
        "user_id": manager.kommo_id,
        "subdomain": "acme",
        "client_uuid": "test-client",
    }
    return {key: value for key, value in {**claims, **changes}.items() if value is not ...}


def call(token: str, method: str = "get", path: str = "/api/probe") -> int:
    status: int = getattr(Client(), method)(path, headers={"X-Auth-Token": token}).status_code
    return status


def signed(claims: Claims, algorithm: str = "HS256", secret: str = SECRET, **header: Any) -> str:
    """Sign by hand: the library refuses to make many of the forgeries."""
    head = {"alg": algorithm, "typ": "JWT", **header}
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (head, claims)
    ]
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[algorithm]
    mac = hmac.new(secret.encode(), b".".join(parts), digest).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


@pytest.mark.django_db
def test_a_token_of_the_sandbox_lets_its_user_in(acme: Account, kommo: Control) -> None:
    token = kommo.token({"host": ACME, "user_id": user_id(kommo, ACME, "Oleg")})["token"]
    answer = Client().get("/api/probe", headers={"X-Auth-Token": token})
    assert answer.status_code == 200
    assert answer.json()["account"] == acme.kommo_id
    assert answer.json()["name"].startswith("Oleg")


@pytest.mark.django_db
def test_without_a_token_the_answer_is_401(acme: Account) -> None:
    assert Client().get("/api/probe").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://evil.example"},
        {"aud": ["https://peresmenka.example"]},
        {"aud": ["https://evil.example", "https://peresmenka.example"]},
        {"aud": "https://peresmenka.example/"},
        {"iss": "https://rival.kommo.com"},
        {"iss": "https://evil.com"},
        {"iss": "http://acme.kommo.com"},
        {"iss": "https://acme.kommo.com/"},
        {"iss": "https://acme.kommo.com@evil.com"},
        {"iss": 5},
        {"client_uuid": "another"},
        {"client_uuid": ""},
        {"account_id": 1},
        {"account_id": "31000001"},
        {"account_id": 31000001.0},
        {"account_id": True},
        {"account_id": -31000001},
        {"user_id": 1},
        {"user_id": "11000001"},
        {"user_id": None},
        {"exp": int(time.time()) - 61},
        {"exp": int(time.time()) + 10 * 365 * 86_400},
        {"exp": float(time.time() + 100)},
        {"exp": "9999999999"},
        {"exp": 10**30},
        {"nbf": int(time.time()) + 3_600},
        {"iat": int(time.time()) + 3_600, "exp": int(time.time()) + 5_000},
        {"jti": ""},
        {"jti": 5},
        {"jti": "j" * 200},
        *(
            {name: ...}
            for name in (
                "aud",
                "iss",
                "exp",
                "iat",
                "nbf",
                "jti",
                "account_id",
                "user_id",
                "client_uuid",
            )
        ),
    ],
    ids="-".join,
)
def test_wrong_claims_let_nobody_in(acme: Account, changes: Claims) -> None:
    assert call(signed(claims_of(acme))) == 200  # the control
    assert call(signed(claims_of(acme, **changes))) == 401


def _unsigned(claims: Claims) -> str:
    return jwt.encode(claims, "", algorithm="none")


def _stripped(claims: Claims) -> str:
    return signed(claims).rpartition(".")[0] + "."


def _renamed(algorithm: str) -> Callable[[Claims], str]:
    def forge(claims: Claims) -> str:
        _, payload, signature = signed(claims).split(".")
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
        return f"{head.decode().rstrip('=')}.{payload}.{signature}"

    return forge


def _twice(claims: Claims) -> str:
    return signed(claims) + ".x"


FORGERIES: dict[str, Callable[[Claims], str]] = {
    "unsigned": _unsigned,
    "stripped": _stripped,
    "none renamed": _renamed("none"),
    "None renamed": _renamed("None"),
    "RS256 renamed": _renamed("RS256"),
    "PS256 renamed": _renamed("PS256"),
    "HS384": lambda claims: signed(claims, "HS384"),
    "HS512, as of bots": lambda claims: signed(claims, "HS512"),
    "another secret": lambda claims: signed(claims, secret="another"),
    "an empty secret": lambda claims: signed(claims, secret=""),
    "a key of its own": lambda claims: signed(claims, secret="k", jwk={"kty": "oct", "k": "aw"}),
    "a path for a key": lambda claims: signed(claims, secret="", kid="/dev/null"),
    "five parts": _twice,
    "junk": lambda claims: "junk",
    "dots": lambda claims: "..",
    "long": lambda claims: "a" * 100_000,
}


@pytest.mark.django_db
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_signature_lets_nobody_in(acme: Account, forge: Callable[[Claims], str]) -> None:
    assert call(forge(claims_of(acme))) == 401


@pytest.mark.django_db
def test_the_secret_before_is_taken_for_a_while(acme: Account, settings: Any) -> None:
    token = signed(claims_of(acme), secret="older")
    assert call(token) == 401
    settings.KOMMO_PREVIOUS_SECRET = "older"
    assert call(token) == 200
    assert call(signed(claims_of(acme))) == 200
    settings.KOMMO_PREVIOUS_SECRET = ""
    assert call(signed(claims_of(acme), secret="")) == 401


@pytest.mark.django_db
def test_a_token_reads_often_and_changes_once(acme: Account) -> None:
    token = signed(claims_of(acme))
    assert [call(token), call(token)] == [200, 200]
    assert [call(token, "post"), call(token, "post"), call(token)] == [200, 401, 200]


@pytest.mark.django_db
def test_equal_ids_of_tokens_in_two_accounts_are_two_tokens(
    acme: Account, kommo: Control, now: datetime
) -> None:
    rival = install(kommo, RIVAL, now)
    assert call(signed(claims_of(acme, jti="same")), "post") == 200
    assert call(signed(claims_of(rival, jti="same")), "post") == 200


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"state": "left"}, {"state": "closing"}])
def test_an_account_that_has_left_lets_nobody_in(acme: Account, change: Claims) -> None:
    Account.objects.update(**change)
    assert call(signed(claims_of(acme))) == 401


@pytest.mark.django_db
def test_a_deactivated_user_is_not_let_in_and_the_copy_is_refreshed(acme: Account) -> None:
    Manager.objects.filter(name__startswith="Oleg").update(is_active_in_kommo=False)
    assert call(signed(claims_of(acme, "Oleg"))) == 401
    assert Account.objects.get().synced_at is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "seen"),
    [("Vera", (200, 200, 200)), ("Sonia", (200, 200, 403)), ("Oleg", (200, 403, 403))],
)
def test_roles_come_from_our_copy_and_not_from_the_token(
    acme: Account, name: str, seen: tuple[int, ...]
) -> None:
    Manager.objects.filter(name__startswith="Sonia").update(is_supervisor=True)
    token = signed(claims_of(acme, name, is_admin=True))
    paths = ("/api/probe", "/api/supervisor", "/api/admin")
    assert tuple(call(token, path=path) for path in paths) == seen


@pytest.mark.django_db(transaction=True)
def test_of_twenty_replays_at_once_one_is_taken(kommo: Control, now: datetime) -> None:
    acme = install(kommo, ACME, now)
    token = signed(claims_of(acme))
    outcomes: list[int] = []
    barrier = threading.Barrier(20)

    def replay() -> None:
        barrier.wait()
        outcomes.append(call(token, "post"))
        connections.close_all()

    threads = [threading.Thread(target=replay) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [401] * 19
    assert WidgetNonce.objects.count() == 1
