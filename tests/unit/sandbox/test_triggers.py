"""The digital pipeline: who fires, for whom, when, in which shape, and how it is repeated."""

import json
from urllib.parse import parse_qsl

import pytest

from sandbox.hooks import DEADLINE_SECONDS
from sandbox.leads import Actor, LeadChange, change_leads
from tests.unit.sandbox.test_webhooks import captured, shape
from tests.unit.sandbox.worlds import Sandbox

URL = "https://app.example/dp"


@pytest.fixture
def sandbox():
    return Sandbox()


def put(sandbox, *, at=1, **more):
    """Put a trigger on an ordinary stage of the main pipeline: the first (1) or second (2)."""
    place = {"pipeline_id": sandbox.stages()[0], "status_id": sandbox.stages()[at]}
    form = {**place, "url": URL, "settings": {"key": "k1", "groupId": "g"}, **more}
    return sandbox.tell("trigger", **form)["id"]


def move(sandbox, lead, stage=2, **more):
    sandbox.tell("edit", lead_id=lead.id, changes={"status_id": sandbox.stages()[stage], **more})


def fired(sandbox):
    return [body for body in sandbox.hooks() if "event[type]" in body]


def shown(sandbox, number=None):
    rows = sandbox.ask("triggers")["triggers"]
    return next(row for row in rows if number in (None, row["id"]))["fired"]


def test_a_form_has_the_keys_of_the_capture_and_echoes_the_settings(sandbox, kommo_payload):
    put(sandbox)

    (lead,) = sandbox.leads()

    (body,) = fired(sandbox)
    assert list(body) == [key for key, _ in kommo_payload("17_dp_widget_trigger_form")["fields"]]
    assert shape(body) == captured(kommo_payload("17_dp_widget_trigger_form"))
    assert body["action[settings][widget][settings][key]"] == "k1"
    assert body["event[data][id]"] == str(lead.id)


def test_json_says_the_same_with_numbers(sandbox):
    put(sandbox, encoding="json")
    (lead,) = sandbox.leads()

    (delivery,) = sandbox.crm.due_deliveries(sandbox.crm.now())

    value = json.loads(delivery.body)
    assert delivery.headers["Content-Type"] == "application/json"
    assert value["event"]["data"]["id"] == lead.id
    assert value["event"]["type"] == 15
    assert value["action"]["settings"]["widget"]["settings"] == {"key": "k1", "groupId": "g"}
    assert value["account_id"] == sandbox.account.id


def test_a_form_delivery_says_that_it_is_one(sandbox):
    put(sandbox)
    sandbox.leads()

    (delivery,) = sandbox.crm.due_deliveries(sandbox.crm.now())

    assert delivery.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(delivery.body.decode())) == dict(delivery.pairs)


@pytest.mark.parametrize(("execution", "created", "moved", "code"), [
    ("created", 1, 0, ("1", "lead_added")),
    ("moved", 0, 1, ("14", "lead_status_changed")),
    ("both", 1, 1, ("15", "lead_appeared_in_status")),
])  # fmt: skip
def test_an_execution_says_for_which_leads_and_under_which_code(
    sandbox, execution, created, moved, code
):
    put(sandbox, execution=execution)
    sandbox.leads()
    new = fired(sandbox)
    (other,) = sandbox.leads(status_id=sandbox.stages()[2])
    move(sandbox, other, 1)
    later = fired(sandbox)

    assert (len(new), len(later)) == (created, moved)
    assert {(b["event[type]"], b["event[type_code]"]) for b in new + later} == {code}


CONDITIONS = [
    ({"responsible_user_ids": ["Oleg"]}, {"responsible_user_id": "Oleg"}),
    ({"price_from": 100, "price_to": 200}, {"price": 150}),
    ({"price_from": 100}, {"price": 100}),
    ({"price_to": 200}, {"price": 200}),
    ({"tag": "hot"}, {"tags": [{"id": 1, "name": "hot", "color": None}]}),
    ({"source_ids": [7]}, {"source_id": 7}),
    ({"fields": {"Source": "site"}}, {"fields": {"Source": [{"value": "site"}]}}),
    ({"fields": {"Source": None}}, {"fields": {"Source": [{"value": "any"}]}}),
]
MISSES = {"price": 999, "tags": [], "source_id": 8}


