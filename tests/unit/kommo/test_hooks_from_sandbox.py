"""What the sandbox's Kommo sends, read by us: touches, triggers, and bots from the call to the end."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.kommo import errors
from accounts.kommo.bot_hook import continuation_of, read_bot_call, read_bot_token
from accounts.kommo.client import KommoClient, LeadChange, NewNote, OwnerChange
from accounts.kommo.pipeline_hook import read_pipeline_hook
from accounts.kommo.webhook import HookContent, parse_hook
from sandbox.control import Control
from sandbox.hooks import Delivery
from sandbox.world import World
from tests.unit.kommo.test_client_in_sandbox import Plugged
from tests.unit.sandbox.worlds import CLIENT_ID, HOOK, SECRET, Sandbox

HOST = "acme.kommo.com"
DP, BOT = "https://app.example/kommo/dp", "https://app.example/kommo/bot"
ALL_HOOKS = ("add_lead", "update_lead", "status_lead", "responsible_lead", "note_lead", "add_task",
             "update_task", "delete_task", "responsible_task", "add_message")  # fmt: skip


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    world = World(sandbox.clock)
    world.crm, world.gateway = sandbox.crm, sandbox.gateway
    return Control(world)


@pytest.fixture
def client(sandbox: Sandbox) -> KommoClient:
    return KommoClient(Plugged(sandbox))


def delivered(sandbox: Sandbox, url: str = HOOK) -> list[Delivery]:
    """Take out what is due at a URL; whatever else is due is lost."""
    found = sandbox.crm.due_deliveries(sandbox.crm.now())
    for one in found:
        sandbox.crm.settle_delivery(one, 204)
    return [one for one in found if one.destination == url]


def heard(sandbox: Sandbox) -> list[HookContent]:
    return [parse_hook(one.body) for one in delivered(sandbox)]


@pytest.mark.parametrize(
    ("form", "kind", "has_user"),
    [
        ({"kind": "message"}, "message", False),
        ({"kind": "message", "direction": "incoming"}, None, False),
        ({"kind": "call"}, "call", True),
        ({"kind": "call", "direction": "incoming"}, "call", True),
        ({"kind": "call", "direction": "incoming", "duration": 0}, None, True),
        ({"kind": "sms"}, "message", True),
        ({"kind": "sms", "direction": "incoming"}, None, True),
        ({"kind": "note"}, "note", True),
        ({"kind": "task"}, "task", True),
        ({"kind": "move", "status_id": 142}, "stage", True),
    ],
)
def test_a_managers_work_is_heard_as_what_it_is(
    sandbox: Sandbox, control: Control, form: dict[str, Any], kind: str | None, has_user: bool
) -> None:
    lead, ana = sandbox.leads(1)[0], sandbox.user("Ana").id
    sandbox.subscribe(*ALL_HOOKS)
    control.touch({"host": HOST, "lead_id": lead.id, "user_id": ana, **form})
    at = int(sandbox.crm.now())
    found = [touch for content in heard(sandbox) for touch in content.touches]
    expected = [(lead.id, ana if has_user else None, at, kind)] if kind else []
    assert [(one.lead_id, one.user_id, one.at, one.kind) for one in found] == expected


def test_the_robots_own_changes_are_nobodys_touch(sandbox: Sandbox, client: KommoClient) -> None:
    lead, ana = sandbox.leads(1)[0], sandbox.user("Ana").id
    sandbox.subscribe(*ALL_HOOKS)
    client.patch_leads([LeadChange(lead.id, ana, (lead.pipeline_id, 142))])
    client.add_notes([NewNote(lead.id, "why")])
    contents = heard(sandbox)
    assert {one.lead_id for content in contents for one in content.lead_changes} == {lead.id}
    assert [content.touches for content in contents] == [[]] * len(contents)


def test_a_task_is_named_whatever_happens_to_it(
    sandbox: Sandbox, control: Control, client: KommoClient
) -> None:
    lead, ana = sandbox.leads(1)[0].id, sandbox.user("Ana").id
    sandbox.subscribe(*ALL_HOOKS)
    control.touch({"host": HOST, "lead_id": lead, "user_id": ana, "kind": "task"})
    (done,) = (task for task in client.tasks_page().tasks if task.is_completed)
    assert {number for one in heard(sandbox) for number in one.task_ids} == {done.id}
    client.patch_linked_owners("tasks", [OwnerChange(done.id, sandbox.user("Vera").id)])
    assert {number for one in heard(sandbox) for number in one.task_ids} == {done.id}


@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_trigger_is_read_in_the_encoding_that_it_comes_in(
    sandbox: Sandbox, control: Control, encoding: str
) -> None:
    settings = {"key": "s3cret & more", "template": "17"}
    control.trigger({"host": HOST, "url": DP, "settings": settings, "encoding": encoding})
    lead = sandbox.leads(1)[0]
    (one,) = delivered(sandbox, DP)
    hook = read_pipeline_hook(one.body, one.headers["Content-Type"])
    assert hook is not None
    assert (hook.account_id, hook.lead_id, hook.is_of_lead) == (sandbox.account.id, lead.id, True)
    assert (hook.pipeline_id, hook.status_id) == (lead.pipeline_id, lead.status_id)
    assert (hook.has_left, hook.settings, hook.subdomain) == (False, settings, "acme")
    assert hook.time == int(sandbox.crm.now())


@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_bot_is_heard_trusted_and_continued_once(
    sandbox: Sandbox, control: Control, client: KommoClient, encoding: str
) -> None:
    steps = [
        {"do": "widget_request", "url": BOT, "data": {"lead": "{{lead.id}}"}, "encoding": encoding},
        {"do": "condition", "json": "status", "equals": "success", "then": 3},
        {"do": "exit", "code": "fail"},
        {"do": "exit", "code": "success"},
    ]
    bot_id = control.bot({"host": HOST, "steps": steps})["bot_id"]
    lead = sandbox.leads(1)[0]
    (run_id,) = control.run_bot({"host": HOST, "bot_id": bot_id, "lead_id": lead.id})["run_ids"]
    (one,) = delivered(sandbox, BOT)

    call = read_bot_call(one.body, one.headers["Content-Type"])
    assert call is not None
    assert call.data["lead"] == str(lead.id)
    now = int(sandbox.crm.now())
    claims = read_bot_token(call.token, secrets=["o" * 64, SECRET], client_id=CLIENT_ID, now=now)
    assert (claims.account_id, claims.entity_id, claims.entity_type, claims.host) == (
        sandbox.account.id, lead.id, 2, HOST)  # fmt: skip
    place = continuation_of(call.return_url, host=HOST)
    assert place[0] == bot_id

    client.continue_bot(*place, {"status": "success"})
    assert sandbox.account.runs[run_id].exit == "success"
    with pytest.raises(errors.NotFound):
        client.continue_bot(*place, {"status": "success"})


def test_links_are_followed_from_company_and_contact_to_leads_and_customers(
    sandbox: Sandbox, control: Control, client: KommoClient
) -> None:
    kommo = Plugged(sandbox)
    control.account({"host": HOST, "customers_mode": "segments"})
    first, second = (lead.id for lead in sandbox.leads(2))
    (company,) = kommo.create("companies", {"name": "Firm"})
    side, main = kommo.create("contacts", {"name": "Client"}, {"name": "Boss"})
    (customer,) = kommo.create("customers", {"name": "Regular"})
    for lead in (first, second):
        control.link({"host": HOST, "lead_id": lead, "company_id": company, "contact_id": side})
    control.link({"host": HOST, "lead_id": first, "contact_id": main, "is_main": True})
    control.link({"host": HOST, "customer_id": customer, "contact_id": main})

    read = client.leads_by_ids([first], with_contacts=True)[0]
    assert (read.main_contact_id, read.contact_ids, read.company_id) == (
        main,
        (main, side),
        company,
    )
    (firm,) = client.linked_by_ids("companies", [company], with_links=["leads", "contacts"])
    assert set(firm.lead_ids) == {first, second}
    (boss,) = client.linked_by_ids("contacts", [main], with_links=["leads", "customers"])
    assert (boss.lead_ids, boss.customer_ids) == ((first,), (customer,))
    (regular,) = client.linked_by_ids("customers", [customer], with_links=["contacts"])
    assert regular.contact_ids == (main,)
    plain = client.linked_by_ids("companies", [company])[0]
    assert (plain.lead_ids, plain.contact_ids) == ((), ())


def test_customers_get_owners_where_there_are_any(
    sandbox: Sandbox, control: Control, client: KommoClient
) -> None:
    ana = sandbox.user("Ana").id
    assert not client.account().has_customers
    with pytest.raises(errors.Forbidden):
        client.linked_by_ids("customers", [1])
    control.account({"host": HOST, "customers_mode": "segments"})
    assert client.account().has_customers
    (customer,) = Plugged(sandbox).create("customers", {"name": "Regular"})
    assert set(client.patch_linked_owners("customers", [OwnerChange(customer, ana)])) == {customer}
    assert [one.owner_id for one in client.linked_by_ids("customers", [customer])] == [ana]
    assert client.open_tasks("customers", [customer]) == []
