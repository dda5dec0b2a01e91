"""What triggers of Kommo's digital pipeline send is dealt by their templates, once a stage entry."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import InboxEvent, Manager
from distribution.models import Register, RegisterEntry, RegisterEpoch, Template, Trigger
from distribution.operations.deciding.turn import take_turn
from distribution.operations.policies.triggers import delete_trigger, rotate_key, trigger_key
from tests.functional.engine.senders import (
    MINUTE,
    PIPELINE_HOOK,
    fired,
    put_card,
    sender,
    switch_on,
    template,
)
from tests.functional.main_job.conftest import Team
from tests.world import World


@pytest.fixture
def shop(team: Team) -> Team:
    """The team, with dealing switched on and nothing that sends leads yet."""
    switch_on(team)
    return team


def counts(trigger: Trigger) -> dict[int, int]:
    """How many leads each manager has had by the trigger's register."""
    rows = RegisterEntry.objects.for_account(trigger.account).filter(register=trigger.register)
    return dict(rows.values_list("user_id", "count"))


@pytest.mark.feature("F88")
@pytest.mark.feature("F89")
@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_trigger_deals_created_and_moved_leads_by_the_template_that_it_names(
    shop: Team, world: World, encoding: str
) -> None:
    _, stages = world.stages()
    put_card(
        shop,
        sender(shop, template(shop, "Sales", shop.ana)),
        stages[1],
        encoding=encoding,
        settings={"template": "Verkäufe & more"},
    )
    (elsewhere,) = world.leads(status_id=stages[0])
    (created,) = world.leads(status_id=stages[1])
    assert world.kinds(shop.account, elsewhere) == []
    assert world.owner(created) == shop.ana.kommo_id
    world.advance(MINUTE)
    world.edit(elsewhere, status_id=stages[1])
    assert world.owner(elsewhere) == shop.ana.kommo_id
    (decision,) = world.decisions(shop.account, elsewhere)
    assert decision.template_id == Template.objects.get(name="Sales").pk


@pytest.mark.feature("F89")
@pytest.mark.parametrize(
    ("execution", "takes_created", "takes_moved"),
    [("created", True, False), ("moved", False, True), ("both", True, True)],
)
def test_each_execution_of_the_action_sends_what_it_says(
    shop: Team, world: World, execution: str, takes_created: bool, takes_moved: bool
) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    put_card(shop, trigger, stages[1], execution=execution)
    (created,) = world.leads(status_id=stages[1])
    (moved,) = world.leads(status_id=stages[0])
    world.advance(MINUTE)
    world.edit(moved, status_id=stages[1])
    assert shop.leads_of(shop.ana, among=[created]) == [int(takes_created)]
    assert shop.leads_of(shop.ana, among=[moved]) == [int(takes_moved)]


@pytest.mark.feature("F9")
@pytest.mark.feature("F88")
def test_three_templates_coexist_and_are_chosen_by_three_triggers(shop: Team, world: World) -> None:
    _, stages = world.stages()
    people = zip(("New", "Claims", "Repeated"), shop.everybody, stages, strict=False)
    for name, manager, stage in people:
        put_card(shop, sender(shop, template(shop, name, manager)), stage)
    for manager, stage in zip(shop.everybody, stages, strict=False):
        leads = world.leads(3, status_id=stage)
        assert world.loads(leads) == {manager.kommo_id: 3}


CONDITIONS: dict[str, Any] = {
    "budget": {"price_from": 1000, "price_to": 5000},
    "tag": {"tag": "vip"},
    "source": {"source_ids": [7]},
    "field": {"fields": {"FIELD": True}},
}


