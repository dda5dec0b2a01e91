"""Even, by coefficient and least loaded: what each promises, seen in Kommo."""

from __future__ import annotations

import pytest

from tests.functional.engine.scene import change, deal_by, member, received
from tests.functional.main_job.conftest import Team
from tests.planning import set_status
from tests.world import World


@pytest.mark.feature("F96")
def test_thirty_leads_are_dealt_ten_to_each_of_three(team: Team, world: World) -> None:
    deal_by(team)
    assert team.leads_of(*team.everybody, among=world.leads(30)) == [10, 10, 10]


@pytest.mark.feature("F96")
def test_thirty_leads_one_by_one_never_differ_by_more_than_one(team: Team, world: World) -> None:
    deal_by(team)
    leads: list[int] = []
    for _ in range(30):
        leads += world.leads()
        counts = team.leads_of(*team.everybody, among=leads)
        assert max(counts) - min(counts) <= 1
        world.advance(7)


@pytest.mark.feature("F100")
@pytest.mark.parametrize("burst", [True, False])
def test_forty_and_sixty_deal_six_leads_b_a_b_a_b_b(team: Team, world: World, burst: bool) -> None:
    members = [member(team.oleg, weight=40), member(team.ana, weight=60)]
    deal_by(team, strategy="weighted", members=members)
    leads = world.leads(6) if burst else [world.leads()[0] for _ in range(6)]
    a, b = team.oleg.kommo_id, team.ana.kommo_id
    assert received(team, leads) == [b, a, b, a, b, b]


@pytest.mark.feature("F101")
def test_without_by_coefficient_the_coefficients_are_kept_and_not_looked_at(
    team: Team, world: World
) -> None:
    members = [member(team.oleg, weight=1), member(team.ana, weight=5)]
    deal_by(team, strategy="weighted", members=members)
    assert team.leads_of(team.oleg, team.ana, among=world.leads(12)) == [2, 10]
    change(team, strategy="even")
    assert team.leads_of(team.oleg, team.ana, among=world.leads(10)) == [5, 5]
    change(team, strategy="weighted")
    assert team.leads_of(team.oleg, team.ana, among=world.leads(12)) == [2, 10]


@pytest.mark.feature("F100")
def test_a_coefficient_of_zero_is_a_share_of_nothing(team: Team, world: World) -> None:
    members = [member(team.oleg, weight=0), member(team.ana, weight=1)]
    deal_by(team, strategy="weighted", members=members)
    assert team.leads_of(team.oleg, team.ana, among=world.leads(5)) == [0, 5]


@pytest.mark.feature("F102")
def test_the_second_tier_is_asked_only_when_nobody_of_the_first_can_take_the_lead(
    team: Team, world: World
) -> None:
    first, second, third = team.oleg, team.ana, team.max
    rows = [member(first, tier=1), member(second, tier=2), member(third, tier=3)]
    deal_by(team, members=rows)
    assert team.leads_of(first, second, third, among=world.leads(3)) == [3, 0, 0]
    set_status(world, first, "forced_off")
    assert team.leads_of(first, second, third, among=world.leads(3)) == [0, 3, 0]
    set_status(world, second, "forced_off")
    assert team.leads_of(first, second, third, among=world.leads(3)) == [0, 0, 3]
    set_status(world, first, "on")
    assert team.leads_of(first, second, third, among=world.leads(3)) == [3, 0, 0]


@pytest.mark.feature("F102")
def test_a_full_first_tier_lets_the_second_have_the_rest_of_a_burst(
    team: Team, world: World
) -> None:
    rows = [member(team.oleg, tier=1, leads=2), member(team.ana, tier=2)]
    deal_by(team, members=rows)
    assert team.leads_of(team.oleg, team.ana, among=world.leads(5)) == [2, 3]


@pytest.mark.feature("F103")
def test_of_five_three_and_four_open_leads_three_is_the_least(team: Team, world: World) -> None:
    world.existing_leads({team.oleg.kommo_id: 5, team.ana.kommo_id: 3, team.max.kommo_id: 4})
    deal_by(team, strategy="least_loaded")
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F105")
@pytest.mark.parametrize("strategy", ["even", "least_loaded"])
def test_a_hundred_leads_at_once_are_level_to_within_one(
    team: Team, world: World, strategy: str
) -> None:
    deal_by(team, strategy=strategy)
    counts = team.leads_of(*team.everybody, among=world.leads(100))
    assert sum(counts) == 100
    assert max(counts) - min(counts) <= 1


@pytest.mark.feature("F105")
def test_a_burst_by_coefficient_keeps_each_within_one_lead_of_his_share(
    team: Team, world: World
) -> None:
    weights = [5, 3, 2]
    people = zip(team.everybody, weights, strict=True)
    members = [member(manager, weight=weight) for manager, weight in people]
    deal_by(team, strategy="weighted", members=members)
    counts = team.leads_of(*team.everybody, among=world.leads(97))
    shares = [97 * weight / 10 for weight in weights]
    assert all(abs(count - share) <= 1 for count, share in zip(counts, shares, strict=True))


@pytest.mark.feature("R14")
def test_a_tie_goes_to_the_larger_lag_then_to_the_longer_idle_then_to_the_smaller_id(
    team: Team, world: World
) -> None:
    deal_by(team)
    by_id = sorted(manager.kommo_id for manager in team.everybody)
    first = received(team, [*world.leads(), *world.leads(), *world.leads()])
    assert first == by_id  # nobody has had a lead: the smaller id
    world.advance(60)
    assert received(team, world.leads(3)) == by_id  # equal lags: the longest idle
    set_status(world, team.everybody[0], "forced_off")
    world.leads(2)  # while he is away nobody owes him anything
    set_status(world, team.everybody[0], "on")
    (lead,) = world.leads()
    assert world.owner(lead) == team.everybody[0].kommo_id  # again the longest idle


@pytest.mark.feature("R14")
def test_equal_loads_are_broken_by_the_lag(team: Team, world: World) -> None:
    deal_by(team, strategy="least_loaded")
    by_id = sorted(team.everybody, key=lambda manager: manager.kommo_id)
    (lead,) = world.leads()
    assert world.owner(lead) == by_id[0].kommo_id
    world.edit(lead, status_id=142)  # all three hold nothing again; he has had one
    world.advance(60)
    assert received(team, world.leads(2)) == [by_id[1].kommo_id, by_id[2].kommo_id]
