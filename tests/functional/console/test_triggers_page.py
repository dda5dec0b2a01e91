"""The pages of triggers: the order, one trigger's form, its key, and what is asked before something stops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, InboxEvent
from distribution.models import Register, RegisterEntry, Template, Trigger
from distribution.operations.policies import settings as settings_operations
from distribution.operations.policies import triggers as operations
from distribution.queries.settings import settings_of
from peresmenka.lib.clock import set_clock
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf


@pytest.fixture(autouse=True)
def still(db: None) -> Iterator[None]:
    set_clock(NOON)
    yield
    set_clock(None)


@pytest.fixture
def sales(acme: cast.World) -> Template:
    """A template of Oleg, with no trigger yet."""
    return policies.template(
        acme.account, "Sales team", members=[{"kind": "manager", "id": cast.OLEG}]
    )


@pytest.fixture
def sonia(acme: cast.World, client_of: ClientOf) -> Client:
    return client_of(acme[cast.SONIA])


def fields(template: Template, **given: Any) -> dict[str, Any]:
    """Return what the form sends: a watch of the first stage unless told otherwise."""
    sent = {
        "kind": "watch",
        "template": template.pk,
        "name": "Site",
        "stages": [f"{cast.SALES}:{cast.NEW}"],
        "register": "",
        "new_register": "",
        "delay_minutes": "0",
    }
    return {**sent, **given}


def make(client: Client, template: Template, **given: Any) -> Trigger:
    """Make a trigger by the form."""
    known = set(Trigger.objects.values_list("pk", flat=True))
    answer = client.post("/triggers/new", fields(template, **given))
    assert answer.status_code == 302, words(answer.content)
    made: Trigger = Trigger.objects.exclude(pk__in=known).get()
    return made


def words(content: bytes) -> str:
    """Return what a page says, tags taken out."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content.decode())).split())


def order(client: Client) -> list[str]:
    """Return the names of the list, from the top."""
    page = client.get("/triggers").content.decode()
    return [words(one.encode()) for one in re.findall(r"<h3>(.*?)</h3>", page, re.S)]


def names(*rows: Trigger) -> list[str]:
    return [row.name for row in rows]


# -- making and editing


@pytest.mark.feature("F85", "F118")
def test_a_watch_is_made_with_its_stages_and_counts_by_itself(
    sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales, stages=[f"{cast.SALES}:{cast.NEW}", f"{cast.SUPPORT}:"])
    assert row.stages == [[cast.SALES, cast.NEW], [cast.SUPPORT, None]]
    assert row.register is not None
    assert row.register.own_of_id == row.pk
    page = words(sonia.get("/triggers").content)
    assert "Sales: New request, Support" in page
    assert "Current trigger" in page
    assert InboxEvent.objects.filter(kind="settings").exists()


@pytest.mark.feature("F88")
def test_a_card_of_the_digital_pipeline_shows_its_key_and_where_it_goes(
    sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales, kind="pipeline", delay_minutes="3")
    key = operations.trigger_key(row)
    assert row.delay_minutes == 3
    for path in ("/triggers", f"/triggers/{row.pk}"):
        page = sonia.get(path).content.decode()
        assert f'value="{key}" readonly' in page
    assert "Paste the key into the field “Key”" in words(sonia.get(f"/triggers/{row.pk}").content)


def test_the_step_of_a_salesbot_needs_no_stages_and_has_no_delay(
    sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales, kind="salesbot", stages=[], delay_minutes="9")
    assert (row.stages, row.delay_minutes) == ([], 0)
    assert "exits “success” and “fail”" in words(sonia.get(f"/triggers/{row.pk}").content)


