"""Webhooks that are forged, repeated, reordered, cut, deep, huge or deadly do no harm."""

from __future__ import annotations

import pytest

from accounts.models import InboxEvent
from distribution.models import DeadLetter, LeadMirror
from distribution.operations.dead_letters import replay_dead_letters
from distribution.operations.deciding.turn import take_turn
from tests.functional.main_job.conftest import Team
from tests.world import World

RIVAL = "rival.kommo.com"


def bodies_on_their_way(world: World) -> list[bytes]:
    """The bodies of the webhooks that Kommo is about to post, in their order."""
    return [delivery.body for _, _, delivery in sorted(world.sandbox.crm.post.waiting())]


@pytest.mark.parametrize("key", ["unknown", "0" * 43, "..%2f", "ключ"])
def test_a_hook_with_an_unknown_key_is_refused_and_not_stored(
    team: Team, world: World, key: str
) -> None:
    before = InboxEvent.objects.count()
    assert world.post_body(team.account, b"leads[add][0][id]=1", key=key) == 404
    assert InboxEvent.objects.count() == before


@pytest.mark.parametrize("lead", ["999", "0", "-1", "1e9", "999999999999999999", "x", ""])
def test_a_hook_about_a_lead_that_is_not_there_decides_nothing(
    team: Team, world: World, lead: str
) -> None:
    pipeline, stages = world.stages()
    team.deal_with()
    world.start_shifts([team.ana])
    stem = "leads[add][0]"
    body = (
        f"{stem}[id]={lead}&{stem}[pipeline_id]={pipeline}&{stem}[status_id]={stages[0]}"
        f"&{stem}[responsible_user_id]={team.ana.kommo_id}&{stem}[last_modified]=1790000000"
    )
    assert world.post_body(team.account, body.encode()) == 204
    world.run()
    assert world.decisions(team.account) == []
    assert not LeadMirror.objects.exists()


def test_a_hook_that_lies_about_a_lead_is_not_believed(team: Team, world: World) -> None:
    support, stages = world.stages(1)
    sales, first = world.stages(0)
    team.deal_with()
    world.start_shifts([team.ana])
    (lead,) = world.leads(pipeline_id=support, status_id=stages[0])
    stem = "leads[add][0]"
    body = f"{stem}[id]={lead}&{stem}[pipeline_id]={sales}&{stem}[status_id]={first[0]}"
    assert world.post_body(team.account, body.encode()) == 204
    world.run()
    assert world.owner(lead) != team.ana.kommo_id
    assert world.decisions(team.account) == []


def test_a_hook_that_names_another_accounts_lead_touches_neither(team: Team, world: World) -> None:
    rival = world.open(RIVAL, managers=3)
    team.deal_with()
    world.start_shifts([team.ana])
    world.crm("weather", RIVAL, is_off=True)
    (foreign,) = world.leads(host=RIVAL, run=False)
    pipeline, stages = world.stages()
    stem = "leads[add][0]"
    body = f"{stem}[id]={foreign}&{stem}[pipeline_id]={pipeline}&{stem}[status_id]={stages[0]}"
    before = world.owner(foreign, RIVAL)
    assert world.post_body(team.account, body.encode()) == 204
    world.run()
    assert world.owner(foreign, RIVAL) == before
    assert world.decisions(team.account) == world.decisions(rival) == []


def test_hooks_repeated_and_reordered_decide_and_write_nothing_again(
    team: Team, world: World
) -> None:
    _, stages = world.stages()
    team.deal_with(notes_enabled=True)
    world.start_shifts(team.everybody)
    leads = world.leads(5, run=False)
    bodies = bodies_on_their_way(world)
    world.advance(2)  # what is told of the same second as our own write is read, not believed
    world.advance(10)
    world.edit(leads[0], status_id=stages[1], run=False)
    world.edit(leads[1], name="Another name", run=False)
    bodies += bodies_on_their_way(world)
    world.run()
    owners, calls = [world.owner(lead) for lead in leads], world.api_calls()
    for body in reversed(bodies):
        assert world.post_body(team.account, body) == 204
        world.run()
    world.advance(100, run=False)
    for body in bodies:
        world.post_body(team.account, body)
        world.post_body(team.account, body)
    world.run()
    assert [world.owner(lead) for lead in leads] == owners
    assert all(world.kinds(team.account, lead) == ["distribution"] for lead in leads)
    assert all(len(world.notes(lead)) == 1 for lead in leads)
    assert world.api_calls() == calls


