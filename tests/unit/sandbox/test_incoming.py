"""Incoming leads, and what people do with leads: each with the hook that tells of it."""

import json

import pytest

from tests.unit.sandbox.test_webhooks import captured, shape
from tests.unit.sandbox.worlds import BASE, Sandbox

HOOKS = ("add_unsorted", "delete_unsorted", "add_lead", "status_lead", "delete_lead")


@pytest.fixture
def sandbox():
    made = Sandbox()
    made.subscribe(*HOOKS)
    return made


def heads(bodies):
    """Return the actions of bodies: unsorted[add], leads[status]."""
    return [next(key for key in body if not key.startswith("account")).split("[0]")[0]
            for body in bodies]  # fmt: skip


def test_an_incoming_lead_is_told_in_the_documented_shape(sandbox, kommo_payload):
    (number,) = sandbox.tell("incoming", names=["From the site"])["lead_ids"]

    (body,) = sandbox.hooks()

    account = {"account[subdomain]", "account[id]", "account[_links][self]"}
    assert shape(body) == captured(kommo_payload("18_unsorted_add_form")) | account
    assert body["unsorted[add][0][lead_id]"] == str(number)
    assert body["unsorted[add][0][data][leads][0][name]"] == "From the site"


def test_an_incoming_lead_raises_leads_add_only_by_a_switch(sandbox):
    sandbox.tell("account", incoming_adds_lead=True)

    sandbox.tell("incoming")

    assert heads(sandbox.hooks()) == ["leads[add]", "unsorted[add]"]


def test_incoming_leads_are_listed_until_they_are_dealt_with(sandbox):
    assert sandbox.get("/leads/unsorted").status_code == 204
    uids = sandbox.tell("incoming", count=3)["uids"]
    chat = sandbox.tell("incoming", category="chats")["uids"]

    rows = sandbox.embedded("/leads/unsorted", "unsorted")
    chats = sandbox.embedded("/leads/unsorted?filter[category][]=chats", "unsorted")
    one = sandbox.embedded(f"/leads/unsorted?filter[uid][]={uids[1]}", "unsorted")
    later = sandbox.embedded("/leads/unsorted?limit=3&page=2", "unsorted")

    assert [row["uid"] for row in rows] == uids + chat
    assert [row["uid"] for row in chats] == [row["uid"] for row in later] == chat
    assert [row["uid"] for row in one] == [uids[1]]
    assert rows[0]["_embedded"]["leads"][0]["id"] in sandbox.account.leads
    assert rows[0]["_embedded"]["contacts"]


def test_accepting_moves_the_lead_and_makes_the_user_its_creator(sandbox):
    made = sandbox.tell("incoming")
    uid, lead = made["uids"][0], sandbox.account.leads[made["lead_ids"][0]]
    sandbox.hooks()
    oleg, owner = sandbox.user("Oleg").id, lead.responsible_user_id
    body = {"user_id": oleg, "status_id": sandbox.stages()[2]}

    answer = sandbox.session().post(f"{BASE}/api/v4/leads/unsorted/{uid}/accept", json=body)

    hooks = sandbox.hooks()
    assert answer.json()["_embedded"]["leads"][0]["id"] == lead.id
    assert (lead.status_id, lead.created_by) == (sandbox.stages()[2], oleg)
    assert lead.responsible_user_id == owner
    assert heads(hooks) == ["unsorted[delete]", "leads[status]"]
    assert hooks[0]["unsorted[delete][0][action]"] == "accept"
    assert hooks[0]["unsorted[delete][0][accept_result][leads][0]"] == str(lead.id)
    again = sandbox.session().post(f"{BASE}/api/v4/leads/unsorted/{uid}/accept", json=body)
    assert again.status_code == 404


def test_whether_who_accepts_becomes_responsible_is_a_switch(sandbox):
    sandbox.tell("account", accept_makes_responsible=True)
    made = sandbox.tell("incoming")

    sandbox.tell("accept_incoming", uid=made["uids"][0], user_id=sandbox.user("Ana").id)

    lead = sandbox.account.leads[made["lead_ids"][0]]
    assert (lead.responsible_user_id, lead.status_id) == (
        sandbox.user("Ana").id, sandbox.stages()[1]
    )  # fmt: skip


def test_a_stage_of_another_pipeline_is_refused(sandbox):
    (uid,) = sandbox.tell("incoming")["uids"]
    url = f"{BASE}/api/v4/leads/unsorted/{uid}/accept"

    answer = sandbox.session().post(url, json={"status_id": 1})

    assert answer.status_code == 400
    assert sandbox.get(f"/leads/unsorted/{uid}").status_code == 200


