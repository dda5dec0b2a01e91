"""Answers as values: junk never crashes a reader, and every bad answer becomes its own error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo import errors, payloads
from accounts.kommo.client import (
    LONGEST_TARGET,
    KommoClient,
    NewNote,
    OwnerChange,
    batches_of_ids,
)
from accounts.kommo.wire import Reply, Request, error_of, read_reply

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=15,
)
KEYS = st.sampled_from(
    ["id", "name", "rights", "_embedded", "custom_fields_values", "contacts", "statuses", "users_groups",
     "datetime_settings", "settings", "destination", "params", "type", "entity_id", "value_after",
     "updated_at", "is_deleted", "responsible_user_id"]
)  # fmt: skip
ROWS = st.dictionaries(KEYS, JUNK, max_size=12)
READERS = (
    payloads.read_lead,
    payloads.read_user,
    payloads.read_pipeline,
    payloads.read_lead_field,
    payloads.read_account,
    payloads.read_owner_event,
    payloads.read_note,
    payloads.read_linked,
    payloads.read_task,
    payloads.read_subscription,
)


@given(ROWS, st.integers(1, 2**62))
def test_no_reader_crashes_on_junk(row: dict[str, Any], some_id: int) -> None:
    for reader in READERS:
        reader(row)
        reader({**row, "id": some_id, "destination": "x", "type": "entity_responsible_changed"})


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_answer_ends_in_anything_but_an_object_or_a_kommo_error(
    body: bytes, status: int
) -> None:
    try:
        found = read_reply(Request("GET", "/x"), Reply(status, body))
    except errors.KommoError:
        return
    assert isinstance(found, dict)


def test_a_lead_keeps_what_the_engine_needs() -> None:
    row = {
        "id": 1,
        "name": "a\x00b",
        "pipeline_id": 2,
        "status_id": 3,
        "responsible_user_id": 4,
        "updated_at": 5,
        "created_at": 6,
        "closed_at": None,
        "custom_fields_values": [{"field_id": 9, "values": [{"value": True}, {"value": "x"}]}],
        "_embedded": {"contacts": [{"id": 7, "is_main": False}, {"id": 8, "is_main": True}]},
    }
    lead = payloads.read_lead(row)
    assert lead is not None
    assert (lead.name, lead.owner_id, lead.closed_at, lead.is_deleted) == ("ab", 4, None, False)
    assert lead.field_values == {9: (True, "x")}
    assert lead.contact_ids == (8, 7)


PROBLEM = json.dumps({"title": "t", "detail": "d", "hint": "h"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "is_ambiguous", "is_transient"),
    [
        (301, b"", errors.NotFound, False, False),
        (400, PROBLEM, errors.InvalidRequest, False, False),
        (401, PROBLEM, errors.Unauthorized, False, False),
        (402, PROBLEM, errors.PaymentRequired, False, False),
        (403, PROBLEM, errors.Forbidden, False, False),
        (403, b"<html>403 Forbidden</html>", errors.Blocked, False, True),
        (404, PROBLEM, errors.NotFound, False, False),
        (405, PROBLEM, errors.InvalidRequest, False, False),
        (413, b"", errors.TooLarge, True, True),
        (418, b"", errors.KommoError, False, False),
        (422, PROBLEM, errors.InvalidRequest, False, False),
        (429, PROBLEM, errors.TooManyRequests, False, True),
        (500, PROBLEM, errors.ServerTrouble, True, True),
        (502, b"<html>", errors.ServerTrouble, True, True),
        (504, b"<html>", errors.TooLarge, True, True),
        (200, b"<html>", errors.AmbiguousAnswer, True, True),
        (200, b'{"_embedded": {"lea', errors.AmbiguousAnswer, True, True),
        (200, b"[]", errors.AmbiguousAnswer, True, True),
        (200, b"", errors.AmbiguousAnswer, True, True),
        (200, b"[" * 100_000, errors.AmbiguousAnswer, True, True),
    ],
)
def test_each_answer_has_its_error(
    status: int, body: bytes, kind: type[errors.KommoError], is_ambiguous: bool, is_transient: bool
) -> None:
    with pytest.raises(errors.KommoError) as raised:
        read_reply(Request("PATCH", "/api/v4/leads", [("secret", "s")]), Reply(status, body))
    assert type(raised.value) is kind
    assert (raised.value.is_ambiguous, raised.value.is_transient) == (is_ambiguous, is_transient)
    assert raised.value.request == "PATCH /api/v4/leads"


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ({"retry_after": 300}, "", 300.0),
        ({}, "7", 7.0),
        ({"retry_after": "x"}, "Wed, 21 Oct 2026", None),
        ({"retry_after": -5}, "", None),
        ({"retry_after": 10**9}, "", 3600.0),
    ],
)
def test_a_429_says_how_long_to_wait(
    body: dict[str, Any], header: str, seconds: float | None
) -> None:
    error = error_of(Request("GET", "/"), Reply(429, json.dumps(body).encode(), retry_after=header))
    assert isinstance(error, errors.TooManyRequests)
    assert error.retry_after == seconds


def test_a_refused_batch_names_its_items() -> None:
    problem = {"validation-errors": [{"request_id": "3", "errors": [{"code": "x", "path": "p"}]}]}
    error = error_of(Request("PATCH", "/"), Reply(400, json.dumps(problem).encode()))
    assert isinstance(error, errors.InvalidRequest)
    assert [(one.request_id, one.errors[0]["code"]) for one in error.items] == [("3", "x")]


@given(
    st.lists(st.integers(1, 10**15), max_size=700),
    st.sampled_from(["filter[id][]", "filter[entity_id][]"]),
)
def test_ids_are_asked_for_once_in_short_enough_urls(ids: list[int], key: str) -> None:
    asked: list[int] = []
    for part in batches_of_ids("/api/v4/leads", ids, [("with", "contacts")], key=key):
        found = [int(value) for name, value in part if name == key]
        assert 0 < len(found) <= 250
        assert len(Request("GET", "/api/v4/leads", part).target) <= LONGEST_TARGET
        asked += found
    assert asked == list(dict.fromkeys(ids))


@pytest.mark.parametrize("count", [1, 200, 201, 400, 1_000])
def test_a_burst_is_read_in_as_few_calls_as_kommo_allows(count: int) -> None:
    ids = range(20_000_000, 20_000_000 + count)
    assert len(list(batches_of_ids("/api/v4/leads", ids, []))) <= -(-count // 200)


class Recorder:
    """A transport that keeps requests and gives prepared answers."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(200, json.dumps(self.answers.pop(0)).encode())