@pytest.mark.feature("F95", "F115")
def test_a_register_is_made_in_the_form_and_can_then_be_chosen_in_another_trigger(
    sonia: Client, sales: Template
) -> None:
    first = make(sonia, sales, register="new", new_register="All sales")
    shared = Register.objects.get(own_of=None)
    assert (shared.name, first.register) == ("All sales", shared)
    second = make(sonia, sales, name="Calls", register=str(shared.pk), stages=["200:2001"])
    assert second.register == shared
    assert f'href="/registers/{shared.pk}"' in sonia.get("/triggers").content.decode()


@pytest.mark.feature("F95")
def test_a_refused_trigger_leaves_no_register_behind(sonia: Client, sales: Template) -> None:
    sent = fields(sales, register="new", new_register="All sales", stages=[])
    answer = sonia.post("/triggers/new", sent)
    assert answer.status_code == 422
    assert "A watch needs stages to look at. Choose at least one." in words(answer.content)
    assert 'value="All sales"' in answer.content.decode()
    assert not Register.objects.exists()
    assert not Trigger.objects.exists()


@pytest.mark.feature("F118")
def test_going_to_a_shared_register_and_back_resets_nothing(
    acme: cast.World, sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales)
    own = row.register
    RegisterEntry.objects.create(
        account=acme.account, register=own, user_id=cast.OLEG, lag=400_000, count=7
    )
    shared = Register.objects.create(account=acme.account, name="All")
    for register in (str(shared.pk), ""):
        answer = sonia.post(f"/triggers/{row.pk}", fields(sales, register=register))
        assert answer.status_code == 302
    row.refresh_from_db()
    assert row.register == own
    entry = RegisterEntry.objects.get(register=own)
    assert (entry.lag, entry.count) == (400_000, 7)


@pytest.mark.feature("F111", "F112")
def test_the_form_says_what_resets_statistics_and_what_that_means(
    sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales, kind="pipeline")
    page = words(sonia.get(f"/triggers/{row.pk}").content)
    assert "Saving the card in Kommo resets “Current trigger”" in page
    assert "whoever has a small share may wait for some time" in page
    assert "Saving never resets statistics." in page


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"template": 999}, "Choose a template from the list."),
        ({"kind": "mail"}, "Choose what sends the leads."),
        ({"name": "x" * 65}, "Too long. Write at most 64 characters."),
        ({"stages": ["100:1000"]}, "Incoming leads cannot be distributed (Incoming leads)"),
        ({"stages": ["100:142"]}, "Closed leads are not distributed (Won)."),
        ({"stages": ["100:5"]}, "Kommo no longer has one of these stages."),
        ({"stages": ["nonsense"]}, "Kommo no longer has one of these stages."),
        ({"register": "999"}, "Choose a register from the list."),
        ({"register": "new"}, "Write a name for the new register."),
        ({"kind": "pipeline", "delay_minutes": "20000"}, "from 0 to 10080"),
    ],
)
def test_what_cannot_be_is_refused_with_cause_and_next_step(
    sonia: Client, sales: Template, given: dict[str, Any], cause: str
) -> None:
    answer = sonia.post("/triggers/new", {**fields(sales), **given})
    assert answer.status_code == 422
    assert cause in words(answer.content)
    assert not Trigger.objects.exists()


def test_incoming_and_closed_stages_are_not_offered_and_the_reason_is_told(
    sonia: Client, sales: Template
) -> None:
    page = sonia.get("/triggers/new").content.decode()
    assert f'value="{cast.SALES}:{cast.NEW}"' in page
    assert f'value="{cast.SALES}:{cast.SALES * 10}"' not in page
    assert f'value="{cast.SALES}:142"' not in page
    assert "Not offered: Incoming leads, Won, Lost." in words(page.encode())


def test_the_kind_stays_as_it_was_made(sonia: Client, sales: Template) -> None:
    row = make(sonia, sales)
    answer = sonia.post(f"/triggers/{row.pk}", fields(sales, kind="pipeline", name="Renamed"))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.kind, row.name) == ("watch", "Renamed")


