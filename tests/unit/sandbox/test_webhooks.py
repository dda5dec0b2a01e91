"""What is sent when something happens: key sets of the captures, attempts, auto-disable, weather."""

import re
from urllib.parse import parse_qsl

import pytest

from sandbox.activity import add_notes, add_tasks, change_tasks
from sandbox.hooks import seconds_to_retry
from sandbox.leads import Actor, LeadChange, change_leads, delete_leads, restore_leads
from sandbox.model import Trigger
from sandbox.people import PersonDraft, add_people
from tests.unit.sandbox.worlds import BASE, HOOK, Sandbox


@pytest.fixture
def sandbox():
    made = Sandbox()
    made.subscribe()
    return made


def shape(keys):
    """Return keys with list indexes replaced, so that two bodies can be compared."""
    return {re.sub(r"\[\d+\]", "[#]", key) for key in keys}


def captured(payload):
    return shape(key for key, _ in payload["fields"])


def changed(sandbox, lead, fields=None, **values):
    change = LeadChange(lead, values, fields or {})
    change_leads(sandbox.crm, sandbox.account, [change], Actor(sandbox.user("Sonia").id))


def field_named(sandbox, name):
    return next(f for f in sandbox.account.fields["leads"].values() if f.name == name)


def test_an_added_lead_has_the_captured_keys(sandbox, kommo_payload):
    sandbox.leads()

    (body,) = sandbox.hooks()

    assert shape(body) == captured(kommo_payload("01_leads_add"))


def test_an_edited_lead_with_fields_has_the_captured_keys(sandbox, kommo_payload):
    lead = sandbox.leads()[0]
    sandbox.hooks()
    source, vip = field_named(sandbox, "Source"), field_named(sandbox, "VIP")

    changed(sandbox, lead, {source.id: [{"value": "site"}], vip.id: [{"value": True}]})

    (body,) = sandbox.hooks()
    assert shape(body) == captured(kommo_payload("02_leads_update_custom_fields"))
    assert body["leads[update][0][custom_fields][1][values][0][value]"] == "1"


def test_a_date_field_is_a_bare_value(sandbox):
    lead = sandbox.leads()[0]
    sandbox.hooks()

    changed(sandbox, lead, {field_named(sandbox, "Due on").id: [{"value": 1_790_000_000}]})

    (body,) = sandbox.hooks()
    assert body["leads[update][0][custom_fields][0][values][0]"] == "1790000000"


def test_a_stage_change_raises_update_and_status(sandbox, kommo_payload):
    lead = sandbox.leads()[0]
    sandbox.hooks()
    old = lead.status_id

    changed(sandbox, lead, status_id=142)

    update, status = sandbox.hooks()
    assert shape(status) == captured(kommo_payload("06_leads_status_plain"))
    assert status["leads[status][0][old_status_id]"] == str(old)
    assert update["leads[update][0][status_id]"] == "142"


def test_an_owner_change_raises_update_and_responsible(sandbox, kommo_payload):
    lead = sandbox.leads()[0]
    source = field_named(sandbox, "Source")
    changed(sandbox, lead, {source.id: [{"value": "x"}]})
    sandbox.hooks()

    changed(sandbox, lead, responsible_user_id=sandbox.user("Oleg").id)

    _, responsible = sandbox.hooks()
    newer = {"leads[responsible][#][created_at]", "leads[responsible][#][updated_at]",
             "account[id]", "account[_links][self]"}  # fmt: skip
    assert shape(responsible) == captured(kommo_payload("07_leads_responsible")) | newer
    assert responsible["leads[responsible][0][modified_user_id]"] == str(sandbox.user("Sonia").id)


def test_an_added_contact_has_the_captured_keys(sandbox, kommo_payload):
    sandbox.subscribe("add_contact")
    owner = sandbox.user("Vera").id

    add_people(sandbox.crm, sandbox.account, "contacts", [PersonDraft("P", owner)], Actor(owner))

    (body,) = sandbox.hooks()
    assert shape(body) == captured(kommo_payload("03_contacts_add"))


def test_a_note_has_the_captured_keys(sandbox, kommo_payload):
    lead = sandbox.leads()[0]
    sandbox.hooks()
    draft = {"entity_id": lead.id, "note_type": "common", "params": {"text": "hi"}}

    add_notes(sandbox.crm, sandbox.account, "leads", [draft], Actor(sandbox.user("Ana").id))

    (body,) = sandbox.hooks()
    assert shape(body) == captured(kommo_payload("14_leads_note"))


