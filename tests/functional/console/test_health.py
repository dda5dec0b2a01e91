"""What a load balancer reads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.models import InboxEvent, Lane
from peresmenka import health
from peresmenka.lib.clock import read_clock
from tests.functional.console import cast


def test_healthz_asks_nobody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "up"})
    assert "no-cache" in answer.headers["Cache-Control"]


def test_readyz_tells_of_work_that_nobody_does(acme: cast.World, client: Client) -> None:
    now = read_clock()
    InboxEvent.objects.create(
        account=acme.account,
        kind="webhook",
        body=b"",
        digest=b"1",
        received_at=now - timedelta(minutes=5),
    )
    Lane.objects.create(account=acme.account, kind="decide", served_at=now - timedelta(minutes=6))
    answer = client.get("/readyz")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["database"], body["migrations"]) == ("ready", "up", "applied")
    assert 300 <= body["oldest_event_seconds"] < 330
    assert 360 <= body["last_work_seconds"] < 390


@pytest.mark.django_db
def test_readyz_is_ready_without_valkey(client: Client, settings: object) -> None:
    settings.VALKEY_URL = "unix:///nowhere/valkey.sock"  # type: ignore[attr-defined]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["valkey"]) == (200, "down")
    settings.VALKEY_URL = ""  # type: ignore[attr-defined]
    assert client.get("/readyz").json()["valkey"] == "off"


@pytest.mark.django_db
def test_readyz_is_503_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> bool:
        raise DatabaseError

    monkeypatch.setattr(health, "_pending_migrations", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
