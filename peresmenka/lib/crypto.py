"""Encryption of secrets at rest: AES-256-GCM under named keys, bound to a context.

What is stored: `id` + `.` + nonce (12 bytes) + ciphertext with its tag. The context (such as
`account:31000001:access`) is authenticated, so that a ciphertext moved to another row fails.
To rotate: 1. put the new key first, the old one behind it, deploy; 2. `reseal` every row;
3. drop the old key.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}", re.ASCII)


class CannotDecrypt(Exception):
    """The ciphertext is broken, belongs to another context, or its key is not configured."""


class Secret:
    """A secret string that shows itself only when asked: not in repr, str, logs or pickles."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one line that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


def seal(secret: Secret, context: str) -> bytes:
    """Return `secret` encrypted under the newest key and bound to `context`."""
    key_id, cipher = next(iter(_ciphers(tuple(settings.ENCRYPTION_KEYS)).items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = cipher.encrypt(nonce, secret.reveal().encode(), _aad(key_id, context))
    return key_id.encode() + b"." + nonce + sealed


def unseal(stored: bytes | memoryview, context: str) -> Secret:
    """Return the secret that was sealed for `context`. Raises CannotDecrypt."""
    key_id, _, rest = bytes(stored).partition(b".")
    cipher = _ciphers(tuple(settings.ENCRYPTION_KEYS)).get(key_id.decode("ascii", "replace"))
    if cipher is None:
        raise CannotDecrypt("the key of this ciphertext is not configured")
    try:
        nonce, sealed = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        opened = cipher.decrypt(nonce, sealed, _aad(key_id.decode(), context))
    except (InvalidTag, ValueError) as error:
        raise CannotDecrypt("the ciphertext is broken or belongs elsewhere") from error
    return Secret(opened.decode())


def is_under_newest_key(stored: bytes | memoryview) -> bool:
    """Say whether `stored` needs no `reseal`."""
    newest = next(iter(_ciphers(tuple(settings.ENCRYPTION_KEYS))))
    return bytes(stored).startswith(newest.encode() + b".")


def reseal(stored: bytes | memoryview, context: str) -> bytes:
    """Return the same secret under the newest key. Raises CannotDecrypt."""
    return seal(unseal(stored, context), context)


def _aad(key_id: str, context: str) -> bytes:
    return f"{key_id}|{context}".encode()


@functools.lru_cache(maxsize=8)
def _ciphers(entries: tuple[str, ...]) -> dict[str, AESGCM]:
    if not entries:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is empty: give `id:key` (base64 of 32 bytes)")
    return dict(map(_read_key, entries))


def _read_key(entry: str) -> tuple[str, AESGCM]:
    key_id, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        key = b""
    if not _KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
        raise ImproperlyConfigured(
            f"ENCRYPTION_KEYS: key {key_id[:16]!r} must be id:base64 of 32 bytes"
        )
    return key_id, AESGCM(key)