@pytest.mark.feature("F90")
@pytest.mark.parametrize("name", CONDITIONS)
def test_only_leads_that_meet_the_conditions_of_the_action_are_dealt(
    shop: Team, world: World, name: str
) -> None:
    _, stages = world.stages()
    field = world.field_id()
    conditions = {
        key: {str(field): True} if key == "fields" else value
        for key, value in CONDITIONS[name].items()
    }
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    put_card(shop, trigger, stages[1], conditions=conditions)
    leads = world.leads(2, status_id=stages[0], source_id=7 if name == "source" else 8)
    (stranger,) = world.leads(status_id=stages[0], source_id=9)
    for lead in leads:
        world.tick(lead, True, run=False)
        world.edit(lead, price=2000, _embedded={"tags": [{"name": "vip"}]}, run=False)
    world.run()
    world.advance(MINUTE)
    world.edit(*leads, stranger, status_id=stages[1])
    assert shop.leads_of(shop.ana, among=[*leads, stranger]) == [2]
    assert world.kinds(shop.account, stranger) == []


@pytest.mark.feature("F94")
def test_a_trigger_may_send_only_the_leads_of_a_responsible_user(shop: Team, world: World) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    conditions = {"responsible_user_ids": [shop.max.kommo_id]}
    put_card(shop, trigger, stages[0], conditions=conditions)
    (his,) = world.leads(status_id=stages[0], responsible_user_id=shop.max.kommo_id)
    (hers,) = world.leads(status_id=stages[0], responsible_user_id=shop.oleg.kommo_id)
    assert [world.owner(his), world.owner(hers)] == [shop.ana.kommo_id, shop.oleg.kommo_id]


