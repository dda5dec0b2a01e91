"""The page Templates: the list, what one click does to a template, who may do it."""

from __future__ import annotations

import re

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import AuditEntry, InboxEvent
from distribution.models import Register, Template, TemplateVersion, Trigger
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf

OFFICE = {"start": "09:00", "end": "18:00", "weekdays": [0, 1, 2, 3, 4]}
PAIR = [
    {"kind": "manager", "id": cast.OLEG, "weight": 60},
    {"kind": "manager", "id": cast.ANA, "weight": 40},
]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stop the clock of the pages of templates; return what rang the doorbell."""
    from distribution.operations.policies import templates as operations
    from distribution.views import templates, templates_editor, templates_versions

    heard: list[str] = []
    for module in (templates, templates_editor, templates_versions):
        monkeypatch.setattr(module, "read_clock", lambda: NOON)
    monkeypatch.setattr(operations, "ring", lambda: heard.append("templates"))
    return heard


@pytest.mark.feature("F9")
def test_three_templates_stand_beside_the_simple_one(busy: cast.World, client_of: ClientOf) -> None:
    for name in ("New leads", "Claims", "Recurring"):
        policies.watch(policies.template(busy.account, name), [(cast.SALES, cast.OFFER)])
    page = client_of(busy[cast.SONIA]).get("/templates").content.decode()
    places = [
        page.index(f">{name}</a>\n") for name in ("Shift distribution", "Claims", "New leads")
    ]
    assert places == sorted(places)
    assert page.count("around the clock") == 4


def test_the_list_says_who_shares_when_it_opens_and_how_many(
    acme: cast.World, client_of: ClientOf
) -> None:
    late = {"start": "14:00", "end": "18:00"}
    row = policies.template(acme.account, "Claims", strategy="weighted", members=PAIR, hours=late)
    policies.watch(row, [(cast.SUPPORT, None)])
    group = policies.template(
        acme.account, "Office", members=[{"kind": "group", "id": 0}], hours=OFFICE
    )
    page = client_of(acme[cast.SONIA]).get("/templates").content.decode()
    assert "Oleg Petrov and Ana Souza share the leads 60 : 40." in page
    assert "closed, opens 14:00" in page
    assert "open until 18:00" in page
    assert f'href="/templates/{group.pk}"' in page
    section = page[page.index(">Office</a>") :]
    assert '<td data-label="People" class="numeric">4</td>' in section


def test_without_templates_the_page_says_what_to_begin_with(
    acme: cast.World, client_of: ClientOf
) -> None:
    page = client_of(acme[cast.SONIA]).get("/templates").content.decode()
    assert "No templates of your own yet" in page
    for code in ("even", "shares", "calls", "recurring", "blank"):
        assert f"/templates/new?from={code}" in page
    assert "Distribution is off for the whole account" in page


@pytest.mark.feature("F10")
def test_a_page_compares_push_and_offer_and_leads_to_a_starting_point(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[cast.SONIA])
    assert 'href="/templates/ways"' in client.get("/templates").content.decode()
    page = client.get("/templates/ways").content.decode()
    assert "not there yet" in page
    starts = re.findall(r'href="(/templates/new\?from=\w+)"', page)
    assert len(set(starts)) == 4
    for start in starts:
        assert client.get(start).status_code == 200


@pytest.mark.feature("N8", "F112")
def test_shadow_is_switched_here_and_leaving_it_begins_an_epoch(
    acme: cast.World,
    client_of: ClientOf,
    still: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    row = policies.template(acme.account, "Claims")
    trigger = policies.watch(row, [(cast.SUPPORT, None)])
    client = client_of(acme[cast.SONIA])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/templates/{row.pk}/shadow/on")
    row.refresh_from_db()
    assert row.is_shadow
    assert "Shadow" in client.get("/templates").content.decode()
    assert still == ["templates"]
    answer = client.post(f"/templates/{row.pk}/shadow/off", follow=True)
    assert "people with small shares may wait for some time" in answer.content.decode()
    row.refresh_from_db()
    assert not row.is_shadow
    reset = InboxEvent.objects.filter(kind=InboxEvent.Kind.REGISTER).get()
    assert f'"register":{trigger.register_id}' in bytes(reset.body).decode().replace(" ", "")
    assert AuditEntry.objects.filter(action="register_reset").exists()


@pytest.mark.feature("N8")
def test_the_simple_template_goes_into_shadow_from_the_list(
    busy: cast.World, client_of: ClientOf
) -> None:
    simple = Template.objects.get(is_simple=True)
    client = client_of(busy[cast.SONIA])
    page = client.post(f"/templates/{simple.pk}/shadow/on", follow=True).content.decode()
    simple.refresh_from_db()
    assert simple.is_shadow
    assert "Shift distribution works in shadow" in page
    assert "End shadow" in page
    client.post(f"/templates/{simple.pk}/shadow/off")
    simple.refresh_from_db()
    assert not simple.is_shadow
    assert InboxEvent.objects.filter(kind=InboxEvent.Kind.REGISTER).count() == 2


def test_a_switch_can_be_undone(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    answer = client.post(f"/templates/{row.pk}/off", follow=True)
    row.refresh_from_db()
    assert not row.is_enabled
    assert f"/templates/{row.pk}/undo/1" in answer.content.decode()
    client.post(f"/templates/{row.pk}/undo/1")
    row.refresh_from_db()
    assert row.is_enabled
    assert TemplateVersion.objects.filter(template=row).count() == 3


def test_undo_is_refused_once_somebody_has_saved_since(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}/off")
    client.post(f"/templates/{row.pk}/shadow/on")
    answer = client.post(f"/templates/{row.pk}/undo/1", follow=True)
    row.refresh_from_db()
    assert (row.is_enabled, row.is_shadow, row.version) == (False, True, 3)
    assert "Choose another one from the list" in answer.content.decode()


def test_each_change_is_told_to_the_lane_and_to_the_audit(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}/off")
    client.post(f"/templates/{row.pk}/off")
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.action) == (cast.SONIA, "template_switched")
    assert entry.before == {"is_enabled": True}
    assert [event.kind for event in InboxEvent.objects.all()] == ["settings"]


def test_a_copy_has_the_settings_but_no_trigger(acme: cast.World, client_of: ClientOf) -> None:
    row = policies.template(acme.account, "Claims", strategy="weighted", members=PAIR)
    policies.watch(row, [(cast.SUPPORT, None)])
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}/copy")
    client.post(f"/templates/{row.pk}/copy")
    names = Template.objects.order_by("pk").values_list("name", flat=True)
    assert list(names) == ["Claims", "Copy of Claims", "Copy of Claims 2"]
    made = Template.objects.get(name="Copy of Claims")
    assert made.body == row.body
    assert Trigger.objects.count() == 1


def test_what_goes_with_a_template_is_said_before_and_gone_after(
    acme: cast.World, client_of: ClientOf
) -> None:
    row = policies.template(acme.account, "Claims")
    policies.watch(row, [(cast.SUPPORT, cast.REQUEST)], name="Requests")
    client = client_of(acme[cast.SONIA])
    client.post(f"/templates/{row.pk}/off")
    page = client.get(f"/templates/{row.pk}/delete").content.decode()
    assert "Requests" in page
    assert "Support: New request" in page
    assert "The statistics of 1 trigger" in page
    client.post(f"/templates/{row.pk}/delete")
    for model in (Template, TemplateVersion, Trigger, Register):
        assert not model.objects.exists()
    assert AuditEntry.objects.filter(action="template_deleted").exists()


def test_a_shared_register_outlives_the_template(acme: cast.World, client_of: ClientOf) -> None:
    shared = Register.objects.create(account=acme.account, name="All sales")
    row = policies.template(acme.account, "Claims")
    policies.watch(row, [(cast.SUPPORT, None)], register=shared)
    client_of(acme[cast.SONIA]).post(f"/templates/{row.pk}/delete")
    assert Register.objects.get() == shared


def test_the_simple_template_is_edited_on_its_own_page_only(
    busy: cast.World, client_of: ClientOf
) -> None:
    simple = Template.objects.get(is_simple=True)
    client = client_of(busy[cast.VERA])
    assert client.get(f"/templates/{simple.pk}").headers["Location"] == "/settings"
    for act in ("off", "delete"):
        answer = client.post(f"/templates/{simple.pk}/{act}", follow=True)
        assert "belongs to the page Shift distribution" in answer.content.decode()
    simple.refresh_from_db()
    assert simple.is_enabled
    assert not TemplateVersion.objects.exists()


@pytest.mark.parametrize(
    "path", ["", "/preview", "/on", "/off", "/shadow/on", "/shadow/off", "/copy", "/delete"]
)
def test_managers_get_403_and_strangers_404(
    acme: cast.World, rival: cast.World, client_of: ClientOf, path: str
) -> None:
    row = policies.template(acme.account, "Claims")
    address = f"/templates/{row.pk}{path}"
    assert client_of(acme[cast.OLEG]).post(address).status_code == 403
    assert client_of(rival[cast.MALLORY]).post(address).status_code == 404
    row.refresh_from_db()
    assert (row.version, row.is_enabled, row.is_shadow) == (1, True, False)
