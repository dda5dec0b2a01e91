"""Limits of open leads: which stages count, whose number counts, and what happens at the limit."""

from __future__ import annotations

from typing import Any

import pytest

from distribution.models import LeadMirror, ManagerLoad
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.engine.scene import change, deal_by, group, member, why
from tests.functional.main_job.conftest import Team
from tests.planning import set_limit, set_status
from tests.world import World

ALL = ManagerLoad.ALL


def counted(team: Team, *scope: int) -> list[int]:
    """Return how many leads count for Oleg, Ana and Max, in the count of all stages unless given."""
    rows = ManagerLoad.objects.for_account(team.account).filter(scope=scope[0] if scope else ALL)
    numbers = dict(rows.values_list("user_id", "number"))
    return [numbers.get(manager.kommo_id, 0) for manager in team.everybody]


# F121, R17: receives if and only if he holds fewer than the limit.


@pytest.mark.feature("F121")
@pytest.mark.feature("F125")
@pytest.mark.feature("R17")
def test_who_is_at_the_limit_is_passed_over_and_who_is_below_is_not(
    team: Team, world: World
) -> None:
    world.existing_leads({team.oleg.kommo_id: 2, team.ana.kommo_id: 1, team.max.kommo_id: 3})
    deal_by(team, limits={"leads": 2})
    leads = world.leads(3)
    assert team.leads_of(*team.everybody, among=leads) == [0, 1, 0]
    assert {why(team, lead) for lead in leads[1:]} == {"all_at_limit"}


@pytest.mark.feature("F119")
@pytest.mark.feature("F123")
def test_a_blank_limit_is_not_looked_at(team: Team, world: World) -> None:
    world.existing_leads({team.ana.kommo_id: 40})
    deal_by(team, members=[member(team.ana)])
    assert team.leads_of(team.ana, among=world.leads(20)) == [20]


@pytest.mark.feature("F121")
def test_a_limit_of_zero_lets_nobody_receive(team: Team, world: World) -> None:
    deal_by(team, limits={"leads": 0})
    (lead,) = world.leads()
    assert why(team, lead) == "all_at_limit"


@pytest.mark.feature("R19")
@pytest.mark.feature("B4")
@pytest.mark.parametrize("how", ["closed", "reassigned", "deleted"])
def test_all_at_the_limit_waits_and_goes_within_one_turn_when_capacity_is_freed(
    team: Team, world: World, how: str
) -> None:
    deal_by(team, members=[member(team.ana), member(team.max)], limits={"leads": 1})
    held = world.leads(2)
    (lead,) = world.leads()
    assert why(team, lead) == "all_at_limit"
    freed = next(one for one in held if world.owner(one) == team.ana.kommo_id)
    world.advance(60)
    if how == "closed":
        world.edit(freed, status_id=143, run=False)
    elif how == "reassigned":
        world.edit(freed, responsible_user_id=team.oleg.kommo_id, run=False)
    else:
        world.delete(freed, run=False)
    world.post_hooks()
    assert take_turn(account_id=team.account.pk) is not None
    assert world.decisions(team.account, lead)[-1].chosen_id == team.ana.kommo_id


@pytest.mark.feature("R19")
def test_a_raised_limit_lets_go_what_waits(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], limits={"leads": 1})
    first, second, third = world.leads(3)
    change(team, limits={"leads": 2})
    assert team.leads_of(team.ana, among=[first, second, third]) == [2]


# F120: which stages count.


@pytest.mark.feature("F120")
@pytest.mark.feature("F119")
def test_by_default_leads_of_all_open_stages_of_all_pipelines_count_and_closed_ones_never(
    team: Team, world: World
) -> None:
    support, others = world.stages(1)
    world.existing_leads({team.oleg.kommo_id: 1}, pipeline_id=support, status_id=others[1])
    world.existing_leads({team.ana.kommo_id: 1}, status_id=142)
    world.existing_leads({team.ana.kommo_id: 1}, pipeline_id=support, status_id=143)
    deal_by(team, members=[member(team.oleg), member(team.ana)], limits={"leads": 1})
    assert counted(team) == [1, 0, 0]
    leads = world.leads(2)
    assert team.leads_of(team.oleg, team.ana, among=leads) == [0, 1]


@pytest.mark.feature("F120")
def test_with_tracked_stages_only_leads_where_watches_deal_count(team: Team, world: World) -> None:
    support, others = world.stages(1)
    world.existing_leads({team.oleg.kommo_id: 5}, pipeline_id=support, status_id=others[1])
    world.existing_leads({team.ana.kommo_id: 1})
    rows = [member(team.oleg), member(team.ana)]
    deal_by(team, members=rows, limits={"leads": 1, "counts": "tracked"})
    assert team.leads_of(team.oleg, team.ana, among=world.leads(2)) == [1, 0]
    assert not LeadMirror.objects.filter(pipeline_id=support).exists()


