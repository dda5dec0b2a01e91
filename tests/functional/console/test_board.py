"""The board and a manager's own page: the engine's verdicts in words, and the buttons."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Manager
from distribution.models import LeadMirror
from shifts.core.machine import Presence
from shifts.models import Shift, ShiftSettings
from shifts.queries.presence import presence_of
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock

pytestmark = pytest.mark.usefixtures("clock")


def row(page: str, user_id: int) -> str:
    """Return a manager's row, without the breaks of its template."""
    start = page.index(f'id="person-{user_id}"')
    return " ".join(page[start : page.index("</tr>", start)].split())


@pytest.mark.feature("F35")
def test_the_board_shows_the_three_states_and_who_receives(
    busy: cast.World, client_of: ClientOf
) -> None:
    page = client_of(busy[cast.SONIA]).get("/board").content.decode()
    assert "Online" in row(page, cast.OLEG)
    assert ">Yes<" in row(page, cast.OLEG)
    assert "since 08:50 · activity in Kommo" in row(page, cast.OLEG)
    assert "Paused" in row(page, cast.LUCAS)
    assert "on pause" in row(page, cast.LUCAS)
    assert "Offline" in row(page, 18)
    assert "not on shift" in row(page, 18)
    assert "Villa Rosa, terrace" in page
    assert "nobody is on shift" in page


def test_a_fresh_shift_is_said_to_receive_later(busy: cast.World, client_of: ClientOf) -> None:
    policies.change_simple(gates={"start_delay_minutes": 10})
    cast.start(busy, 18, NOON - timedelta(minutes=4))
    page = client_of(busy[cast.SONIA]).get("/board").content.decode()
    assert "no new leads in its first 10 minutes, until 12:06" in row(page, 18)


def test_outside_hours_nobody_receives_until_the_opening(
    busy: cast.World, client_of: ClientOf
) -> None:
    policies.change_simple(hours={"start": "13:00", "end": "18:00"})
    page = client_of(busy[cast.SONIA]).get("/board").content.decode()
    assert "outside working hours, until 13:00" in row(page, cast.OLEG)
    assert "New leads wait until 13:00." in page


def test_what_looks_the_same_is_not_sent_again(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    client = client_of(busy[cast.SONIA])
    page = client.get("/board/live").content.decode()
    seen = page.split('name="seen" value="')[1][:16]
    clock.tick(seconds=5)
    assert client.get("/board/live", {"seen": seen}).status_code == 204
    LeadMirror.objects.filter(state="waiting").update(state="dealt")
    assert client.get("/board/live", {"seen": seen}).status_code == 200


def test_the_board_needs_at_most_twelve_queries_for_200_managers(
    busy: cast.World, client_of: ClientOf
) -> None:
    group = busy[cast.OLEG].group
    Manager.objects.bulk_create(
        Manager(account=busy.account, kommo_id=5000 + number, name=f"Person {number}", group=group)
        for number in range(192)
    )
    client = client_of(busy[cast.SONIA])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get("/board/live").content.decode()
    assert page.count("<tr id=") == 198
    assert len(queries) <= 12, [query["sql"][:100] for query in queries]


def test_a_supervisor_pauses_and_resumes_a_shift(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.SONIA])
    answer = client.post(f"/board/managers/{cast.OLEG}/shift", {"action": "pause"}, follow=True)
    assert "Oleg Petrov is paused" in answer.content.decode()
    assert presence_of(busy[cast.OLEG]).presence is Presence.PAUSED
    client.post(f"/board/managers/{cast.OLEG}/shift", {"action": "resume"})
    assert presence_of(busy[cast.OLEG]).presence is Presence.ONLINE


@pytest.mark.feature("F144")
def test_ending_a_shift_asks_first_and_can_be_undone(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    client = client_of(busy[cast.SONIA])
    question = client.get(f"/board/managers/{cast.OLEG}/end").content.decode()
    assert "End the shift of Oleg Petrov?" in question
    assert "open leads move to colleagues at 12:10" in question
    answer = client.post(
        f"/board/managers/{cast.OLEG}/shift", {"action": "end"}, headers={"HX-Request": "true"}
    )
    text = answer.content.decode()
    assert "Leads move at 12:10 unless it starts again." in text
    assert f'action="/board/managers/{cast.OLEG}/shift"' in text
    assert presence_of(busy[cast.OLEG]).presence is Presence.OFFLINE
    clock.tick(minutes=2)
    client.post(f"/board/managers/{cast.OLEG}/shift", {"action": "start"})
    assert presence_of(busy[cast.OLEG]).presence is Presence.ONLINE
    assert Shift.objects.filter(manager=busy[cast.OLEG], end_cause="console").exists()


def test_a_manager_sees_the_board_with_the_own_row_first_and_no_buttons(
    busy: cast.World, client_of: ClientOf
) -> None:
    page = client_of(busy[18]).get("/board").content.decode()
    assert page.index('id="person-18"') < page.index(f'id="person-{cast.OLEG}"')
    assert 'class="own"' in row(page, 18)
    assert "/board/managers/" not in page


@pytest.mark.feature("F32")
def test_a_manager_starts_pauses_and_ends_the_own_shift(
    busy: cast.World, client_of: ClientOf
) -> None:
    client, irina = client_of(busy[18]), busy[18]
    assert "not on shift" in client.get("/me").content.decode()
    for action, presence in (
        ("start", Presence.ONLINE),
        ("pause", Presence.PAUSED),
        ("resume", Presence.ONLINE),
        ("end", Presence.OFFLINE),
    ):
        assert client.post("/me/shift", {"action": action}).status_code == 302
        assert presence_of(irina).presence is presence


def test_in_automatic_mode_nobody_ends_the_own_shift_by_hand(
    busy: cast.World, client_of: ClientOf
) -> None:
    ShiftSettings.objects.update(mode="automatic")
    client = client_of(busy[cast.OLEG])
    page = client.get("/me").content.decode()
    assert 'value="pause"' not in page
    answer = client.post("/me/shift", {"action": "end"}, follow=True)
    assert "Ask a supervisor to pause or end yours." in answer.content.decode()
    assert presence_of(busy[cast.OLEG]).presence is Presence.ONLINE


def test_an_unknown_action_is_refused(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.SONIA])
    assert client.post("/me/shift", {"action": "fire"}).status_code == 400
    assert client.post(f"/board/managers/{cast.OLEG}/shift", {}).status_code == 400


@pytest.mark.feature("F145")
def test_the_question_promises_no_move_where_the_template_leaves_the_leads(
    busy: cast.World, client_of: ClientOf
) -> None:
    address = f"/board/managers/{cast.OLEG}/end"
    page = client_of(busy[cast.SONIA]).get(address).content.decode()
    assert "moves to colleagues" in page or "move to colleagues" in page
    policies.change_simple(departure={"moves": False})
    page = client_of(busy[cast.SONIA]).get(address).content.decode()
    assert "to colleagues" not in page
