"""API v4 as KOMMO.md has it: lists, pages, batches, rights, errors."""

import pytest

from sandbox.leads import Actor, delete_leads
from tests.unit.sandbox.worlds import BASE, Sandbox

API = f"{BASE}/api/v4"


@pytest.fixture
def sandbox():
    return Sandbox()


@pytest.fixture
def vera(sandbox):
    return sandbox.session()


def ids_of(answer):
    return [lead["id"] for lead in answer.json()["_embedded"]["leads"]]


def all_pages(session, url):
    found = []
    while url:
        answer = session.get(url)
        if answer.status_code == 204:
            break
        found += ids_of(answer)
        url = answer.json()["_links"].get("next", {}).get("href")
    return found


def test_the_account_shows_groups_and_zone(sandbox, vera):
    found = vera.get(f"{API}/account?with=users_groups,task_types,datetime_settings").json()

    assert found["id"] == sandbox.account.id
    assert found["_embedded"]["users_groups"][0]["id"] == 0
    assert found["_embedded"]["datetime_settings"]["timezone"] == "Europe/Madrid"
    assert found["current_user_id"] == sandbox.user("Vera").id


def test_the_default_group_is_null_for_users_and_zero_for_leads(sandbox, vera):
    oleg, max_ = sandbox.user("Oleg"), sandbox.user("Max")
    lead = sandbox.leads(responsible_user_id=oleg.id)[0]

    assert vera.get(f"{API}/users/{oleg.id}").json()["rights"]["group_id"] is None
    assert vera.get(f"{API}/users/{max_.id}").json()["rights"]["group_id"] == max_.group_id != 0
    assert vera.get(f"{API}/leads/{lead.id}").json()["group_id"] == 0


@pytest.mark.parametrize("path", ["/users", "/users/11000001", "/webhooks", "/roles"])
def test_admin_endpoints_refuse_others(sandbox, path):
    assert sandbox.session("Sonia").get(API + path).status_code == 403


def test_the_context_header_lends_another_users_rights(sandbox, vera):
    oleg = str(sandbox.user("Oleg").id)
    own, others = {"X-Context-User-ID": oleg}, {"X-Context-User-ID": "999"}

    assert vera.get(f"{API}/users", headers=own).status_code == 403
    assert vera.get(f"{API}/account", headers=others).status_code == 403
    assert sandbox.session("Ana").get(f"{API}/account", headers=own).status_code == 403


def test_every_pipeline_has_unsorted_won_and_lost(vera):
    for pipeline in vera.get(f"{API}/leads/pipelines").json()["_embedded"]["pipelines"]:
        stages = pipeline["_embedded"]["statuses"]
        assert [stage["type"] for stage in stages].count(1) == 1
        assert [stage["id"] for stage in stages][-2:] == [142, 143]
        assert all(stage["pipeline_id"] == pipeline["id"] for stage in stages)


def test_a_token_of_another_account_is_unknown_here(sandbox, vera):
    from sandbox.seed import Plan, open_account

    open_account(sandbox.crm, Plan(host="rival.kommo.com"))

    assert vera.get("https://rival.kommo.com/api/v4/account").status_code == 401


def test_pages_follow_next_until_it_is_absent(sandbox, vera):
    leads = sandbox.leads(601)

    assert all_pages(vera, f"{API}/leads?limit=250") == [lead.id for lead in leads]
    assert vera.get(f"{API}/leads?limit=250&page=4").status_code == 204


def test_an_empty_list_and_a_missing_lead_are_204(vera):
    assert vera.get(f"{API}/leads").status_code == 204
    assert vera.get(f"{API}/leads/1").status_code == 204


def test_a_limit_above_250_is_refused(vera):
    assert vera.get(f"{API}/leads?limit=251").status_code == 400


def test_filters_narrow_the_list(sandbox, vera):
    first, second, third = sandbox.leads(3)
    oleg = sandbox.user("Oleg").id
    sandbox.clock.advance(10)
    vera.patch(f"{API}/leads/{second.id}", json={"responsible_user_id": oleg})
    vera.patch(f"{API}/leads/{third.id}", json={"status_id": 142})
    stage = (
        f"filter[statuses][0][pipeline_id]={third.pipeline_id}&filter[statuses][0][status_id]=142"
    )
    since = int(sandbox.clock.now())

    def found(query):
        return all_pages(vera, f"{API}/leads?{query}")

    assert found(f"filter[id][]={first.id}&filter[id][]={third.id}") == [first.id, third.id]
    assert found(f"filter[responsible_user_id][]={oleg}") == [second.id]
    assert found(stage) == [third.id]
    assert found(f"filter[updated_at][from]={since}") == [second.id, third.id]
    assert found(f"filter[updated_at][to]={since - 1}") == [first.id]
    assert found("order[id]=desc") == [third.id, second.id, first.id]
    assert found(f"filter[pipeline_id][]={first.pipeline_id + 1}") == []


