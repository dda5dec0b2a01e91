"""Tokens: refreshed once however many want it, lost answers, moved accounts, revoked grants."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from accounts.kommo.connection import connect, refresh_due_credentials, tokens
from accounts.kommo.errors import KommoError, NeedsAuthorization
from accounts.models import Account, Credential, InboxEvent
from accounts.operations.hooks import hook_key
from accounts.operations.housekeeping import do_housekeeping
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME


def expire(kommo: Control) -> None:
    """Let all access tokens of the sandbox run out."""
    for grant in kommo.world.crm.grants.by_access.values():
        grant.access = dict.fromkeys(grant.access, 0.0)


@pytest.mark.django_db
def test_an_expired_token_is_refreshed_once_and_the_call_repeated(
    acme: Account, kommo: Control
) -> None:
    expire(kommo)
    assert connect(acme).account().id == acme.kommo_id
    row = Credential.objects.get()
    assert (row.version, kommo.world.crm.grants.refreshes) == (2, 1)
    assert row.previous_refresh_encrypted is not None


@pytest.mark.django_db
def test_a_token_renewed_by_another_worker_is_taken_over(acme: Account, kommo: Control) -> None:
    client = connect(acme)
    client.account()
    seen = tokens._known[acme.pk]
    tokens.renew_token(acme.pk, seen.version)
    tokens._known[acme.pk] = seen  # as in a process that does not know
    expire_only = kommo.world.crm.grants.by_access[seen.access.reveal()]
    expire_only.access[seen.access.reveal()] = 0.0
    assert client.account().id == acme.kommo_id
    assert kommo.world.crm.grants.refreshes == 1


@pytest.mark.django_db
def test_half_way_through_its_life_a_token_is_refreshed_ahead_of_time(
    acme: Account, now: datetime
) -> None:
    assert refresh_due_credentials(now + timedelta(hours=11)) == 0
    assert refresh_due_credentials(now + timedelta(hours=13)) == 1
    assert Credential.objects.get().version == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["drop_after_commit", "server_error_after_commit", "truncated", "html"]
)
def test_a_lost_answer_to_a_refresh_costs_nothing(acme: Account, kommo: Control, kind: str) -> None:
    expire(kommo)
    kommo.faults({"kind": kind, "count": 1, "path": "/oauth2/access_token"})
    with pytest.raises(KommoError) as failed:
        connect(acme).account()
    assert failed.value.is_transient
    assert connect(acme).account().id == acme.kommo_id
    assert Account.objects.get().health == "ok"


@pytest.mark.django_db
def test_without_grace_a_lost_answer_needs_an_authorisation_and_deletes_nothing(
    acme: Account, kommo: Control
) -> None:
    kommo.account({"host": ACME, "has_grace": False})
    expire(kommo)
    kommo.faults({"kind": "drop_after_commit", "count": 1, "path": "/oauth2/access_token"})
    events = InboxEvent.objects.count()
    with pytest.raises(KommoError):
        connect(acme).account()
    with pytest.raises(NeedsAuthorization):
        connect(acme).account()
    assert Account.objects.get().health == "needs_reauth"
    assert Credential.objects.count() == 1
    assert InboxEvent.objects.count() == events


@pytest.mark.django_db
def test_the_previous_refresh_token_is_tried_once(acme: Account, kommo: Control) -> None:
    """Kommo forgot the pair it gave last, as after a restore on its side."""
    tokens.renew_token(acme.pk, 1)
    row = Credential.objects.select_related("account").get()
    first = tokens.unseal(
        bytes(row.previous_refresh_encrypted), tokens.context(row.account, "refresh")
    )
    grant = kommo.world.crm.grants.by_refresh[first.reveal()]
    newest = grant.refresh
    kommo.world.crm.grants.by_refresh.pop(newest)
    grant.refresh, grant.previous = first.reveal(), ""
    expire(kommo)
    assert connect(acme).account().id == acme.kommo_id
    assert Credential.objects.get().version == 3


@pytest.mark.django_db
def test_a_renamed_account_is_followed(acme: Account, kommo: Control) -> None:
    kommo.account({"host": ACME, "rename": "summit.kommo.com"})
    expire(kommo)
    tokens.renew_token(acme.pk, 1)
    acme.refresh_from_db()
    assert acme.host == "summit.kommo.com"
    assert connect(acme).account().subdomain == "summit"


@pytest.mark.django_db
def test_a_revoked_grant_asks_for_an_authorisation_once(acme: Account, kommo: Control) -> None:
    kommo.revoke({"host": ACME, "silent": True})
    with pytest.raises(NeedsAuthorization):
        connect(acme).account()
    assert Account.objects.get().health == "needs_reauth"


@pytest.mark.feature("F12")
@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["client_uuid", "client_id"])
def test_an_uninstall_is_confirmed_and_then_the_account_has_left(
    acme: Account, kommo: Control, client: Client, now: datetime, spelling: str
) -> None:
    answer = kommo.revoke({"host": ACME, "spelling": spelling})
    assert answer["status"] == 204
    assert Account.objects.get().state == "trial"  # told, not confirmed
    do_housekeeping(now)
    assert Account.objects.get().state == "left"
    assert not Credential.objects.exists()
    events = InboxEvent.objects.count()
    address = f"/hooks/kommo/{hook_key(acme)}"
    assert client.post(address, b"leads[add][0][id]=1", "text/plain").status_code == 204
    assert InboxEvent.objects.count() == events


@pytest.mark.django_db
def test_a_replayed_revocation_does_nothing_while_the_token_works(
    acme: Account, kommo: Control, client: Client, now: datetime
) -> None:
    address = kommo.revoke({"host": ACME})["url"].removeprefix("https://peresmenka.example")
    do_housekeeping(now)
    kommo.install({"host": ACME})
    do_housekeeping(now)
    assert client.get(address).status_code == 204
    do_housekeeping(now)
    account = Account.objects.get()
    assert (account.state, account.revoked_hook_at) == ("trial", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
        {"account_id": "1"},
        {"client_uuid": "x"},
    ],
)
def test_a_forged_revocation_is_refused(
    acme: Account, kommo: Control, client: Client, change: dict[str, str]
) -> None:
    from accounts.kommo.oauth import revocation_signature

    signature = revocation_signature("test-client", acme.kommo_id, "test-secret")
    query = {"client_uuid": "test-client", "account_id": str(acme.kommo_id), "signature": signature}
    assert client.get("/oauth/kommo/revoked", {**query, **change}).status_code == 403
    assert Account.objects.get().revoked_hook_at is None
    assert client.get("/oauth/kommo/revoked", query).status_code == 204  # the control


@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_refresh_a_token_once(kommo: Control, now: datetime) -> None:
    from tests.functional.accounts.conftest import install

    acme = install(kommo, ACME, now)
    connect(acme).account()
    expire(kommo)
    outcomes: list[Any] = []
    barrier = threading.Barrier(16)

    def work() -> None:
        try:
            barrier.wait()
            outcomes.append(connect(acme).account().id)
        except KommoError as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [acme.kommo_id] * 16
    assert kommo.world.crm.grants.refreshes == 1
    assert Credential.objects.get().version == 2
    connection.close()


@pytest.mark.django_db
def test_no_token_or_secret_is_readable_in_the_database(acme: Account, kommo: Control) -> None:
    row = Credential.objects.get()
    stored = bytes(row.access_encrypted) + bytes(row.refresh_encrypted)
    grants = kommo.world.crm.grants
    for secret in (*grants.by_access, *grants.by_refresh):
        assert secret.encode() not in stored
