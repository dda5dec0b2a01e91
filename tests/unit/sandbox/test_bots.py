"""Salesbot: programs on a lead, the widget's step, continuing, and what hangs."""

import base64
import hashlib
import hmac
import json

import pytest

from tests.unit.sandbox.worlds import BASE, SECRET, Sandbox

URL = "https://app.example/bot"
ASK = {"do": "widget_request", "url": URL, "data": {"lead": "{{lead.id}}", "group": "g1"}}


@pytest.fixture
def sandbox():
    return Sandbox()


@pytest.fixture
def lead(sandbox):
    return sandbox.leads()[0]


def run(sandbox, lead, *steps):
    """Write a bot and start it; return its run's id."""
    number = sandbox.tell("bot", steps=list(steps))["bot_id"]
    return sandbox.tell("run_bot", bot_id=number, lead_id=lead.id)["run_ids"][0]


def state(sandbox, number):
    return next(row for row in sandbox.ask("bots")["runs"] if row["id"] == number)


def requests_of(sandbox, status=200):
    """Take out the widget's requests, answer them, return their bodies."""
    found = sandbox.crm.due_deliveries(sandbox.crm.now())
    for delivery in found:
        sandbox.crm.settle_delivery(delivery, status)
    return [json.loads(delivery.body) for delivery in found]


def go_on(sandbox, body, name="Vera", **value):
    """POST to return_url as the service would."""
    answer = sandbox.session(name).post(body["return_url"], json={"data": {}, **value})
    return answer.status_code


def test_a_widget_request_carries_a_signed_token_the_filled_data_and_a_return_url(sandbox, lead):
    run(sandbox, lead, ASK)

    (body,) = requests_of(sandbox)

    head, claims, signature = body["token"].split(".")
    signed = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha512).digest()
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert base64.urlsafe_b64decode(signature + "==") == signed
    assert (said["entity_id"], said["entity_type"]) == (lead.id, 2)
    assert body["data"] == {"lead": str(lead.id), "group": "g1"}
    assert body["return_url"].startswith(f"{BASE}/api/v4/salesbot/")


def test_a_widget_request_can_be_a_form(sandbox, lead):
    run(sandbox, lead, {**ASK, "encoding": "form"})

    (delivery,) = sandbox.crm.due_deliveries(sandbox.crm.now())

    assert delivery.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert set(dict(delivery.pairs)) == {"token", "data[lead]", "data[group]", "return_url"}


@pytest.mark.parametrize("status", [200, 500, None])
def test_a_bot_hangs_until_it_is_continued_however_its_request_was_answered(sandbox, lead, status):
    number = run(sandbox, lead, ASK)
    (body,) = requests_of(sandbox, status)
    sandbox.clock.advance(30 * 86_400)
    requests_of(sandbox)
    hung = sandbox.ask("bots")["hanging"]

    assert go_on(sandbox, body) == 202

    assert (hung, sandbox.ask("bots")["hanging"]) == ([number], [])
    assert state(sandbox, number)["state"] == "done"
    assert state(sandbox, number)["statuses"] == [status]


@pytest.mark.parametrize(("status", "owner"), [("success", "Ana"), ("fail", "Max")])
def test_later_steps_read_what_continued_the_bot(sandbox, lead, status, owner):
    branch = {"do": "condition", "json": "status", "equals": "success", "then": 2, "else": 4}
    number = run(
        sandbox, lead, ASK, branch,
        {"do": "change_responsible", "user_id": "{{json.manager}}"}, {"do": "exit", "code": "ok"},
        {"do": "change_responsible", "user_id": sandbox.user("Max").id}, {"do": "exit"},
    )  # fmt: skip
    (body,) = requests_of(sandbox)

    go_on(sandbox, body, data={"status": status, "manager": sandbox.user("Ana").id})

    assert lead.responsible_user_id == sandbox.user(owner).id
    assert lead.owners[-1].actor == 0
    assert state(sandbox, number)["exit"] == ("ok" if status == "success" else "")


def test_a_bot_waits_fills_a_field_and_moves_the_lead(sandbox, lead):
    source = next(f for f in sandbox.account.fields["leads"].values() if f.name == "Source").id
    number = run(
        sandbox, lead, {"do": "wait", "minutes": 3}, {"do": "wait", "minutes": 2},
        {"do": "set_field", "field_id": source, "value": "bot of {{lead.name}}"},
        {"do": "condition", "field": source, "then": 4, "else": 0},
        {"do": "move", "status_id": sandbox.stages()[2]},
    )  # fmt: skip
    sandbox.clock.advance(299)
    sandbox.hooks()
    early = (state(sandbox, number)["state"], lead.status_id)
    sandbox.clock.advance(1)
    sandbox.hooks()

    assert early == ("sleeping", sandbox.stages()[1])
    assert (state(sandbox, number)["state"], lead.status_id) == ("done", sandbox.stages()[2])
    assert lead.fields[source] == [{"value": "bot of Lead 0"}]