@pytest.mark.feature("F93")
@pytest.mark.feature("R23")
def test_the_second_trigger_does_nothing_where_the_first_has_worked(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    row = template(shop, "Sales", *shop.everybody)
    put_card(shop, sender(shop, row), stages[0])
    late = put_card(shop, sender(shop, row, delay_minutes=3), stages[0], delay_seconds=180)
    (lead,) = world.leads(status_id=stages[0])
    owner = world.owner(lead)
    world.advance(3 * MINUTE + 1)
    assert [row["statuses"] for row in fired(shop, late)] == [[204]]
    assert world.kinds(shop.account, lead) == ["distribution"]
    assert world.owner(lead) == owner


@pytest.mark.feature("F93")
@pytest.mark.feature("R23")
@pytest.mark.parametrize("same_key", [True, False])
@pytest.mark.parametrize("trouble", ["lost", "off"])
def test_the_second_trigger_heals_what_the_first_could_not_do(
    shop: Team, world: World, trouble: str, same_key: bool
) -> None:
    _, stages = world.stages()
    row = template(shop, "Sales", *shop.everybody)
    first = sender(shop, row)
    second = first if same_key else sender(shop, row, delay_minutes=3)
    put_card(shop, first, stages[0], is_on=trouble != "lost")
    put_card(shop, second, stages[0], delay_seconds=180)
    Template.objects.filter(pk=row.pk).update(is_enabled=trouble != "off")
    (lead,) = world.leads(status_id=stages[0])
    assert world.kinds(shop.account, lead) == []
    Template.objects.filter(pk=row.pk).update(is_enabled=True)
    world.advance(3 * MINUTE + 1)
    assert world.kinds(shop.account, lead) == ["distribution"]


@pytest.mark.feature("F93")
def test_a_lead_that_comes_back_into_the_stage_is_dealt_again(shop: Team, world: World) -> None:
    _, stages = world.stages()
    put_card(shop, sender(shop, template(shop, "Sales", shop.ana)), stages[1])
    (lead,) = world.leads(status_id=stages[1])
    for stage in (stages[0], stages[1]):
        world.advance(MINUTE)
        world.edit(lead, status_id=stage)
    assert world.kinds(shop.account, lead) == ["distribution", "distribution"]


def test_a_lead_that_has_left_the_stage_by_the_time_it_is_read_is_let_be(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    late = put_card(shop, trigger, stages[0], delay_seconds=60, fires_after_leaving=True)
    (lead,) = world.leads(status_id=stages[0])
    world.edit(lead, status_id=stages[1])
    world.advance(2 * MINUTE)
    assert [row["statuses"] for row in fired(shop, late)] == [[204]]
    assert world.kinds(shop.account, lead) == []


def test_what_tells_of_leaving_deals_nothing(shop: Team, world: World) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    card = put_card(shop, trigger, stages[1], execution="created", tells_leaving=True)
    (lead,) = world.leads(status_id=stages[0])
    for stage in (stages[1], stages[0]):
        world.advance(MINUTE)
        world.edit(lead, status_id=stage)
    assert [row["statuses"] for row in fired(shop, card)] == [[204]]
    assert not InboxEvent.objects.filter(kind="trigger").exists()


@pytest.mark.feature("R37")
@pytest.mark.feature("F79")
def test_of_a_morning_and_an_evening_template_the_one_that_is_open_deals(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    hours = {"morning": ("09:00", "13:00"), "evening": ("18:00", "22:00")}
    for (name, (start, end)), manager in zip(hours.items(), shop.everybody, strict=False):
        row = template(shop, name, manager, hours={"start": start, "end": end})
        put_card(shop, sender(shop, row), stages[0])
    (early,) = world.leads(status_id=stages[0])
    assert world.owner(early) == shop.oleg.kommo_id
    world.advance_to(time(15))
    (between,) = world.leads(status_id=stages[0])
    assert world.kinds(shop.account, between) == ["distribution: outside_hours"]
    world.advance_to(time(18))
    assert world.owner(between) == shop.ana.kommo_id
    (late,) = world.leads(status_id=stages[0])
    assert world.owner(late) == shop.ana.kommo_id


@pytest.mark.feature("R37")
def test_of_two_open_templates_the_first_by_priority_deals_and_only_once(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    second = sender(shop, template(shop, "B", shop.ana), priority=2)
    first = sender(shop, template(shop, "A", shop.max), priority=1)
    put_card(shop, second, stages[0])
    put_card(shop, first, stages[0])
    leads = world.leads(3, status_id=stages[0])
    assert world.loads(leads) == {shop.max.kommo_id: 3}
    assert [world.kinds(shop.account, lead) for lead in leads] == [["distribution"]] * 3


@pytest.mark.parametrize("how", ["template off", "trigger deleted", "key rotated"])
def test_a_trigger_that_no_longer_counts_is_answered_and_deals_nothing(
    shop: Team, world: World, how: str
) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    card = put_card(shop, trigger, stages[0])
    if how == "template off":
        Template.objects.update(is_enabled=False)
    elif how == "trigger deleted":
        delete_trigger(trigger, actor=None, now=world.now)
    else:
        rotate_key(trigger, actor=None, now=world.now)
    world.run()
    (lead,) = world.leads(status_id=stages[0])
    assert [row["statuses"] for row in fired(shop, card)] == [[204]]
    assert world.kinds(shop.account, lead) == []


@pytest.mark.feature("F111")
@pytest.mark.feature("R12")
@pytest.mark.parametrize("keep", ["", "1"])
def test_saving_the_card_anew_resets_its_own_statistics_unless_they_are_kept(
    shop: Team, world: World, keep: str
) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", *shop.everybody))
    card = put_card(shop, trigger, stages[0], settings={"version": "10"})
    world.leads(4, status_id=stages[0])
    assert sum(counts(trigger).values()) == 4
    save_card(shop, card, version="11", keep=keep)
    world.leads(1, status_id=stages[0])
    world.leads(1, status_id=stages[0])
    assert sum(counts(trigger).values()) == (6 if keep else 2)
    epochs = RegisterEpoch.objects.for_account(shop.account)
    assert [sum(row[2] for row in one.entries) for one in epochs] == ([] if keep else [4])


def save_card(shop: Team, card: int, **settings: str) -> None:
    """Save the action in Kommo again, with other settings."""
    row = shop.world.sandbox.crm.account_at(shop.account.host).triggers[card]  # type: ignore[union-attr]
    row.settings = {**row.settings, **settings}


@pytest.mark.feature("F95")
@pytest.mark.feature("F118")
@pytest.mark.feature("R12")
def test_own_registers_stand_apart_and_a_named_one_is_shared_and_never_reset_by_saving(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    named = Register.objects.create(account=shop.account, name="Everybody's")
    row = template(shop, "Sales", *shop.everybody)
    own = sender(shop, row)
    shared = [sender(shop, row, register=named) for _ in range(2)]
    put_card(shop, own, stages[0])
    cards = [
        put_card(shop, one, stage, settings={"version": "1"})
        for one, stage in zip(shared, stages[1:], strict=False)
    ]
    world.leads(3, status_id=stages[0])
    world.leads(2, status_id=stages[1])
    save_card(shop, cards[0], version="2")
    world.leads(2, status_id=stages[1])
    world.leads(2, status_id=stages[2])
    assert sum(counts(own).values()) == 3
    assert sum(counts(shared[0]).values()) == 6
    assert counts(shared[0]) == counts(shared[1])
    assert set(counts(shared[0]).values()) == {2}
    assert not RegisterEpoch.objects.exists()


def test_a_trigger_that_sends_a_burst_twice_deals_each_lead_once(shop: Team, world: World) -> None:
    _, stages = world.stages()
    world.crm("weather", duplicate=1.0, jitter=5.0)
    put_card(shop, sender(shop, template(shop, "Sales", *shop.everybody)), stages[0])
    leads = world.leads(30, status_id=stages[0])
    for _ in range(6):
        world.advance(1)
    assert shop.leads_of(*shop.everybody, among=leads) == [10, 10, 10]
    assert {tuple(world.kinds(shop.account, lead)) for lead in leads} == {("distribution",)}
    assert set(world.hook_answers) == {204}


def test_a_burst_that_triggers_send_costs_a_fifth_of_a_query_a_lead_at_most(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", *shop.everybody))
    put_card(shop, trigger, stages[0], settings={"version": "1"})
    leads = world.leads(200, status_id=stages[0], run=False)
    world.post_hooks()
    calls = world.api_calls()
    with CaptureQueriesContext(connection) as queries:
        take_turn()
    assert len(queries) <= len(leads) / 5
    assert world.api_calls() - calls == 1
    world.run()
    assert sorted(world.loads(leads).values()) == [66, 67, 67]


def test_a_trigger_of_one_account_sends_nothing_of_another(shop: Team, world: World) -> None:
    world.open("rival.kommo.com", managers=1)
    _, stages = world.stages(host="rival.kommo.com")
    trigger = sender(shop, template(shop, "Sales", *shop.everybody))
    settings = {"key": trigger_key(trigger)}
    form = {"url": PIPELINE_HOOK, "status_id": stages[0], "settings": settings}
    card = world.crm("trigger", "rival.kommo.com", **form)["id"]
    world.leads(host="rival.kommo.com", status_id=stages[0])
    rows = world.ask("triggers", "rival.kommo.com")["triggers"]
    assert [row["fired"][0]["statuses"] for row in rows if row["id"] == card] == [[404]]
    assert not InboxEvent.objects.filter(kind="trigger").exists()


@pytest.mark.feature("F170")
def test_the_card_reads_the_templates_name_also_after_a_rename(shop: Team, world: World) -> None:
    row = template(shop, "Sales", shop.ana)
    trigger = sender(shop, row, name="New leads")
    admin = Manager.objects.for_account(shop.account).get(name="Vera")
    status, answer = world.ask_widget(admin, "templates")
    assert status == 200
    assert answer == {
        "templates": [
            {
                "id": row.pk,
                "name": "Sales",
                "is_enabled": True,
                "is_shadow": False,
                "triggers": [
                    {
                        "id": trigger.pk,
                        "kind": "pipeline",
                        "name": "New leads",
                        "key": trigger_key(trigger),
                        "delay_minutes": 0,
                        "register": "New leads",
                        "is_own_register": True,
                    }
                ],
            }
        ]
    }
    Template.objects.filter(pk=row.pk).update(name="Wholesale")
    assert world.ask_widget(admin, "templates")[1]["templates"][0]["name"] == "Wholesale"
    status, answer = world.ask_widget(shop.ana, "templates")
    assert (status, answer["error"]) == (403, "permission_denied")
