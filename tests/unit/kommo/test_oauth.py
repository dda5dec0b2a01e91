"""Signatures and claims."""

from __future__ import annotations

import base64
import json

import pytest

from accounts.kommo.oauth import (
    Application,
    Claims,
    TokenPair,
    is_revocation_signed,
    read_claims,
    revocation_signature,
)

# printf 'client|31000001' | openssl dgst -sha256 -hmac secret
VECTOR = "5b36feb78dd22259a842edbd512a338957a4e2e9dd491c701ae8e3deec33847a"


def test_the_signature_of_a_revocation_is_the_documented_one() -> None:
    assert revocation_signature("client", 31000001, "secret") == VECTOR


@pytest.mark.parametrize("signature", [VECTOR.upper(), VECTOR[:-1], VECTOR + "0", "", "é", "\x00"])
def test_nothing_else_passes_for_it(signature: str) -> None:
    assert not is_revocation_signed(
        client_id="client", account_id=31000001, signature=signature, secrets=["secret"]
    )


def test_both_secrets_sign_and_an_empty_one_does_not() -> None:
    def is_signed(*secrets: str) -> bool:
        return is_revocation_signed(
            client_id="client", account_id=31000001, signature=VECTOR, secrets=secrets
        )

    assert is_signed("new", "secret")
    assert not is_signed("new", "")
    empty = revocation_signature("client", 31000001, "")
    assert not is_revocation_signed(
        client_id="client", account_id=31000001, signature=empty, secrets=[""]
    )


def _token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"x.{middle}.y"


def test_the_claims_of_an_access_token_are_read() -> None:
    token = _token({"account_id": 5, "sub": "7", "api_domain": "api-c.kommo.com"})
    assert read_claims(token) == Claims(5, 7, "api-c.kommo.com")


def test_a_foreign_api_domain_is_none() -> None:
    assert read_claims(_token({"api_domain": "evil.com"})).api_host is None


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c", "a.!!.c", _token([]), _token(None), _token("x"), "é.é.é"]
)
def test_junk_has_no_claims(token: str) -> None:
    assert read_claims(token) == Claims(None, None, None)


def test_no_secret_shows_in_a_repr() -> None:
    shown = repr(TokenPair("canary", "canary", 1)) + repr(Application("id", "canary", "uri"))
    assert "canary" not in shown
