"""Recurring leads: they go to the owner of their contact or company (F126-F130, R20-R22)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Manager
from distribution.models import RegisterEntry, Template, Trigger
from distribution.operations.deciding.rows import rows_by_ids
from tests import policies
from tests.functional.engine.cards import company, contact, earlier_lead, lay, paths
from tests.functional.engine.senders import put_card, sender, switch_on, template
from tests.functional.main_job.conftest import Team
from tests.planning import set_status
from tests.world import World


def ready(team: Team, *, on_shift: list[Manager] | None = None, **sticky: Any) -> None:
    """Deal by these sticky rules; a contact of Oleg's exists where tests make one."""
    team.deal_with()
    lay(team, sticky={"by": "contact", **sticky})
    team.world.start_shifts(team.everybody if on_shift is None else on_shift)


def why(world: World, team: Team, lead: int) -> list[tuple[int | None, str]]:
    return [(row.chosen_id, row.reason) for row in world.decisions(team.account, lead)]


@pytest.mark.feature("F126", "F127", "R22")
@pytest.mark.parametrize(
    ("mode", "winner", "reason"),
    [
        ("off", None, ""),
        ("contact", "oleg", "sticky"),
        ("company", "ana", "sticky"),
        ("both", "oleg", "sticky"),
    ],
)
def test_a_recurring_lead_goes_where_its_mode_says(
    team: Team, world: World, mode: str, winner: str | None, reason: str
) -> None:
    person, firm = contact(world, team.oleg), company(world, team.ana)
    earlier_lead(world, contact_ids=[person], company_id=firm)
    ready(team, by=mode)
    for _ in range(3):  # whoever's turn it would be
        (lead,) = world.leads(contact_ids=[person], company_id=firm)
        (decided,) = world.decisions(team.account, lead)
        assert decided.reason == reason
        if winner:
            assert world.owner(lead) == getattr(team, winner).kommo_id


@pytest.mark.feature("F126", "F127")
def test_with_both_the_company_has_its_say_where_the_contact_is_new(
    team: Team, world: World
) -> None:
    firm = company(world, team.ana)
    earlier_lead(world, company_id=firm)
    ready(team, by="both")
    leads = [world.leads(company_id=firm)[0] for _ in range(3)]  # each with a new contact
    assert world.loads(leads) == {team.ana.kommo_id: 3}
    facts = world.decisions(team.account, leads[0])[0].lead_facts
    assert "company" in str(facts)


@pytest.mark.feature("R22")
@pytest.mark.parametrize("mode", ["contact", "company", "both"])
def test_a_card_without_an_earlier_lead_decides_nothing(
    team: Team, world: World, mode: str
) -> None:
    ready(team, by=mode, on_shift=[team.max])
    person, firm = contact(world, team.oleg), company(world, team.ana)
    (lead,) = world.leads(contact_ids=[person], company_id=firm)
    assert why(world, team, lead) == [(team.max.kommo_id, "")]
    (again,) = world.leads(contact_ids=[person], company_id=firm)
    assert why(world, team, again)[0][1] == "sticky"


@pytest.mark.feature("F127")
def test_a_lead_without_contact_and_company_is_dealt(team: Team, world: World) -> None:
    ready(team, by="both", on_shift=[team.ana])
    (lead,) = world.leads(contacts=0)
    assert why(world, team, lead) == [(team.ana.kommo_id, "")]


@pytest.mark.feature("F126")
def test_the_main_contact_counts_not_the_others(team: Team, world: World) -> None:
    main, other = contact(world, team.ana), contact(world, team.oleg)
    earlier_lead(world, contact_ids=[main])
    earlier_lead(world, contact_ids=[other])
    ready(team)
    (lead,) = world.leads(contact_ids=[main, other])
    assert why(world, team, lead) == [(team.ana.kommo_id, "sticky")]


@pytest.mark.feature("F129")
def test_a_customers_lead_costs_nobody_a_place_in_the_queue(team: Team, world: World) -> None:
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    ready(team)
    world.leads(2)
    before = list(RegisterEntry.objects.order_by("user_id").values_list("user_id", "lag", "count"))
    for _ in range(4):
        world.leads(contact_ids=[person])
    after = list(RegisterEntry.objects.order_by("user_id").values_list("user_id", "lag", "count"))
    assert before
    assert after == before
    third = world.leads(1)  # whose turn it was before
    counts = dict(RegisterEntry.objects.values_list("user_id", "count"))
    assert sorted(counts.values()) == [1, 1, 1], third