def test_a_stage_that_kommo_no_longer_has_is_shown_to_be_unticked(
    sonia: Client, sales: Template
) -> None:
    row = make(sonia, sales)
    Trigger.objects.filter(pk=row.pk).update(stages=[[cast.SALES, 77]])
    page = words(sonia.get(f"/triggers/{row.pk}").content)
    assert "100:77 No longer in Kommo: untick it" in page


def test_the_template_in_the_address_is_chosen_already(sonia: Client, sales: Template) -> None:
    page = sonia.get(f"/triggers/new?template={sales.pk}").content.decode()
    assert f'<option value="{sales.pk}" selected>' in page
    assert sonia.get("/triggers/new?template=nonsense").status_code == 200


# -- the order


@pytest.mark.feature("R37")
def test_triggers_are_moved_in_the_order_in_which_they_are_asked(
    sonia: Client, sales: Template
) -> None:
    for name, stage in (("Morning", cast.NEW), ("Evening", cast.TALKS), ("Night", cast.OFFER)):
        make(sonia, sales, name=name, stages=[f"{cast.SALES}:{stage}"])
    assert order(sonia) == ["Morning", "Evening", "Night"]
    night = Trigger.objects.get(name="Night")
    sonia.post(f"/triggers/{night.pk}/up")
    assert order(sonia) == ["Morning", "Night", "Evening"]
    part = sonia.post(f"/triggers/{night.pk}/up", HTTP_HX_REQUEST="true")
    assert part.status_code == 200
    assert b"<html" not in part.content
    assert order(sonia) == ["Night", "Morning", "Evening"]
    events = InboxEvent.objects.count()
    sonia.post(f"/triggers/{night.pk}/up")
    assert order(sonia) == ["Night", "Morning", "Evening"]
    assert InboxEvent.objects.count() == events
    sonia.post(f"/triggers/{night.pk}/down")
    assert order(sonia) == ["Morning", "Night", "Evening"]
    assert "the first whose template is open now takes the lead" in words(
        sonia.get("/triggers").content
    )


def test_a_trigger_moves_past_the_groups_of_the_simple_page_and_stays_there(
    acme: cast.World, sonia: Client, sales: Template
) -> None:
    policies.simple(acme.account, {0: [(cast.SALES, cast.TALKS)], 5: [(cast.SUPPORT, None)]})
    row = make(sonia, sales)
    assert order(sonia) == ["Sales department", "Service", "Site"]
    sonia.post(f"/triggers/{row.pk}/up")
    assert order(sonia) == ["Sales department", "Site", "Service"]
    current = settings_of(acme.account)
    settings_operations.save_settings(
        acme.account,
        actor=None,
        changes={"groups": list(reversed(current.values["groups"]))},
        version=current.version,
        now=NOON,
    )
    assert order(sonia) == ["Service", "Site", "Sales department"]


def test_a_groups_watch_is_shown_here_and_edited_on_its_own_page(
    acme: cast.World, sonia: Client
) -> None:
    policies.simple(acme.account, {0: [(cast.SALES, cast.NEW)]})
    row = Trigger.objects.get()
    page = sonia.get("/triggers").content.decode()
    assert "To Shift distribution" in page
    assert f"/triggers/{row.pk}/delete" not in page
    assert sonia.get(f"/triggers/{row.pk}").headers["Location"] == "/settings"
    for path in ("up", "delete", "key"):
        answer = sonia.post(f"/triggers/{row.pk}/{path}", follow=True)
        assert "belongs to a group of the page “Shift distribution”" in words(answer.content)
    assert Trigger.objects.get().key_version == 1


# -- what stops