def with_ids(sandbox, values):
    """Put ids where a case names users and fields."""
    text = json.dumps(values)
    for user in sandbox.account.users.values():
        text = text.replace(f'"{user.name}"', str(user.id))
    for field in sandbox.account.fields["leads"].values():
        text = text.replace(f'"{field.name}"', f'"{field.id}"')
    found = json.loads(text)
    if "fields" in found:
        found["fields"] = {int(key): value for key, value in found["fields"].items()}
    return found


@pytest.mark.parametrize(("asked", "met"), CONDITIONS)
def test_a_condition_lets_pass_who_meets_it_and_nobody_else(sandbox, asked, met):
    put(sandbox, conditions=with_ids(sandbox, asked))
    poor = MISSES | ({"price": 1} if "price_to" not in asked else {})

    sandbox.leads(**poor)
    missed = fired(sandbox)
    sandbox.leads(**with_ids(sandbox, met))
    hit = fired(sandbox)

    assert (len(missed), len(hit)) == (0, 1)
    assert [row["skipped"] for row in shown(sandbox)] == ["condition", ""]


def test_a_delayed_trigger_fires_later(sandbox):
    put(sandbox, delay_seconds=180)
    sandbox.leads()
    due_at = sandbox.crm.next_due_at()

    assert fired(sandbox) == []
    sandbox.clock.advance(180)
    assert due_at == sandbox.crm.now()
    assert len(fired(sandbox)) == 1


@pytest.mark.parametrize(("fires", "count", "skipped"), [(False, 0, "left"), (True, 1, "")])
def test_a_lead_that_has_left_meanwhile_fires_only_if_told_to(sandbox, fires, count, skipped):
    put(sandbox, delay_seconds=180, fires_after_leaving=fires)
    (lead,) = sandbox.leads()

    move(sandbox, lead)
    sandbox.clock.advance(200)

    found = fired(sandbox)
    assert len(found) == count
    assert all(b["event[data][status_id]"] == str(sandbox.stages()[1]) for b in found)
    assert [row["skipped"] for row in shown(sandbox)] == [skipped]


def test_a_lead_that_left_and_came_back_fires_once_after_its_second_coming(sandbox):
    put(sandbox, delay_seconds=180)
    (lead,) = sandbox.leads()
    move(sandbox, lead, 2)
    sandbox.clock.advance(60)
    move(sandbox, lead, 1)

    sandbox.clock.advance(130)
    early = fired(sandbox)
    sandbox.clock.advance(50)

    assert (early, len(fired(sandbox))) == ([], 1)


def test_a_deleted_trigger_does_not_fire_what_it_has_delayed(sandbox):
    number = put(sandbox, delay_seconds=180)
    sandbox.leads()

    sandbox.tell("delete_trigger", id=number)
    sandbox.clock.advance(180)

    assert fired(sandbox) == []


@pytest.mark.parametrize(("tells", "directions"), [
    (True, ["went_to_trigger", "went_from_trigger"]), (False, ["went_to_trigger"])
])  # fmt: skip
def test_leaving_is_told_by_a_switch(sandbox, tells, directions):
    put(sandbox, tells_leaving=tells)
    (lead,) = sandbox.leads()

    move(sandbox, lead)

    assert [b["event[data][direction_of_movement]"] for b in fired(sandbox)] == directions


def test_an_action_stretched_over_stages_says_went_in(sandbox):
    put(sandbox, direction="went_in_trigger")

    sandbox.leads()

    assert fired(sandbox)[0]["event[data][direction_of_movement]"] == "went_in_trigger"


