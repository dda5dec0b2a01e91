"""The address of bots' calls: only what Kommo has signed for us, for an account that we know."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, InboxEvent
from distribution.operations.policies.triggers import trigger_key
from peresmenka.lib.clock import read_clock
from tests.integration.hooks.conftest import Sender

ADDRESS = "/hooks/kommo/bot"
RETURN = "https://acme.kommo.com/api/v4/salesbot/321/continue/9001"


def token(*, secret: str = "", algorithm: str = "HS512", **changes: Any) -> str:
    """Return a token as Kommo signs it; a claim that is None is left out."""
    claims = {
        "iss": "https://acme.kommo.com",
        "client_uuid": settings.KOMMO_CLIENT_ID,
        "subdomain": "acme",
        "account_id": 1001,
        "entity_id": 500,
        "entity_type": 2,
        "bot_type": 2,
        "exp": int(read_clock().timestamp()) + 300,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, secret or settings.KOMMO_CLIENT_SECRET, algorithm)


def call(signed: str, sender: Sender | None = None, **changes: Any) -> dict[str, Any]:
    key = trigger_key(sender.bot) if sender else "x"
    return {"token": signed, "data": {"key": key}, "return_url": RETURN, **changes}


def post(body: Any, content_type: str = "application/json") -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(enforce_csrf_checks=True).post(ADDRESS, raw, content_type).status_code


def kept() -> list[dict[str, Any]]:
    rows = InboxEvent.objects.filter(kind="bot").order_by("pk")
    return [json.loads(bytes(row.body)) for row in rows]


@pytest.mark.feature("F92")
@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_a_signed_call_is_kept_by_one_insert_and_answered_200(acme: Sender, algorithm: str) -> None:
    signed = token(algorithm=algorithm)
    with CaptureQueriesContext(connection) as queries:
        assert post(call(signed, acme)) == 200
    assert len([one for one in queries if not one["sql"].startswith("SELECT")]) == 1
    assert kept() == [{"trigger": acme.bot.pk, "lead": 500, "bot": 321, "continue": 9001}]


def test_a_form_is_read_too(acme: Sender) -> None:
    fields = {"token": token(), "data[key]": trigger_key(acme.bot), "return_url": RETURN}
    assert post(urlencode(fields).encode(), "application/x-www-form-urlencoded") == 200
    assert kept()[0]["trigger"] == acme.bot.pk


@pytest.mark.feature("R23")
def test_a_replayed_call_folds_for_good(acme: Sender) -> None:
    body = call(token(), acme)
    assert [post(body) for _ in range(20)] == [200] * 20
    InboxEvent.objects.update(claimed_at=read_clock(), done_at=read_clock())
    assert post(call(token(algorithm="HS256"), acme)) == 200
    assert len(kept()) == 1
    assert post(call(token(), acme, return_url=f"{RETURN}1")) == 200
    assert len(kept()) == 2


def forged() -> dict[str, str]:
    now = int(read_clock().timestamp())
    unsigned = jwt.encode({"account_id": 1001}, None, "none")  # type: ignore[arg-type]
    good = token()
    return {
        "none": unsigned,
        "HS384": token(algorithm="HS384"),
        "another secret": token(secret="somebody else's secret, long enough for it"),
        "expired": token(exp=now - 61),
        "no end": token(exp=None),
        "another integration": token(client_uuid="another"),
        "no integration": token(client_uuid=None),
        "no entity": token(entity_id=None),
        "no account": token(account_id=None),
        "a negative account": token(account_id=-1001),
        "an unknown account": token(account_id=4),
        "a body of another token": ".".join(
            [*token(entity_id=9).split(".")[:2], good.split(".")[2]]
        ),
        "no signature": good.rsplit(".", 1)[0] + ".",
        "long": "a" * 5_000,
        "not a token": "é",
    }


def test_a_token_that_is_not_kommos_for_us_leaves_no_trace(acme: Sender) -> None:
    for name, bad in forged().items():
        assert post(call(bad, acme)) == 404, name
    assert kept() == []


def test_the_former_secret_still_counts_while_it_is_being_replaced(acme: Sender) -> None:
    assert post(call(token(secret=settings.KOMMO_PREVIOUS_SECRET), acme)) == 200
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://rival.kommo.com/api/v4/salesbot/321/continue/9001",
        "https://acme.kommo.com.evil.example/api/v4/salesbot/321/continue/9001",
        "https://evil.example/api/v4/salesbot/321/continue/9001",
        "http://acme.kommo.com/api/v4/salesbot/321/continue/9001",
        "https://acme.kommo.com:8443/api/v4/salesbot/321/continue/9001",
        "https://acme.kommo.com/api/v4/salesbot/321/continue/9001?x=1",
        "https://user@acme.kommo.com/api/v4/salesbot/321/continue/9001",
        "https://acme.kommo.com/api/v4/leads",
        "https://acme.kommo.com/api/v4/salesbot/0/continue/9001",
    ],
)
def test_a_return_address_that_is_not_the_accounts_is_refused(acme: Sender, address: str) -> None:
    assert post(call(token(), acme, return_url=address)) == 404
    assert kept() == []


def test_an_account_that_was_renamed_lately_is_known_by_its_token(acme: Sender) -> None:
    renamed = token(iss="https://acme2.kommo.com", subdomain="acme2")
    address = "https://acme2.kommo.com/api/v4/salesbot/321/continue/9001"
    assert post(call(renamed, acme, return_url=address)) == 200
    assert kept()[0]["bot"] == 321


def test_the_key_of_another_accounts_trigger_names_nothing_but_the_bot_is_kept(
    acme: Sender, rival: Sender
) -> None:
    assert post(call(token(), rival)) == 200
    named = {"template": str(rival.bot.template_id)}
    assert post(call(token(), data=named, return_url=f"{RETURN}2")) == 200
    assert [(row["trigger"], row["lead"]) for row in kept()] == [(None, 500), (None, 500)]
    owners = InboxEvent.objects.filter(kind="bot").values_list("account", flat=True)
    assert set(owners) == {acme.account.pk}


def test_what_is_no_lead_is_kept_without_one(acme: Sender) -> None:
    assert post(call(token(entity_type=12), acme)) == 200
    assert kept() == [{"trigger": None, "lead": 0, "bot": 321, "continue": 9001}]


@pytest.mark.parametrize("state", ["left", "closing"])
def test_an_account_that_has_left_is_forgotten(acme: Sender, state: str) -> None:
    Account.objects.update(state=state)
    assert post(call(token(), acme)) == 200
    assert kept() == []


def test_hostile_bodies_are_refused_without_a_trace(acme: Sender) -> None:
    bodies = [
        b"",
        b"\x00\xff" * 5_000,
        b'{"token":' * 50_000,
        b"[" * 100_000,
        b"token=x&return_url=y&data" + b"[a]" * 100_000 + b"=1",
        b'{"token": {}, "return_url": [], "data": 5}',
        b'{"token": "\\ud800", "return_url": "\\u0000", "data": {"key": "\\ud800"}}',
        b"a" * 1024 * 1024,
    ]
    assert [post(body) for body in bodies] == [404] * len(bodies)
    odd = {"key": "\ud800\x00", "template": "9" * 40, "é" * 10: {"deep": [1]}}
    assert post(call(token(), data=odd)) == 200
    assert [row["trigger"] for row in kept()] == [None]
    assert post(b"a" * (1024 * 1024 + 1)) == 413
    assert Client().get(ADDRESS).status_code == 405


def test_without_a_database_the_answer_is_503(
    acme: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("the server is gone")

    body = call(token(), acme)
    monkeypatch.setattr("distribution.operations.ingest.append_event", fail)
    assert post(body) == 503
