"""The client against the sandbox: every call that the service makes, and every fault there is."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.kommo import errors
from accounts.kommo.client import NOTE_TYPE, KommoClient, NewNote, OwnerChange
from accounts.kommo.connection import connect
from accounts.models import Account, CallBudget
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME, user_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(acme: Account) -> KommoClient:
    return connect(acme)


def make_leads(kommo: Control, count: int) -> list[int]:
    ids: list[int] = kommo.leads({"host": ACME, "count": count, "bulk": True})["lead_ids"]
    return ids


def calls(kommo: Control) -> int:
    account = kommo.world.crm.account_at(ACME)
    assert account is not None
    return account.call_count


def test_leads_are_read_in_big_batches(kommo: Control, client: KommoClient) -> None:
    ids = make_leads(kommo, 450)
    before = calls(kommo)
    found = client.leads_by_ids(ids)
    assert sorted(one.id for one in found) == sorted(ids)
    assert calls(kommo) - before <= 3  # one a 200


def test_a_deleted_lead_is_missing(kommo: Control, client: KommoClient) -> None:
    first, second = make_leads(kommo, 2)
    kommo.delete_lead({"host": ACME, "lead_id": first})
    assert [one.id for one in client.leads_by_ids([first, second])] == [second]
    assert client.leads_by_ids([first]) == []
    assert client.leads_by_ids([]) == []


def test_contacts_come_when_asked_for(kommo: Control, client: KommoClient) -> None:
    ids = kommo.leads({"host": ACME, "count": 1, "contacts": 1})["lead_ids"]
    assert client.leads_by_ids(ids)[0].contact_ids == ()
    assert len(client.leads_by_ids(ids, with_contacts=True)[0].contact_ids) == 1


def test_owners_are_changed_in_one_call_and_the_change_is_in_the_events(
    kommo: Control, client: KommoClient
) -> None:
    ids = make_leads(kommo, 250)
    oleg = user_id(kommo, ACME, "Oleg")
    before = calls(kommo)
    changed = client.patch_owners([OwnerChange(one, oleg) for one in ids])
    assert calls(kommo) - before == 1
    read = {one.id: one for one in client.leads_by_ids(ids)}
    assert {one.owner_id for one in read.values()} == {oleg}
    assert changed == {key: one.updated_at for key, one in read.items()}
    assert {one.updated_by for one in read.values()} == {0}
    events = client.owner_events(ids[:10], 0)
    assert {one.lead_id for one in events} == set(ids[:10])
    assert {one.to_id for one in events} == {oleg}


def test_pages_follow_each_other(kommo: Control, client: KommoClient) -> None:
    ids = make_leads(kommo, 5)
    seen: list[int] = []
    for page in (1, 2, 3):
        found = client.leads_page(page=page, limit=2)
        seen += [one.id for one in found.leads]
    assert seen == sorted(ids)
    assert not found.has_next
    assert client.leads_page(page=99).leads == []


def test_pages_are_narrowed_by_stage_pipeline_and_time(kommo: Control, client: KommoClient) -> None:
    ids = make_leads(kommo, 3)
    lead = client.leads_by_ids(ids[:1])[0]
    stage = (lead.pipeline_id, lead.status_id)
    assert len(client.leads_page(stage=stage).leads) == 3
    assert client.leads_page(stage=(lead.pipeline_id, 142)).leads == []
    assert len(client.leads_page(pipeline_ids=[lead.pipeline_id]).leads) == 3
    assert client.leads_page(updated_from=lead.updated_at + 1_000).leads == []
    found = client.leads_page(
        updated_from=0, updated_to=lead.updated_at + 1_000, order=("updated_at", "desc")
    )
    assert len(found.leads) == 3


def test_notes_are_written_and_read_back(kommo: Control, client: KommoClient) -> None:
    first, second = make_leads(kommo, 2)
    ids = client.add_notes([NewNote(first, "one"), NewNote(second, "two")])
    assert len(set(ids)) == 2
    found = {one.id: (one.lead_id, one.text) for one in client.notes_since(NOTE_TYPE, 0)}
    assert [found[one] for one in ids] == [(first, "one"), (second, "two")]


def test_contacts_follow_their_lead(kommo: Control, client: KommoClient) -> None:
    ids = kommo.leads({"host": ACME, "count": 2, "contacts": 1})["lead_ids"]
    contacts = [one.contact_ids[0] for one in client.leads_by_ids(ids, with_contacts=True)]
    oleg = user_id(kommo, ACME, "Oleg")
    client.patch_linked_owners("contacts", [OwnerChange(one, oleg) for one in contacts])
    assert {one.owner_id for one in client.linked_by_ids("contacts", contacts)} == {oleg}
    assert client.linked_by_ids("companies", [1]) == []
    assert client.open_tasks("leads", ids) == []


def test_subscriptions_come_and_go(client: KommoClient) -> None:
    url = "https://peresmenka.example/other"
    client.subscribe(url, ["add_lead"])
    (found,) = client.subscriptions(url)
    assert (found.settings, found.is_disabled) == ({"add_lead"}, False)
    client.unsubscribe(url)
    assert client.subscriptions(url) == []
    with pytest.raises(errors.NotFound):
        client.unsubscribe(url)


FAULTS: list[tuple[str, type[errors.KommoError], bool]] = [
    # fault, error, whether the write was carried out
    ("server_error", errors.ServerTrouble, False),
    ("server_error_after_commit", errors.ServerTrouble, True),
    ("drop_before_commit", errors.AmbiguousAnswer, False),
    ("drop_after_commit", errors.AmbiguousAnswer, True),
    ("gateway_timeout", errors.TooLarge, False),
    ("gateway_timeout_after_commit", errors.TooLarge, True),
    ("slow", errors.AmbiguousAnswer, True),
    ("html", errors.AmbiguousAnswer, True),
    ("truncated", errors.AmbiguousAnswer, True),
    ("empty", errors.AmbiguousAnswer, True),
    ("too_many_requests", errors.TooManyRequests, False),
    ("ip_blocked", errors.Blocked, False),
    ("payment_required", errors.PaymentRequired, False),
]


@pytest.mark.parametrize(("fault", "kind", "is_written"), FAULTS)
def test_a_fault_becomes_an_error_that_says_whether_to_read_back(
    kommo: Control, client: KommoClient, fault: str, kind: type[errors.KommoError], is_written: bool
) -> None:
    (lead_id,) = make_leads(kommo, 1)
    oleg = user_id(kommo, ACME, "Oleg")
    kommo.faults({"host": ACME, "kind": fault, "count": 1, "method": "PATCH", "seconds": 30})
    with pytest.raises(errors.KommoError) as raised:
        client.patch_owners([OwnerChange(lead_id, oleg)])
    assert type(raised.value) is kind
    account = kommo.world.crm.account_at(ACME)
    assert account is not None
    assert (account.leads[lead_id].responsible_user_id == oleg) is is_written
    if is_written:
        assert raised.value.is_ambiguous  # never to be repeated blindly


def test_an_unfounded_401_is_answered_with_a_fresh_token(
    kommo: Control, client: KommoClient
) -> None:
    kommo.faults({"host": ACME, "kind": "unauthorized", "count": 1})
    assert client.account().subdomain == "acme"


def test_a_429_stops_the_account_for_as_long_as_kommo_says(
    kommo: Control, client: KommoClient
) -> None:
    kommo.faults({"host": ACME, "kind": "too_many_requests", "count": 1, "seconds": 120})
    with pytest.raises(errors.TooManyRequests):
        client.account()
    before = calls(kommo)
    with pytest.raises(errors.BudgetExhausted):
        client.account()
    assert calls(kommo) == before


def test_five_failures_stop_the_account_and_a_success_heals_it(
    kommo: Control, client: KommoClient
) -> None:
    kommo.faults({"host": ACME, "kind": "server_error", "count": 5})
    for _ in range(5):
        with pytest.raises(errors.ServerTrouble):
            client.account()
    with pytest.raises(errors.BudgetExhausted):
        client.account()
    CallBudget.objects.update(blocked_until=None)
    client.account()
    assert CallBudget.objects.get().failures == 0


def test_an_unpaid_account_is_marked_and_a_paid_one_again_not(
    kommo: Control, acme: Account
) -> None:
    kommo.account({"host": ACME, "is_paid": False})
    with pytest.raises(errors.PaymentRequired):
        connect(acme).account()
    acme.refresh_from_db()
    assert acme.health == "payment_required"
    kommo.account({"host": ACME, "is_paid": True})
    connect(acme).account()
    acme.refresh_from_db()
    assert acme.health == "ok"


def test_a_refused_connection_is_certainly_not_sent(acme: Account, settings: Any) -> None:
    from accounts.kommo.connection import sessions

    settings.KOMMO_SESSION_SETUP = ""
    settings.KOMMO_URL_TEMPLATE = "http://127.0.0.1:9/{host}"
    sessions.close_sessions()
    with pytest.raises(errors.NotSent):
        connect(acme).account()


def test_no_error_shows_a_token(
    kommo: Control, client: KommoClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client.account()
    secrets = [*kommo.world.crm.grants.by_access, *kommo.world.crm.grants.by_refresh]
    for fault, _, _ in FAULTS[:5]:
        kommo.faults({"host": ACME, "kind": fault, "count": 1})
        with pytest.raises(errors.KommoError) as raised:
            client.account()
        CallBudget.objects.all().delete()
        shown = f"{raised.value} {raised.value!r} {vars(raised.value)} {caplog.text}"
        assert not any(secret in shown for secret in secrets)
