"""What it costs to ask whose customers leads are: calls to Kommo, and statements (F126-F136)."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from distribution.operations.deciding.turn import take_turn
from tests import policies
from tests.functional.engine.cards import contact, earlier_lead, lay, paths
from tests.functional.main_job.conftest import Team
from tests.world import World

STICKY = ("GET /api/v4/contacts", "GET /api/v4/companies")
LEADS = "GET /api/v4/leads"


def ready(team: Team, by: str = "both") -> None:
    team.deal_with()
    lay(team, sticky={"by": by})
    team.world.start_shifts(team.everybody)


def recurring(world: World, team: Team, count: int, kind: str) -> list[int]:
    """Return cards of Oleg's, each with an earlier lead."""
    owner = team.oleg.kommo_id
    cards = world.crm("people", kind=kind, count=count, responsible_user_id=owner)["ids"]
    for card in cards:
        links = {"contact_ids": [card]} if kind == "contacts" else {"company_id": card}
        pipeline, stages = world.stages(1)
        world.leads(pipeline_id=pipeline, status_id=stages[0], run=False, **links)
    world.run()
    return [int(card) for card in cards]


def calls_of_burst(world: World, team: Team, cards: list[int], kind: str) -> Counter[str]:
    """Let a lead of each card arrive at once; return the calls that the burst has cost, by path."""
    calls = world.api_calls()
    leads = []
    for card in cards:
        links = {"contact_ids": [card]} if kind == "contacts" else {"company_id": card}
        leads += world.leads(run=False, **links)
    world.run()
    assert world.loads(leads) == {team.oleg.kommo_id: len(cards)}
    return Counter(paths(world, calls))


@pytest.mark.feature("F126", "F127")
@pytest.mark.parametrize("kind", ["contacts", "companies"])
@pytest.mark.parametrize("n", [1, 10, 240, 500])
def test_a_burst_asks_for_its_customers_in_batches(
    team: Team, world: World, n: int, kind: str
) -> None:
    """At most 1 + 3·⌈n/250⌉ calls come on top of the reads of the leads, which there are anyway.

    With companies every lead has a new contact as well, so that both cards are asked for: the most
    that there can be, 2·⌈n/240⌉.
    """
    ready(team)
    cards = recurring(world, team, n, kind)
    spent = calls_of_burst(world, team, cards, kind)
    asked = sum(spent[path] for path in STICKY)
    assert spent[LEADS] == ceil(n / 240)
    assert asked == ceil(n / 240) * (1 if kind == "contacts" else 2)
    assert asked <= 1 + 3 * ceil(n / 250)
    if n <= 240:  # reads of leads included
        assert asked + spent[LEADS] <= 1 + 3 * ceil(n / 250)


@pytest.mark.feature("F126")
def test_leads_of_one_contact_share_a_call(team: Team, world: World) -> None:
    ready(team, "contact")
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    spent = calls_of_burst(world, team, [person] * 30, "contacts")
    assert sum(spent[path] for path in STICKY) == 1


def asked_after(world: World, calls: int) -> list[str]:
    return [path for path in paths(world, calls) if path in STICKY]


@pytest.mark.feature("F126")
def test_a_change_of_a_lead_that_is_dealt_asks_for_no_card(team: Team, world: World) -> None:
    ready(team)
    (lead,) = world.leads()
    pipeline, stages = world.stages(0)
    world.advance(5)
    calls = world.api_calls()
    world.edit(lead, name="Another name")
    world.edit(lead, status_id=stages[1])
    world.edit(lead, responsible_user_id=team.ana.kommo_id)
    world.edit(lead, pipeline_id=pipeline, status_id=142)
    assert world.api_calls() > calls
    assert asked_after(world, calls) == []


@pytest.mark.feature("F126")
def test_leads_that_nobody_is_to_deal_ask_for_no_card(team: Team, world: World) -> None:
    old = world.leads(3)
    world.advance(60)
    ready(team)
    calls = world.api_calls()
    for lead in old:  # met for the first time, and not new
        world.edit(lead, name="Another name")
    support, stages = world.stages(1)
    world.leads(pipeline_id=support, status_id=stages[0])
    world.delete(old[0])
    assert asked_after(world, calls) == []


@pytest.mark.feature("F126")
def test_an_excluded_lead_asks_for_no_card(team: Team, world: World) -> None:
    ready(team)
    world.configure(team.account, exclusion_field_id=world.field_id())
    calls = world.api_calls()
    (lead,) = world.leads(run=False)
    world.tick(lead, True)
    assert asked_after(world, calls) == []


@pytest.mark.feature("F126")
def test_a_stage_whose_template_asks_for_nobody_asks_for_no_card(team: Team, world: World) -> None:
    ready(team)
    other = policies.template(
        team.account, "Support", members=[{"kind": "manager", "id": team.ana.kommo_id}]
    )
    support, stages = world.stages(1)
    policies.watch(other, [[support, None]])
    lay(team)
    calls = world.api_calls()
    (lead,) = world.leads(pipeline_id=support, status_id=stages[0])
    assert world.owner(lead) == team.ana.kommo_id
    assert asked_after(world, calls) == []


@pytest.mark.feature("F126")
@pytest.mark.parametrize(("by", "kinds"), [("contact", 1), ("company", 0), ("both", 1)])
def test_a_lone_lead_asks_for_the_cards_it_has_alone(
    team: Team, world: World, by: str, kinds: int
) -> None:
    ready(team, by)
    calls = world.api_calls()
    world.leads()  # with a contact and no company
    assert len(asked_after(world, calls)) == kinds


@pytest.mark.feature("F126", "B14")
def test_a_burst_with_customers_and_skills_costs_at_most_a_fifth_of_a_statement_a_lead(
    team: Team, world: World
) -> None:
    ready(team)
    lay(team, skills={"mode": "soft", "field_id": world.field_id("Source")})
    cards = recurring(world, team, 200, "contacts")
    leads = [world.leads(run=False, contact_ids=[card])[0] for card in cards]
    world.post_hooks()
    with CaptureQueriesContext(connection) as queries:
        take_turn()
    assert len(queries) <= 0.2 * len(leads)


@pytest.mark.feature("F126")
def test_a_card_that_cannot_be_read_now_is_asked_for_later_and_the_lead_is_not_lost(
    team: Team, world: World
) -> None:
    ready(team)
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    world.crm("faults", kind="server_error", method="GET", path="/contacts", count=2)
    (lead,) = world.leads(contact_ids=[person])
    for _ in range(6):
        world.advance(20)
    assert [row.reason for row in world.decisions(team.account, lead)] == ["sticky"]
    assert world.owner(lead) == team.oleg.kommo_id