def test_handlers_are_shown_and_can_jump(sandbox, lead):
    number = run(sandbox, lead, ASK, {"do": "exit", "code": "next"}, {"do": "exit", "code": "far"})
    (body,) = requests_of(sandbox)
    handlers = [{"handler": "show", "params": {"type": "text", "value": "Ana will call you"}},
                {"handler": "goto", "params": {"type": "question", "step": 2}}]  # fmt: skip

    go_on(sandbox, body, execute_handlers=handlers)

    assert state(sandbox, number)["shown"] == ["Ana will call you"]
    assert state(sandbox, number)["exit"] == "far"


def shows(count, value="x", **params):
    params = {"type": "text", "value": value, **params}
    return [{"handler": "show", "params": params}] * count


@pytest.mark.parametrize(("handlers", "status"), [
    (shows(10), 202), (shows(11), 400), (shows(1, "x" * 80), 202), (shows(1, "x" * 81), 400),
    (shows(1, buttons=["b"] * 25), 202), (shows(1, buttons=["b"] * 26), 400),
    ([{"handler": "delete"}], 400), ("x", 400), ([{"handler": "goto", "params": {}}], 400),
])  # fmt: skip
def test_continuing_keeps_the_documented_limits(sandbox, lead, handlers, status):
    number = run(sandbox, lead, ASK)
    (body,) = requests_of(sandbox)

    assert go_on(sandbox, body, execute_handlers=handlers) == status
    assert state(sandbox, number)["state"] == ("done" if status == 202 else "waiting")


def test_continuing_needs_a_token_an_admin_and_a_bot_that_waits(sandbox, lead):
    run(sandbox, lead, ASK)
    (body,) = requests_of(sandbox)
    elsewhere = {"return_url": body["return_url"] + "9"}

    found = [go_on(sandbox, body, None), go_on(sandbox, body, "Oleg"), go_on(sandbox, elsewhere),
             go_on(sandbox, body), go_on(sandbox, body)]  # fmt: skip

    assert found == [401, 403, 404, 202, 404]


@pytest.mark.parametrize(("blocks", "between"), [(True, "blocked"), (False, "done")])
def test_an_older_bot_that_hangs_holds_up_the_next_one_of_the_lead(sandbox, lead, blocks, between):
    sandbox.tell("account", bots_block=blocks)
    first, second = run(sandbox, lead, ASK), run(sandbox, lead, ASK)
    bodies = requests_of(sandbox)

    assert go_on(sandbox, bodies[1]) == 202
    assert state(sandbox, second)["state"] == between
    assert sandbox.ask("bots")["hanging"] == ([first, second] if blocks else [first])
    assert go_on(sandbox, bodies[0]) == 202
    assert sandbox.ask("bots")["hanging"] == []


def test_bots_of_other_leads_hold_up_nobody(sandbox, lead):
    (other,) = sandbox.leads()
    run(sandbox, lead, ASK)
    second = run(sandbox, other, ASK)
    bodies = requests_of(sandbox)

    go_on(sandbox, bodies[1])

    assert state(sandbox, second)["state"] == "done"


def test_a_stopped_bot_lets_the_next_one_go_on_and_cannot_be_continued_to_act(sandbox, lead):
    move = {"do": "move", "status_id": sandbox.stages()[2]}
    first, second = run(sandbox, lead, ASK, move), run(sandbox, lead, ASK)
    bodies = requests_of(sandbox)
    go_on(sandbox, bodies[1])

    sandbox.tell("stop_bot", run_id=first)

    assert state(sandbox, second)["state"] == "done"
    go_on(sandbox, bodies[0])
    assert lead.status_id == sandbox.stages()[1]


def test_entering_a_stage_starts_a_bot(sandbox, lead):
    number = sandbox.tell("bot", steps=[ASK])["bot_id"]
    place = {"pipeline_id": sandbox.stages()[0], "status_id": sandbox.stages()[2]}
    sandbox.tell("trigger", **place, bot_id=number)

    sandbox.tell("edit", lead_id=lead.id, changes={"status_id": sandbox.stages()[2]})

    (body,) = requests_of(sandbox)
    assert body["data"]["lead"] == str(lead.id)


def test_a_bot_that_circles_is_stopped(sandbox, lead):
    number = run(sandbox, lead, {"do": "goto", "step": 0})

    assert state(sandbox, number)["state"] == "circling"


def test_a_bot_of_a_deleted_lead_ends(sandbox, lead):
    number = run(sandbox, lead, {"do": "wait", "minutes": 1}, ASK)
    sandbox.tell("delete_lead", lead_id=lead.id)
    sandbox.clock.advance(60)

    assert requests_of(sandbox) == []
    assert state(sandbox, number)["state"] == "stopped"


def test_a_step_that_is_none_is_refused(sandbox):
    form = {"host": sandbox.account.host, "steps": [{"do": "dance"}]}

    assert sandbox.control.run("POST", "bot", form)[0] == 400


def test_the_older_call_still_reaches_one_step_at_once(sandbox, lead):
    sent = []
    sandbox.world.send = lambda outgoing: (sent.append(outgoing), (200, "{}"))[1]

    answer = sandbox.tell("salesbot", lead_id=lead.id, url=URL, data={"x": 1})

    assert (answer["status"], sent[0].json["data"]) == (200, {"x": 1})
    assert go_on(sandbox, sent[0].json, data={"status": "success"}) == 202
    (wait,) = sandbox.ask("bots")["bots"]
    assert wait["answer"] == {"data": {"status": "success"}}
