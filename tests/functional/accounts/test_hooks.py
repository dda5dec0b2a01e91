"""Ingest from outside: what is answered 204 is stored; nothing else is parsed, trusted or lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts import webhooks
from accounts.models import Account, InboxEvent
from accounts.operations import inbox
from accounts.operations.hooks import hook_key
from accounts.operations.inbox import append_event

pytestmark = pytest.mark.django_db
LARGEST = 1024 * 1024


@pytest.fixture(autouse=True)
def hooks_first(settings: Any) -> None:
    if "accounts.webhooks.HooksFirst" not in settings.MIDDLEWARE:
        settings.MIDDLEWARE = ["accounts.webhooks.HooksFirst", *settings.MIDDLEWARE]


def post(account: Account, body: bytes, **options: Any) -> int:
    kind = "application/x-www-form-urlencoded"
    return (
        Client(enforce_csrf_checks=True)
        .post(f"/hooks/kommo/{hook_key(account)}", body, kind, **options)
        .status_code
    )


def bodies() -> list[bytes]:
    return [
        bytes(row)
        for row in InboxEvent.objects.filter(kind="webhook").values_list("body", flat=True)
    ]


def test_a_body_is_stored_as_it_came(acme: Account) -> None:
    assert post(acme, b"leads%5Badd%5D%5B0%5D%5Bid%5D=1") == 204
    assert bodies() == [b"leads%5Badd%5D%5B0%5D%5Bid%5D=1"]
    event = InboxEvent.objects.get(kind="webhook")
    assert (event.account_id, event.claimed_at, event.done_at, event.crashes) == (
        acme.pk,
        None,
        None,
        0,
    )


def test_ingest_is_one_statement(acme: Account, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert post(acme, b"a=1") == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe" * 1_000,
        b"leads" + b"[a]" * 100_000 + b"=1",
        b"&" * 100_000,
        b"a" * LARGEST,
        b'{"json": true}',
        b"&".join(b"leads[update][%d][id]=%d" % (one, one) for one in range(5_000)),
    ],
    ids=["empty", "binary", "deep", "separators", "a full MiB", "json", "bulk edit"],
)
def test_strange_bodies_are_stored_as_they_are(acme: Account, body: bytes) -> None:
    assert post(acme, body) == 204
    assert bodies() == [body]


def test_more_than_a_mebibyte_is_refused(acme: Account) -> None:
    assert post(acme, b"a" * (LARGEST + 1)) == 413
    assert bodies() == []


def test_a_repeated_body_is_folded_until_the_first_is_claimed(acme: Account) -> None:
    for _ in range(3):
        assert post(acme, b"same") == 204
    assert bodies() == [b"same"]
    InboxEvent.objects.update(claimed_at=InboxEvent.objects.first().received_at)  # type: ignore[union-attr]
    assert post(acme, b"same") == 204
    assert bodies() == [b"same", b"same"]


@pytest.mark.parametrize("key", ["", "x", "a" * 43, "../../operator", "%00", "é", "a" * 5_000])
def test_an_unknown_key_finds_nothing(acme: Account, key: str) -> None:
    assert Client().post(f"/hooks/kommo/{key}", b"a=1", "text/plain").status_code == 404
    assert bodies() == []


def test_the_key_is_nowhere_in_the_database(acme: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_account::text FROM accounts_account")
        assert hook_key(acme) not in cursor.fetchone()[0]


def test_a_new_version_of_the_key_ends_the_old_one(acme: Account) -> None:
    from accounts.operations.hooks import hook_digest

    old = hook_key(acme)
    acme.hook_version += 1
    acme.hook_digest = hook_digest(acme)
    acme.save(update_fields=["hook_version", "hook_digest"])
    assert Client().post(f"/hooks/kommo/{old}", b"a=1", "text/plain").status_code == 404
    assert post(acme, b"a=1") == 204


@pytest.mark.parametrize("state", ["left", "closing"])
def test_hooks_of_an_account_that_has_left_are_forgotten(acme: Account, state: str) -> None:
    Account.objects.update(state=state)
    assert post(acme, b"a=1") == 204
    assert bodies() == []


@pytest.mark.parametrize("state", ["trial", "active", "suspended"])
def test_hooks_of_all_other_accounts_are_kept(acme: Account, state: str) -> None:
    Account.objects.update(state=state)
    assert post(acme, b"a=1") == 204
    assert bodies() == [b"a=1"]


def test_only_post_is_taken(acme: Account) -> None:
    assert Client().get(f"/hooks/kommo/{hook_key(acme)}").status_code == 405


def test_without_a_database_the_answer_is_503_at_once(acme: Account, monkeypatch: Any) -> None:
    def fail(**_: Any) -> None:
        raise OperationalError("the server is gone")

    monkeypatch.setattr("accounts.webhooks.ingest_webhook", fail)
    assert post(acme, b"a=1") == 503


def test_a_doorbell_that_hangs_holds_up_no_answer(acme: Account, monkeypatch: Any) -> None:
    is_free, rung = threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        rung.release()
        is_free.wait(10)

    monkeypatch.setattr(webhooks, "ring", hang)
    monkeypatch.setattr(webhooks, "_doorbell", webhooks.Doorbell())
    assert [post(acme, b"body %d" % one) for one in range(20)] == [204] * 20
    assert rung.acquire(timeout=5)
    is_free.set()
    assert rung.acquire(timeout=5)  # the nineteen others are one ring


def test_no_session_or_language_is_touched(acme: Account) -> None:
    answer = Client().post(f"/hooks/kommo/{hook_key(acme)}", b"a=1", "text/plain")
    assert not answer.cookies
    assert "Content-Language" not in answer


def test_a_click_with_the_same_key_counts_once(acme: Account, now: Any) -> None:
    assert append_event(acme, "shift", {"what": "started"}, now, client_key="k1") is True
    assert append_event(acme, "shift", {"what": "started"}, now, client_key="k1") is False
    assert append_event(acme, "shift", {"what": "started"}, now, client_key="k2") is True
    assert InboxEvent.objects.filter(kind="shift").count() == 2


def test_our_own_events_are_never_folded_a_turn_may_have_taken_the_first(
    acme: Account, now: Any
) -> None:
    InboxEvent.objects.all().delete()
    assert append_event(acme, "settings", {}, now) is True
    assert append_event(acme, "settings", {}, now) is True
    assert InboxEvent.objects.count() == 2


def test_the_outcomes_are_told_apart(acme: Account) -> None:
    key = hook_key(acme)
    assert inbox.ingest_webhook(key=key, body=b"1") is inbox.Ingest.STORED
    assert inbox.ingest_webhook(key=key, body=b"1") is inbox.Ingest.FOLDED
    assert inbox.ingest_webhook(key="x", body=b"1") is inbox.Ingest.UNKNOWN
    Account.objects.update(state="left")
    assert inbox.ingest_webhook(key=key, body=b"2") is inbox.Ingest.FORGOTTEN
