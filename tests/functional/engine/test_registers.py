"""Registers share, keep apart and remember: leads arrive over HTTP, people work the console, turns deal."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from accounts.models import InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.core.ledger import LEAD
from distribution.models import (
    Register,
    RegisterCredit,
    RegisterEntry,
    RegisterEpoch,
    Template,
    Trigger,
)
from shifts.core.hours import parse_hours
from shifts.models import Override
from shifts.operations.overrides import add_override
from shifts.operations.patterns import assign_pattern, create_pattern
from tests import policies
from tests.functional.main_job.conftest import Team
from tests.planning import on_team_page, person, signed_in, today
from tests.world import World

SHIFT = {"shift": "require"}


def place(world: World, team: Team) -> None:
    """Let the mirror be placed anew after triggers have changed."""
    append_event(team.account, InboxEvent.Kind.SETTINGS, {}, world.now)
    world.run()


def deal_by(team: Team, **body: Any) -> Template:
    """Switch dealing on with a template of all three instead of the simple one."""
    team.deal_with()
    Trigger.objects.for_account(team.account).delete()
    people = [{"kind": "manager", "id": one.kommo_id} for one in team.everybody]
    return policies.template(team.account, "Fair", **{"members": people, "gates": SHIFT, **body})


def watch(team: Team, template: Template, number: int, register: Register | None = None) -> Trigger:
    """Let the template deal the leads of a whole pipeline."""
    return policies.watch(template, [[team.world.stages(number)[0], None]], register=register)


def leads_in(world: World, number: int, count: int) -> list[int]:
    """Let leads arrive in a pipeline, one after the other."""
    pipeline, stages = world.stages(number)
    made: list[int] = []
    for _ in range(count):
        world.advance(1, run=False)
        made += world.leads(pipeline_id=pipeline, status_id=stages[0])
    return made


def entries(register: Register) -> dict[int, RegisterEntry]:
    rows = RegisterEntry.objects.for_account(register.account_id).filter(register=register)
    return {row.user_id: row for row in rows}


def lags(register: Register) -> dict[int, int]:
    return {user: row.lag for user, row in entries(register).items()}


def console(team: Team) -> Client:
    """A browser of Sonia, whom the admin has named supervisor."""
    sonia = person(team.account, "Sonia")
    if not sonia.is_supervisor:
        on_team_page(team.account, "supervisor/on", [sonia])
        sonia.refresh_from_db()
    return signed_in(sonia)


def press(client: Client, register: Register, button: str, /, **form: Any) -> None:
    """Send one of the page's forms."""
    answer = client.post(f"/registers/{register.pk}/{button}", form)
    assert answer.status_code == 302, answer.content.decode()


@pytest.fixture
def shared(team: Team) -> Register:
    """Two triggers over two pipelines that share one register, created on the page (F115)."""
    template = deal_by(team)
    answer = console(team).post("/registers/new", {"name": "Everything"})
    assert answer.status_code == 302
    register: Register = Register.objects.for_account(team.account).get(own_of=None)
    watch(team, template, 0, register)
    watch(team, template, 1, register)
    place(team.world, team)
    return register


