"""Active leads of a lead's company and of its main contact follow it (F135, F136)."""

from __future__ import annotations

from typing import Any

import pytest

from distribution.models import Decision
from distribution.operations.deciding.rows import rows_by_ids
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.engine.cards import company, contact, earlier_lead, lay, paths
from tests.functional.main_job.conftest import Team
from tests.world import World

pytestmark = [pytest.mark.feature("F135", "F136")]


def ready(team: Team, *linked: str, **settings: object) -> None:
    team.deal_with(**settings)
    lay(team, linked=list(linked or ("company_leads", "contact_leads")))
    team.world.start_shifts([team.oleg])


def why(world: World, team: Team, lead: int) -> list[tuple[str, int | None, str]]:
    return [(row.kind, row.chosen_id, row.reason) for row in world.decisions(team.account, lead)]


def test_a_lead_of_the_same_company_follows_with_a_record_of_its_own(
    team: Team, world: World
) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    ready(team, "company_leads")
    world.leads(company_id=firm)
    assert world.owner(before) == team.oleg.kommo_id
    assert why(world, team, before) == [("linked", team.oleg.kommo_id, "linked")]


def test_a_lead_of_the_main_contact_follows_one_of_another_contact_does_not(
    team: Team, world: World
) -> None:
    main, other = contact(world, team.max), contact(world, team.max)
    follows = earlier_lead(world, contact_ids=[main])
    stays = earlier_lead(world, contact_ids=[other])
    ready(team, "contact_leads")
    world.leads(contact_ids=[main, other])
    assert world.owner(follows) == team.oleg.kommo_id
    assert world.owner(stays) != team.oleg.kommo_id


@pytest.mark.parametrize("status", [142, 143])
def test_a_closed_lead_stays(team: Team, world: World, status: int) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    world.edit(before, status_id=status)
    ready(team)
    world.leads(company_id=firm)
    assert world.owner(before) != team.oleg.kommo_id
    assert why(world, team, before) == []


def test_an_excluded_lead_stays(team: Team, world: World) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    world.tick(before, True)
    ready(team, exclusion_field_id=world.field_id())
    world.leads(company_id=firm)
    assert world.owner(before) != team.oleg.kommo_id


def test_a_deleted_lead_stays_deleted(team: Team, world: World) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    world.delete(before)
    ready(team)
    world.leads(company_id=firm)
    assert why(world, team, before) == []


def test_those_who_follow_lead_nobody_else(team: Team, world: World) -> None:
    firm, other_firm = company(world, team.max), company(world, team.max)
    between = contact(world, team.max)
    first = earlier_lead(world, place=0, company_id=firm, contact_ids=[between])
    second = earlier_lead(world, company_id=other_firm, contact_ids=[between])
    world.advance(60)
    ready(team)
    world.leads(company_id=firm)
    assert why(world, team, first) == [("linked", team.oleg.kommo_id, "linked")]
    assert world.owner(second) != team.oleg.kommo_id


def test_several_new_leads_of_one_company_end_with_one_owner(team: Team, world: World) -> None:
    ready(team)
    world.start_shifts([team.ana, team.max])
    firm = company(world, team.max)
    leads = [world.leads(company_id=firm, run=False)[0] for _ in range(9)]
    world.run()
    assert len(world.loads(leads)) == 1
    linked = Decision.objects.filter(kind="linked").count()
    assert linked <= 8


def test_a_lead_that_waits_follows_and_waits_no_more(team: Team, world: World) -> None:
    person = contact(world, team.max)
    field = world.field_id("Source")
    ready(team)
    lay(team, skills={"mode": "hard", "field_id": field})
    (waiting,) = world.leads(contact_ids=[person], run=False)
    world.tick(waiting, "Spanish", field="Source")
    assert why(world, team, waiting)[-1][2] == "nobody_skilled"
    world.leads(contact_ids=[person])
    assert world.owner(waiting) == team.oleg.kommo_id
    assert why(world, team, waiting)[-1] == ("linked", team.oleg.kommo_id, "linked")
    (row,) = rows_by_ids(team.account.pk, [waiting])
    assert (row.state, row.waiting_since) == ("dealt", None)


def test_a_persons_change_of_a_lead_that_follows_wins(team: Team, world: World) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    ready(team)
    world.leads(company_id=firm)
    assert world.owner(before) == team.oleg.kommo_id
    world.advance(5)
    world.edit(before, responsible_user_id=team.max.kommo_id)
    world.advance(5)
    assert world.owner(before) == team.max.kommo_id
    world.leads(contacts=1)
    world.advance(600)
    assert world.owner(before) == team.max.kommo_id


def test_an_unclear_answer_neither_loses_nor_doubles(team: Team, world: World) -> None:
    firm = company(world, team.max)
    before = [earlier_lead(world, company_id=firm) for _ in range(3)]
    ready(team)
    world.crm("faults", kind="drop_after_commit", method="PATCH", path="/leads", count=2)
    world.leads(company_id=firm)
    for _ in range(4):
        world.advance(20)
    assert world.loads(before) == {team.oleg.kommo_id: 3}
    for lead in before:
        assert why(world, team, lead) == [("linked", team.oleg.kommo_id, "linked")]


def test_five_hundred_leads_of_a_company_follow_in_a_few_calls(team: Team, world: World) -> None:
    firm = company(world, team.max)
    support, stages = world.stages(1)
    before = world.leads(500, company_id=firm, contacts=0, pipeline_id=support, status_id=stages[0])
    ready(team, "company_leads")
    calls = world.api_calls()
    world.leads(company_id=firm)
    assert world.loads(before) == {team.oleg.kommo_id: 500}
    asked = paths(world, calls)
    assert len(asked) <= 15, asked


def test_leads_that_we_know_to_be_closed_are_not_even_read(team: Team, world: World) -> None:
    ready(team, "company_leads")
    firm = company(world, team.max)
    for lead in world.leads(5, company_id=firm):
        world.advance(2)
        world.edit(lead, status_id=142)
    calls = world.api_calls()
    world.leads(company_id=firm)
    assert len(paths(world, calls)) == 4  # the lead read and given; it and its company looked up


def give(world: World, **links: Any) -> int:
    """Let a lead arrive and be given; nobody has looked at its followers yet."""
    (lead,) = world.leads(run=False, **links)
    world.post_hooks()
    take_turn()
    deliver()
    return lead


def test_nobody_follows_a_lead_that_a_person_has_taken_over_meanwhile(
    team: Team, world: World
) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    ready(team)
    lead = give(world, company_id=firm)
    assert world.owner(lead) == team.oleg.kommo_id
    world.advance(2, run=False)
    world.edit(lead, responsible_user_id=team.ana.kommo_id)
    assert why(world, team, before) == []
    assert world.owner(before) != team.oleg.kommo_id


def test_a_follower_outside_all_watched_stages_is_tried_again_though_it_was_edited(
    team: Team, world: World
) -> None:
    firm = company(world, team.max)
    before = earlier_lead(world, company_id=firm)
    ready(team)
    give(world, company_id=firm)
    world.crm("faults", kind="drop_before_commit", method="PATCH", path="/leads", count=1)
    world.run()
    assert world.owner(before) != team.oleg.kommo_id
    world.advance(1, run=False)
    world.edit(before, name="Another name")
    world.advance(30)
    assert world.owner(before) == team.oleg.kommo_id
