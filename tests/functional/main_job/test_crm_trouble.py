"""Kommo fails, forgets, refuses: nothing is lost, nothing is done twice, work goes on by itself."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import Account, Credential, InboxEvent
from distribution.models import Effect
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from tests.functional.main_job.conftest import Team
from tests.world import World


def owner_changes(world: World, lead: int) -> int:
    rows = world.ask("state")["leads"]
    history = next(row["owners"] for row in rows if row["id"] == lead)
    return sum(entry["is_api"] for entry in history)


def let_time_pass(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.advance(60)


def all_settled(team: Team, leads: list[int]) -> None:
    """Each lead was given once to somebody on shift, with one note."""
    world = team.world
    holders = {manager.kommo_id for manager in team.everybody}
    assert {world.owner(lead) for lead in leads} <= holders
    assert Counter(owner_changes(world, lead) for lead in leads) == {1: len(leads)}
    assert Counter(len(world.notes(lead)) for lead in leads) == {1: len(leads)}
    assert all(world.kinds(team.account, lead) == ["distribution"] for lead in leads)
    assert not Effect.objects.for_account(team.account).filter(state__in=Effect.OPEN).exists()


@pytest.mark.parametrize(
    "fault", ["server_error", "drop_before_commit", "drop_after_commit", "gateway_timeout", "html"]
)
def test_after_an_hour_of_trouble_every_lead_is_delivered_once(
    team: Team, world: World, fault: str
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts(team.everybody)
    world.crm("faults", kind=fault, path="/leads")
    leads = []
    for _ in range(12):
        leads += world.leads(2)
        let_time_pass(world, 5)
    world.crm("faults", clear=True)
    let_time_pass(world, 30)
    all_settled(team, leads)


@pytest.mark.parametrize(
    "fault",
    [
        "too_many_requests",
        "server_error",
        "server_error_after_commit",
        "drop_before_commit",
        "drop_after_commit",
        "gateway_timeout_after_commit",
        "slow",
        "truncated",
        "empty",
    ],
)
def test_a_kommo_that_fails_half_of_the_time_gets_every_change_once(
    team: Team, world: World, fault: str
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts(team.everybody)
    world.crm("faults", kind=fault, path="/leads", probability=0.5)
    leads = []
    for _ in range(6):
        leads += world.leads(3)
        let_time_pass(world, 2)
    world.crm("faults", clear=True)
    let_time_pass(world, 30)
    all_settled(team, leads)


def test_decisions_go_on_while_only_writing_fails(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    world.crm("faults", kind="server_error", method="PATCH")
    leads = world.leads(9)
    assert sum(1 for row in world.decisions(team.account) if row.chosen_id) == 9
    world.crm("faults", clear=True)
    let_time_pass(world, 5)
    assert team.leads_of(*team.everybody, among=leads) == [3, 3, 3]


# Tokens


def test_an_expired_token_is_renewed_and_the_lead_is_dealt(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    version = Credential.objects.for_account(team.account).get().version
    world.advance(25 * 3600, run=False)
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn()
    deliver()
    assert world.owner(lead) == team.ana.kommo_id
    assert Credential.objects.for_account(team.account).get().version > version


def test_a_revoked_token_stops_the_account_keeps_its_inbox_and_goes_on_after_authorisation(
    team: Team, world: World
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts(team.everybody)
    world.crm("revoke", silent=True)
    leads = world.leads(3)
    let_time_pass(world, 20)
    account = Account.objects.get(pk=team.account.pk)
    assert account.health == Account.Health.NEEDS_REAUTH
    assert account.state == Account.State.TRIAL
    assert InboxEvent.objects.for_account(account).filter(done_at=None, kind="webhook").count() >= 3
    assert team.leads_of(*team.everybody, among=leads) == [0, 0, 0]
    assert world.crm("install")["status"] == 200
    let_time_pass(world, 20)
    assert Account.objects.get(pk=team.account.pk).health == Account.Health.OK
    all_settled(team, leads)


def test_an_account_whose_token_is_revoked_is_tried_every_ten_minutes_only(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.crm("revoke", silent=True)
    world.leads(3)
    let_time_pass(world, 20)
    before = world.api_calls()
    let_time_pass(world, 60)
    assert world.api_calls() - before <= 2 * 6  # one call and one refresh each time


# Payment


def test_an_account_that_has_not_paid_waits_and_goes_on_when_it_has(
    team: Team, world: World
) -> None:
    team.deal_with(notes_enabled=True)
    world.start_shifts(team.everybody)
    world.crm("account", is_paid=False)
    leads = world.leads(3)
    let_time_pass(world, 30)
    account = Account.objects.get(pk=team.account.pk)
    assert account.health == Account.Health.PAYMENT_REQUIRED
    before = world.api_calls()
    let_time_pass(world, 60)
    assert world.api_calls() - before <= 40
    world.crm("account", is_paid=True)
    let_time_pass(world, 30)
    all_settled(team, leads)


def test_one_accounts_trouble_leaves_another_account_alone(team: Team, world: World) -> None:
    rival = world.open("rival.kommo.com", managers=3)
    world.configure(rival)
    mallory = world.managers(rival)[0]
    world.start_shifts([mallory], host=rival.host)
    world.crm("faults", kind="server_error")
    world.leads(5)
    (lead,) = world.leads(host=rival.host)
    assert world.owner(lead, rival.host) == mallory.kommo_id