@pytest.mark.feature("F114")
def test_two_triggers_with_one_register_are_even_together(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    made = []
    for number in (0, 1, 1, 0, 1, 0, 0, 1, 1):
        made += leads_in(world, number, 1)
        counts = [world.loads(made)[one.kommo_id] for one in team.everybody]
        assert max(counts) - min(counts) <= 1
    assert team.leads_of(*team.everybody, among=made) == [3, 3, 3]


@pytest.mark.feature("F118")
def test_current_trigger_registers_know_nothing_of_each_other(team: Team, world: World) -> None:
    template = deal_by(team)
    first, second = watch(team, template, 0), watch(team, template, 1)
    place(world, team)
    world.start_shifts(team.everybody)
    (here,), (there,) = leads_in(world, 0, 1), leads_in(world, 1, 1)
    assert world.owner(here) == world.owner(there) == team.oleg.kommo_id
    for trigger in (first, second):
        assert trigger.register is not None
        counts = {user: row.count for user, row in entries(trigger.register).items()}
        assert counts.pop(team.oleg.kommo_id) == 1
        assert set(counts.values()) == {0}


@pytest.mark.feature("F116")
def test_each_lead_adds_one_to_whoever_gets_it(team: Team, world: World, shared: Register) -> None:
    world.start_shifts([team.oleg, team.ana])
    had: Counter[int] = Counter()
    for number in (0, 1, 0, 0, 1):
        (lead,) = leads_in(world, number, 1)
        had[world.owner(lead)] += 1
        counts = Counter({user: row.count for user, row in entries(shared).items()})
        assert counts == had
    assert sum(lags(shared).values()) == 0


@pytest.mark.feature("F117")
def test_with_equal_presence_the_fewest_in_the_register_get_the_next(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 1)
    for number in (1, 0, 0, 1, 1, 0, 1, 0, 0, 1):
        before = {user: row.count for user, row in entries(shared).items()}
        (lead,) = leads_in(world, number, 1)
        assert before[world.owner(lead)] == min(before.values())


@pytest.mark.feature("B5")
@pytest.mark.feature("R13")
def test_a_returner_takes_no_two_in_a_row_because_of_the_absence(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 3)
    world.shift(team.max, "end")
    world.run()
    assert team.leads_of(team.max, among=leads_in(world, 0, 12)) == [0]
    world.start_shifts([team.max])
    after = [world.owner(lead) == team.max.kommo_id for lead in leads_in(world, 0, 12)]
    assert sum(after) == 4
    assert not any(one and other for one, other in pairwise(after))


def on_leave_for_a_week(team: Team, template: Template) -> None:
    """Let everybody work around the clock, but Max be absent for a week from tomorrow on."""
    world, first = team.world, today(team.world, team.account)
    pattern = create_pattern(
        team.account,
        name="Always",
        cycle=[parse_hours("00:00-24:00")],
        anchor_on=first,
        actor=None,
        now=world.now,
    )
    assign_pattern(pattern, team.everybody, starts_on=first, actor=None, now=world.now)
    add_override(
        team.account,
        [team.max],
        kind=Override.Kind.ABSENCE,
        starts_on=first + timedelta(days=1),
        ends_on=first + timedelta(days=7),
        cause=Override.Cause.VACATION,
        actor=None,
        now=world.now,
    )
    policies.change(template, gates={"schedule": "personal", "shift": "off"})
    place(world, team)


@pytest.mark.feature("B5")
def test_after_a_week_of_approved_leave_one_catches_up_the_cap_under_the_pace(
    team: Team, world: World
) -> None:
    template = deal_by(team, limits={"pace_leads": 2, "pace_minutes": 60})
    trigger = watch(team, template, 0)
    assert trigger.register is not None
    press(
        console(team),
        trigger.register,
        "policy",
        catch_up_percent=100,
        catch_up_leads=3,
        ramp="",
    )
    on_leave_for_a_week(team, template)
    leads_in(world, 0, 3)
    for _ in range(7):
        world.advance(86_400)
        assert team.leads_of(team.max, among=leads_in(world, 0, 4)) == [0]
    assert 3 * LEAD <= lags(trigger.register)[team.max.kommo_id] < 4 * LEAD
    world.advance(86_400)
    had = []
    for _ in range(12):
        had.append(team.leads_of(team.max, among=leads_in(world, 0, 2))[0])
        world.advance(3_600)
    assert max(had) <= 2  # the pace
    assert sum(had[:3]) >= 4  # catching up at once, of six …
    assert 24 / 3 + 2 <= sum(had) <= 24 / 3 + 4  # … but no more than the cap
    assert sum(lags(trigger.register).values()) == 0


@pytest.mark.feature("B5")
def test_without_catch_up_a_week_of_leave_changes_nothing(team: Team, world: World) -> None:
    template = deal_by(team)
    trigger = watch(team, template, 0)
    on_leave_for_a_week(team, template)
    leads_in(world, 0, 3)
    world.advance(86_400)
    assert team.leads_of(team.max, among=leads_in(world, 0, 10)) == [0]
    assert trigger.register is not None
    assert lags(trigger.register)[team.max.kommo_id] == 0


@pytest.mark.feature("B5")
def test_a_newcomer_begins_at_zero_with_half_the_share_in_the_first_week(
    team: Team, world: World, shared: Register
) -> None:
    press(console(team), shared, "policy", catch_up_percent=0, catch_up_leads=3, ramp="50")
    world.start_shifts([team.oleg, team.ana])
    leads_in(world, 0, 2)
    world.advance(8 * 86_400)
    world.start_shifts([team.max])
    week = leads_in(world, 0, 20)
    assert team.leads_of(*team.everybody, among=week) == [8, 8, 4]
    owners = [world.owner(lead) == team.max.kommo_id for lead in week]
    assert not any(one and other for one, other in pairwise(owners))
    assert "newcomer: 50 %" in console(team).get(f"/registers/{shared.pk}").content.decode()
    world.advance(8 * 86_400)
    assert team.leads_of(team.max, among=leads_in(world, 1, 12)) == [4]


@pytest.mark.feature("B15")
def test_a_credit_of_two_shows_in_the_ledger_and_in_the_next_two_decisions(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 3)
    browser = console(team)
    form = {"manager": team.max.kommo_id, "what": "credit", "leads": 2, "reason": "Spoilt leads"}
    press(browser, shared, "credit", **form)
    assert lags(shared)[team.max.kommo_id] == 0  # only the lane changes entries
    assert "counts in a moment" in browser.get(f"/registers/{shared.pk}").content.decode()
    world.run()
    assert lags(shared)[team.max.kommo_id] == 2 * LEAD
    assert sum(lags(shared).values()) == 0
    shown = browser.get(f"/registers/{shared.pk}").content.decode()
    assert "+2.00" in shown
    assert "is owed 2.00 leads" in shown
    assert "Spoilt leads" in shown
    assert "Sonia" in shown
    assert "counts in a moment" not in shown
    for number in (0, 1):
        (lead,) = leads_in(world, number, 1)
        assert world.owner(lead) == team.max.kommo_id
        decision = world.decisions(team.account, lead)[-1]
        assert decision.lag_before is not None
        assert decision.lag_before > LEAD
    leads = leads_in(world, 0, 22)
    assert team.leads_of(team.max, among=leads) == [8]  # 24 / 3 + 2, two of which are had


@pytest.mark.feature("B15")
def test_a_skip_lets_the_others_go_first(team: Team, world: World, shared: Register) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 3)
    form = {"manager": team.oleg.kommo_id, "what": "skip", "leads": 1, "reason": "Took one by hand"}
    press(console(team), shared, "credit", **form)
    world.run()
    assert lags(shared)[team.oleg.kommo_id] == -LEAD
    made = leads_in(world, 0, 12)
    assert team.oleg.kommo_id not in {world.owner(lead) for lead in made[:3]}
    assert team.leads_of(team.oleg, among=made) == [3]