def test_a_reassigned_task_has_the_documented_keys(sandbox, kommo_payload):
    sandbox.subscribe("responsible_task")
    lead = sandbox.leads()[0]
    draft = {"text": "call", "complete_till": 1_790_003_600, "entity_id": lead.id,
             "entity_type": "leads"}  # fmt: skip
    (task,) = add_tasks(sandbox.crm, sandbox.account, [draft], Actor(sandbox.user("Ana").id))
    moved = [(task, {"responsible_user_id": sandbox.user("Oleg").id})]

    change_tasks(sandbox.crm, sandbox.account, moved, Actor(sandbox.user("Ana").id))

    (body,) = sandbox.hooks()
    account = {"account[subdomain]", "account[id]", "account[_links][self]"}
    assert shape(body) == captured(kommo_payload("20_task_update_responsible")) | account


def test_a_trigger_fires_when_a_lead_enters_its_stage(sandbox, kommo_payload):
    lead = sandbox.leads()[0]
    sandbox.hooks()
    place = (lead.pipeline_id, 142)
    settings = {"key": "k", "groupId": "g"}
    sandbox.account.triggers[1] = Trigger(1, *place, "https://app.example/dp", settings)

    changed(sandbox, lead, status_id=142)

    trigger = next(body for body in sandbox.hooks() if "event[type]" in body)
    assert shape(trigger) == captured(kommo_payload("17_dp_widget_trigger_form"))


def test_deleted_and_restored_leads_are_told(sandbox):
    lead = sandbox.leads()[0]
    sandbox.hooks()

    delete_leads(sandbox.crm, sandbox.account, [lead], Actor(0))
    restore_leads(sandbox.crm, sandbox.account, [lead], Actor(0))

    deleted, restored = sandbox.hooks()
    assert {key for key in deleted if key.startswith("leads")} == {
        "leads[delete][0][id]", "leads[delete][0][status_id]", "leads[delete][0][pipeline_id]"
    }  # fmt: skip
    assert "leads[restore][0][responsible_user_id]" in restored


def test_the_body_is_form_encoded_with_the_captured_headers(sandbox, kommo_payload):
    sandbox.leads(name="Ёлка & сын")

    (delivery,) = sandbox.crm.due_deliveries(sandbox.crm.now())

    assert dict(parse_qsl(delivery.body.decode()))["leads[add][0][name]"] == "Ёлка & сын"
    assert delivery.destination == HOOK
    expected = kommo_payload("01_leads_add")["headers"]
    assert {name.lower() for name in delivery.headers} == set(expected)
    assert delivery.headers["User-Agent"] == expected["user-agent"]


def test_an_echo_of_a_patch_names_the_user_of_the_token(sandbox):
    leads = sandbox.leads(3)
    sandbox.hooks()
    items = [{"id": lead.id, "responsible_user_id": sandbox.user("Max").id} for lead in leads]

    sandbox.session().patch(f"{BASE}/api/v4/leads", json=items)

    update, responsible = sandbox.hooks()
    for index in range(3):
        assert update[f"leads[update][{index}][modified_user_id]"] == str(sandbox.user("Vera").id)
        assert responsible[f"leads[responsible][{index}][id]"] == str(leads[index].id)


def test_a_patch_that_changes_nothing_raises_no_hook_but_is_counted(sandbox):
    lead = sandbox.leads()[0]
    sandbox.hooks()
    body = {"responsible_user_id": lead.responsible_user_id, "updated_by": 0}

    answer = sandbox.session().patch(f"{BASE}/api/v4/leads/{lead.id}", json=body)

    assert answer.status_code == 200
    assert sandbox.hooks() == []
    assert sandbox.account.redundant_patches == 1


def test_merged_weather_puts_all_actions_into_one_body(sandbox):
    sandbox.account.weather.is_merged = True
    lead = sandbox.leads()[0]
    sandbox.hooks()

    changed(sandbox, lead, status_id=143, responsible_user_id=sandbox.user("Oleg").id)

    (body,) = sandbox.hooks()
    assert {"leads[update][0][id]", "leads[status][0][id]", "leads[responsible][0][id]"} <= set(
        body
    )