def test_only_the_first_stage_of_a_filter_counts(sandbox, vera):
    won, lost = sandbox.leads(1, status_id=142)[0], sandbox.leads(1, status_id=143)[0]
    stages = "&".join(
        f"filter[statuses][{n}][pipeline_id]={lead.pipeline_id}"
        f"&filter[statuses][{n}][status_id]={lead.status_id}"
        for n, lead in enumerate((won, lost))
    )

    assert all_pages(vera, f"{API}/leads?{stages}") == [won.id]


def test_a_lead_has_the_documented_keys(sandbox, vera):
    lead = sandbox.leads()[0]

    found = vera.get(f"{API}/leads/{lead.id}?with=contacts").json()

    assert set(found) == {
        "id", "name", "price", "responsible_user_id", "group_id", "status_id", "pipeline_id",
        "loss_reason_id", "created_by", "updated_by", "created_at", "updated_at", "closed_at",
        "closest_task_at", "is_deleted", "custom_fields_values", "score", "account_id",
        "labor_cost", "is_price_computed", "_links", "_embedded",
    }  # fmt: skip
    assert set(found["_embedded"]) == {"tags", "companies", "contacts"}


def test_a_patch_answers_thinly_and_logs_events(sandbox, vera):
    lead, oleg = sandbox.leads()[0], sandbox.user("Oleg").id

    answer = vera.patch(f"{API}/leads", json=[{"id": lead.id, "responsible_user_id": oleg}])

    (item,) = answer.json()["_embedded"]["leads"]
    assert set(item) == {"id", "updated_at", "request_id", "_links"}
    query = (
        f"filter[type]=entity_responsible_changed&filter[entity]=lead&filter[entity_id]={lead.id}"
    )
    (event,) = vera.get(f"{API}/events?{query}").json()["_embedded"]["events"]
    assert event["value_after"] == [{"responsible_user": {"id": oleg}}]
    assert event["value_before"] == [{"responsible_user": {"id": sandbox.user("Vera").id}}]
    assert isinstance(event["id"], str)


def test_a_batch_with_one_fault_writes_nothing(sandbox, vera):
    good, bad = sandbox.leads(2)
    items = [{"id": good.id, "price": 7}, {"id": bad.id, "responsible_user_id": 5}]

    answer = vera.patch(f"{API}/leads", json=items)

    (entry,) = answer.json()["validation-errors"]
    assert answer.status_code == 400
    assert entry["request_id"] == "1"
    assert entry["errors"][0]["path"] == "responsible_user_id"
    assert good.price == 0


def test_a_deleted_lead_is_204_and_cannot_be_patched(sandbox, vera):
    lead = sandbox.leads()[0]
    delete_leads(sandbox.crm, sandbox.account, [lead], Actor(0))

    assert vera.get(f"{API}/leads/{lead.id}").status_code == 204
    assert vera.get(f"{API}/leads?filter[id][]={lead.id}").status_code == 204
    assert vera.patch(f"{API}/leads/{lead.id}", json={"price": 1}).status_code == 404
    assert vera.patch(f"{API}/leads", json=[{"id": lead.id, "price": 1}]).status_code == 400


@pytest.mark.parametrize(("count", "status"), [(250, 200), (251, 422)])
def test_a_batch_holds_at_most_250(sandbox, vera, count, status):
    sandbox.leads(251)
    items = [{"id": lead, "price": 1} for lead in list(sandbox.account.leads)[:count]]

    assert vera.patch(f"{API}/leads", json=items).status_code == status


def test_a_long_url_is_refused(vera):
    query = "&".join(f"filter%5Bid%5D%5B%5D={20_000_000 + n}" for n in range(300))

    assert vera.get(f"{API}/leads?{query}").status_code == 414


def test_a_pipeline_alone_moves_to_its_first_stage(sandbox, vera):
    lead = sandbox.leads()[0]
    other = list(sandbox.account.pipelines.values())[1]

    vera.patch(f"{API}/leads/{lead.id}", json={"pipeline_id": other.id})

    assert (lead.pipeline_id, lead.status_id) == (other.id, other.first_stage().id)


def test_closing_sets_closed_at_and_opening_clears_it(sandbox, vera):
    lead = sandbox.leads()[0]
    first = lead.status_id

    vera.patch(f"{API}/leads/{lead.id}", json={"status_id": 142})
    assert lead.closed_at == int(sandbox.clock.now())
    vera.patch(f"{API}/leads/{lead.id}", json={"status_id": first})
    assert lead.closed_at is None