@pytest.mark.feature("F129")
def test_where_customers_leads_count_they_cost_a_place(team: Team, world: World) -> None:
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    ready(team, counts=True)
    world.leads(contact_ids=[person])
    assert dict(RegisterEntry.objects.values_list("user_id", "count"))[team.oleg.kommo_id] == 1


@pytest.mark.feature("F130", "R22")
def test_an_owner_in_always_distribute_with_is_nobody_and_any_other_gets_the_lead(
    team: Team, world: World
) -> None:
    robots, others = contact(world, team.max), contact(world, team.oleg)
    for person in (robots, others):
        earlier_lead(world, contact_ids=[person])
    ready(team, on_shift=[team.ana], always_distribute=[team.max.kommo_id])
    (dealt,) = world.leads(contact_ids=[robots])
    (given,) = world.leads(contact_ids=[others])
    assert why(world, team, dealt) == [(team.ana.kommo_id, "")]
    assert why(world, team, given) == [(team.oleg.kommo_id, "sticky")]


@pytest.mark.feature("F130", "R22")
def test_with_both_a_robots_contact_lets_the_company_decide(team: Team, world: World) -> None:
    person, firm = contact(world, team.max), company(world, team.oleg)
    earlier_lead(world, contact_ids=[person], company_id=firm)
    ready(team, by="both", on_shift=[team.ana], always_distribute=[team.max.kommo_id])
    (lead,) = world.leads(contact_ids=[person], company_id=firm)
    assert why(world, team, lead) == [(team.oleg.kommo_id, "sticky")]


class TestOwnerAway:
    """R20: what happens when the owner cannot take it."""

    def customers_lead(self, team: Team, world: World, **sticky: Any) -> int:
        """Return a lead of a customer of Oleg's, who is off shift; Ana is on."""
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, on_shift=[team.ana], **sticky)
        (lead,) = world.leads(contact_ids=[person])
        return lead

    @pytest.mark.feature("R20")
    def test_give_is_the_default(self, team: Team, world: World) -> None:
        lead = self.customers_lead(team, world)
        assert why(world, team, lead) == [(team.oleg.kommo_id, "sticky")]

    @pytest.mark.feature("R20")
    def test_wait_then_distribute(self, team: Team, world: World) -> None:
        lead = self.customers_lead(team, world, owner_away="wait", wait_minutes=10)
        assert why(world, team, lead) == [(None, "owner_away")]
        world.advance(9 * 60)
        assert len(world.decisions(team.account, lead)) == 1
        world.advance(61)
        assert why(world, team, lead)[1:] == [(team.ana.kommo_id, "")]
        assert world.owner(lead) == team.ana.kommo_id

    @pytest.mark.feature("R20")
    def test_an_owner_who_comes_in_time_gets_it(self, team: Team, world: World) -> None:
        lead = self.customers_lead(team, world, owner_away="wait", wait_minutes=10)
        world.advance(5 * 60)
        world.start_shifts([team.oleg])
        assert why(world, team, lead)[1:] == [(team.oleg.kommo_id, "sticky")]

    @pytest.mark.feature("R20")
    def test_another_lead_does_not_wait_with_it(self, team: Team, world: World) -> None:
        self.customers_lead(team, world, owner_away="wait", wait_minutes=10)
        (lead,) = world.leads()
        assert world.owner(lead) == team.ana.kommo_id

    @pytest.mark.feature("R20")
    def test_distribute_at_once(self, team: Team, world: World) -> None:
        lead = self.customers_lead(team, world, owner_away="distribute")
        assert why(world, team, lead) == [(team.ana.kommo_id, "")]

    @pytest.mark.feature("R20")
    @pytest.mark.parametrize("owner_away", ["give", "wait"])
    def test_whoever_is_forced_off_is_passed_over(
        self, team: Team, world: World, owner_away: str
    ) -> None:
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, owner_away=owner_away, on_shift=[team.oleg, team.ana])
        set_status(world, team.oleg, "forced_off", until=world.now + timedelta(hours=3))
        (lead,) = world.leads(contact_ids=[person])
        assert why(world, team, lead) == [(team.ana.kommo_id, "")]

    @pytest.mark.feature("R20")
    def test_a_user_whom_kommo_has_deactivated_is_passed_over(
        self, team: Team, world: World
    ) -> None:
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, on_shift=[team.ana])
        Manager.objects.filter(pk=team.oleg.pk).update(is_active_in_kommo=False)
        (lead,) = world.leads(contact_ids=[person])
        assert why(world, team, lead) == [(team.ana.kommo_id, "")]

    @pytest.mark.feature("R20")
    def test_an_owner_whom_we_do_not_know_is_nobody(self, team: Team, world: World) -> None:
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, on_shift=[team.ana])
        Manager.objects.filter(pk=team.oleg.pk).delete()
        (lead,) = world.leads(contact_ids=[person])
        assert why(world, team, lead) == [(team.ana.kommo_id, "")]

    @pytest.mark.feature("R20")
    def test_an_owner_at_the_limit_is_waited_for_until_a_lead_of_his_closes(
        self, team: Team, world: World
    ) -> None:
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, owner_away="wait", wait_minutes=60, on_shift=[team.oleg])
        (first,) = world.leads()
        assert world.owner(first) == team.oleg.kommo_id
        lay(team, limits={"leads": 1, "counts": "tracked"})
        (lead,) = world.leads(contact_ids=[person])
        assert why(world, team, lead) == [(None, "owner_away")]
        world.edit(first, status_id=143)
        assert why(world, team, lead)[1:] == [(team.oleg.kommo_id, "sticky")]

    @pytest.mark.feature("R20")
    def test_an_owner_who_is_no_member_gets_it_all_the_same(self, team: Team, world: World) -> None:
        person = contact(world, team.oleg)
        earlier_lead(world, contact_ids=[person])
        ready(team, on_shift=[team.ana])
        row = Template.objects.get(is_simple=True)
        policies.change(row, members=[{"kind": "manager", "id": team.ana.kommo_id}])
        Trigger.objects.update(group=None)
        lay(team)
        (lead,) = world.leads(contact_ids=[person])
        assert why(world, team, lead) == [(team.oleg.kommo_id, "sticky")]


