"""Contacts, companies and customers with their links, and tasks with their filters and hooks."""

import pytest

from tests.unit.sandbox.test_webhooks import captured, shape
from tests.unit.sandbox.worlds import BASE, Sandbox


@pytest.fixture
def sandbox():
    return Sandbox()


@pytest.fixture
def family(sandbox):
    """A company with two contacts and two leads of the first of them."""
    (company,) = sandbox.tell("people", kind="companies", names=["Acme Ltd"])["ids"]
    contacts = sandbox.tell("people", names=["Eva", "Ivo"], company_id=company)["ids"]
    leads = sandbox.tell("leads", count=2, contact_ids=contacts, company_id=company)["lead_ids"]
    return {"company": company, "contacts": contacts, "leads": leads}


def ids(rows):
    return [row["id"] for row in rows]


def test_a_contact_names_its_leads_and_its_company(sandbox, family):
    first = family["contacts"][0]

    (row,) = sandbox.embedded(f"/contacts?filter[id][]={first}&with=leads", "contacts")

    assert ids(row["_embedded"]["leads"]) == family["leads"]
    assert ids(row["_embedded"]["companies"]) == [family["company"]]


def test_a_company_names_its_leads_and_contacts(sandbox, family):
    path = f"/companies?filter[id][]={family['company']}&with=leads,contacts"

    (row,) = sandbox.embedded(path, "companies")

    assert ids(row["_embedded"]["leads"]) == family["leads"]
    assert ids(row["_embedded"]["contacts"]) == family["contacts"]


def test_deleted_leads_are_not_among_the_linked_ones(sandbox, family):
    sandbox.tell("delete_lead", lead_id=family["leads"][0])

    (row,) = sandbox.embedded(
        f"/companies?filter[id][]={family['company']}&with=leads", "companies"
    )

    assert ids(row["_embedded"]["leads"]) == family["leads"][1:]


def test_a_lead_names_its_contacts_the_main_one_and_the_company(sandbox, family):
    lead = sandbox.get(f"/leads/{family['leads'][0]}?with=contacts").json()

    shown = [(row["id"], row["is_main"]) for row in lead["_embedded"]["contacts"]]
    assert shown == [(family["contacts"][0], True), (family["contacts"][1], False)]
    assert ids(lead["_embedded"]["companies"]) == [family["company"]]


def test_links_made_later_are_seen_from_both_sides(sandbox, family):
    (lead,) = sandbox.tell("leads", contacts=0)["lead_ids"]
    other = family["contacts"][1]

    sandbox.tell("link", lead_id=lead, contact_id=other, company_id=family["company"])

    (row,) = sandbox.embedded(f"/contacts?filter[id][]={other}&with=leads", "contacts")
    assert lead in ids(row["_embedded"]["leads"])
    assert sandbox.account.leads[lead].company_id == family["company"]


@pytest.mark.parametrize(("refusal", "status"), [(None, 403), (402, 402)])
def test_customers_are_refused_where_the_mode_is_off(sandbox, refusal, status):
    if refusal:
        sandbox.tell("account", customers_refusal=refusal)

    answers = [
        sandbox.get("/customers"),
        sandbox.get("/customers/1"),
        sandbox.session().post(f"{BASE}/api/v4/customers", json=[{"name": "X"}]),
        sandbox.session().patch(f"{BASE}/api/v4/customers", json=[{"id": 1}]),
    ]

    assert {answer.status_code for answer in answers} == {status}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert sandbox.get("/account").json()["customers_mode"] == "disabled"


def test_customers_are_linked_to_contacts_and_companies(sandbox, family):
    sandbox.tell("account", customers_mode="segments")
    (customer,) = sandbox.tell(
        "customers", contact_ids=family["contacts"], company_ids=[family["company"]]
    )["ids"]

    (row,) = sandbox.embedded(
        f"/customers?filter[id][]={customer}&with=contacts,companies", "customers"
    )
    (contact,) = sandbox.embedded(
        f"/contacts?filter[id][]={family['contacts'][1]}&with=customers", "contacts"
    )

    assert ids(row["_embedded"]["contacts"]) == family["contacts"]
    assert ids(row["_embedded"]["companies"]) == [family["company"]]
    assert ids(contact["_embedded"]["customers"]) == [customer]
    assert sandbox.get("/account").json()["customers_mode"] == "segments"


def test_the_owner_of_customers_can_be_changed_in_a_batch(sandbox):
    sandbox.tell("account", customers_mode="periodicity")
    made = sandbox.tell("customers", count=2)["ids"]
    oleg = sandbox.user("Oleg").id
    items = [{"id": number, "responsible_user_id": oleg} for number in made]

    assert sandbox.session().patch(f"{BASE}/api/v4/customers", json=items).status_code == 200

    rows = sandbox.embedded("/customers", "customers")
    assert [row["responsible_user_id"] for row in rows] == [oleg, oleg]


