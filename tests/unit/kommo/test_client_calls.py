"""What the client asks of Kommo for linked entities, tasks, stages and bots, and what it makes of answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.kommo import errors, payloads
from accounts.kommo.client import (
    EntityType,
    KommoClient,
    LeadChange,
    LinkedKind,
    OwnedKind,
    OwnerChange,
)
from accounts.kommo.linked import Linked, Task
from accounts.kommo.wire import Reply, Request
from tests.unit.kommo.test_payloads_and_errors import JUNK

TASK = {
    "id": 7,
    "responsible_user_id": 42,
    "entity_id": 5,
    "entity_type": "leads",
    "updated_at": 9,
    "is_completed": False,
    "result": [],
}


class Answering:
    """A transport that keeps requests and answers each with the next of `answers`, then with 204."""

    def __init__(self, *answers: dict[str, Any] | Reply) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Reply:
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else Reply(204)
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())

    def asked(self, name: str, call: int = 0) -> list[str | int]:
        """Return the values that a call's query had under a name."""
        return [value for key, value in self.requests[call].query if key == name]


def page(key: str, *rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
    links = {"next": {"href": "https://evil.example/x"}} if more else {}
    return {"_embedded": {key: list(rows)}, "_links": links}


def test_a_lead_carries_all_that_rules_ask_for() -> None:
    row = {
        "id": 1,
        "price": 500,
        "custom_fields_values": [{"field_id": 9, "values": [{"value": "x", "enum_id": 3}]}],
        "_embedded": {
            "tags": [{"id": 1, "name": "vip"}, {"id": 2, "name": None}, {"id": 3, "name": "de"}],
            "companies": [{"id": 30}],
            "contacts": [{"id": 7, "is_main": False}, {"id": 8, "is_main": True}, {"id": 6}],
        },
    }
    transport = Answering(page("leads", row, {"id": 2}))
    full, bare = KommoClient(transport).leads_by_ids([1, 2], with_contacts=True)
    assert (full.price, full.tags, full.field_values) == (500, ("vip", "de"), {9: ("x",)})
    assert (full.contact_ids, full.main_contact_id) == ((8, 7, 6), 8)
    assert (full.company_ids, full.company_id) == ((30,), 30)
    assert (bare.main_contact_id, bare.company_id, bare.tags) == (None, None, ())
    assert transport.asked("with") == ["contacts"]


@pytest.mark.parametrize(
    ("kind", "links", "asked"),
    [
        ("contacts", (), []),
        ("contacts", ("leads", "customers", "companies", "leads"), ["leads,customers"]),
        ("companies", ("leads", "contacts", "customers"), ["leads,contacts,customers"]),
        ("customers", ("contacts", "companies"), ["contacts,companies"]),
        ("customers", ("leads",), []),
    ],
)
def test_links_are_asked_for_where_kommo_gives_them(
    kind: LinkedKind, links: Sequence[EntityType], asked: list[str]
) -> None:
    transport = Answering()
    assert KommoClient(transport).linked_by_ids(kind, [1], with_links=links) == []
    assert (transport.requests[0].path, transport.asked("with")) == (f"/api/v4/{kind}", asked)
    assert transport.asked("filter[id][]") == [1]


@pytest.mark.parametrize("kind", ["contacts", "companies", "customers"])
def test_a_linked_entity_carries_its_links(kind: LinkedKind) -> None:
    row = {
        "id": 3,
        "responsible_user_id": 42,
        "updated_at": 9,
        "is_deleted": False,
        "_embedded": {
            "leads": [{"id": 1}, {"id": 2}, {"id": None}],
            "companies": [{"id": 30}],
            "customers": [{"id": 40}],
            "contacts": [{"id": 7}, {"id": 8, "is_main": True}],
        },
    }
    (found,) = KommoClient(Answering(page(kind, row))).linked_by_ids(kind, [3])
    assert found == Linked(3, 42, 9, False, (1, 2), (8, 7), (30,), (40,))


def test_five_hundred_linked_entities_take_three_calls() -> None:
    transport = Answering()
    KommoClient(transport).linked_by_ids("contacts", range(1, 501), with_links=["leads"])
    assert [len(transport.asked("filter[id][]", n)) for n in range(len(transport.requests))] == [
        240,
        240,
        20,
    ]
    assert KommoClient(Answering()).linked_by_ids("contacts", []) == []


@pytest.mark.parametrize("status", [403, 404, 400])
def test_customers_that_are_switched_off_are_an_error_and_not_an_empty_list(status: int) -> None:
    transport = Answering(Reply(status, b'{"title": "t"}'))
    with pytest.raises((errors.Forbidden, errors.NotFound, errors.InvalidRequest)):
        KommoClient(transport).linked_by_ids("customers", [1])


@pytest.mark.parametrize(
    ("mode", "has_customers"),
    [("segments", True), ("periodicity", True), ("disabled", False), ("unavailable", False),
     (None, False), (5, False)],
)  # fmt: skip
def test_the_account_tells_whether_it_has_customers(mode: Any, has_customers: bool) -> None:
    assert payloads.read_account({"customers_mode": mode}).has_customers is has_customers


@pytest.mark.parametrize("kind", ["leads", "contacts", "companies", "customers"])
def test_open_tasks_are_asked_for_by_entity_and_read_to_the_last_page(kind: EntityType) -> None:
    rows = [{**TASK, "id": n, "entity_type": kind} for n in (7, 8)]
    transport = Answering(page("tasks", rows[0], more=True), page("tasks", rows[1]))
    found = KommoClient(transport).open_tasks(kind, [5, 6, 5])
    assert found == [Task(7, 42, 5, kind, 9, False), Task(8, 42, 5, kind, 9, False)]
    for call in (0, 1):
        assert transport.asked("filter[entity_type]", call) == [kind]
        assert transport.asked("filter[is_completed]", call) == [0]
        assert transport.asked("filter[entity_id][]", call) == [5, 6]
        assert transport.asked("page", call) == [call + 1]
        assert transport.asked("limit", call) == [250]
    assert {one.path for one in transport.requests} == {"/api/v4/tasks"}


def test_tasks_by_id_are_read_whether_completed_or_not() -> None:
    transport = Answering(page("tasks", TASK, {**TASK, "id": 8, "is_completed": True}))
    found = KommoClient(transport).tasks_by_ids([7, 8, 9])
    assert [(one.id, one.is_completed) for one in found] == [(7, False), (8, True)]
    assert transport.asked("filter[is_completed]") == []
    assert transport.asked("filter[id][]") == [7, 8, 9]


def test_a_page_of_tasks_says_whether_there_is_another() -> None:
    transport = Answering(page("tasks", TASK, more=True), page("tasks"), Reply(204))
    client = KommoClient(transport)
    first = client.tasks_page(page=3, updated_from=100, only_open=True)
    assert ([one.id for one in first.tasks], first.has_next) == ([7], True)
    assert transport.asked("page") == [3]
    assert transport.asked("filter[updated_at][from]") == [100]
    assert transport.asked("filter[is_completed]") == [0]
    assert not client.tasks_page(page=4).has_next
    assert transport.asked("filter[is_completed]", 1) == []
    assert transport.asked("filter[updated_at][from]", 1) == []
    assert client.tasks_page(page=5).tasks == []


def test_leads_change_owner_and_stage_in_one_call_by_the_robot() -> None:
    transport = Answering(page("leads", {"id": 1, "updated_at": 9}, {"id": 3, "updated_at": 8}))
    changed = KommoClient(transport).patch_leads(
        [LeadChange(1, 42, None), LeadChange(2, None, (10, 142)), LeadChange(3, 0, (11, 143))]
    )
    assert changed == {1: 9, 3: 8}  # lead 2 was not confirmed
    assert (transport.requests[0].method, transport.requests[0].path) == ("PATCH", "/api/v4/leads")
    assert transport.requests[0].body == [
        {"id": 1, "responsible_user_id": 42, "updated_by": 0},
        {"id": 2, "pipeline_id": 10, "status_id": 142, "updated_by": 0},
        {"id": 3, "responsible_user_id": 0, "pipeline_id": 11, "status_id": 143, "updated_by": 0},
    ]


def test_a_change_of_nothing_and_too_many_changes_are_mistakes_of_ours() -> None:
    transport = Answering()
    with pytest.raises(ValueError):
        KommoClient(transport).patch_leads([LeadChange(1, 42), LeadChange(2)])
    with pytest.raises(ValueError):
        KommoClient(transport).patch_leads([LeadChange(one, 42) for one in range(1, 252)])
    assert transport.requests == []


@pytest.mark.parametrize("kind", ["contacts", "companies", "customers", "tasks"])
def test_linked_entities_follow_in_one_call_by_the_robot(kind: OwnedKind) -> None:
    transport = Answering(page(kind, {"id": 1, "updated_at": 9}))
    assert KommoClient(transport).patch_linked_owners(kind, [OwnerChange(1, 42)]) == {1: 9}
    assert transport.requests[0].path == f"/api/v4/{kind}"
    assert transport.requests[0].body == [{"id": 1, "responsible_user_id": 42, "updated_by": 0}]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(202),
        Reply(200),
        Reply(204),
        Reply(202, b"[]"),
        Reply(200, b"<html>"),
        Reply(202, b"{"),
    ],
)
def test_a_bot_goes_on_whatever_a_success_says(reply: Reply) -> None:
    transport = Answering(reply)
    KommoClient(transport).continue_bot(321, 123, {"status": "success", "manager": "Ann"})
    (request,) = transport.requests
    assert (request.method, request.path) == ("POST", "/api/v4/salesbot/321/continue/123")
    assert request.body == {"data": {"status": "success", "manager": "Ann"}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, errors.NotFound), (400, errors.InvalidRequest), (401, errors.Unauthorized),
     (500, errors.ServerTrouble), (429, errors.TooManyRequests)],
)  # fmt: skip
def test_a_bot_that_cannot_go_on_is_an_error(status: int, kind: type[errors.KommoError]) -> None:
    with pytest.raises(kind):
        KommoClient(Answering(Reply(status, b'{"title": "t"}'))).continue_bot(1, 2, {})


@given(JUNK, JUNK, st.integers(1, 2**62))
def test_no_junk_in_links_tags_or_tasks_is_an_error(one: Any, other: Any, some_id: int) -> None:
    inner = {"leads": one, "contacts": other, "customers": [one, {"id": other}], "tags": [other]}
    linked = payloads.read_linked({"id": some_id, "_embedded": inner})
    lead = payloads.read_lead({"id": some_id, "_embedded": inner})
    task = payloads.read_task({"id": some_id, "entity_type": one, "entity_id": other})
    assert linked is not None
    assert lead is not None
    assert task is not None
    assert all(number > 0 for number in (*linked.lead_ids, *linked.customer_ids))
    assert all(isinstance(tag, str) and tag for tag in lead.tags)
