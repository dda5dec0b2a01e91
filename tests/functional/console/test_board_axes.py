"""The board's lines of schedule, participation and load: in words, and for whose eyes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from distribution.models import Decision, LeadMirror, ManagerProfile
from shifts.core.participation import Status
from shifts.models import Override
from shifts.operations.participation import set_participation
from shifts.operations.plan import changing
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock
from tests.functional.console.test_board import row
from tests.functional.schedule.cast import MONDAY, stand, week

pytestmark = pytest.mark.usefixtures("clock")
DEWI, MEHMET, IRINA = 16, 17, 18


@pytest.fixture
def planned(busy: cast.World) -> cast.World:
    """All five states at noon; nobody has planned anything for Irina."""
    for user, hours in ((cast.OLEG, "09:00-18:00"), (cast.ANA, "13:00-18:00")):
        stand(busy, [user], week(busy, f"of {user}", hours))
    stand(busy, [cast.LUCAS], week(busy, "early", "08:00-11:00"))
    stand(busy, [DEWI], week(busy, "rest", days=0))
    stand(busy, [MEHMET], week(busy, "later"), starts_on=MONDAY + timedelta(days=1))
    return busy


def board(world: cast.World, client_of: ClientOf, user: int = cast.SONIA, **query: str) -> str:
    return client_of(world[user]).get("/board", query).content.decode()


@pytest.mark.feature("F62")
@pytest.mark.feature("F63")
@pytest.mark.feature("F64")
@pytest.mark.feature("F65")
@pytest.mark.feature("F66")
def test_each_state_of_a_schedule_is_told(planned: cast.World, client_of: ClientOf) -> None:
    page = board(planned, client_of)
    assert ">In service until 18:00<" in row(page, cast.OLEG)
    assert ">Start at 13:00<" in row(page, cast.ANA)
    assert ">Completed<" in row(page, cast.LUCAS)
    assert "next at 3 Mar, 08:00" in row(page, cast.LUCAS)
    assert ">Day off<" in row(page, DEWI)
    assert "Day of rest" in row(page, DEWI)
    assert ">Empty<" in row(page, MEHMET)
    assert "next at 3 Mar, 09:00" in row(page, MEHMET)
    assert ">Empty<" in row(page, IRINA)


@pytest.mark.feature("R36")
def test_between_two_intervals_the_next_one_is_told(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    stand(busy, [cast.OLEG], week(busy, "split", "09:00-11:30, 14:00-18:00"))
    assert ">Start at 14:00<" in row(board(busy, client_of), cast.OLEG)
    clock.tick(hours=6)
    assert ">Completed<" in row(board(busy, client_of), cast.OLEG)


@pytest.mark.feature("F65")
def test_an_absence_is_named_as_the_cause_of_a_day_off(
    planned: cast.World, client_of: ClientOf
) -> None:
    oleg = planned[cast.OLEG]
    with changing(planned.account, kind="override", actor=None, now=NOON) as change:
        Override.objects.create(
            account=planned.account,
            manager=oleg,
            kind="absence",
            cause="sick",
            starts_on=MONDAY,
            ends_on=MONDAY,
            created_at=NOON,
        )
        change.touch([oleg.pk], MONDAY, MONDAY)
    line = row(board(planned, client_of), cast.OLEG)
    assert ">Day off<" in line
    assert "Absence" in line


@pytest.mark.feature("F4")
def test_another_clock_is_named_with_its_time(busy: cast.World, client_of: ClientOf) -> None:
    Manager.objects.filter(kommo_id=cast.ANA).update(zone="America/Lima")
    stand(busy, [cast.OLEG, cast.ANA], week(busy))
    page = board(busy, client_of)
    assert "Start at 15:00" in row(page, cast.ANA)  # 09:00 in Lima is 15:00 in Madrid
    assert "own clock: 09:00, America/Lima" in row(page, cast.ANA)
    assert "own clock" not in row(page, cast.OLEG)


def test_without_any_schedule_the_board_has_no_such_column(
    busy: cast.World, client_of: ClientOf
) -> None:
    assert "Empty" not in board(busy, client_of)


@pytest.mark.feature("F67")
def test_where_schedules_count_only_people_in_service_receive(
    planned: cast.World, client_of: ClientOf
) -> None:
    before = board(planned, client_of)
    assert ">Yes<" in row(before, cast.ANA)
    policies.change_simple(gates={"schedule": "personal"})
    page = board(planned, client_of)
    assert ">Yes<" in row(page, cast.OLEG)
    assert "have not begun, until 13:00" in row(page, cast.ANA)
    assert "are over for today" in row(page, cast.LUCAS)
    assert "has a day off by the schedule" in row(page, DEWI)
    assert "has no schedule for today" in row(page, MEHMET)


@pytest.mark.feature("F68")
def test_who_receives_nothing_for_want_of_a_schedule_is_warned_about(
    planned: cast.World, client_of: ClientOf
) -> None:
    assert "receives nothing" not in board(planned, client_of)
    policies.change_simple(gates={"schedule": "personal"})
    page = board(planned, client_of)
    assert "2 people who take part have no schedule for today and receive nothing." in page
    assert '<a class="button small" href="/schedule">' in page
    assert "no schedule: receives nothing" in row(page, IRINA)
    assert "no schedule: receives nothing" not in row(page, DEWI)
    as_manager = board(planned, client_of, cast.OLEG)
    assert "2 people who take part have no schedule" in as_manager
    assert 'href="/schedule"' not in as_manager


@pytest.mark.feature("R27")
def test_the_load_stands_against_the_limit(busy: cast.World, client_of: ClientOf) -> None:
    page = board(busy, client_of)
    load = row(page, cast.OLEG).split('class="numeric nowrap">')[1].split("<")[0]
    ManagerProfile.objects.create(account=busy.account, manager=busy[cast.OLEG], leads=int(load))
    ManagerProfile.objects.create(account=busy.account, manager=busy[cast.LUCAS], leads=70)
    page = board(busy, client_of)
    assert f"{load} of {load}<" in row(page, cast.OLEG)
    assert f"has reached the limit: {load} of {load}" in row(page, cast.OLEG)
    assert 'class="bar is-full"' in row(page, cast.OLEG)
    assert "7 of 70<" in row(page, cast.LUCAS)
    assert '<rect width="10"' in row(page, cast.LUCAS)
    assert 'class="bar "' in row(page, cast.LUCAS)


@pytest.mark.feature("F52")
def test_a_status_is_told_with_its_end_and_the_note_only_to_those_whom_it_concerns(
    busy: cast.World, client_of: ClientOf
) -> None:
    set_participation(
        busy[cast.OLEG],
        status=Status.FORCED_OFF,
        until=NOON + timedelta(hours=3),
        note="dentist",
        now=NOON,
        by=busy[cast.SONIA],
    )
    for user, sees_note in ((cast.SONIA, True), (cast.OLEG, True), (cast.ANA, False)):
        line = row(board(busy, client_of, user), cast.OLEG)
        assert "Forced Off" in line
        assert "switched off by a supervisor, until 15:00" in line
        assert ("dentist" in line) is sees_note


def test_the_filter_narrows_the_people_and_not_the_figures(
    busy: cast.World, client_of: ClientOf
) -> None:
    def shown(**query: str) -> set[int]:
        page = board(busy, client_of, **query)
        assert "/ 6</small>" in page
        return {user for user in range(11, 19) if f'id="person-{user}"' in page}

    everybody = {cast.OLEG, cast.ANA, cast.LUCAS, DEWI, MEHMET, IRINA}
    assert shown() == everybody
    assert shown(show="yes") == {cast.OLEG, cast.ANA, DEWI}
    assert shown(show="no") == {cast.LUCAS, MEHMET, IRINA}
    assert shown(group="5") == {MEHMET, IRINA}
    assert shown(show="no", group="0") == {cast.LUCAS}
    assert shown(q="petrov oleg") == {cast.OLEG}
    assert shown(show="nonsense") == everybody
    assert "Nobody matches" in board(busy, client_of, q="zzz")


def test_the_filter_survives_polls_and_clicks(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.SONIA])
    answer = client.get("/board/live", {"group": "5", "show": "", "q": ""})
    assert answer.headers["HX-Replace-Url"] == "/board?group=5"
    page = answer.content.decode()
    assert 'hx-include="#seen, #board-filter"' in page
    assert 'id="person-13"' not in page
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/board?group=5"}
    clicked = client.post("/board/managers/18/shift", {"action": "start"}, headers=headers)
    assert 'id="person-18"' in clicked.content.decode()
    assert 'id="person-13"' not in clicked.content.decode()
    plain = {"Referer": "http://testserver/board?group=5&next=//evil.example"}
    back = client.post("/board/managers/18/shift", {"action": "pause"}, headers=plain)
    assert back.headers["Location"] == "/board?group=5"


def test_a_waiting_lead_tells_until_when_and_links_to_the_look_at_it(
    busy: cast.World, client_of: ClientOf
) -> None:
    lead = LeadMirror.objects.filter(state="waiting").order_by("waiting_since").first()
    look = Decision.objects.create(
        account=busy.account,
        lead_id=lead.lead_id,
        kind="distribution",
        decided_at=NOON,
        reason="start_delay",
        until=NOON + timedelta(minutes=6),
    )
    page = board(busy, client_of)
    item = page[page.index(f'id="q-{lead.lead_id}"') :].split("</li>")[0]
    assert ", until 12:06" in item
    assert f'href="/log/{look.pk}"' in item
    assert f'href="/log/{look.pk}"' not in board(busy, client_of, cast.OLEG)
    Decision.objects.filter(pk=look.pk).update(until=NOON - timedelta(minutes=1))
    assert ", until" not in board(busy, client_of).split(f'id="q-{lead.lead_id}"')[1][:600]


def test_200_managers_with_schedules_statuses_and_limits_need_at_most_twelve_queries(
    planned: cast.World, client_of: ClientOf
) -> None:
    group = planned[cast.OLEG].group
    many = [
        Manager(account=planned.account, kommo_id=5000 + one, name=f"Person {one}", group=group)
        for one in range(192)
    ]
    rows = Manager.objects.bulk_create(many)
    planned.managers.update({one.kommo_id: one for one in rows})
    stand(planned, [one.kommo_id for one in rows], week(planned, "all"))
    ManagerProfile.objects.bulk_create(
        ManagerProfile(account=planned.account, manager=one, leads=20) for one in rows
    )
    policies.change_simple(gates={"schedule": "personal"})
    client = client_of(planned[cast.SONIA])
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/board/live").content.decode()
    assert page.count("In service until 18:00") == 193
    assert len(queries) <= 12, [query["sql"][:100] for query in queries]
