"""A template in shadow decides and records, writes nothing, and is compared with what people did (N8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Manager
from distribution.models import Decision, Effect, LeadMirror, ManagerLoad, Template, Timer, Wave
from distribution.operations.policies.templates import set_shadow
from distribution.queries.shadow import shadow_report, shadow_templates
from tests import policies
from tests.functional.engine.scene import deal_by, member, take_effect
from tests.functional.main_job.conftest import Team
from tests.world import HOST, World

pytestmark = [pytest.mark.feature("N8")]


def writes(world: World) -> list[str]:
    """What the service has changed in Kommo; that it subscribes to webhooks is no change."""
    calls = world.sandbox.crm.account_at(HOST).calls  # type: ignore[union-attr]
    named = [f"{call.method} {call.path}" for call in calls if call.method != "GET"]
    return [one for one in named if "/api/v4/" in one and not one.endswith("/webhooks")]


def in_shadow(team: Team, **body: object) -> Template:
    team.deal_with()
    policies.change_simple(team.account, **body)
    template = Template.objects.for_account(team.account).get(is_simple=True)
    template.is_shadow = True
    template.save(update_fields=["is_shadow"])
    team.world.configure(team.account)
    return template


def test_a_week_in_shadow_leaves_no_write_at_the_crm(team: Team, world: World) -> None:
    template = in_shadow(
        team,
        strategy="even",
        departure={"moves": True},
        acceptance={"minutes": 30},
        first_touch={"minutes": 15},
        nobody={"then": "move_stage", "after_minutes": 60, "stage": list(stage_of(team, 1))},
        linked=["contacts", "lead_tasks"],
    )
    before = len(writes(world))
    leads: list[int] = []
    for _ in range(7):
        world.start_shifts([team.oleg, team.ana])
        leads += world.leads(3)
        world.advance(3600)
        world.edit(leads[-1], responsible_user_id=team.oleg.kommo_id)
        world.edit(leads[-2], responsible_user_id=team.max.kommo_id)
        world.shift(team.oleg, "end")
        world.run()
        leads += world.leads(1)
        world.advance(2 * 3600)
        world.shift(team.ana, "end")
        world.run()
        leads += world.leads(1)
        world.advance(21 * 3600)
    assert len(leads) == 35
    assert writes(world)[before:] == []
    assert not Effect.objects.for_account(team.account).exists()
    assert not Wave.objects.for_account(team.account).exists()
    timers = Timer.objects.for_account(team.account).filter(kind__in=("accept", "touch", "wave"))
    assert not timers.exists()
    dealt = Decision.objects.for_account(team.account).exclude(kind="manual")
    assert dealt.filter(chosen_id__isnull=False).count() >= 28
    assert not dealt.filter(is_shadow=False).exists()
    report = shadow_report(
        team.account, template, world.now - timedelta(days=8), world.now + timedelta(days=1)
    )
    assert report.total == 35


def stage_of(team: Team, place: int) -> tuple[int, int]:
    pipeline, stages = team.world.stages()
    return pipeline, stages[place]


def test_the_report_compares_with_who_really_has_the_leads(team: Team, world: World) -> None:
    template = in_shadow(team, strategy="even")
    world.start_shifts([team.oleg, team.ana])
    first, second, third, fourth = world.leads(4)
    world.advance(60)
    world.edit(first, responsible_user_id=team.oleg.kommo_id)
    world.edit(second, responsible_user_id=team.ana.kommo_id)
    world.edit(third, responsible_user_id=team.max.kommo_id)
    world.delete(fourth)
    ours = {
        row.lead_id: row.chosen_id
        for row in Decision.objects.for_account(team.account).filter(is_shadow=True)
    }
    real = {
        first: team.oleg.kommo_id,
        second: team.ana.kommo_id,
        third: team.max.kommo_id,
    }
    equal = sum(ours[lead] == user for lead, user in real.items())
    span = (world.now - timedelta(hours=1), world.now + timedelta(hours=1))
    found = shadow_report(team.account, template, *span)
    assert (found.total, found.compared, found.equal) == (4, 3, equal)
    assert found.percent == 100 * equal // 3
    assert equal == 2
    by_user = {user: (mine, theirs, both) for user, mine, theirs, both in found.people}
    assert by_user[team.max.kommo_id] == (0, 1, 0)
    assert sum(mine for mine, _, _ in by_user.values()) == 3
    later = shadow_report(team.account, template, world.now, world.now + timedelta(hours=1))
    assert (later.total, later.percent) == (0, None)


def test_one_switch_ends_the_shadow_and_the_next_lead_is_written(team: Team, world: World) -> None:
    template = in_shadow(team, strategy="even")
    world.start_shifts([team.oleg])
    (shadowed,) = world.leads(1)
    assert world.owner(shadowed) != team.oleg.kommo_id
    sonia = Manager.objects.for_account(team.account).get(name="Sonia")
    set_shadow(template, is_shadow=False, reason="enough seen", actor=sonia, now=world.now)
    world.run()
    (lead,) = world.leads(1)
    assert world.owner(lead) == team.oleg.kommo_id
    assert world.owner(shadowed) != team.oleg.kommo_id
    assert shadow_templates(team.account, world.now) == [template]


def test_a_template_in_shadow_does_not_take_leads_from_people_who_leave(
    team: Team, world: World
) -> None:
    in_shadow(team, strategy="even", departure={"moves": True})
    world.start_shifts([team.oleg, team.ana])
    leads = world.leads(3)
    world.advance(60)
    world.edit(*leads, responsible_user_id=team.oleg.kommo_id)
    world.advance(60)
    world.shift(team.oleg, "end")
    world.run()
    world.advance(3600)
    assert team.leads_of(team.oleg, among=leads) == [3]
    rows = LeadMirror.objects.for_account(team.account).filter(lead_id__in=leads)
    assert {row.state for row in rows} == {"dealt"}


@pytest.mark.feature("F120")
def test_a_lead_that_waits_on_paper_counts_for_whoever_has_it_whatever_is_saved_or_edited(
    team: Team, world: World
) -> None:
    deal_by(team, name="Paper", members=[member(team.oleg)], gates={"shift": "require"})
    Template.objects.filter(name="Paper").update(is_shadow=True)
    take_effect(team)
    (lead,) = world.leads(responsible_user_id=team.ana.kommo_id)
    rows = ManagerLoad.objects.filter(user_id=team.ana.kommo_id, scope=ManagerLoad.ALL)
    assert LeadMirror.objects.get(lead_id=lead).state == "waiting"
    counts = [rows.get().number]
    world.advance(60)
    world.edit(lead, name="Another name")
    counts.append(rows.get().number)
    take_effect(team)
    counts.append(rows.get().number)
    assert counts == [1, 1, 1]
    Template.objects.filter(name="Paper").update(is_shadow=False)
    take_effect(team)
    assert rows.get().number == 0
