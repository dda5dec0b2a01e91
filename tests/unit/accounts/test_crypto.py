"""Encryption at rest: bound to its place, rotated in three steps, silent about what it holds."""

from __future__ import annotations

import base64
import logging
import pickle
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from peresmenka.lib.crypto import CannotDecrypt, Secret, is_under_newest_key, reseal, seal, unseal

OLD = "k1:" + base64.b64encode(b"1" * 32).decode()
NEW = "k2:" + base64.b64encode(b"2" * 32).decode()
PLACE = "account:31000001:access"


@pytest.fixture(autouse=True)
def keys(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]


def test_what_is_sealed_is_unsealed() -> None:
    assert unseal(seal(Secret("токен"), PLACE), PLACE).reveal() == "токен"


def test_two_seals_of_one_secret_differ() -> None:
    assert seal(Secret("a"), PLACE) != seal(Secret("a"), PLACE)


@pytest.mark.parametrize("place", ["account:31000002:access", "account:31000001:refresh", ""])
def test_a_ciphertext_moved_elsewhere_does_not_open(place: str) -> None:
    with pytest.raises(CannotDecrypt):
        unseal(seal(Secret("a"), PLACE), place)


@given(st.binary(max_size=80))
def test_junk_does_not_open(stored: bytes) -> None:
    for candidate in (stored, b"k1." + stored):
        with pytest.raises(CannotDecrypt):
            unseal(candidate, PLACE)


def test_a_flipped_bit_does_not_open() -> None:
    stored = bytearray(seal(Secret("a"), PLACE))
    stored[-1] ^= 1
    with pytest.raises(CannotDecrypt):
        unseal(bytes(stored), PLACE)


def test_a_key_is_rotated_in_three_steps(settings: Any) -> None:
    stored = seal(Secret("a"), PLACE)
    settings.ENCRYPTION_KEYS = [NEW, OLD]  # 1. the new key first, the old one still there
    assert unseal(stored, PLACE).reveal() == "a"
    assert not is_under_newest_key(stored)
    renewed = reseal(stored, PLACE)  # 2. every row again
    assert is_under_newest_key(renewed)
    settings.ENCRYPTION_KEYS = [NEW]  # 3. the old key goes
    assert unseal(renewed, PLACE).reveal() == "a"
    with pytest.raises(CannotDecrypt):
        unseal(stored, PLACE)


@pytest.mark.parametrize(
    "keys", [[], ["k1"], ["k1:xx"], ["k1:" + base64.b64encode(b"1" * 16).decode()], [":" + OLD[3:]]]
)
def test_a_wrong_key_is_named_and_never_shown(settings: Any, keys: list[str]) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS") as raised:
        seal(Secret("a"), PLACE)
    assert OLD[3:] not in str(raised.value)


def test_a_secret_does_not_show_itself(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("canary")
    logging.getLogger("x").warning("%s %r %s", secret, secret, [secret])
    assert "canary" not in caplog.text + f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
