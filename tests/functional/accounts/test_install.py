"""Installing: the code is stored first, exchanged in a job, and the account is read in."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import (
    Account,
    Authorization,
    Credential,
    Group,
    InboxEvent,
    Lane,
    LeadField,
    Manager,
    Pipeline,
    Stage,
)
from accounts.operations import hooks
from accounts.operations.grants import exchange_pending
from accounts.operations.housekeeping import do_housekeeping
from accounts.operations.sync import refresh_crm_data
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME, install, user_id
from tests.unit.kommo.hostile_hosts import HOSTILE_HOSTS

pytestmark = pytest.mark.django_db


def redirect_to_us(client: Client, **query: str) -> Any:
    return client.get(f"/oauth/kommo?{urlencode(query)}")


def test_the_code_is_stored_encrypted_before_it_is_exchanged(kommo: Control) -> None:
    answer = kommo.install({"host": ACME})
    assert answer["status"] == 200
    row = Authorization.objects.get()
    assert (row.state, row.host, row.from_widget) == ("pending", ACME, True)
    code = next(iter(kommo.world.crm.grants.codes))
    assert code.encode() not in bytes(row.code_encrypted)
    assert kommo.world.crm.grants.exchanges == 0


@pytest.mark.feature("F12")
def test_an_install_reads_people_groups_pipelines_stages_and_fields(
    acme: Account, kommo: Control
) -> None:
    there = kommo.world.crm.accounts[acme.kommo_id]
    assert (acme.zone, acme.language, acme.sync_state) == ("Europe/Madrid", "en", "done")
    assert Manager.objects.for_account(acme).count() == len(there.users)
    assert set(Group.objects.for_account(acme).values_list("kommo_id", flat=True)) == set(
        there.groups
    )
    assert Pipeline.objects.for_account(acme).count() == len(there.pipelines)
    stages = sum(len(one.stages) for one in there.pipelines.values())
    assert Stage.objects.for_account(acme).count() == stages
    assert LeadField.objects.for_account(acme).count() == len(there.fields["leads"])
    vera = Manager.objects.for_account(acme).get(name__startswith="Vera")
    assert vera.is_admin
    assert vera.is_licensed
    assert vera.group is not None
    assert acme.service_user_id == vera.kommo_id
    assert set(Lane.objects.for_account(acme).values_list("kind", flat=True)) == {
        "decide",
        "deliver",
    }
    assert InboxEvent.objects.for_account(acme).filter(kind="synced").exists()


@pytest.mark.feature("F12")
def test_an_install_subscribes_the_webhook_at_a_secret_address(
    acme: Account, kommo: Control
) -> None:
    (found,) = kommo.world.crm.accounts[acme.kommo_id].subscriptions.values()
    assert found.destination == hooks.hook_url(acme)
    assert set(hooks.SETTINGS) <= set(found.settings)
    assert len(hooks.hook_key(acme)) == 43


def test_codes_that_kommo_does_not_document_are_done_without(kommo: Control, now: datetime) -> None:
    kommo.account({"host": ACME, "accepts_unconfirmed_hooks": False})
    acme = install(kommo, ACME, now)
    (found,) = kommo.world.crm.accounts[acme.kommo_id].subscriptions.values()
    assert set(found.settings) == set(hooks.SETTINGS)


def test_a_code_that_arrives_twice_is_exchanged_once(
    kommo: Control, client: Client, now: datetime
) -> None:
    code = "c" * 40
    for _ in range(2):
        query = {"code": code, "referer": ACME, "client_id": "test-client", "from_widget": "1"}
        assert redirect_to_us(client, **query).status_code == 200
    assert Authorization.objects.count() == 1
    assert exchange_pending(now=now) == 1
    assert Authorization.objects.get().state == "failed"


def test_no_foreign_host_gets_the_secret(client: Client, monkeypatch: Any, now: datetime) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    for host in HOSTILE_HOSTS:
        query = {"code": "c", "referer": host, "client_id": "test-client", "from_widget": "1"}
        assert redirect_to_us(client, **query).status_code == 400, host
    assert not Authorization.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "c"},
        {"referer": ACME},
        {"code": "", "referer": ACME, "from_widget": "1"},
        {"code": "c" * 5_000, "referer": ACME, "from_widget": "1"},
        {"code": "c", "referer": ACME, "client_id": "another", "from_widget": "1"},
        {"code": "c", "referer": ACME, "client_id": "test-client"},
    ],
)
def test_an_incomplete_redirect_is_refused(client: Client, query: dict[str, str]) -> None:
    assert redirect_to_us(client, **query).status_code == 400
    assert not Authorization.objects.exists()


def test_a_refusal_in_kommo_gets_a_clear_page(client: Client) -> None:
    answer = redirect_to_us(client, error="access_denied", client_id="test-client", state="s")
    assert answer.status_code == 403
    assert "refused" in answer.content.decode()


@pytest.mark.parametrize("kind", ["server_error", "drop_before_commit", "too_many_requests"])
def test_an_exchange_that_fails_for_a_moment_is_repeated(
    kommo: Control, now: datetime, kind: str
) -> None:
    kommo.install({"host": ACME})
    kommo.faults({"kind": kind, "count": 1, "path": "/oauth2/access_token", "seconds": 1})
    exchange_pending(now=now)
    row = Authorization.objects.get()
    assert row.state == "pending"
    assert exchange_pending(now=now) == 0  # not before its time
    exchange_pending(now=now + timedelta(minutes=1))
    assert Account.objects.get().host == ACME


def test_an_exchange_is_given_up_when_the_code_is_dead(kommo: Control, now: datetime) -> None:
    kommo.install({"host": ACME})
    kommo.faults({"kind": "server_error", "path": "/oauth2/access_token"})
    exchange_pending(now=now + timedelta(minutes=21))
    row = Authorization.objects.get()
    assert (row.state, bytes(row.code_encrypted)) == ("failed", b"")


def test_a_first_sync_that_fails_is_tried_again(kommo: Control, now: datetime) -> None:
    kommo.install({"host": ACME})
    kommo.faults({"kind": "server_error", "count": 1, "path": "/pipelines"})
    do_housekeeping(now)
    assert Account.objects.get().sync_state == "failed"
    do_housekeeping(now + timedelta(seconds=61))
    assert Account.objects.get().sync_state == "done"


def test_authorising_again_keeps_inbox_state_and_lanes(
    acme: Account, kommo: Control, now: datetime
) -> None:
    Account.objects.update(health="needs_reauth", state="active")
    events, lanes = InboxEvent.objects.count(), list(Lane.objects.values_list("pk", flat=True))
    version = Credential.objects.get().version
    again = install(kommo, ACME, now)
    assert (again.pk, again.health, again.state) == (acme.pk, "ok", "active")
    assert InboxEvent.objects.count() == events
    assert list(Lane.objects.values_list("pk", flat=True)) == lanes
    assert Credential.objects.get().version == version + 1


def test_a_deactivated_user_and_a_new_one_are_noticed(
    acme: Account, kommo: Control, now: datetime
) -> None:
    InboxEvent.objects.all().delete()
    oleg = user_id(kommo, ACME, "Oleg")
    assert refresh_crm_data(acme, now=now) is False
    kommo.user({"host": ACME, "user_id": oleg, "is_active": False, "name": "Oleg the former"})
    assert refresh_crm_data(acme, now=now) is True
    row = Manager.objects.for_account(acme).get(kommo_id=oleg)
    assert (row.is_active_in_kommo, row.name) == (False, "Oleg the former")
    assert InboxEvent.objects.filter(kind="synced").count() == 1


def test_what_is_deleted_in_kommo_is_marked_as_gone(
    acme: Account, kommo: Control, now: datetime
) -> None:
    there = kommo.world.crm.accounts[acme.kommo_id]
    pipeline = next(iter(there.pipelines.values()))
    stage_id = next(key for key in pipeline.stages if key not in Stage.CLOSED)
    del pipeline.stages[stage_id]
    there.fields["leads"].clear()
    assert refresh_crm_data(acme, now=now)
    assert Stage.objects.for_account(acme).get(kommo_id=stage_id).is_gone
    assert not LeadField.objects.for_account(acme).filter(is_gone=False).exists()


def test_a_language_chosen_here_outlives_a_refresh(acme: Account, now: datetime) -> None:
    Manager.objects.for_account(acme).update(language="tr")
    refresh_crm_data(acme, now=now)
    assert set(Manager.objects.for_account(acme).values_list("language", flat=True)) == {"tr"}


@pytest.mark.feature("F24")
@pytest.mark.parametrize("licenses_newcomers", [True, False])
def test_who_joins_a_group_in_kommo_takes_part_as_the_group_says(
    acme: Account, kommo: Control, now: datetime, licenses_newcomers: bool
) -> None:
    there = kommo.world.crm.accounts[acme.kommo_id]
    oleg = there.users[user_id(kommo, ACME, "Oleg")]
    Group.objects.for_account(acme).filter(kommo_id=oleg.group_id).update(
        licenses_newcomers=licenses_newcomers
    )
    Manager.objects.for_account(acme).update(is_licensed=True)
    there.users[77_001] = dataclasses.replace(oleg, id=77_001, name="Nora", email="nora@acme")
    assert refresh_crm_data(acme, now=now)
    managers = Manager.objects.for_account(acme)
    assert managers.get(kommo_id=77_001).is_licensed is licenses_newcomers
    assert managers.exclude(kommo_id=77_001).filter(is_licensed=False).count() == 0
    managers.filter(kommo_id=77_001).update(is_licensed=not licenses_newcomers)
    refresh_crm_data(acme, now=now)
    assert managers.get(kommo_id=77_001).is_licensed is not licenses_newcomers


def test_a_new_clock_of_the_account_is_told(acme: Account, kommo: Control, now: datetime) -> None:
    InboxEvent.objects.all().delete()
    kommo.world.crm.accounts[acme.kommo_id].zone = "Asia/Jakarta"
    assert refresh_crm_data(acme, now=now) is True
    assert Account.objects.get(pk=acme.pk).zone == "Asia/Jakarta"
    assert InboxEvent.objects.filter(kind="synced").count() == 1
    assert refresh_crm_data(acme, now=now) is False


def test_a_disabled_or_deleted_hook_is_subscribed_again(
    acme: Account, kommo: Control, now: datetime
) -> None:
    there = kommo.world.crm.accounts[acme.kommo_id]
    assert hooks.check_hook(account=acme, now=now) is False
    next(iter(there.subscriptions.values())).disabled = True
    assert hooks.check_hook(account=acme, now=now) is True
    assert [one.disabled for one in there.subscriptions.values()] == [False]
    there.subscriptions.clear()
    do_housekeeping(now + timedelta(hours=1))
    assert len(there.subscriptions) == 1
