"""A supervisor's clicks on the board, and what the very next decision makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from accounts.models import Account, InboxEvent, Manager
from peresmenka.lib.clock import set_clock
from shifts.core.hours import parse_hours
from shifts.core.participation import Standing, Status
from shifts.models import SchedulePattern, StandingPattern
from shifts.operations.plan import changing
from shifts.queries.participation import standing_of
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock
from tests.functional.console.test_board import row
from tests.world import World

OLEG = f"/board/managers/{cast.OLEG}"
PART = {"HX-Request": "true", "HX-Current-URL": "http://testserver/board"}


def undo_of(answer: HttpResponse) -> str:
    """The address of the button Undo in an answer."""
    return answer.content.decode().split('action="/team/undo/')[1].split('"')[0]


@pytest.mark.feature("F21")
def test_one_click_excludes_somebody_until_their_midnight_and_is_undone(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    Manager.objects.filter(kommo_id=cast.OLEG).update(zone="Asia/Jakarta")
    client = client_of(busy[cast.SONIA])
    answer = client.post(f"{OLEG}/absent", headers=PART)
    page = answer.content.decode()
    assert "Oleg Petrov is absent today: no new leads until midnight." in page
    assert "Forced Off" in row(page, cast.OLEG)
    assert "until 18:00" in row(page, cast.OLEG)  # midnight in Jakarta by Madrid's clock
    assert "switched off by a supervisor, until 18:00" in row(page, cast.OLEG)
    assert f'id="a-{cast.OLEG}"' not in page
    back = client.post(
        f"/team/undo/{undo_of(answer)}", headers={"Referer": "http://testserver/board?q=oleg"}
    )
    assert back.headers["Location"].endswith("/board?q=oleg")
    assert standing_of(busy[cast.OLEG], NOON) == Standing()


@pytest.mark.feature("F47")
@pytest.mark.feature("F48")
@pytest.mark.feature("F49")
@pytest.mark.feature("F50")
@pytest.mark.parametrize(
    ("status", "name", "receives"),
    [
        ("off", "Off", False),
        ("forced_on", "Forced On", True),
        ("forced_off", "Forced Off", False),
        ("on", "On", True),
    ],
)
def test_the_menu_gives_any_status_with_undo(
    busy: cast.World,
    client_of: ClientOf,
    clock: MovableClock,
    status: str,
    name: str,
    receives: bool,
) -> None:
    client, oleg = client_of(busy[cast.SONIA]), busy[cast.OLEG]
    before = Status.OFF if status == "on" else Status.ON
    client.post(f"{OLEG}/participation", {"status": before.value})
    InboxEvent.objects.all().delete()
    answer = client.post(f"{OLEG}/participation", {"status": status}, headers=PART)
    assert f"Oleg Petrov: {name}." in answer.content.decode()
    line = row(answer.content.decode(), cast.OLEG)
    assert (">Yes<" in line) is receives
    assert f'value="{status}"' in line.split('aria-current="true"')[0].rsplit("<button", 1)[1]
    assert standing_of(oleg, NOON).status.value == status
    assert [event.kind for event in InboxEvent.objects.all()] == ["availability"]
    client.post(f"/team/undo/{undo_of(answer)}")
    assert standing_of(oleg, NOON).status is before


def test_a_click_that_changes_nothing_offers_nothing_to_undo(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    client = client_of(busy[cast.SONIA])
    answer = client.post(f"{OLEG}/participation", {"status": "on"}, headers=PART)
    assert "/undo/" not in answer.content.decode()
    assert client.post(f"{OLEG}/participation", {"status": "away"}).status_code == 400


@pytest.mark.parametrize("path", ["participation", "absent"])
def test_statuses_are_a_supervisors(
    busy: cast.World, rival: cast.World, client_of: ClientOf, clock: MovableClock, path: str
) -> None:
    body = {"status": "off"}
    for who, code in (
        (busy[cast.ANA], 403),
        (busy[cast.OLEG], 403),
        (rival[cast.MALLORY], 404),
        (None, 401),
    ):
        assert client_of(who).post(f"{OLEG}/{path}", body).status_code == code
    assert standing_of(busy[cast.OLEG], NOON) == Standing()
    page = client_of(busy[cast.ANA]).get("/board").content.decode()
    assert "/board/managers/" not in page
    assert "status-menu" not in page


def test_the_day_after_an_absence_is_a_common_day(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    client = client_of(busy[cast.SONIA])
    client.post(f"{OLEG}/absent")
    clock.now = NOON + timedelta(hours=12)
    line = row(client.get("/board").content.decode(), cast.OLEG)
    assert "switched off" not in line
    assert 'value="on"' in line.split('aria-current="true"')[0].rsplit("<button", 1)[1]


# What the next decision makes of it


@pytest.fixture
def world(db: None, settings: Any) -> Iterator[World]:
    settings.KOMMO_SESSION_SETUP = "tests.world.plug_in"
    settings.KOMMO_CALLS_PER_SECOND = 0
    settings.KOMMO_IP_CALLS_PER_SECOND = 0
    settings.VALKEY_URL = ""
    yield World()
    set_clock(None)


@pytest.fixture
def account(world: World) -> Account:
    account = world.open(managers=2)
    world.configure(account)
    return account


@pytest.fixture
def sonia(account: Account) -> Manager:
    found = Manager.objects.get(account=account, name="Sonia")
    found.is_supervisor = True
    found.save(update_fields=["is_supervisor"])
    return found


@pytest.mark.feature("F20")
@pytest.mark.feature("F21")
def test_who_is_marked_absent_is_left_out_of_the_next_decision_until_midnight(
    world: World, account: Account, sonia: Manager, client_of: ClientOf
) -> None:
    oleg, ana = world.managers(account)
    world.start_shifts([oleg, ana])
    console = client_of(sonia)
    console.post(f"/board/managers/{oleg.kommo_id}/absent")
    leads = world.leads(3)
    assert world.loads(leads) == {ana.kommo_id: 3}
    world.advance_to(time(23, 59))
    assert world.loads(world.leads(2)) == {ana.kommo_id: 2}
    world.advance(60)
    assert oleg.kommo_id in world.loads(world.leads(2))


@pytest.mark.feature("F20")
def test_switching_on_releases_what_waits(
    world: World, account: Account, sonia: Manager, client_of: ClientOf
) -> None:
    oleg, ana = world.managers(account)
    world.start_shifts([oleg, ana])
    console = client_of(sonia)
    for manager in (oleg, ana):
        console.post(f"/board/managers/{manager.kommo_id}/participation", {"status": "forced_off"})
    (lead,) = world.leads()
    assert world.owner(lead) not in (oleg.kommo_id, ana.kommo_id)
    assert f'id="q-{lead}"' in console.get("/board").content.decode()
    console.post(f"/board/managers/{ana.kommo_id}/participation", {"status": "on"})
    world.run()
    assert world.owner(lead) == ana.kommo_id


@pytest.mark.feature("R28")
def test_forced_on_opens_no_other_gate(
    world: World, account: Account, sonia: Manager, client_of: ClientOf
) -> None:
    oleg, ana = world.managers(account)
    world.start_shifts([ana])
    console = client_of(sonia)
    path = f"/board/managers/{oleg.kommo_id}/participation"
    assert console.post(path, {"status": "forced_on"}).status_code == 302
    assert world.loads(world.leads(3)) == {ana.kommo_id: 3}
    page = console.get("/board").content.decode()
    assert "not on shift" in row(page, oleg.kommo_id)


@pytest.mark.feature("F4")
@pytest.mark.feature("F67")
def test_nine_to_six_by_their_own_clocks_decides_who_is_dealt_to(
    world: World, account: Account, sonia: Manager, client_of: ClientOf
) -> None:
    """Wednesday 10:00 in Madrid is 11:00 in Moscow (UTC+3) and 03:00 in Lima (UTC−5)."""
    oleg, ana = world.managers(account)
    oleg.zone, ana.zone = "Europe/Moscow", "America/Lima"
    Manager.objects.bulk_update([oleg, ana], ["zone"])
    nine_to_six(account, [oleg, ana], world)
    world.save(account, schedule_gate=True)
    world.start_shifts([oleg, ana])
    console = client_of(sonia)

    def lines() -> list[str]:
        page = console.get("/board").content.decode()
        return [row(page, manager.kommo_id) for manager in (oleg, ana)]

    assert ">In service until 17:00<" in lines()[0]  # 18:00 in Moscow
    assert ">Start at 16:00<" in lines()[1]  # 09:00 in Lima
    assert world.loads(world.leads(2)) == {oleg.kommo_id: 2}
    world.advance_to(time(15, 59, 59))
    assert world.loads(world.leads(2)) == {oleg.kommo_id: 2}
    world.advance(1)
    assert ">In service until 24 Sep, 01:00<" in lines()[1]
    assert ana.kommo_id in world.loads(world.leads(6))
    world.advance_to(time(17))
    assert ">Completed<" in lines()[0]
    assert world.loads(world.leads(2)) == {ana.kommo_id: 2}
    world.advance_to(time(1))
    (lead,) = world.leads()
    assert world.owner(lead) not in (oleg.kommo_id, ana.kommo_id)
    assert "nobody is in service by their schedule, until 08:00" in " ".join(
        console.get("/board").content.decode().split()
    )
    world.advance_to(time(8))  # 09:00 in Moscow
    assert world.owner(lead) == oleg.kommo_id


def nine_to_six(account: Account, managers: list[Manager], world: World) -> None:
    """Let them work 09:00–18:00 every day by their own clocks."""
    own = [list(pair) for pair in parse_hours("09:00-18:00")]
    first = date(2026, 9, 1)
    pattern = SchedulePattern.objects.create(
        account=account, name="9 to 6", cycle=[own], anchor_on=first
    )
    with changing(account, kind="standing", actor=None, now=world.now) as change:
        for manager in managers:
            StandingPattern.objects.create(
                account=account,
                manager=manager,
                pattern=pattern,
                starts_on=first,
                anchor_on=first,
            )
        change.touch([manager.pk for manager in managers], first, None)