@pytest.mark.feature("B15")
def test_who_has_left_bears_no_part_of_a_credit(team: Team, world: World, shared: Register) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 4)
    before = lags(shared)
    Manager.objects.filter(pk=team.ana.pk).update(is_licensed=False)
    form = {"manager": team.max.kommo_id, "what": "credit", "leads": 2, "reason": "Spoilt"}
    press(console(team), shared, "credit", **form)
    world.run()
    after = lags(shared)
    assert after[team.ana.kommo_id] == before[team.ana.kommo_id]
    assert after[team.oleg.kommo_id] == before[team.oleg.kommo_id] - 2 * LEAD
    page = console(team).get(f"/registers/{shared.pk}").content.decode()
    assert "does not take part" in page


def test_a_credit_and_a_lead_that_come_together_are_taken_in_that_order(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 1)
    form = {"manager": team.oleg.kommo_id, "what": "credit", "leads": 5, "reason": "Spoilt"}
    lead = world.leads(run=False)[0]
    press(console(team), shared, "credit", **form)
    press(console(team), shared, "credit", **{**form, "leads": 1})
    world.run()
    assert world.owner(lead) == team.oleg.kommo_id
    assert RegisterCredit.objects.filter(applied_at=None).count() == 0
    assert lags(shared)[team.oleg.kommo_id] == 6 * LEAD - 4 * (LEAD // 3)
    assert sum(lags(shared).values()) == 0


@pytest.mark.feature("R12")
def test_a_register_is_reset_only_on_purpose_and_keeps_what_was(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 4)
    before = entries(shared)
    template = Template.objects.for_account(team.account).get(name="Fair")
    policies.change(template, strategy="weighted")
    world.save(team.account, strategy="even", notes_enabled=True)
    assert lags(shared) == {user: row.lag for user, row in before.items()}  # saving resets nothing
    assert not RegisterEpoch.objects.exists()

    browser = console(team)
    refused = browser.post(f"/registers/{shared.pk}/reset", {"reason": " "})
    assert refused.status_code == 422
    world.run()
    assert not RegisterEpoch.objects.exists()

    press(browser, shared, "reset", reason="New quarter")
    world.run()
    shared.refresh_from_db()
    after = entries(shared)
    assert (shared.epoch, shared.epoch_started_at) == (2, world.now)
    assert {(row.lag, row.count, row.last_lead_at) for row in after.values()} == {(0, 0, None)}
    assert {user: row.joined_at for user, row in after.items()} == {
        user: row.joined_at for user, row in before.items()
    }
    epoch = RegisterEpoch.objects.get()
    assert (epoch.epoch, epoch.reason) == (1, "New quarter")
    assert epoch.actor_id == person(team.account, "Sonia").kommo_id
    assert [tuple(entry[:3]) for entry in epoch.entries] == [
        (user, row.lag, row.count) for user, row in sorted(before.items())
    ]
    page = browser.get(f"/registers/{shared.pk}").content.decode()
    assert "New quarter" in page
    assert "Epoch 1" in page
    leads_in(world, 0, 3)
    assert {row.count for row in entries(shared).values()} == {1}


@pytest.mark.feature("R12")
def test_a_reset_while_the_lane_is_down_is_not_lost(
    team: Team, world: World, shared: Register
) -> None:
    world.start_shifts(team.everybody)
    leads_in(world, 0, 2)
    press(console(team), shared, "reset", reason="New quarter")
    world.leads(run=False)
    assert not RegisterEpoch.objects.exists()
    world.run()
    assert RegisterEpoch.objects.get().entries
    assert sum(row.count for row in entries(shared).values()) == 1


@pytest.mark.feature("R13")
def test_strict_totals_level_the_totals_and_only_with_a_pace(
    team: Team, world: World, shared: Register
) -> None:
    browser, form = console(team), {"catch_up_percent": 0, "catch_up_leads": 3, "ramp": ""}
    refused = browser.post(f"/registers/{shared.pk}/policy", {**form, "strict_totals": "on"})
    assert refused.status_code == 422
    assert "Set a pace limit first in: Fair" in refused.content.decode()
    template = Template.objects.for_account(team.account).get(name="Fair")
    policies.change(template, limits={"pace_leads": 2, "pace_minutes": 60})
    press(browser, shared, "policy", strict_totals="on", **form)
    world.start_shifts([team.oleg, team.ana])
    for _ in range(3):
        leads_in(world, 0, 2)
        world.advance(3_600)
    world.start_shifts([team.max])
    hours = []
    for _ in range(3):
        hours.append(team.leads_of(team.max, among=leads_in(world, 0, 3))[0])
        world.advance(3_600)
    assert hours[0] == 2  # as many as the pace allows: behind by three
    assert {row.count for row in entries(shared).values()} == {5}


def test_a_register_goes_with_the_trigger_whose_own_it_is(team: Team, world: World) -> None:
    team.deal_with()
    (trigger,) = Trigger.objects.for_account(team.account)
    groups = [{"group": trigger.group.kommo_id, "pipelines": [world.stages()[0]], "stages": []}]
    for _ in range(3):
        world.save(team.account, groups=[])
        assert not Register.objects.for_account(team.account).exists()
        world.save(team.account, groups=groups)
        assert Register.objects.for_account(team.account).get().own_of_id
