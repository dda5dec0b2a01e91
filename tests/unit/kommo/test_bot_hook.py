"""Calls of Salesbot steps: both encodings, tokens that are not ours, addresses that lead elsewhere."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo.bot_hook import (
    BadBotToken,
    BotCall,
    BotClaims,
    continuation_of,
    read_bot_call,
    read_bot_token,
)
from accounts.kommo.hook_body import LARGEST_BODY
from tests.unit.kommo.hostile_hosts import HOSTILE_HOSTS

CURRENT, PREVIOUS, FOREIGN = "c" * 64, "p" * 64, "f" * 64
US, NOW = "00000000-0000-4000-8000-000000000001", 1_600_000_000
URL = "https://acme.kommo.com/api/v4/salesbot/321/continue/123"
TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain", "")
CALL = BotCall("a.b.c", {"lead": "20000001", "group": "g 1"}, URL)
CALL_JSON = json.dumps(
    {"token": "a.b.c", "data": {"lead": 20000001, "group": "g 1"}, "return_url": URL}
).encode()
CALL_FORM = (
    b"token=a.b.c&data%5Blead%5D=20000001&data[group]=g+1&return_url="
    b"https%3A%2F%2Facme.kommo.com%2Fapi%2Fv4%2Fsalesbot%2F321%2Fcontinue%2F123"
)


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("body", [CALL_JSON, CALL_FORM])
def test_both_encodings_are_read_under_any_content_type(body: bytes, content_type: str) -> None:
    assert read_bot_call(body, content_type) == CALL


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"token=a", b"return_url=a", b"token=&return_url=a",
        b'{"token": "", "return_url": "x"}',
        b'{"token": null, "return_url": "x"}',
        b'{"token": ["a"], "return_url": "x"}',
        b'{"token": {"a": "b"}, "return_url": "x"}',
        b"token[]=a&return_url=x",
        b"token=" + b"a" * 9_000 + b"&return_url=x",
        CALL_JSON + b" " * LARGEST_BODY,
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_call_is_none(body: bytes) -> None:
    for content_type in TYPES:
        assert read_bot_call(body, content_type) is None


def test_a_calls_data_is_plain_and_bounded() -> None:
    data = {"nested": {"a": "b"}, "list": ["a"], "long": "x" * 1_001, "k" * 1_001: "x", "no": None}
    data |= {f"n{number}": number for number in range(100)}
    body = json.dumps({"token": "t", "return_url": URL, "data": data}).encode()
    call = read_bot_call(body, "application/json")
    assert call is not None
    assert call.data == {"no": ""} | {f"n{number}": str(number) for number in range(49)}


@pytest.mark.parametrize("data", [[], None, "text", 5, [["a", "b"]]])
def test_a_call_without_data_is_a_call(data: Any) -> None:
    body = json.dumps({"token": "t", "return_url": URL, "data": data}).encode()
    assert read_bot_call(body, "application/json") == BotCall("t", {}, URL)


def test_a_call_does_not_show_its_token() -> None:
    assert "a.b.c" not in repr(CALL)


@given(st.binary(max_size=1_000), st.sampled_from(TYPES))
def test_any_bytes_are_read_without_an_exception(body: bytes, content_type: str) -> None:
    read_bot_call(body, content_type)


@given(st.sampled_from([CALL_JSON, CALL_FORM]), st.data())
def test_a_bent_call_is_read_without_an_exception(body: bytes, data: st.DataObject) -> None:
    bent = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(bent)))
        bent[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    call = read_bot_call(bytes(bent), data.draw(st.sampled_from(TYPES)))
    if call is not None:
        read_quietly(call.token)


CLAIMS: dict[str, Any] = {
    "iss": "https://acme.kommo.com",
    "aud": "https://app.example",
    "jti": 7,  # of the wrong type: not ours to judge
    "iat": 4_000_000_000,  # ahead of every clock, as nbf may be
    "nbf": 4_000_000_000,
    "exp": NOW + 100,
    "account_id": 31000001,
    "entity_id": 20000001,
    "entity_type": 2,
    "bot_type": 1,
    "subdomain": "acme",
    "client_uuid": US,
}


def token_of(secret: str = CURRENT, algorithm: str = "HS256", **other: Any) -> str:
    claims = {key: one for key, one in {**CLAIMS, **other}.items() if one is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


def read(token: str, now: int = NOW) -> BotClaims:
    return read_bot_token(token, secrets=[CURRENT, PREVIOUS, ""], client_id=US, now=now)


def read_quietly(token: str) -> None:
    try:
        read(token)
    except BadBotToken:
        return
    raise AssertionError("a token that we did not sign was taken")


@pytest.mark.parametrize("secret", [CURRENT, PREVIOUS])
@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_either_algorithm_and_either_secret_are_ours(algorithm: str, secret: str) -> None:
    assert read(token_of(secret, algorithm)) == BotClaims(
        account_id=31000001,
        entity_id=20000001,
        entity_type=2,
        bot_type=1,
        subdomain="acme",
        host="acme.kommo.com",
        expires_at=NOW + 100,
    )


def test_what_kommo_may_leave_out_may_be_missing() -> None:
    found = read(token_of(iss="https://evil.example", nbf=None, bot_type=None, subdomain=None))
    assert (found.host, found.bot_type, found.subdomain) == (None, 0, "")


def test_numbers_of_a_signed_token_may_be_strings() -> None:
    found = read(token_of(account_id="31000001", entity_id="5", entity_type="12"))
    assert (found.account_id, found.entity_id, found.entity_type) == (31000001, 5, 12)


def none_token() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, CLAIMS]
    coded = [base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts]
    return (b".".join(coded) + b".").decode()


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        (token_of(FOREIGN), "signature"),
        (token_of(FOREIGN, "HS512"), "signature"),
        (token_of(algorithm="HS384"), "unreadable"),
        (none_token(), "unreadable"),
        (token_of().rsplit(".", 1)[0] + ".", "signature"),
        (token_of(subdomain="a" * 5_000), "long"),
        (token_of(exp=None), "unreadable"),
        (token_of(exp="1600000100"), "unreadable"),
        (token_of(exp=True), "unreadable"),
        (token_of(exp=1e12), "unreadable"),
        (token_of(exp=NOW - 60), "expired"),
        (token_of(client_uuid=None), "foreign"),
        (token_of(client_uuid="00000000-0000-4000-8000-000000000002"), "foreign"),
        (token_of(client_uuid=[US]), "foreign"),
        (token_of(account_id=None), "nobody"),
        (token_of(account_id=True), "nobody"),
        (token_of(account_id=-1), "nobody"),
        (token_of(account_id=[31000001]), "nobody"),
        (token_of(entity_id="x"), "nobody"),
        (token_of(entity_id=0), "nobody"),
        (token_of(entity_type=None), "nobody"),
        ("", "unreadable"),
        ("...", "unreadable"),
        ("a.b.c", "unreadable"),
        ("\ud800.b.c", "unreadable"),
        ("ж" * 500, "unreadable"),
    ],
)
def test_a_bad_token_is_refused_with_its_cause(token: str, cause: str) -> None:
    with pytest.raises(BadBotToken) as raised:
        read(token)
    assert raised.value.cause == cause


def test_a_token_ends_a_minute_after_its_time() -> None:
    assert read(token_of(), now=NOW + 159).expires_at == NOW + 100
    with pytest.raises(BadBotToken):
        read(token_of(), now=NOW + 160)


def test_without_a_secret_or_an_id_of_ours_every_token_is_foreign() -> None:
    for secrets, client_id in (([], US), ([""], US), ([CURRENT], "")):
        with pytest.raises(BadBotToken):
            read_bot_token(token_of(client_uuid=client_id), secrets=secrets, client_id=client_id,
                           now=NOW)  # fmt: skip


@given(st.text(max_size=300))
def test_no_text_is_a_token(text: str) -> None:
    read_quietly(text)


@given(st.integers(0, 400), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_token_with_one_letter_changed_is_refused(at: int, letter: str) -> None:
    token = token_of()
    head, tail = token[: at % (len(token) - 1)], token[at % (len(token) - 1) + 1 :]
    bent = head + letter + tail
    if bent != token:
        read_quietly(bent)


@pytest.mark.parametrize(
    ("url", "host", "expected"),
    [
        (URL, "acme.kommo.com", (321, 123)),
        (URL, "ACME.kommo.com", (321, 123)),
        (URL.replace("321", "9" * 18), "acme.kommo.com", (10**18 - 1, 123)),
        # An account of Kommo calls itself by the other domain in some of its hooks.
        (URL.replace("kommo.com", "amocrm.com"), "acme.kommo.com", (321, 123)),
    ],
)
def test_an_address_of_the_account_is_two_numbers(
    url: str, host: str, expected: tuple[int, int]
) -> None:
    assert continuation_of(url, host=host) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.kommo.com/api/v4/salesbot/321/continue/123",
        URL.replace("https", "http"),
        URL.replace("https", "HTTPS"),
        URL.replace("acme", "rival"),
        URL.replace("acme.", ""),
        URL.replace("acme.kommo.com", "www.kommo.com"),
        URL.replace("acme.kommo.com", "acme.kommo.com:443"),
        URL.replace("acme.kommo.com", "acme.kommo.com."),
        URL.replace("acme.kommo.com", "acme.kommo.com.evil.example"),
        URL.replace("acme.kommo.com", "evil.example#acme.kommo.com"),
        URL.replace("acme.kommo.com", "vera:secret@acme.kommo.com"),
        URL.replace("acme.kommo.com", "acme.kommo.com@evil.example"),
        URL.replace("acme.kommo.com", "evil.example\\@acme.kommo.com"),
        URL.replace("acme", "аcme"),  # a Cyrillic letter
        URL + "/",
        URL + "?a=b",
        URL + "#a",
        URL + "\n",
        " " + URL,
        URL + "/../../leads",
        URL.replace("/api", "//api"),
        URL.replace("/api", "/x/../api"),
        URL.replace("v4", "v2"),
        URL.replace("continue", "stop"),
        URL.replace("321", "0"),
        URL.replace("321", "-1"),
        URL.replace("321", "0321"),
        URL.replace("321", "%33"),
        URL.replace("321", "３２１"),
        URL.replace("321", ""),
        URL.replace("321", "9" * 19),
        URL.replace("123", "1/continue/2"),
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        continuation_of(url, host="acme.kommo.com")


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_a_hostile_host_is_refused_on_either_side(host: Any) -> None:
    for url, ours in ((URL.replace("acme.kommo.com", str(host)), "acme.kommo.com"), (URL, host)):
        with pytest.raises(ValueError):
            continuation_of(url, host=ours)


@given(st.text(max_size=100))
def test_no_text_but_an_address_passes(text: str) -> None:
    with pytest.raises(ValueError):
        continuation_of(text, host="acme.kommo.com")


def test_a_long_address_is_refused_in_time() -> None:
    begun = time.process_time()
    for url in ("https://" + "a." * 500_000, URL + "1" * 10**6):
        with pytest.raises(ValueError):
            continuation_of(url, host="acme.kommo.com")
    assert time.process_time() - begun < 0.1