def test_items_per_body_splits_bulk_edits(sandbox):
    sandbox.account.weather.items_per_body = 2
    leads = sandbox.leads(5)
    sandbox.hooks()
    changes = [LeadChange(lead, {"price": 5}) for lead in leads]

    change_leads(sandbox.crm, sandbox.account, changes, Actor(0))

    assert len(sandbox.hooks()) == 3


def test_duplicates_have_other_request_ids(sandbox):
    sandbox.account.weather.duplicate = 1.0
    sandbox.leads()

    first, second = sandbox.crm.due_deliveries(sandbox.crm.now())

    assert first.body == second.body
    assert first.request_id != second.request_id


def test_jitter_lets_bodies_overtake_each_other(sandbox):
    sandbox.account.weather.jitter = 60.0
    leads = sandbox.leads(30)
    sandbox.clock.advance(60)

    seen = [int(body["leads[add][0][id]"]) for body in sandbox.hooks()]

    assert sorted(seen) == [lead.id for lead in leads]
    assert seen != sorted(seen)


def test_a_delay_holds_bodies_back(sandbox):
    sandbox.account.weather.delay = 86_400.0
    sandbox.leads()

    assert sandbox.hooks() == []
    sandbox.clock.advance(86_400)
    assert len(sandbox.hooks()) == 1


def test_webhooks_that_are_off_are_lost(sandbox):
    sandbox.account.weather.is_off = True
    sandbox.leads()
    sandbox.account.weather.is_off = False

    assert sandbox.hooks() == []


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        (204, [None]),
        (299, [None]),
        (404, [300, 900, None]),
        (302, [300, 900, None]),
        (None, [300, 900, None]),
        (499, [300, 900, 900, 3_600, None]),
        (503, [300, 900, 900, 3_600, None]),
    ],
)
def test_attempts_follow_the_table(status, waits):
    assert [seconds_to_retry(n, status) for n in range(1, len(waits) + 1)] == waits


def test_a_failing_destination_gets_five_attempts_with_one_request_id(sandbox):
    sandbox.leads()
    seen = []
    for seconds in (0, 300, 900, 900, 3_600, 10_000):
        sandbox.clock.advance(seconds)
        for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
            seen.append((delivery.attempt, delivery.request_id))
            sandbox.crm.settle_delivery(delivery, 500)

    assert [attempt for attempt, _ in seen] == [1, 2, 3, 4, 5]
    assert len({name for _, name in seen}) == 1


@pytest.mark.parametrize(("bad", "is_disabled"), [(100, False), (101, True)])
def test_more_than_a_hundred_bad_answers_disable(sandbox, bad, is_disabled):
    sandbox.leads(bad)
    for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
        sandbox.crm.settle_delivery(delivery, 404)

    (listed,) = sandbox.session().get(f"{BASE}/api/v4/webhooks").json()["_embedded"]["webhooks"]
    assert listed["disabled"] is is_disabled


def test_a_good_answer_after_a_hundred_bad_ones_does_not_disable(sandbox):
    sandbox.leads(101)
    for index, delivery in enumerate(sandbox.crm.due_deliveries(sandbox.crm.now())):
        sandbox.crm.settle_delivery(delivery, 404 if index < 100 else 200)

    assert not next(iter(sandbox.account.subscriptions.values())).disabled


def test_bad_answers_are_forgotten_after_two_hours(sandbox):
    sandbox.leads(100)
    for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
        sandbox.crm.settle_delivery(delivery, 400)
    sandbox.crm.post.forget()
    sandbox.clock.advance(7_200)
    sandbox.leads(1)
    for delivery in sandbox.crm.due_deliveries(sandbox.crm.now()):
        sandbox.crm.settle_delivery(delivery, 400)

    assert not next(iter(sandbox.account.subscriptions.values())).disabled


def test_subscribing_again_enables(sandbox):
    row = next(iter(sandbox.account.subscriptions.values()))
    row.disabled = True

    sandbox.subscribe("add_lead")

    assert (row.disabled, row.settings) == (False, ["add_lead"])


def test_unconfirmed_codes_can_be_refused(sandbox):
    sandbox.account.accepts_unconfirmed_hooks = False
    body = {"destination": HOOK, "settings": ["add_lead", "update_task"]}

    answer = sandbox.session().post(f"{BASE}/api/v4/webhooks", json=body)

    assert answer.status_code == 400
    assert answer.json()["validation-errors"][0]["errors"][0]["path"] == "settings.1"
