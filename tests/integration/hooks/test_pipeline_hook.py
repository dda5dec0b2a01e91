"""The address of the digital pipeline's hooks: what is kept, folded, forgotten and refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, InboxEvent
from distribution.operations.policies.triggers import rotate_key, trigger_key
from tests.integration.hooks.conftest import NOW, Sender

ADDRESS = "/hooks/kommo/pipeline"
LARGEST = 1024 * 1024
FORM = "application/x-www-form-urlencoded"


def hook(sender: Sender, **changes: Any) -> dict[str, str]:
    """Return the fields of a hook as Kommo posts them; None leaves one out."""
    fields = {
        "event[type]": 15,
        "event[type_code]": "lead_appeared_in_status",
        "event[data][id]": 500,
        "event[data][element_type]": 2,
        "event[data][status_id]": 701,
        "event[data][pipeline_id]": 700,
        "event[data][direction_of_movement]": "went_to_trigger",
        "event[time]": 1_790_000_000,
        "action[settings][widget][settings][key]": trigger_key(sender.pipeline),
        "subdomain": "acme",
        "account_id": sender.account.kommo_id,
    }
    named = {"lead": "event[data][id]", "key": "action[settings][widget][settings][key]"}
    named |= {"direction": "event[data][direction_of_movement]", "time": "event[time]"}
    named |= {"element": "event[data][element_type]", "account": "account_id"}
    fields |= {named.get(name, name): value for name, value in changes.items()}
    return {name: str(value) for name, value in fields.items() if value is not None}


def post(fields: dict[str, str] | bytes, content_type: str = FORM) -> int:
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    client = Client(enforce_csrf_checks=True)
    return client.post(ADDRESS, body, content_type).status_code


def kept() -> list[dict[str, Any]]:
    rows = InboxEvent.objects.filter(kind="trigger").order_by("pk")
    return [json.loads(bytes(row.body)) for row in rows]


@pytest.mark.feature("F88")
def test_a_hook_is_kept_by_one_insert_and_answered_204(acme: Sender) -> None:
    fields = hook(acme)
    with CaptureQueriesContext(connection) as queries:
        assert post(fields) == 204
    writes = [one["sql"] for one in queries if not one["sql"].startswith("SELECT")]
    assert len(writes) == 1
    assert len(queries) == 3  # the clock, whose key it is, and the row
    event = InboxEvent.objects.get(kind="trigger")
    assert event.account_id == acme.account.pk
    assert kept() == [
        {
            "trigger": acme.pipeline.pk,
            "lead": 500,
            "pipeline": 700,
            "status": 701,
            "card_version": 0,
            "keep": False,
        }
    ]


@pytest.mark.parametrize("content_type", [FORM, "application/json", "text/plain", ""])
def test_json_is_read_whatever_it_is_called(acme: Sender, content_type: str) -> None:
    body = {
        "event": {"type": 15, "data": {"id": 7, "element_type": 2}, "time": 5},
        "action": {"settings": {"widget": {"settings": {"key": trigger_key(acme.pipeline)}}}},
        "account_id": acme.account.kommo_id,
    }
    assert post(json.dumps(body).encode(), content_type) == 204
    assert [row["lead"] for row in kept()] == [7]


@pytest.mark.feature("F93")
def test_the_same_hook_folds_whether_it_was_worked_on_or_not(acme: Sender) -> None:
    assert [post(hook(acme)) for _ in range(5)] == [204] * 5
    InboxEvent.objects.update(claimed_at=NOW, done_at=NOW)
    assert post(hook(acme)) == 204
    assert len(kept()) == 1
    for other in ({"lead": 501}, {"time": 1_790_000_060}, {"direction": "went_in_trigger"}):
        assert post(hook(acme, **other)) == 204
    assert len(kept()) == 4


@pytest.mark.django_db(transaction=True)
def test_repeats_that_race_are_kept_once(acme: Sender) -> None:
    def send(_: int) -> int:
        try:
            return post(hook(acme))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(16))) == [204] * 16
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "changes", [{"direction": "went_from_trigger"}, {"element": 12}, {"element": 3}]
)
def test_what_is_no_lead_coming_in_is_forgotten(acme: Sender, changes: dict[str, Any]) -> None:
    assert post(hook(acme, **changes)) == 204
    assert kept() == []


@pytest.mark.parametrize("state", ["left", "closing"])
def test_hooks_of_an_account_that_has_left_are_forgotten(acme: Sender, state: str) -> None:
    Account.objects.update(state=state)
    assert post(hook(acme)) == 204
    assert kept() == []


def test_the_key_of_another_account_opens_nothing(acme: Sender, rival: Sender) -> None:
    assert post(hook(acme, account=rival.account.kommo_id)) == 404
    assert post(hook(acme, key=trigger_key(rival.pipeline))) == 404
    assert post(hook(acme, key=trigger_key(acme.bot))) == 204  # ours, but of no pipeline
    assert kept() == []


def test_a_hook_that_names_no_account_goes_by_its_key(acme: Sender, rival: Sender) -> None:
    assert post(hook(rival, account=None)) == 204
    assert list(InboxEvent.objects.values_list("account", flat=True).filter(kind="trigger")) == [
        rival.account.pk
    ]


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "x",
        "1.1.x",
        "0" * 43,
        "é",
        "\x00",
        "1.99999999999999999999.x",
        "9" * 190,
        "1.-1.x",
    ],
)
def test_an_unknown_key_finds_nothing(acme: Sender, key: str | None) -> None:
    assert post(hook(acme, key=key)) == 404
    assert kept() == []


def test_an_old_key_is_answered_and_forgotten_in_its_own_account_only(
    acme: Sender, rival: Sender
) -> None:
    old = hook(acme)
    rotate_key(acme.pipeline, actor=None, now=NOW)
    assert post(old) == 204
    assert post({**old, "account_id": str(rival.account.kommo_id)}) == 404
    assert kept() == []


HOSTILE = {
    "empty": b"",
    "binary": b"\x00\xff\xfe" * 1_000,
    "a deep form": b"event" + b"[data]" * 100_000 + b"=1",
    "a deep document": b'{"event":' * 50_000 + b"1" + b"}" * 50_000,
    "separators": b"&" * 100_000,
    "a list": b"[" * 100_000,
    "a full MiB": b"a" * LARGEST,
    "a number of a million digits": b'{"event":{"data":{"id":' + b"9" * 1_000_000 + b"}}}",
    "nothing but types": b'{"event":{"type":[],"data":{"id":{}}},"account_id":"x"}',
    "surrogates": b'{"event":{"type":1,"data":{"id":"\\ud800"}},"account_id":"\\udfff"}',
    "a negative lead": b"event[type]=15&event[data][id]=-5",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data"])
def test_hostile_bodies_are_refused_without_a_trace(
    acme: Sender, name: str, content_type: str
) -> None:
    assert post(HOSTILE[name], content_type) == 404
    assert kept() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"lead": 2**63},
        {"lead": "9" * 40},
        {"event[data][status_id]": 2**80},
        {"time": "-1"},
        {"action[settings][widget][settings][version]": "9" * 30},
        {"action[settings][widget][settings][version]": "-3"},
        {"action[settings][widget][settings][keep]": "\x00" * 50},
    ],
)
def test_strange_values_behind_a_right_key_are_never_an_error(
    acme: Sender, changes: dict[str, Any]
) -> None:
    assert post(hook(acme, **changes)) in (204, 404)
    assert all(0 < row["lead"] < 2**63 and 0 <= row["card_version"] < 2**31 for row in kept())


def test_more_than_a_mebibyte_is_refused_and_only_post_is_taken(acme: Sender) -> None:
    assert post(b"a" * (LARGEST + 1)) == 413
    assert Client().get(ADDRESS).status_code == 405


def test_without_a_database_the_answer_is_503_and_says_when_to_come_again(
    acme: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("the server is gone")

    body = urlencode(hook(acme)).encode()
    monkeypatch.setattr("distribution.operations.ingest.append_event", fail)
    answer = Client().post(ADDRESS, body, FORM)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")


def test_a_key_is_nowhere_in_the_database(acme: Sender) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM distribution_trigger t")
        stored = str(cursor.fetchall())
    assert trigger_key(acme.pipeline).split(".")[2] not in stored