def test_a_change_of_owner_is_signed_by_the_robot() -> None:
    transport = Recorder({"_embedded": {"leads": [{"id": 1, "updated_at": 9}]}})
    changed = KommoClient(transport).patch_owners([OwnerChange(1, 42), OwnerChange(2, 43)])
    assert changed == {1: 9}
    assert transport.requests[0].body == [
        {"id": 1, "responsible_user_id": 42, "updated_by": 0},
        {"id": 2, "responsible_user_id": 43, "updated_by": 0},
    ]


def test_notes_never_start_a_digital_pipeline_and_come_back_in_order() -> None:
    transport = Recorder(
        {"_embedded": {"notes": [{"id": 12, "request_id": "1"}, {"id": 11, "request_id": "0"}]}}
    )
    assert KommoClient(transport).add_notes([NewNote(1, "a"), NewNote(2, "b")]) == [11, 12]
    assert [one["is_need_to_trigger_digital_pipeline"] for one in transport.requests[0].body] == [
        False
    ] * 2


def test_a_batch_beyond_kommos_limit_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError):
        KommoClient(Recorder()).patch_owners([OwnerChange(one, 1) for one in range(251)])


def test_the_next_page_is_asked_for_by_number_and_never_by_its_url() -> None:
    page = {"_embedded": {"users": [{"id": 1}]}, "_links": {"next": {"href": "https://evil.com/x"}}}
    last = {"_embedded": {"users": [{"id": 2}]}}
    transport = Recorder(page, last)
    assert [one.id for one in KommoClient(transport).users()] == [1, 2]
    assert {one.path for one in transport.requests} == {"/api/v4/users"}
    assert dict(transport.requests[1].query)["page"] == 2
