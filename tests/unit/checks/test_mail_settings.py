"""EMAIL_URL and MAIL_FROM: what they mean, and that a bad value names its variable and keeps its secret."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from peresmenka.lib import env


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp+tls://olga%40example.com:p%40ss@mail.example.com:587",
            ("olga@example.com", "p@ss", "mail.example.com", 587, True, None),
        ),
        ("smtp+ssl://u:p@mail.example.com:465", ("u", "p", "mail.example.com", 465, None, True)),
        ("smtp://localhost", (None, None, "localhost", None, None, None)),
    ],
)
def test_a_mail_url_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: tuple[object, ...]
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    found = env.mail("EMAIL_URL", "dummymail://")
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    names = ("HOST_USER", "HOST_PASSWORD", "HOST", "PORT", "USE_TLS", "USE_SSL")
    assert tuple(found.get(f"EMAIL_{name}") or None for name in names) == expected


def test_without_a_mail_url_the_default_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMAIL_URL", raising=False)
    found = env.mail("EMAIL_URL", "dummymail://")
    assert found["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"


@pytest.mark.parametrize(
    "url",
    [
        "canary",
        "canary://host",
        "smtp://u:canary@host:port",
        "smtp://u:canary@:25",
        "smtp+tls:canary",
    ],
)
def test_a_bad_mail_url_names_the_variable_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must be a URL such as") as caught:
        env.mail("EMAIL_URL", "dummymail://")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["", "olga", "Olga <olga>", "@example.com", "o@e.com\nBcc: x@y.z"]
)
def test_a_bad_sender_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAIL_FROM", value)
    with pytest.raises(ImproperlyConfigured, match="MAIL_FROM must be an address"):
        env.sender("MAIL_FROM", "shifts@example.com")


@pytest.mark.parametrize(
    "value", ["olga@example.com", "Peresmenka <shifts@example.com>", "a@localhost"]
)
def test_a_sender_may_have_a_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAIL_FROM", value)
    assert env.sender("MAIL_FROM", "shifts@example.com") == value