def test_fields_are_written_read_and_cleared(sandbox, vera):
    lead = sandbox.leads()[0]
    vip = next(f.id for f in sandbox.account.fields["leads"].values() if f.name == "VIP")

    def write(values):
        body = {"custom_fields_values": [{"field_id": vip, "values": values}]}
        return vera.patch(f"{API}/leads/{lead.id}", json=body).status_code

    assert write([{"value": True}]) == 200
    (shown,) = vera.get(f"{API}/leads/{lead.id}").json()["custom_fields_values"]
    assert (shown["field_type"], shown["values"]) == ("checkbox", [{"value": True}])
    assert write([{"value": "yes"}]) == 400
    assert write(None) == 200
    assert vera.get(f"{API}/leads/{lead.id}").json()["custom_fields_values"] is None


def test_contacts_are_linked_and_reassigned(sandbox, vera):
    made = vera.post(f"{API}/contacts", json=[{"name": "Ada"}]).json()
    contact = made["_embedded"]["contacts"][0]["id"]
    body = [{"name": "L", "_embedded": {"contacts": [{"id": contact}], "tags": [{"name": "t"}]}}]
    lead = vera.post(f"{API}/leads", json=body).json()["_embedded"]["leads"][0]["id"]
    oleg = sandbox.user("Oleg").id

    vera.patch(f"{API}/contacts", json=[{"id": contact, "responsible_user_id": oleg}])

    shown = vera.get(f"{API}/leads/{lead}?with=contacts").json()["_embedded"]
    assert [(c["id"], c["is_main"]) for c in shown["contacts"]] == [(contact, True)]
    assert shown["tags"][0]["name"] == "t"
    person = vera.get(f"{API}/contacts/{contact}?with=leads").json()
    assert person["responsible_user_id"] == oleg
    assert [row["id"] for row in person["_embedded"]["leads"]] == [lead]


def test_complex_leads_bring_their_contact(vera):
    body = [{"name": "L", "_embedded": {"contacts": [{"first_name": "Ada"}]}}]

    (made,) = vera.post(f"{API}/leads/complex", json=body).json()

    assert made["merged"] is False
    assert vera.get(f"{API}/contacts/{made['contact_id']}").json()["name"] == "Ada"


def test_tasks_are_created_filtered_reassigned_and_completed(sandbox, vera):
    lead, oleg = sandbox.leads()[0], sandbox.user("Oleg").id
    task = {"text": "Call", "complete_till": 1_790_009_999, "entity_id": lead.id,
            "entity_type": "leads"}  # fmt: skip
    number = vera.post(f"{API}/tasks", json=[task]).json()["_embedded"]["tasks"][0]["id"]
    query = f"filter[entity_type]=leads&filter[entity_id][]={lead.id}&filter[is_completed]=0"

    assert vera.get(f"{API}/leads/{lead.id}").json()["closest_task_at"] == 1_790_009_999
    assert vera.get(f"{API}/tasks?{query}").json()["_embedded"]["tasks"][0]["id"] == number
    vera.patch(f"{API}/tasks", json=[{"id": number, "responsible_user_id": oleg}])
    vera.patch(f"{API}/tasks/{number}", json={"is_completed": True, "result": {"text": "ok"}})
    assert vera.get(f"{API}/tasks?{query}").status_code == 204
    assert vera.post(f"{API}/tasks", json=[{"text": "no date"}]).status_code == 400


def test_notes_are_written_and_read_back(sandbox, vera):
    lead = sandbox.leads()[0]
    note = {"entity_id": lead.id, "note_type": "extended_service_message",
            "params": {"service": "Peresmenka", "text": "Oleg → Ana"}}  # fmt: skip

    assert vera.post(f"{API}/leads/notes", json=[note]).status_code == 200
    (found,) = vera.get(f"{API}/leads/{lead.id}/notes").json()["_embedded"]["notes"]
    assert found["params"]["text"] == "Oleg → Ana"
    missing = {**note, "entity_id": 1}
    assert vera.post(f"{API}/leads/notes", json=[missing]).status_code == 400


def test_events_take_at_most_ten_ids(sandbox, vera):
    leads = sandbox.leads(11)
    query = "&".join(f"filter[entity_id][]={lead.id}" for lead in leads)

    assert vera.get(f"{API}/events?filter[entity]=lead&{query}").status_code == 400


def test_rights_hide_other_peoples_leads(sandbox):
    ana = sandbox.user("Ana")
    ana.rights["leads.view"] = "M"
    sandbox.leads(2)
    own = sandbox.leads(1, responsible_user_id=ana.id)[0]

    assert all_pages(sandbox.session("Ana"), f"{API}/leads") == [own.id]


def test_an_unpaid_account_answers_402(sandbox, vera):
    sandbox.account.is_paid = False

    assert vera.get(f"{API}/account").status_code == 402


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("DELETE", "/leads", 405), ("GET", "/leads/pipelines/1", 404),
])  # fmt: skip
def test_unknown_paths_and_methods(vera, method, path, status):
    assert vera.request(method, API + path).status_code == status


@pytest.mark.parametrize("body", ["{", '{"id": 1}', '["x"]', "null"])
def test_a_malformed_batch_is_400(vera, body):
    assert vera.patch(f"{API}/leads", data=body).status_code == 400
