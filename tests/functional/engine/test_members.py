"""Who takes part: managers, live groups, shares of groups and shares inside them."""

from __future__ import annotations

import pytest

from accounts.models import Manager
from accounts.operations.housekeeping import REFRESH_EVERY
from tests.functional.engine.scene import change, deal_by, group, member, received
from tests.functional.main_job.conftest import Team
from tests.planning import hire, on_team_page, person
from tests.world import World


@pytest.fixture
def two_groups(world: World) -> tuple[Team, list[Manager], list[Manager]]:
    """An account of Sales and Service, two people in each."""
    account = world.open(managers=4, groups=("Sales", "Service"))
    people = world.managers(account)
    service = people[2].group
    assert service is not None
    world.crm("user", user_id=people[3].kommo_id, group_id=service.kommo_id)
    world.advance(REFRESH_EVERY.total_seconds())
    on_team_page(account, "licence/off", [person(account, name) for name in ("Vera", "Sonia")])
    people = world.managers(account)
    sales = [one for one in people if one.group and one.group.name == "Sales"]
    others = [one for one in people if one.group and one.group.name == "Service"]
    assert len(sales) == len(others) == 2
    return Team(world, account, *people[:3]), sales, others


TwoGroups = tuple[Team, list[Manager], list[Manager]]


@pytest.mark.feature("F97")
@pytest.mark.feature("R15")
def test_a_department_of_sixty_and_a_user_of_forty_share_ten_leads_six_to_four(
    world: World, two_groups: TwoGroups
) -> None:
    team, sales, service = two_groups
    members = [group(sales[0], weight=60), member(service[0], weight=40)]
    deal_by(team, strategy="weighted", members=members)
    counts = team.leads_of(*sales, service[0], service[1], among=world.leads(10))
    assert counts == [3, 3, 4, 0]


@pytest.mark.feature("F99")
@pytest.mark.feature("R15")
def test_weights_inside_a_department_split_its_share(world: World, two_groups: TwoGroups) -> None:
    team, sales, service = two_groups
    members = [
        group(sales[0], weight=60),
        member(sales[0], weight=2),
        member(sales[1], weight=1),
        member(service[0], weight=30),
    ]
    deal_by(team, strategy="weighted", members=members)
    assert team.leads_of(*sales, service[0], among=world.leads(18)) == [8, 4, 6]


@pytest.mark.feature("F98")
def test_in_even_mode_a_member_of_a_selected_department_counts_once(
    world: World, two_groups: TwoGroups
) -> None:
    team, sales, service = two_groups
    members = [group(sales[0], weight=60), member(sales[0], weight=9), member(service[0])]
    deal_by(team, members=members)
    assert team.leads_of(*sales, service[0], among=world.leads(9)) == [3, 3, 3]


@pytest.mark.feature("F23")
@pytest.mark.feature("F24")
@pytest.mark.feature("R16")
@pytest.mark.parametrize("strategy", ["even", "weighted"])
def test_a_new_colleague_of_a_selected_group_takes_part_in_the_next_decision(
    world: World, two_groups: TwoGroups, strategy: str
) -> None:
    team, sales, service = two_groups
    members = [group(sales[0], weight=60), member(service[0], weight=40)]
    deal_by(team, strategy=strategy, members=members)
    world.leads(10)
    newcomer = hire(world, "Bea", beside=sales[0])
    world.advance(REFRESH_EVERY.total_seconds())
    number = 12 if strategy == "even" else 10
    counts = world.loads(world.leads(number))
    found = [counts[one] for one in (sales[0].kommo_id, sales[1].kommo_id, newcomer)]
    if strategy == "even":
        assert found == [3, 3, 3]
    else:
        assert sum(found) == 6
        assert found == [2, 2, 2]


@pytest.mark.feature("F24")
def test_whoever_leaves_a_selected_group_leaves_the_distribution(
    world: World, two_groups: TwoGroups
) -> None:
    team, sales, service = two_groups
    deal_by(team, members=[group(sales[0])])
    elsewhere = world.sandbox.crm.account_at(team.account.host).users[service[0].kommo_id].group_id  # type: ignore[union-attr]
    world.crm("user", user_id=sales[1].kommo_id, group_id=elsewhere)
    world.advance(REFRESH_EVERY.total_seconds())
    assert set(received(team, world.leads(4))) == {sales[0].kommo_id}


@pytest.mark.feature("F59")
def test_an_empty_list_without_a_schedule_is_nobody(team: Team, world: World) -> None:
    deal_by(team, members=[])
    (lead,) = world.leads()
    assert world.kinds(team.account, lead) == ["distribution: no_members"]
    change(team, members=[member(team.ana)])
    assert world.owner(lead) == team.ana.kommo_id
