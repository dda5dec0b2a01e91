"""Salesbots: a bot goes on after our step whatever happens, and its loop hands a lead round."""

from __future__ import annotations

from typing import Any

import pytest

from distribution.models import DeadLetter, DistributionSettings, Effect, LeadMirror, Template
from distribution.operations.deciding.turn import take_turn
from tests.functional.engine.senders import (
    ask_us,
    hanging,
    put_bot,
    put_card,
    run_bot,
    runs,
    sender,
    switch_on,
    template,
    told,
)
from tests.functional.main_job.conftest import Team
from tests.planning import set_limit
from tests.world import World

MINUTE = 60
EXITS = [
    {"do": "condition", "json": "status", "equals": "success", "else": 3},
    {"do": "exit", "code": "success"},
    {"do": "exit", "code": "fail"},
]


@pytest.fixture
def shop(team: Team) -> Team:
    """The team, with dealing switched on and nothing that sends leads yet."""
    switch_on(team)
    return team


def exits(shop: Team, *leads: int) -> list[str]:
    """By which exit the bots have left our step, of each lead's last run."""
    return [runs(shop, lead)[-1]["exit"] for lead in leads]


def let_time_pass(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.advance(MINUTE)


@pytest.mark.feature("F92")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_a_bot_sends_its_lead_and_goes_on_with_its_managers_name(
    shop: Team, world: World, encoding: str
) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    bot = put_bot(shop, [{**ask_us(trigger), "encoding": encoding}, *EXITS])
    (lead,) = world.leads()
    run_bot(shop, bot, lead)
    assert world.owner(lead) == shop.ana.kommo_id
    assert told(shop, lead) == [{"status": "success", "manager": shop.ana.name, "reason": ""}]
    assert exits(shop, lead) == ["success"]
    assert runs(shop, lead)[0]["statuses"] == [200]
    assert hanging(shop) == []


@pytest.mark.feature("F92")
def test_a_step_may_name_a_template_by_its_number(shop: Team, world: World) -> None:
    row = template(shop, "Sales", shop.ana)
    sender(shop, row, "salesbot")
    bot = put_bot(shop, [ask_us(template=str(row.pk)), *EXITS])
    (lead,) = world.leads()
    run_bot(shop, bot, lead)
    assert (world.owner(lead), exits(shop, lead)) == (shop.ana.kommo_id, ["success"])


@pytest.mark.feature("F92")
def test_a_bot_whose_lead_waits_goes_on_by_fail_and_the_lead_keeps_its_place(
    shop: Team, world: World
) -> None:
    row = template(shop, "Sales", shop.ana, gates={"shift": "require"})
    bot = put_bot(shop, [ask_us(sender(shop, row, "salesbot")), *EXITS])
    (lead,) = world.leads()
    run_bot(shop, bot, lead)
    assert exits(shop, lead) == ["fail"]
    assert told(shop, lead)[0]["reason"] == "nobody_on_shift"
    world.start_shifts([shop.ana])
    assert world.owner(lead) == shop.ana.kommo_id


def no_key(shop: Team, lead: int) -> dict[str, Any]:
    return ask_us()


def unknown_key(shop: Team, lead: int) -> dict[str, Any]:
    return ask_us(key="1.1.never")


def pipelines_key(shop: Team, lead: int) -> dict[str, Any]:
    return ask_us(sender(shop, template(shop, "Pipeline", shop.ana), "pipeline"))


def template_off(shop: Team, lead: int) -> dict[str, Any]:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    Template.objects.update(is_enabled=False)
    return ask_us(trigger)


def dealing_off(shop: Team, lead: int) -> dict[str, Any]:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    DistributionSettings.objects.update(is_enabled=False)
    return ask_us(trigger)


def in_shadow(shop: Team, lead: int) -> dict[str, Any]:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    Template.objects.update(is_shadow=True)
    return ask_us(trigger)


def excluded(shop: Team, lead: int) -> dict[str, Any]:
    DistributionSettings.objects.update(exclusion_field_id=shop.world.field_id())
    shop.world.tick(lead, True)
    return ask_us(sender(shop, template(shop, "Sales", shop.ana), "salesbot"))


def full(shop: Team, lead: int) -> dict[str, Any]:
    set_limit(shop.account, [shop.ana], 0)
    return ask_us(sender(shop, template(shop, "Sales", shop.ana), "salesbot"))


@pytest.mark.feature("F92")
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (no_key, "no_template"),
        (unknown_key, "no_template"),
        (pipelines_key, "no_template"),
        (template_off, "no_template"),
        (dealing_off, "switched_off"),
        (in_shadow, "only_in_shadow"),
        (excluded, "lead_excluded"),
        (full, "all_at_limit"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_bot_that_nothing_is_done_for_goes_on_by_fail_and_is_told_why(
    shop: Team, world: World, trouble: Any, reason: str
) -> None:
    (lead,) = world.leads()
    owner = world.owner(lead)
    bot = put_bot(shop, [trouble(shop, lead), *EXITS])
    run_bot(shop, bot, lead)
    assert exits(shop, lead) == ["fail"]
    assert told(shop, lead)[0]["reason"] == reason
    assert world.owner(lead) == owner
    assert hanging(shop) == []


@pytest.mark.feature("F92")
def test_a_bot_of_a_deleted_lead_is_answered_and_holds_nothing_up(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    bot = put_bot(shop, [ask_us(trigger), *EXITS])
    gone, other = world.leads(2)
    world.crm("run_bot", bot_id=bot, lead_ids=[gone])
    world.delete(gone, run=False)
    run_bot(shop, bot, other)
    assert told(shop, gone)[0] == {"status": "fail", "manager": "", "reason": "gone"}
    assert (exits(shop, other), hanging(shop)) == (["success"], [])


@pytest.mark.feature("F92")
def test_a_lead_that_is_dealt_already_keeps_its_owner_when_a_bot_first_sends_it(
    shop: Team, world: World
) -> None:
    _, stages = world.stages()
    row = template(shop, "Sales", *shop.everybody)
    put_card(shop, sender(shop, row), stages[0])
    (lead,) = world.leads(status_id=stages[0])
    owner = world.owner(lead)
    run_bot(shop, put_bot(shop, [ask_us(sender(shop, row, "salesbot")), *EXITS]), lead)
    assert (world.owner(lead), exits(shop, lead)) == (owner, ["success"])
    assert world.kinds(shop.account, lead) == ["distribution"]


def loop(shop: Team, **body: Any) -> int:
    """Return a bot that hands its lead round every ten minutes until "VIP" is ticked (F142)."""
    trigger = sender(shop, template(shop, "Sales", *shop.everybody, **body), "salesbot")
    return put_bot(
        shop,
        [
            ask_us(trigger),
            {"do": "condition", "json": "status", "equals": "success", "else": 5},
            {"do": "wait", "minutes": 10},
            {"do": "condition", "field": shop.world.field_id(), "then": 4, "else": 0},
            {"do": "exit", "code": "taken"},
            {"do": "exit", "code": "fail"},
        ],
    )


@pytest.mark.feature("R23")
@pytest.mark.feature("F142")
@pytest.mark.feature("F92")
def test_a_loop_passes_the_lead_on_to_whoever_has_not_had_it_until_it_is_taken(
    shop: Team, world: World
) -> None:
    bot = loop(shop)
    (lead,) = world.leads()
    owners = []
    run_bot(shop, bot, lead)
    for _ in range(3):
        owners.append(world.owner(lead))
        let_time_pass(world, 11)
    assert len(set(owners)) == 3
    holder = world.owner(lead)
    assert world.kinds(shop.account, lead) == ["distribution", *["redistribution"] * 3]
    world.tick(lead, True)
    let_time_pass(world, 30)
    assert (world.owner(lead), exits(shop, lead)) == (holder, ["taken"])
    assert world.kinds(shop.account, lead) == ["distribution", *["redistribution"] * 3]


@pytest.mark.feature("R10")
@pytest.mark.feature("R23")
def test_a_loop_ends_by_fail_at_the_templates_cap(shop: Team, world: World) -> None:
    bot = loop(shop, acceptance={"cap": 2})
    (lead,) = world.leads()
    run_bot(shop, bot, lead)
    let_time_pass(world, 40)
    assert exits(shop, lead) == ["fail"]
    assert told(shop, lead)[-1]["reason"] == "nobody_else"
    assert world.kinds(shop.account, lead) == ["distribution", *["redistribution"] * 2]


@pytest.mark.feature("R23")
def test_a_loop_leaves_the_lead_to_whom_a_person_has_given_it(shop: Team, world: World) -> None:
    bot = loop(shop)
    (lead,) = world.leads()
    run_bot(shop, bot, lead)
    (by_hand,) = [one for one in shop.everybody if one.kommo_id != world.owner(lead)][:1]
    world.advance(MINUTE)
    world.edit(lead, responsible_user_id=by_hand.kommo_id)
    let_time_pass(world, 25)
    assert world.owner(lead) == by_hand.kommo_id
    assert {row["status"] for row in told(shop, lead)} == {"success"}


@pytest.mark.feature("R23")
def test_a_call_that_comes_twice_is_one_step(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", *shop.everybody), "salesbot")
    bot = put_bot(shop, [ask_us(trigger), {"do": "wait", "minutes": 60}])
    world.crm("weather", duplicate=1.0, jitter=5.0)
    leads = world.leads(5)
    run_bot(shop, bot, *leads)
    for _ in range(8):
        world.advance(1)
    assert {tuple(world.kinds(shop.account, lead)) for lead in leads} == {("distribution",)}
    assert [len(told(shop, lead)) for lead in leads] == [1] * 5
    assert Effect.objects.filter(kind="bot").count() == 5


@pytest.mark.feature("F92")
@pytest.mark.parametrize(
    "fault",
    [
        "server_error",
        "server_error_after_commit",
        "drop_before_commit",
        "drop_after_commit",
        "gateway_timeout_after_commit",
        "too_many_requests",
        "unauthorized",
        "payment_required",
        "truncated",
    ],
)
def test_no_bot_is_left_hanging_after_an_hour_of_trouble(
    shop: Team, world: World, fault: str
) -> None:
    trigger = sender(shop, template(shop, "Sales", *shop.everybody), "salesbot")
    bot = put_bot(shop, [ask_us(trigger), *EXITS])
    world.crm("faults", kind=fault, probability=0.6)
    leads = []
    for _ in range(6):
        new = world.leads(3, run=False)
        run_bot(shop, bot, *new)
        let_time_pass(world, 10)
        leads += new
    world.crm("faults", clear=True)
    let_time_pass(world, 30)
    assert hanging(shop) == []
    assert exits(shop, *leads) == ["success"] * len(leads)
    states = Effect.objects.filter(kind="bot").values_list("state", flat=True)
    assert set(states) == {Effect.State.DONE}  # where the answer was lost, too
    assert not DeadLetter.objects.exists()


class Crash(Exception):
    """The worker dies."""


def crash() -> None:
    raise Crash


@pytest.mark.feature("F92")
def test_a_bot_whose_call_is_given_up_goes_on_by_fail(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    (lead,) = world.leads()
    bot = put_bot(shop, [ask_us(trigger), *EXITS])
    world.crm("run_bot", bot_id=bot, lead_id=lead)
    world.post_hooks()
    for _ in range(4):
        take_turn(before_commit=crash)
        world.advance(2, run=False)
    world.run()
    assert DeadLetter.objects.get().reason.startswith("bot:")
    assert told(shop, lead) == [{"status": "fail", "manager": "", "reason": "not_processed"}]
    assert hanging(shop) == []


def test_a_bot_that_was_stopped_meanwhile_blocks_nothing(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    bot = put_bot(shop, [ask_us(trigger), *EXITS])
    (lead,) = world.leads()
    (run,) = world.crm("run_bot", bot_id=bot, lead_id=lead)["run_ids"]
    world.crm("stop_bot", run_id=run)
    world.run()
    assert world.owner(lead) == shop.ana.kommo_id
    assert not Effect.objects.filter(state__in=Effect.OPEN).exists()


def test_a_bots_lead_may_stand_anywhere(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    pipeline, stages = world.stages()
    (lead,) = world.leads(status_id=stages[-1])
    run_bot(shop, put_bot(shop, [ask_us(trigger), *EXITS]), lead)
    row = LeadMirror.objects.get(lead_id=lead)
    assert (row.owner_id, row.pipeline_id) == (shop.ana.kommo_id, pipeline)
