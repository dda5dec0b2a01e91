"""The client's calls for the whole engine against the sandbox, in one process and without a database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.kommo import errors
from accounts.kommo.client import KommoClient, LeadChange, OwnerChange
from accounts.kommo.wire import Reply, Request
from tests.unit.sandbox.worlds import BASE, Sandbox

WON = 142


class Plugged:
    """A transport into the sandbox that counts its calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.session = sandbox.session()
        self.calls = 0

    def send(self, request: Request) -> Reply:
        self.calls += 1
        body = {} if request.body is None else {"json": request.body}
        found = self.session.request(request.method, BASE + request.target, timeout=5, **body)
        return Reply(found.status_code, found.content, found.headers.get("Content-Type", ""))

    def create(self, path: str, *items: dict[str, Any]) -> list[int]:
        """Create what the service never does; return ids."""
        found = self.session.post(f"{BASE}/api/v4/{path}", json=list(items), timeout=5)
        assert found.status_code in (200, 201), found.text
        return [row["id"] for row in json.loads(found.content)["_embedded"][path]]


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def kommo(sandbox: Sandbox) -> Plugged:
    return Plugged(sandbox)


@pytest.fixture
def client(kommo: Plugged) -> KommoClient:
    return KommoClient(kommo)


def task(entity_type: str, entity_id: int, **other: Any) -> dict[str, Any]:
    named = {"entity_type": entity_type, "entity_id": entity_id}
    return {"text": "call", "complete_till": 2_000_000_000, **named, **other}


def other_stage(sandbox: Sandbox, pipeline_id: int, status_id: int) -> int:
    stages = sandbox.account.pipelines[pipeline_id].stages
    return next(one for one, stage in stages.items() if one not in (status_id, WON) and
                stage.type == 0)  # fmt: skip


def test_owner_and_stage_change_together_by_the_robot(
    sandbox: Sandbox, client: KommoClient, kommo: Plugged
) -> None:
    first, second, third = sandbox.leads(3)
    ana = sandbox.user("Ana").id
    stage = (first.pipeline_id, other_stage(sandbox, first.pipeline_id, first.status_id))
    before = first.status_id
    changed = client.patch_leads(
        [LeadChange(first.id, ana), LeadChange(second.id, None, stage),
         LeadChange(third.id, ana, stage)]
    )  # fmt: skip
    assert kommo.calls == 1
    found = {one.id: one for one in client.leads_by_ids([first.id, second.id, third.id])}
    assert changed == {key: one.updated_at for key, one in found.items()}
    assert [
        (found[one.id].owner_id == ana, found[one.id].status_id) for one in (first, second)
    ] == [
        (True, before),
        (False, stage[1]),
    ]
    assert (found[third.id].owner_id, found[third.id].status_id) == (ana, stage[1])
    assert {one.updated_by for one in found.values()} == {0}


def test_a_stage_that_is_not_there_is_refused_as_a_whole(
    sandbox: Sandbox, client: KommoClient
) -> None:
    first, second = sandbox.leads(2)
    with pytest.raises(errors.InvalidRequest):
        client.patch_leads([LeadChange(first.id, sandbox.user("Ana").id),
                            LeadChange(second.id, None, (first.pipeline_id, 5))])  # fmt: skip
    assert client.leads_by_ids([first.id])[0].owner_id == sandbox.user("Vera").id


def test_open_tasks_of_leads_and_contacts_are_told_apart(
    sandbox: Sandbox, client: KommoClient, kommo: Plugged
) -> None:
    lead = sandbox.leads(1)[0].id
    (contact,) = kommo.create("contacts", {"name": "Client"})
    of_lead, done, of_contact = kommo.create(
        "tasks", task("leads", lead), task("leads", lead), task("contacts", contact)
    )
    kommo.session.patch(f"{BASE}/api/v4/tasks/{done}", json={"is_completed": True}, timeout=5)
    assert [(one.id, one.entity_id) for one in client.open_tasks("leads", [lead])] == [
        (of_lead, lead)
    ]
    assert [one.id for one in client.open_tasks("contacts", [contact, lead])] == [of_contact]
    assert {(one.id, one.is_completed) for one in client.tasks_by_ids([of_lead, done, 1])} == {
        (of_lead, False),
        (done, True),
    }


def test_hundreds_of_tasks_take_few_calls_and_none_is_missed(
    sandbox: Sandbox, client: KommoClient, kommo: Plugged
) -> None:
    leads = [one.id for one in sandbox.leads(300)]
    made = [
        number
        for start in range(0, 600, 200)
        for number in kommo.create(
            "tasks", *(task("leads", leads[n % 300]) for n in range(start, start + 200))
        )
    ]
    kommo.calls = 0
    assert sorted(one.id for one in client.open_tasks("leads", leads)) == sorted(made)
    assert kommo.calls <= 4
    kommo.calls = 0
    assert sorted(one.id for one in client.tasks_by_ids(made)) == sorted(made)
    assert kommo.calls == 3


def test_pages_of_tasks_follow_each_other(
    sandbox: Sandbox, client: KommoClient, kommo: Plugged
) -> None:
    lead = sandbox.leads(1)[0].id
    made = kommo.create("tasks", *(task("leads", lead) for _ in range(5)))
    sandbox.clock.advance(1_000)
    kommo.session.patch(f"{BASE}/api/v4/tasks/{made[0]}", json={"is_completed": True}, timeout=5)
    seen: list[int] = []
    for number in (1, 2, 3):
        found = client.tasks_page(page=number, limit=2)
        seen += [one.id for one in found.tasks]
    assert (seen, found.has_next) == (sorted(made), False)
    assert len(client.tasks_page(only_open=True).tasks) == 4
    recent = client.tasks_page(updated_from=int(sandbox.clock.now()) - 500).tasks
    assert [(one.id, one.is_completed) for one in recent] == [(made[0], True)]


def test_tasks_follow_their_lead(sandbox: Sandbox, client: KommoClient, kommo: Plugged) -> None:
    lead, ana = sandbox.leads(1)[0].id, sandbox.user("Ana").id
    made = kommo.create("tasks", *(task("leads", lead) for _ in range(3)))
    changed = client.patch_linked_owners("tasks", [OwnerChange(one, ana) for one in made])
    found = client.tasks_by_ids(made)
    assert {one.owner_id for one in found} == {ana}
    assert changed == {one.id: one.updated_at for one in found}


def test_a_bot_where_nothing_waits_is_not_found(client: KommoClient) -> None:
    with pytest.raises(errors.NotFound):
        client.continue_bot(321, 123, {"status": "success"})