@pytest.mark.feature("F120")
def test_with_chosen_stages_only_their_leads_count(team: Team, world: World) -> None:
    pipeline, stages = world.stages()
    support, others = world.stages(1)
    world.existing_leads({team.oleg.kommo_id: 2}, status_id=stages[0])
    world.existing_leads({team.ana.kommo_id: 2}, status_id=stages[1])
    world.existing_leads({team.max.kommo_id: 2}, pipeline_id=support, status_id=others[0])
    chosen = [[pipeline, stages[1]], [support, None]]
    watch = deal_by(team, limits={"leads": 2, "counts": "chosen", "stages": chosen})
    assert counted(team, watch.template_id) == [0, 2, 2]
    leads = world.leads(3, status_id=stages[0])
    assert team.leads_of(*team.everybody, among=leads) == [3, 0, 0]


@pytest.mark.feature("F120")
def test_newly_chosen_stages_fill_the_mirror_by_themselves_after_a_save(
    team: Team, world: World
) -> None:
    pipeline, stages = world.stages()
    support, others = world.stages(1)
    held = world.existing_leads({team.ana.kommo_id: 3}, pipeline_id=support, status_id=others[0])
    limits = {"leads": 3, "counts": "chosen", "stages": [[pipeline, stages[0]]]}
    watch = deal_by(team, members=[member(team.ana)], limits=limits)
    assert counted(team, watch.template_id) == [0, 0, 0]
    assert team.leads_of(team.ana, among=world.leads(status_id=stages[1])) == [1]
    change(team, limits={"stages": [[support, None]]})
    assert counted(team, watch.template_id) == [0, 3, 0]
    (lead,) = world.leads()
    assert why(team, lead) == "all_at_limit"
    world.edit(held[team.ana.kommo_id][0], status_id=142)
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("F120")
def test_two_templates_count_each_by_its_own_stages(team: Team, world: World) -> None:
    pipeline, stages = world.stages()
    support, others = world.stages(1)
    limits = {"leads": 2, "counts": "chosen"}
    deal_by(team, members=[member(team.ana)], limits={**limits, "stages": [[pipeline, stages[0]]]})
    deal_by(
        team,
        name="Support",
        stages=[[support, None]],
        members=[member(team.ana)],
        limits={**limits, "stages": [[support, None]]},
    )
    sales = world.leads(3, status_id=stages[0])
    assert team.leads_of(team.ana, among=sales) == [2]
    service = world.leads(3, pipeline_id=support, status_id=others[0])
    assert team.leads_of(team.ana, among=service) == [2]


# What moves the counts of stages that nobody watches, and what never happens to their leads.


@pytest.mark.feature("F120")
@pytest.mark.feature("F124")
def test_webhooks_move_the_counts_of_stages_that_no_trigger_watches(
    team: Team, world: World
) -> None:
    support, others = world.stages(1)
    deal_by(team, limits={"leads": 9})
    (lead,) = world.leads(
        pipeline_id=support, status_id=others[0], responsible_user_id=team.oleg.kommo_id
    )
    assert counted(team) == [1, 0, 0]
    world.advance(60)
    world.edit(lead, responsible_user_id=team.ana.kommo_id)
    assert counted(team) == [0, 1, 0]
    world.advance(60)
    world.edit(lead, status_id=others[1])
    assert counted(team) == [0, 1, 0]
    world.advance(60)
    world.edit(lead, status_id=142)
    assert counted(team) == [0, 0, 0]
    world.advance(60)
    world.edit(lead, status_id=others[0])
    assert counted(team) == [0, 1, 0]
    world.delete(lead)
    assert counted(team) == [0, 0, 0]


@pytest.mark.feature("F120")
@pytest.mark.feature("F87")
def test_leads_of_stages_that_only_count_are_never_dealt_moved_or_returned(
    team: Team, world: World
) -> None:
    support, others = world.stages(1)
    deal_by(
        team,
        gates={"shift": "require"},
        limits={"leads": 9},
        departure={"moves": True},
    )
    world.start_shifts(team.everybody)
    there: dict[str, Any] = {"pipeline_id": support, "status_id": others[0]}
    counted_only = world.leads(3, responsible_user_id=team.ana.kommo_id, **there)
    assert counted(team) == [0, 3, 0]
    assert world.loads(counted_only) == {team.ana.kommo_id: 3}
    assert world.decisions(team.account) == []
    watched = world.leads(3)
    assert team.leads_of(*team.everybody, among=watched) == [1, 1, 1]
    world.shift(team.ana, "end")
    world.advance(3600)
    assert team.leads_of(team.ana, among=watched) == [0]
    assert world.loads(counted_only) == {team.ana.kommo_id: 3}
    gone = next(one for one in watched if len(world.decisions(team.account, one)) == 2)
    world.edit(gone, **there)  # what was moved away from her has left the watched stages
    holder = world.owner(gone)
    world.start_shifts([team.ana])
    world.advance(3600)
    assert world.owner(gone) == holder
    assert not [row for lead in counted_only for row in world.decisions(team.account, lead)]