def test_identical_bodies_that_wait_are_stored_once(team: Team, world: World) -> None:
    team.deal_with()
    body = b"leads[update][0][id]=77"
    before = InboxEvent.objects.count()
    assert [world.post_body(team.account, body) for _ in range(5)] == [204] * 5
    assert InboxEvent.objects.count() == before + 1


def test_a_bulk_edit_of_a_thousand_leads_in_one_body_deals_them_all(
    team: Team, world: World
) -> None:
    support, stages = world.stages(1)
    sales, first = world.stages(0)
    team.deal_with()
    world.start_shifts(team.everybody)
    leads = world.leads(1000, pipeline_id=support, status_id=stages[0], bulk=True)
    world.advance(10)
    world.crm("weather", items_per_body=1000)
    world.edit(*leads, pipeline_id=sales, status_id=first[0], run=False)
    assert len(bodies_on_their_way(world)) == 2  # one of updates, one of stages
    world.run()
    assert sorted(team.leads_of(*team.everybody, among=leads)) == [333, 333, 334]


JUNK = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "deep": b"leads" + b"[add]" * 20_000 + b"=1",
    "percent": b"%" * 1000 + b"=%zz&%5B%5D=%",
    "json": b'{"leads": {"add": [{"id": 1}]}}',
    "cut in a key": b"leads[add][0][id]=5&leads[add][0][stat",
    "cut in a value": b"leads[add][0][id]=20000001&leads[add][0][status_id]=7600",
    "broken utf-8": b"leads[add][0][name]=\xff\xfe\x00&leads[add][0][id]=\xff",
    "numbers too big": b"leads[add][0][id]=" + b"9" * 5000,
    "many keys": b"&".join(b"leads[add][%d][id]=%d" % (n, n) for n in range(20_000)),
    "null bytes": b"leads[add][0][id]=\x00\x00&\x00=\x00",
    "a foreign list": b"contacts[add][0][id]=5&unsorted[add][0][lead_id]=6",
}


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_taken_and_the_next_lead_is_dealt(team: Team, world: World, name: str) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    assert world.post_body(team.account, JUNK[name]) == 204
    (lead,) = world.leads()
    assert world.owner(lead) == team.ana.kommo_id
    assert not DeadLetter.objects.exists()
    assert not InboxEvent.objects.filter(done_at=None).exists()


def test_a_body_above_one_mebibyte_is_refused(team: Team, world: World) -> None:
    assert world.post_body(team.account, b"x" * (1024 * 1024 + 1)) == 413


def test_a_truncated_hook_of_a_real_lead_still_deals_it(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    (body,) = bodies_on_their_way(world)
    world.crm("weather", is_off=True)
    world.post_body(team.account, body[: body.index(b"status_id") - 20])
    world.run()
    assert world.owner(lead) == team.ana.kommo_id


class Death(Exception):
    """A worker dies."""


def die() -> None:
    raise Death


def test_an_event_over_which_workers_die_is_put_aside_and_the_others_go_on(
    team: Team, world: World
) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    (deadly,) = world.leads(run=False)
    world.post_hooks()
    for _ in range(3):
        assert take_turn(before_commit=die) is not None
        world.advance(2, run=False)
    (plain,) = world.leads()
    assert world.owner(plain) == team.ana.kommo_id
    assert world.owner(deadly) != team.ana.kommo_id
    (letter,) = DeadLetter.objects.for_account(team.account)
    assert (letter.source, letter.replayed_at) == ("event", None)


def test_a_dead_letter_that_is_replayed_deals_its_lead(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    world.crm("weather", is_off=False)
    (deadly,) = world.leads(run=False)
    world.post_hooks()
    for _ in range(3):
        take_turn(before_commit=die)
        world.advance(2, run=False)
    take_turn()
    replay_dead_letters(DeadLetter.objects.all(), by="operator", now=world.now)
    world.run()
    assert world.owner(deadly) == team.ana.kommo_id
    assert world.kinds(team.account, deadly) == ["distribution"]


def test_a_turn_that_dies_before_its_commit_leaves_nothing_behind(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts([team.ana])
    (lead,) = world.leads(run=False)
    world.post_hooks()
    take_turn(before_commit=die)
    assert world.decisions(team.account) == []
    assert not LeadMirror.objects.exists()
    world.advance(2)
    assert world.kinds(team.account, lead) == ["distribution"]
