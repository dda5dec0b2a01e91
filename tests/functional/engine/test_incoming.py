"""Kommo's Incoming leads: what nobody has accepted yet has no owner and is not dealt."""

from __future__ import annotations

import pytest

from distribution.labels.reasons import code_text
from distribution.operations.policies.triggers import IncomingStage, create_trigger
from tests.functional.engine.senders import (
    MINUTE,
    ask_us,
    fired,
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
from tests.world import World


@pytest.fixture
def shop(team: Team) -> Team:
    """The team, with dealing switched on and nothing that sends leads yet."""
    switch_on(team)
    return team


def incoming_stage(world: World) -> tuple[int, int]:
    """Return pipeline and stage in which Kommo keeps incoming leads."""
    pipelines = world.sandbox.crm.account_at("acme.kommo.com").pipelines  # type: ignore[union-attr]
    pipeline = pipelines[min(pipelines)]
    return pipeline.id, next(one.id for one in pipeline.stages.values() if one.type == 1)


def come_in(world: World) -> tuple[str, int]:
    """Let an incoming lead arrive; return its uid and the lead's id."""
    made = world.crm("incoming")
    world.run()
    return made["uids"][0], made["lead_ids"][0]


@pytest.mark.feature("F91")
def test_an_incoming_lead_that_a_trigger_sends_is_refused_and_dealt_once_it_is_accepted(
    shop: Team, world: World
) -> None:
    _, unsorted = incoming_stage(world)
    _, stages = world.stages()
    trigger = sender(shop, template(shop, "Sales", shop.ana))
    card = put_card(shop, trigger, unsorted)
    put_card(shop, trigger, stages[0])
    uid, lead = come_in(world)
    owner = world.owner(lead)
    assert [row["statuses"] for row in fired(shop, card)] == [[204]]
    assert world.kinds(shop.account, lead) == ["distribution: incoming_stage"]
    world.advance(MINUTE)
    world.crm("accept_incoming", uid=uid, status_id=stages[0])
    world.run()
    assert (owner, world.owner(lead)) != (shop.ana.kommo_id, owner)
    assert world.kinds(shop.account, lead) == ["distribution: incoming_stage", "distribution"]
    assert world.owner(lead) == shop.ana.kommo_id


@pytest.mark.feature("F91")
@pytest.mark.feature("F92")
def test_a_bot_on_an_incoming_lead_is_told_so_and_goes_on(shop: Team, world: World) -> None:
    trigger = sender(shop, template(shop, "Sales", shop.ana), "salesbot")
    _, lead = come_in(world)
    run_bot(shop, put_bot(shop, [ask_us(trigger)]), lead)
    assert [row["reason"] for row in told(shop, lead)] == ["incoming_stage"]
    assert [row["state"] for row in runs(shop, lead)] == ["done"]


@pytest.mark.feature("F91")
def test_a_declined_incoming_lead_is_gone(shop: Team, world: World) -> None:
    _, unsorted = incoming_stage(world)
    put_card(shop, sender(shop, template(shop, "Sales", shop.ana)), unsorted)
    uid, lead = come_in(world)
    world.advance(MINUTE)
    world.crm("decline_incoming", uid=uid)
    world.run()
    assert world.kinds(shop.account, lead) == ["distribution: incoming_stage"]


@pytest.mark.feature("F91")
def test_no_trigger_can_be_set_up_on_incoming_leads_and_the_message_says_why(
    shop: Team, world: World
) -> None:
    row = template(shop, "Sales", shop.ana)
    for kind in ("watch", "pipeline"):
        with pytest.raises(IncomingStage, match="Kommo keeps incoming leads unaccepted"):
            create_trigger(
                row, kind=kind, stages=[incoming_stage(world)], actor=None, now=world.now
            )
    assert "accept it in Kommo first" in code_text("incoming_stage")