def test_deleting_is_asked_first_and_says_what_goes_with_it(sonia: Client, sales: Template) -> None:
    row = make(sonia, sales, kind="pipeline")
    question = words(sonia.get(f"/triggers/{row.pk}/delete").content)
    assert "Its card in Kommo goes on firing, in vain." in question
    assert "Its statistics go with it." in question
    assert Trigger.objects.exists()
    answer = sonia.post(f"/triggers/{row.pk}/delete", HTTP_HX_REQUEST="true")
    assert answer.headers["HX-Redirect"] == "/triggers"
    assert not Trigger.objects.exists()
    assert "Site is deleted." in words(sonia.get("/triggers").content)


def test_a_shared_register_outlives_the_trigger(sonia: Client, sales: Template) -> None:
    row = make(sonia, sales, register="new", new_register="All")
    question = words(sonia.get(f"/triggers/{row.pk}/delete").content)
    assert "The register “All” stays as it is." in question
    sonia.post(f"/triggers/{row.pk}/delete")
    assert Register.objects.get().name == "All"


def test_a_new_key_is_asked_first_and_ends_the_old_one(sonia: Client, sales: Template) -> None:
    row = make(sonia, sales, kind="salesbot")
    former = operations.trigger_key(row)
    assert "The old key stops at once" in words(sonia.get(f"/triggers/{row.pk}/key").content)
    sonia.post(f"/triggers/{row.pk}/key")
    page = sonia.get(f"/triggers/{row.pk}").content.decode()
    row.refresh_from_db()
    assert operations.trigger_key(row) in page
    assert former not in page
    assert AuditEntry.objects.filter(action="trigger_key_rotated").count() == 1


def test_a_watch_has_no_key_to_renew(sonia: Client, sales: Template) -> None:
    row = make(sonia, sales)
    answer = sonia.get(f"/triggers/{row.pk}/key", follow=True)
    assert "A watch has no key" in words(answer.content)


# -- lists


def test_a_template_shows_its_own_triggers_alone(
    acme: cast.World, sonia: Client, sales: Template
) -> None:
    other = policies.template(acme.account, "Claims")
    make(sonia, sales, name="Site")
    make(sonia, other, name="Complaints", stages=["200:2001"])
    part = words(sonia.get(f"/templates/{sales.pk}/triggers").content)
    assert "Site" in part
    assert "Complaints" not in part
    empty = policies.template(acme.account, "Empty")
    part = words(sonia.get(f"/templates/{empty.pk}/triggers").content)
    assert "No trigger sends leads here yet" in part


def test_the_list_counts_the_conflicts_of_each_trigger(sonia: Client, sales: Template) -> None:
    make(sonia, sales, name="One")
    make(sonia, sales, name="Two")
    make(sonia, sales, name="Apart", stages=["200:2001"])
    page = sonia.get("/triggers").content.decode()
    cards = {
        name: words(card.encode())
        for name, card in re.findall(r"<h3><a[^>]*>(\w+)</a></h3>(.*?)</form>", page, re.S)
    }
    assert "2 conflicts" in cards["Two"]  # it meets another, and is never reached
    assert "conflict" not in cards["Apart"]


def test_without_any_template_the_page_says_what_comes_first(
    acme: cast.World, sonia: Client
) -> None:
    assert "First make a template" in words(sonia.get("/triggers").content)
    assert "There is no template to send leads into" in words(sonia.get("/triggers/new").content)


def test_the_lists_cost_the_same_whatever_their_length(
    sonia: Client, sales: Template, django_assert_max_num_queries: Any
) -> None:
    for number in range(25):
        make(sonia, sales, name=f"T{number}", stages=[f"{cast.SALES}:{cast.NEW}"])
    with django_assert_max_num_queries(20):
        sonia.get("/triggers")


@pytest.mark.feature("N6")
def test_the_list_of_templates_counts_the_conflicts_of_each(
    acme: cast.World, sonia: Client, sales: Template
) -> None:
    policies.template(acme.account, "Nobody", members=[])
    make(sonia, sales)
    page = sonia.get("/templates").content.decode()
    assert page.count("1 conflict</a>") == 1
    assert 'aria-label="1 conflict: Nobody"' in page
