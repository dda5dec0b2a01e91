"""Eight workers at once on one account, with real commits: each lead is decided and written once (B3)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from requests import PreparedRequest, Response

from accounts.models import InboxEvent
from distribution.models import DeadLetter, Decision, Effect, RegisterEntry, Timer
from distribution.operations.deciding.turn import take_turn
from distribution.operations.delivering.deliver import deliver
from peresmenka.lib.clock import read_clock, set_clock
from sandbox.adapter import SandboxAdapter
from tests.functional.main_job.conftest import Team
from tests.world import World, _current

pytestmark = [pytest.mark.feature("B3"), pytest.mark.django_db(transaction=True)]

WORKERS = 8


class OneAtATime(SandboxAdapter):
    """The sandbox is not thread-safe: its shell holds a lock, and so does this one."""

    lock = threading.Lock()

    def send(self, request: PreparedRequest, **how: Any) -> Response:  # type: ignore[override]
        with self.lock:
            return super().send(request, **how)


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[World]:
    """A sandbox and the service, whose rows are really committed."""
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
    made = World()
    made.adapter = OneAtATime(made.sandbox.gateway)
    _current[:] = [made.adapter]
    yield made
    set_clock(None)


def together(world: World, work: Callable[[], None]) -> None:
    """Do `work` in eight threads at once; what one raises is raised here."""
    begin = threading.Barrier(WORKERS)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            set_clock(world.now)
            begin.wait()
            work()
        except BaseException as error:  # noqa: BLE001 - handed over to the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not raised, raised


def work_until_idle() -> None:
    """Serve accounts until nobody has work; a worker that finds none while others work tries again."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = take_turn() is not None
        found = deliver() is not None or found
        if not found and not has_work():
            return
    raise AssertionError("the workers do not come to rest")


def has_work() -> bool:
    return (
        InboxEvent.objects.filter(done_at=None).exists()
        or Effect.objects.filter(state__in=Effect.OPEN).exists()
        or Timer.objects.filter(due_at__lte=read_clock()).exists()
    )


def history(world: World, lead: int) -> list[dict[str, Any]]:
    rows = world.ask("state", from_id=lead, limit=1)["leads"]
    owners: list[dict[str, Any]] = rows[0]["owners"]
    return owners


def test_a_burst_is_decided_once_a_lead_and_evenly_by_eight_workers(
    team: Team, world: World
) -> None:
    team.deal_with(strategy="even", notes_enabled=True)
    world.start_shifts(team.everybody)
    world.crm("weather", duplicate=1.0)
    leads = world.leads(240, run=False)
    world.post_hooks()
    together(world, work_until_idle)
    world.run()
    decided = Decision.objects.for_account(team.account).filter(chosen_id__isnull=False)
    assert Counter(Counter(row.lead_id for row in decided).values()) == {1: 240}
    assert sorted(team.leads_of(*team.everybody, among=leads)) == [80, 80, 80]
    by_us = Counter(sum(step["is_api"] for step in history(world, lead)) for lead in leads)
    assert by_us == {1: 240}
    assert all(len(world.notes(lead)) == 1 for lead in leads[:20])
    lags = RegisterEntry.objects.for_account(team.account).values_list("lag", flat=True)
    assert sum(lags) == 0
    assert not DeadLetter.objects.exists()


def test_the_same_hooks_delivered_to_all_workers_are_decided_once(team: Team, world: World) -> None:
    team.deal_with()
    world.start_shifts(team.everybody)
    leads = world.leads(40, run=False)
    bodies = [delivery.body for _, _, delivery in sorted(world.sandbox.crm.post.waiting())]
    world.crm("weather", is_off=True)

    def post_and_work() -> None:
        for body in bodies:
            assert world.post_body(team.account, body) == 204
            take_turn()
            deliver()
        work_until_idle()

    together(world, post_and_work)
    counts = team.leads_of(*team.everybody, among=leads)
    assert sum(counts) == 40
    assert max(counts) - min(counts) <= 1
    assert all(world.kinds(team.account, lead) == ["distribution"] for lead in leads)


def test_no_persons_change_is_overwritten_by_eight_workers(team: Team, world: World) -> None:
    team.deal_with()
    leads = world.leads(90)
    world.advance(60)
    told, untold, others = leads[:30], leads[30:60], leads[60:]
    vera = world.owner(leads[0])
    world.edit(*told, responsible_user_id=team.max.kommo_id, run=False)
    world.post_hooks()
    world.crm("weather", is_off=True)
    world.edit(*untold, responsible_user_id=team.max.kommo_id, run=False)
    world.shift(team.oleg, "start")
    world.shift(team.ana, "start")
    together(world, work_until_idle)
    world.run()
    assert world.loads(told + untold) == {team.max.kommo_id: 60}
    for lead in told + untold:
        assert not any(step["is_api"] for step in history(world, lead))
    assert vera not in world.loads(others)
    assert not InboxEvent.objects.filter(done_at=None).exists()
    assert not Effect.objects.filter(state__in=Effect.OPEN).exists()


def test_a_wave_is_moved_once_a_lead_by_eight_workers(team: Team, world: World) -> None:
    held = world.existing_leads({team.oleg.kommo_id: 300})
    team.deal_with()
    world.start_shifts(team.everybody)
    world.shift(team.oleg, "end")
    together(world, work_until_idle)
    world.run()
    leads = held[team.oleg.kommo_id]
    assert sorted(team.leads_of(*team.everybody, among=leads)) == [0, 150, 150]
    moves = Decision.objects.for_account(team.account).filter(kind="redistribution")
    assert Counter(Counter(row.lead_id for row in moves).values()) == {1: 300}


def test_eight_presses_of_start_make_one_shift_and_drain_the_queue_once(
    team: Team, world: World
) -> None:
    team.deal_with()
    leads = world.leads(20)
    tokens = [world.crm("token", user_id=team.ana.kommo_id)["token"] for _ in range(WORKERS)]

    def press() -> None:
        token = tokens.pop()
        answer = Client().post(
            "/widget/v1/shift/start",
            {},
            content_type="application/json",
            headers={"X-Auth-Token": token, "Origin": f"https://{team.account.host}"},
        )
        assert answer.status_code == 200, answer.content
        work_until_idle()

    together(world, press)
    assert team.leads_of(team.ana, among=leads) == [20]
    assert all(
        len([k for k in world.kinds(team.account, one) if k == "distribution"]) == 1
        for one in leads
    )