@pytest.mark.parametrize("by_api", [True, False])
def test_a_declined_lead_is_gone_and_told_as_declined(sandbox, by_api):
    made = sandbox.tell("incoming")
    uid, number = made["uids"][0], made["lead_ids"][0]
    sandbox.hooks()

    if by_api:
        sandbox.session().delete(f"{BASE}/api/v4/leads/unsorted/{uid}/decline")
    else:
        sandbox.tell("decline_incoming", uid=uid)

    (body,) = sandbox.hooks()
    assert body["unsorted[delete][0][action]"] == "decline"
    assert body["unsorted[delete][0][decline_result][leads][0]"] == str(number)
    assert sandbox.get(f"/leads/{number}").status_code == 204
    assert sandbox.get("/leads/unsorted").status_code == 204


def test_a_lead_dragged_out_of_its_column_counts_as_accepted(sandbox):
    made = sandbox.tell("incoming")
    sandbox.hooks()

    sandbox.tell("edit", lead_id=made["lead_ids"][0], changes={"status_id": sandbox.stages()[1]})

    assert sorted(heads(sandbox.hooks())) == ["leads[status]", "unsorted[delete]"]
    assert sandbox.ask("incoming")["incoming"][0]["state"] == "accepted"


def test_a_trigger_on_the_incoming_stage_fires_for_incoming_leads(sandbox):
    pipeline = next(iter(sandbox.account.pipelines.values()))
    stage = next(stage for stage in pipeline.stages.values() if stage.type == 1)
    sandbox.tell("trigger", pipeline_id=pipeline.id, status_id=stage.id, url="https://x.example",
                 settings={"key": "k"})  # fmt: skip

    (number,) = sandbox.tell("incoming")["lead_ids"]

    body = next(body for body in sandbox.hooks() if "event[type]" in body)
    assert body["event[data][id]"] == str(number)


@pytest.fixture
def lead(sandbox):
    sandbox.subscribe("add_message", "note_lead", "update_task", "status_lead")
    (found,) = sandbox.tell("leads")["lead_ids"]
    sandbox.hooks()
    return found


def touch(sandbox, lead, kind, **more):
    """Let Ana touch the lead; return the only hook."""
    sandbox.tell("touch", kind=kind, lead_id=lead, user_id=sandbox.user("Ana").id, **more)
    (body,) = sandbox.hooks()
    return body


def latest_event(sandbox):
    event = sandbox.account.events[-1]
    return event.type, event.created_by


@pytest.mark.parametrize(("direction", "by"), [("outgoing", "Ana"), ("incoming", None)])
def test_a_message_has_the_captured_keys(sandbox, lead, kommo_payload, direction, by):
    body = touch(sandbox, lead, "message", direction=direction)

    seen = captured(kommo_payload("11_message_add_telegram"))
    assert shape(body) == seen - {"message[add][#][author][avatar_url]"}
    assert body["message[add][0][type]"] == direction
    assert body["message[add][0][entity_id]"] == str(lead)
    assert latest_event(sandbox) == (
        f"{direction}_chat_message", sandbox.user(by).id if by else 0
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "note_type", "event"), [
    ("call", "11", "outgoing_call"), ("sms", "103", "outgoing_sms"), ("note", "4", "common_note_added")
])  # fmt: skip
def test_calls_and_messages_by_sms_are_notes(sandbox, lead, kommo_payload, kind, note_type, event):
    body = touch(sandbox, lead, kind)

    assert shape(body) == captured(kommo_payload("14_leads_note"))
    assert body["leads[note][0][note][note_type]"] == note_type
    assert body["leads[note][0][note][created_by]"] == str(sandbox.user("Ana").id)
    assert latest_event(sandbox) == (event, sandbox.user("Ana").id)


def test_a_calls_note_carries_its_parameters(sandbox, lead):
    body = touch(sandbox, lead, "call", duration=17)

    assert json.loads(body["leads[note][0][note][text]"])["duration"] == 17


def test_a_task_is_completed_by_its_user(sandbox, lead):
    ana = sandbox.user("Ana").id
    (task,) = sandbox.tell("task", lead_id=lead, responsible_user_id=ana)["task_ids"]

    body = touch(sandbox, lead, "task")

    assert body["task[update][0][id]"] == str(task)
    assert body["task[update][0][status]"] == "1"
    assert latest_event(sandbox) == ("task_completed", ana)


def test_a_move_names_who_moved(sandbox, lead):
    body = touch(sandbox, lead, "move", status_id=sandbox.stages()[2])

    assert body["leads[status][0][status_id]"] == str(sandbox.stages()[2])
    assert body["leads[status][0][modified_user_id]"] == str(sandbox.user("Ana").id)


def test_a_touch_that_is_none_is_refused(sandbox, lead):
    form = {"host": sandbox.account.host, "kind": "hug", "lead_id": lead}

    assert sandbox.control.run("POST", "touch", form)[0] == 400