def test_a_created_customer_can_name_its_contact(sandbox, family):
    sandbox.tell("account", customers_mode="dynamic")
    body = [{"name": "Regular", "_embedded": {"contacts": [{"id": family["contacts"][0]}]}}]

    made = sandbox.session().post(f"{BASE}/api/v4/customers", json=body).json()

    (number,) = ids(made["_embedded"]["customers"])
    assert sandbox.account.people["customers"][number].contact_ids == family["contacts"][:1]


def test_a_humans_change_of_a_contacts_owner_is_told_with_the_old_owner(sandbox, family):
    sandbox.subscribe("update_contact")
    oleg, vera = sandbox.user("Oleg").id, sandbox.user("Vera").id

    sandbox.tell("edit_linked", kind="contacts", id=family["contacts"][0],
                 changes={"responsible_user_id": oleg})  # fmt: skip

    (body,) = sandbox.hooks()
    assert body["contacts[update][0][responsible_user_id]"] == str(oleg)
    assert body["contacts[update][0][old_responsible_user_id]"] == str(vera)


@pytest.fixture
def tasks(sandbox, family):
    """Three tasks: two of the first lead (Ana's and Max's), one of the company (Ana's)."""
    ana, max_ = sandbox.user("Ana").id, sandbox.user("Max").id
    lead = family["leads"][0]
    return [
        *sandbox.tell("task", lead_id=lead, responsible_user_id=ana)["task_ids"],
        *sandbox.tell("task", lead_id=lead, responsible_user_id=max_)["task_ids"],
        *sandbox.tell("task", entity_type="companies", entity_id=family["company"],
                      responsible_user_id=ana)["task_ids"],
    ]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), [
    ("", [0, 1, 2]),
    ("filter[id][]={t1}&filter[id][]={t2}", [1, 2]),
    ("filter[id][]={t0}&filter[entity_type]=companies", []),
    ("filter[entity_type]=leads&filter[entity_id][]={lead}", [0, 1]),
    ("filter[entity_type]=companies&filter[entity_id][]={company}", [2]),
    ("filter[responsible_user_id][]={ana}", [0, 2]),
    ("filter[is_completed]=0", [0, 2]),
    ("filter[is_completed]=1", [1]),
    ("filter[updated_at][from]={later}", [1]),
    ("limit=2&page=2", [2]),
    ("filter[task_type][]=2", []),
])  # fmt: skip
def test_tasks_are_filtered(sandbox, family, tasks, query, found):
    sandbox.clock.advance(100)
    sandbox.tell("complete_task", task_id=tasks[1])
    names = {f"t{index}": number for index, number in enumerate(tasks)}
    query = query.format(**names, lead=family["leads"][0], company=family["company"],
                         ana=sandbox.user("Ana").id, later=int(sandbox.crm.now()))  # fmt: skip

    rows = sandbox.embedded(f"/tasks?{query}", "tasks")

    assert ids(rows) == [tasks[index] for index in found]


@pytest.mark.parametrize(("code", "command", "more"), [
    ("responsible_task", "reassign_task", {"responsible_user_id": True}),
    ("update_task", "reassign_task", {"responsible_user_id": True}),
    ("update_task", "complete_task", {}),
])  # fmt: skip
def test_changed_tasks_are_told_in_the_documented_shape(
    sandbox, tasks, kommo_payload, code, command, more
):
    sandbox.subscribe(code)
    ana, max_ = sandbox.user("Ana").id, sandbox.user("Max").id

    sandbox.tell(command, task_id=tasks[0], **dict.fromkeys(more, max_))

    (body,) = sandbox.hooks()
    account = {"account[subdomain]", "account[id]", "account[_links][self]"}
    assert shape(body) == captured(kommo_payload("20_task_update_responsible")) | account
    assert body["task[update][0][old_responsible_user_id]"] == str(ana)
    assert body["task[update][0][responsible_user_id]"] == str(max_ if more else ana)
    assert body["task[update][0][status]"] == ("0" if more else "1")


def test_a_completed_task_is_not_told_to_who_asked_for_reassigned_ones(sandbox, tasks):
    sandbox.subscribe("responsible_task")

    sandbox.tell("complete_task", task_id=tasks[0])

    assert sandbox.hooks() == []


def test_a_deleted_task_is_gone_and_told(sandbox, family, tasks):
    sandbox.subscribe("delete_task")

    sandbox.tell("delete_task", task_ids=tasks[:2])

    (body,) = sandbox.hooks()
    assert [body[f"task[delete][{n}][id]"] for n in (0, 1)] == [str(n) for n in tasks[:2]]
    assert ids(sandbox.embedded("/tasks", "tasks")) == tasks[2:]
    assert sandbox.get(f"/leads/{family['leads'][0]}").json()["closest_task_at"] is None