@pytest.mark.feature("F120")
@pytest.mark.feature("F88")
def test_a_lead_that_moves_from_a_counted_into_a_watched_stage_is_dealt(
    team: Team, world: World
) -> None:
    support, others = world.stages(1)
    pipeline, stages = world.stages()
    deal_by(team, members=[member(team.ana)], limits={"leads": 9})
    (lead,) = world.leads(
        pipeline_id=support, status_id=others[0], responsible_user_id=team.max.kommo_id
    )
    world.advance(60)
    world.edit(lead, pipeline_id=pipeline, status_id=stages[0])
    assert world.owner(lead) == team.ana.kommo_id
    assert counted(team) == [0, 1, 0]


@pytest.mark.feature("F120")
@pytest.mark.feature("F124")
def test_a_lead_that_people_took_over_in_a_stage_that_only_counts_counts_for_its_new_owner(
    team: Team, world: World
) -> None:
    support, others = world.stages(1)
    deal_by(team, members=[member(team.ana)], limits={"leads": 9})
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()  # decided for Ana, not yet written to Kommo
    world.advance(10, run=False)
    world.edit(lead, pipeline_id=support, status_id=others[0], run=False)
    world.post_hooks()
    take_turn()
    world.crm("weather", is_off=True)
    world.edit(lead, responsible_user_id=team.max.kommo_id, run=False)
    assert deliver() is not None
    take_turn()
    assert counted(team) == [0, 0, 1]
    world.run()
    assert counted(team) == [0, 0, 1]


# R18: whose number counts. Member's row, then the profile, then the template.


@pytest.mark.feature("R18")
@pytest.mark.feature("F121")
def test_a_members_row_comes_before_the_profile_and_that_before_the_template(
    team: Team, world: World
) -> None:
    set_limit(team.account, [team.oleg, team.ana], 2)
    rows = [member(team.oleg, leads=1), member(team.ana), member(team.max)]
    deal_by(team, members=rows, limits={"leads": 3})
    leads = world.leads(9)
    assert team.leads_of(*team.everybody, among=leads) == [1, 2, 3]


@pytest.mark.feature("R18")
@pytest.mark.feature("F123")
def test_where_nobody_has_said_a_number_nothing_is_looked_at(team: Team, world: World) -> None:
    set_limit(team.account, [team.oleg], 1)
    deal_by(team, members=[member(team.oleg), member(team.ana)])
    assert team.leads_of(team.oleg, team.ana, among=world.leads(9)) == [1, 8]


@pytest.mark.feature("R18")
def test_a_groups_row_limits_each_of_its_people_who_has_no_row_with_one(
    team: Team, world: World
) -> None:
    rows = [group(team.ana, leads=2), member(team.ana, leads=4)]
    deal_by(team, members=rows)
    assert team.leads_of(*team.everybody, among=world.leads(12)) == [2, 4, 2]


# B11: the load is a part of the personal limit.


@pytest.mark.feature("B11")
def test_five_of_ten_is_more_loaded_than_eight_of_twenty(team: Team, world: World) -> None:
    world.existing_leads({team.oleg.kommo_id: 5, team.ana.kommo_id: 8})
    rows = [member(team.oleg, leads=10), member(team.ana, leads=20)]
    deal_by(team, strategy="least_loaded", members=rows)
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id


@pytest.mark.feature("B11")
def test_a_burst_fills_people_in_proportion_to_their_limits(team: Team, world: World) -> None:
    rows = [member(team.oleg, leads=10), member(team.ana, leads=20), member(team.max, leads=30)]
    deal_by(team, strategy="least_loaded", members=rows)
    assert team.leads_of(*team.everybody, among=world.leads(30)) == [5, 10, 15]


@pytest.mark.feature("R17")
@pytest.mark.feature("F121")
def test_a_burst_never_passes_a_limit(team: Team, world: World) -> None:
    rows = [member(team.oleg, leads=3), member(team.ana, leads=7), member(team.max, leads=11)]
    deal_by(team, members=rows)
    leads = world.leads(40)
    assert team.leads_of(*team.everybody, among=leads) == [3, 7, 11]
    assert counted(team) == [3, 7, 11]


@pytest.mark.feature("R28")
def test_forced_on_opens_no_other_gate(team: Team, world: World) -> None:
    deal_by(team, members=[member(team.ana)], limits={"leads": 1})
    set_status(world, team.ana, "forced_on")
    leads = world.leads(2)
    assert team.leads_of(team.ana, among=leads) == [1]
    change(team, gates={"shift": "require"}, limits={"leads": 9})
    assert team.leads_of(team.ana, among=leads) == [1]
    assert why(team, leads[1]) == "nobody_on_shift"
