"""The system checks: each says its exact message, and only where something is wrong."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from peresmenka import checks

KEY = base64.b64encode(b"k" * 32).decode()
SOUND = {
    "DEBUG": False,
    "PUBLIC_URL": "https://shifts.example.com",
    "ENCRYPTION_KEYS": [f"k1:{KEY}"],
    "KOMMO_URL_TEMPLATE": "https://{host}",
    "KOMMO_CLIENT_ID": "id",
    "KOMMO_CLIENT_SECRET": "secret",
    "VALKEY_URL": "redis://localhost/0",
    "OPERATOR_SECOND_FACTOR": True,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}
ALL = (
    checks.check_encryption_keys,
    checks.check_kommo,
    checks.check_public_url,
    checks.check_broker,
    checks.check_second_factor,
    checks.check_mail,
)
WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"ENCRYPTION_KEYS": []}, ["peresmenka.E001"]),
    ({"ENCRYPTION_KEYS": ["k1:tooshort"]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": ["k1"]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": [KEY]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": [f"k 1:{KEY}"]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": ["k1:ключ"]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": [f"k1:{base64.b64encode(b'k' * 16).decode()}"]}, ["peresmenka.E002"]),
    ({"ENCRYPTION_KEYS": [f"k1:{KEY}", f"k1:{KEY}"]}, ["peresmenka.E003"]),
    ({"KOMMO_URL_TEMPLATE": "https://kommo.com"}, ["peresmenka.E004"]),
    ({"KOMMO_URL_TEMPLATE": "http://{host}"}, ["peresmenka.E005"]),
    ({"KOMMO_CLIENT_ID": ""}, ["peresmenka.E006"]),
    ({"KOMMO_CLIENT_SECRET": ""}, ["peresmenka.E006"]),
    ({"PUBLIC_URL": "http://shifts.example.com"}, ["peresmenka.E007"]),
    ({"PUBLIC_URL": "shifts.example.com"}, ["peresmenka.E007"]),
    ({"VALKEY_URL": ""}, ["peresmenka.W001"]),
    ({"OPERATOR_SECOND_FACTOR": False}, ["peresmenka.W003"]),
    ({"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}, ["peresmenka.W005"]),
]


@pytest.fixture
def sound(settings: Any) -> Any:
    """Settings with which nothing is wrong."""
    for name, value in SOUND.items():
        setattr(settings, name, value)
    return settings


def found() -> list[str]:
    return [str(message.id) for check in ALL for message in check()]


def test_sound_settings_pass(sound: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(("changes", "ids"), WRONG)
def test_a_wrong_setting_is_named_with_a_hint(
    sound: Any, changes: dict[str, Any], ids: list[str]
) -> None:
    for name, value in changes.items():
        setattr(sound, name, value)
    assert found() == ids
    (message,) = [message for check in ALL for message in check()]
    assert message.hint
    name = {"EMAIL_BACKEND": "EMAIL_URL"}.get(next(iter(changes)), next(iter(changes)))
    assert name in message.msg or "second factor" in message.msg


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
def test_on_the_own_machine_little_is_asked_for(sound: Any, url: str) -> None:
    sound.PUBLIC_URL = url
    sound.KOMMO_URL_TEMPLATE = "http://127.0.0.1:9000/{host}"
    sound.KOMMO_CLIENT_ID = ""
    sound.ENCRYPTION_KEYS = []
    sound.OPERATOR_SECOND_FACTOR = False
    assert found() == ["peresmenka.W004", "peresmenka.W002"]


def test_debug_counts_as_the_own_machine(sound: Any) -> None:
    sound.DEBUG = True
    sound.PUBLIC_URL = "http://shifts.example.com"
    assert found() == []


def test_no_message_repeats_a_key(sound: Any) -> None:
    sound.ENCRYPTION_KEYS = ["k1:canary-not-a-key"]
    (message,) = checks.check_encryption_keys()
    assert "canary" not in f"{message.msg}{message.hint}"


def test_the_checks_are_registered() -> None:
    from django.core.checks.registry import registry

    assert set(ALL) <= registry.registered_checks