@pytest.mark.feature("F128", "R21")
@pytest.mark.parametrize("is_excluded", [True, False])
def test_a_customers_lead_remembers_that_it_is_never_redistributed_unless_switched_off(
    team: Team, world: World, is_excluded: bool
) -> None:
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    ready(team, excluded=is_excluded)
    (lead,) = world.leads(contact_ids=[person])
    (row,) = rows_by_ids(team.account.pk, [lead])
    assert row.cycle.sticky is is_excluded


@pytest.mark.feature("F126")
def test_a_lead_that_comes_back_to_the_stage_is_asked_anew_whose_it_is(
    team: Team, world: World
) -> None:
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    ready(team)
    (lead,) = world.leads(contact_ids=[person])
    world.crm(
        "edit_linked",
        kind="contacts",
        id=person,
        changes={"responsible_user_id": team.max.kommo_id},
    )
    support, stages = world.stages(1)
    sales, home = world.stages(0)
    world.edit(lead, pipeline_id=support, status_id=stages[0])
    world.edit(lead, pipeline_id=sales, status_id=home[0])
    assert [chosen for chosen, _ in why(world, team, lead)] == [
        team.oleg.kommo_id,
        team.max.kommo_id,
    ]


@pytest.mark.feature("F126", "F88")
def test_a_lead_that_a_trigger_sends_goes_to_its_customers_owner_too(
    team: Team, world: World
) -> None:
    person = contact(world, team.oleg)
    earlier_lead(world, contact_ids=[person])
    switch_on(team)
    sales = template(team, "Sales", team.ana, sticky={"by": "contact"})
    _, stages = world.stages()
    put_card(team, sender(team, sales), stages[1])
    (lead,) = world.leads(status_id=stages[1], contact_ids=[person])
    assert why(world, team, lead) == [(team.oleg.kommo_id, "sticky")]
    calls = world.api_calls()
    world.leads(status_id=stages[0], contact_ids=[person])  # nobody has sent this one
    assert "GET /api/v4/contacts" not in paths(world, calls)