def test_leads_already_in_the_stage_are_skipped_until_it_is_applied_to_them(sandbox):
    leads = sandbox.leads(3)
    number = put(sandbox)
    before = fired(sandbox)

    told = sandbox.tell("apply_trigger", id=number)["lead_ids"]

    assert before == []
    assert told == [lead.id for lead in leads]
    assert [b["event[data][id]"] for b in fired(sandbox)] == [str(lead.id) for lead in leads]


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3), (4, 5)])
def test_bad_answers_are_repeated_within_the_hour_as_the_switch_says(sandbox, retries, attempts):
    put(sandbox, retries=retries)
    sandbox.leads()
    start = sandbox.crm.now()
    times = []
    while sandbox.crm.next_due_at() is not None:
        sandbox.clock.move_to(max(sandbox.crm.next_due_at(), sandbox.crm.now()))
        for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
            times.append(sandbox.crm.now() - start)
            sandbox.crm.settle_delivery(delivery, 500)

    assert len(times) == attempts
    assert times[-1] <= 3_600
    assert shown(sandbox)[0]["statuses"] == [500] * attempts


def test_a_good_answer_ends_the_attempts(sandbox):
    put(sandbox, retries=4)
    sandbox.leads()
    (first,) = sandbox.crm.due_deliveries(sandbox.crm.now())
    sandbox.crm.settle_delivery(first, None)
    sandbox.clock.advance(60)
    (second,) = sandbox.crm.due_deliveries(sandbox.crm.now())
    sandbox.crm.settle_delivery(second, 204)

    assert sandbox.crm.next_due_at() is None
    assert shown(sandbox)[0]["statuses"] == [None, 204]
    assert (second.attempt, DEADLINE_SECONDS) == (2, 2.0)


def test_triggers_are_doubled_and_lost_by_the_accounts_weather(sandbox):
    put(sandbox)
    sandbox.tell("weather", duplicate=1.0)
    sandbox.leads()
    doubled = fired(sandbox)
    sandbox.tell("weather", is_off=True)
    sandbox.leads()

    assert (len(doubled), fired(sandbox)) == (2, [])


def test_a_trigger_can_be_changed_switched_off_and_moved(sandbox):
    number = put(sandbox)
    assert put(sandbox, at=2, id=number, is_on=False) == number
    sandbox.leads(status_id=sandbox.stages()[2])
    off = fired(sandbox)
    sandbox.tell("trigger", id=number, is_on=True, settings={"key": "k2"})
    sandbox.leads()
    elsewhere = fired(sandbox)
    sandbox.leads(status_id=sandbox.stages()[2])

    (body,) = fired(sandbox)
    assert (off, elsewhere) == ([], [])
    assert body["action[settings][widget][settings][key]"] == "k2"


def test_two_triggers_on_one_stage_have_each_their_key(sandbox):
    put(sandbox, settings={"key": "first"})
    put(sandbox, settings={"key": "second"}, delay_seconds=180)
    sandbox.leads()
    now = fired(sandbox)
    sandbox.clock.advance(180)

    keys = [b["action[settings][widget][settings][key]"] for b in now + fired(sandbox)]
    assert keys == ["first", "second"]


@pytest.mark.parametrize("wrong", [
    {"execution": "sometimes"}, {"encoding": "xml"}, {"direction": "went_from_trigger"},
    {"retries": 5}, {"url": ""},
])  # fmt: skip
def test_wrong_triggers_are_refused(sandbox, wrong):
    form = {"host": sandbox.account.host, "url": URL, "settings": {}, **wrong}

    status, answer = sandbox.control.run("POST", "trigger", form)

    assert (status, sandbox.account.triggers) == (400, {})
    assert answer["error"]


def test_a_change_that_stays_in_the_stage_fires_nothing(sandbox):
    put(sandbox)
    (lead,) = sandbox.leads()
    fired(sandbox)

    change_leads(sandbox.crm, sandbox.account, [LeadChange(lead, {"price": 5})], Actor(0))

    assert fired(sandbox) == []
