"""A manager's own page: the three axes in words, the own status and who may change it, the own schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import InboxEvent, Manager
from distribution.models import ManagerProfile, Trigger
from shifts.core.participation import Standing, Status
from shifts.models import Holiday, ShiftSettings
from shifts.operations.participation import set_participation
from shifts.operations.plan import changing
from shifts.queries.participation import standing_of
from tests import policies
from tests.functional.console import cast
from tests.functional.console.conftest import NOON, ClientOf, MovableClock
from tests.functional.schedule.cast import MONDAY, stand, week

pytestmark = pytest.mark.usefixtures("clock")
SWITCH = 'role="switch"'


def text_of(page: str) -> str:
    return " ".join(page.split())


def me(world: cast.World, client_of: ClientOf, user: int = cast.OLEG, path: str = "/me") -> str:
    return text_of(client_of(world[user]).get(path).content.decode())


def force(world: cast.World, user: int, status: Status, **more: object) -> None:
    set_participation(world[user], status=status, now=NOON, by=world[cast.SONIA], **more)


@pytest.mark.feature("F52")
def test_the_page_tells_the_three_axes_and_what_follows(
    busy: cast.World, client_of: ClientOf
) -> None:
    stand(busy, [cast.OLEG], week(busy))
    page = me(busy, client_of)
    assert "You receive new leads now." in page
    assert "since 08:50 · activity in Kommo" in page
    assert "In service until 18:00" in page
    assert "You are switched on: leads may come to you." in page
    assert "you are on pause." in me(busy, client_of, cast.LUCAS)
    policies.change_simple(gates={"schedule": "personal"})
    page = me(busy, client_of, cast.ANA)
    assert "You receive no new leads now:</strong> has no schedule for today." in page
    assert "no schedule: you receive nothing" in page


@pytest.mark.feature("F47")
@pytest.mark.feature("F48")
def test_a_manager_switches_the_own_status_off_and_on(
    busy: cast.World, client_of: ClientOf
) -> None:
    client, oleg = client_of(busy[cast.OLEG]), busy[cast.OLEG]
    for status, says in (("off", "You are switched off"), ("on", "You are switched on")):
        answer = client.post(
            "/me/participation", {"status": status}, headers={"HX-Request": "true"}
        )
        page = text_of(answer.content.decode())
        assert answer.status_code == 200
        assert says in page
        assert f'aria-checked="{"true" if status == "on" else "false"}"' in page
        assert ("You receive new leads now." in page) is (status == "on")
        assert standing_of(oleg, NOON).status.value == status
        assert InboxEvent.objects.filter(kind="availability").delete()[0] == 1
    assert client.post("/me/participation", {"status": "off"}).headers["Location"] == "/me"


@pytest.mark.parametrize("status", ["forced_on", "forced_off", "", "nonsense"])
def test_nobody_forces_themselves(busy: cast.World, client_of: ClientOf, status: str) -> None:
    answer = client_of(busy[cast.OLEG]).post("/me/participation", {"status": status})
    assert answer.status_code == 400
    assert standing_of(busy[cast.OLEG], NOON) == Standing()


@pytest.mark.parametrize(
    ("forced", "wanted", "reason"),
    [
        pytest.param(
            Status.FORCED_ON,
            "off",
            "A supervisor keeps you switched on, so you cannot switch yourself off",
            marks=[pytest.mark.feature("F49"), pytest.mark.feature("F53")],
        ),
        pytest.param(
            Status.FORCED_OFF,
            "on",
            "A supervisor has switched you off, so you cannot switch yourself on",
            marks=pytest.mark.feature("F50"),
        ),
    ],
)
def test_a_forced_status_is_read_only_and_says_why(
    busy: cast.World, client_of: ClientOf, forced: Status, wanted: str, reason: str
) -> None:
    force(busy, cast.OLEG, forced, until=NOON + timedelta(hours=2), note="dentist")
    page = me(busy, client_of)
    assert SWITCH not in page
    assert reason in page
    assert "until 14:00" in page
    assert "dentist" in page
    answer = client_of(busy[cast.OLEG]).post("/me/participation", {"status": wanted}, follow=True)
    assert reason in text_of(answer.content.decode()).split('id="live"')[0]
    assert standing_of(busy[cast.OLEG], NOON).status is forced


@pytest.mark.feature("F28")
@pytest.mark.feature("F53")
def test_where_managers_may_not_change_their_status_it_is_read_only(
    busy: cast.World, client_of: ClientOf
) -> None:
    ShiftSettings.objects.update(users_may_change_activity=False)
    page = me(busy, client_of)
    assert SWITCH not in page
    assert "In this account only supervisors switch managers on and off" in page
    client_of(busy[cast.OLEG]).post("/me/participation", {"status": "off"})
    assert standing_of(busy[cast.OLEG], NOON) == Standing()
    Manager.objects.filter(kommo_id=cast.OLEG).update(is_supervisor=True)
    assert SWITCH in me(busy, client_of)


@pytest.mark.feature("F27")
def test_without_the_activity_block_there_is_no_status_to_change(
    busy: cast.World, client_of: ClientOf
) -> None:
    ShiftSettings.objects.update(shows_activity=False)
    page = me(busy, client_of)
    assert "Participation" not in page
    assert SWITCH not in page
    assert "You receive new leads now." in page


@pytest.mark.feature("F51")
def test_who_is_in_no_group_that_takes_part_is_told_so_and_has_no_controls(
    busy: cast.World, client_of: ClientOf
) -> None:
    page = me(busy, client_of, 18)
    assert SWITCH in page
    assert 'value="start"' in page
    Trigger.objects.filter(group__kommo_id=5).delete()
    page = me(busy, client_of, 18)
    assert "You are in no group that takes part" in page
    assert SWITCH not in page
    assert 'value="start"' not in page


def test_who_does_not_take_part_is_told_so(busy: cast.World, client_of: ClientOf) -> None:
    Manager.objects.filter(kommo_id=cast.OLEG).update(is_licensed=False)
    page = me(busy, client_of)
    assert "You do not take part in distribution" in page
    assert SWITCH not in page


@pytest.mark.feature("R27")
def test_a_limit_stands_beside_the_open_leads(busy: cast.World, client_of: ClientOf) -> None:
    ManagerProfile.objects.create(account=busy.account, manager=busy[16], leads=1)
    page = me(busy, client_of, 16)
    assert " of 1</dd>" in page
    assert "has reached the limit:" in page


@pytest.mark.feature("F4")
def test_times_are_by_the_managers_own_clock(busy: cast.World, client_of: ClientOf) -> None:
    Manager.objects.filter(kommo_id=cast.OLEG).update(zone="America/Lima")
    stand(busy, [cast.OLEG], week(busy))
    policies.change_simple(gates={"schedule": "personal"})
    page = me(busy, client_of)
    assert "Times by your clock (America/Lima)" in page
    assert "Start at 09:00" in page
    assert "have not begun, until 09:00" in page
    assert "since 02:50" in page


def test_two_weeks_of_the_own_schedule_with_days_off(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    stand(busy, [cast.OLEG], week(busy, text="09:00-13:00, 14:00-18:00"))
    with changing(busy.account, kind="holiday", actor=None, now=NOON) as change:
        on = MONDAY + timedelta(days=3)
        Holiday.objects.create(account=busy.account, on=on, name="Founders’ day")
        change.touch(None, on, on)
    clock.tick(days=1)
    page = me(busy, client_of)
    days = page.split('class="my-days"')[1].split("</ul>")[0].split("<li ")[1:]
    assert len(days) == 14
    assert "<strong>Sun</strong> 1 Mar" in days[0]
    assert "no schedule" in days[0]
    assert "09:00–13:00, 14:00–18:00" in days[1].replace("-", "–")
    assert 'aria-current="date"' in days[2]
    assert "Holiday: Founders’ day" in days[4]
    assert "Day of rest" in days[6]
    assert "no schedule" not in days[13]


def test_the_day_on_which_the_clocks_change_is_marked(
    busy: cast.World, client_of: ClientOf
) -> None:
    stand(busy, [cast.OLEG], week(busy, days=7))
    page = me(busy, client_of, path="/me/weeks?week=2026-03-29")
    marked = next(part for part in page.split("<li ") if "29 Mar" in part)
    assert "clocks go forward, the day is shorter" in marked
    assert page.count("clocks go") == 1


def test_the_weeks_lead_as_far_as_the_plan(busy: cast.World, client_of: ClientOf) -> None:
    stand(busy, [cast.OLEG], week(busy))
    path, seen = "/me?week=2026-03-01", []
    while path:
        page = me(busy, client_of, path=path)
        seen.append(path)
        rest = page.split('id="week-following" href="')
        path = rest[1].split('"')[0] if len(rest) == 2 else ""
    assert len(seen) == 9
    assert seen[-1] == "/me?week=2026-04-26"  # its second week begins on 3 May, the 62nd day
    for nonsense in ("2026-12-01", "1.3.26", "9999-99-99", "0001-01-01"):
        assert "1 Mar" in me(busy, client_of, path=f"/me?week={nonsense}")


def test_without_a_schedule_the_page_says_who_writes_it(
    busy: cast.World, client_of: ClientOf
) -> None:
    assert "Nothing is planned for these weeks" in me(busy, client_of)


def test_the_own_page_reads_no_colleague(busy: cast.World, client_of: ClientOf) -> None:
    client = client_of(busy[cast.OLEG])
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/me/live").status_code == 200
    asked = [query["sql"] for query in queries if "accounts_manager m" in query["sql"]]
    assert len(asked) == 2
    assert all(f"{{{cast.OLEG}}}" in sql for sql in asked), asked
    assert len(queries) <= 16


def test_days_that_are_over_stay_as_they_were(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    pattern = week(busy)
    stand(busy, [cast.OLEG], pattern)
    clock.tick(days=2)
    pattern.cycle = [[[600, 720]]] * 7
    pattern.save(update_fields=["cycle"])
    page = me(busy, client_of)
    hours = [part.split("</span>")[0] for part in page.split('<span class="numeric">')[1:]]
    shown = [text for text in hours if ":" in text and "," not in text and len(text) == 11]
    assert shown[:3] == ["09:00–18:00", "09:00–18:00", "10:00–12:00"]


def test_a_poll_is_answered_only_when_something_differs(
    busy: cast.World, client_of: ClientOf
) -> None:
    client = client_of(busy[cast.OLEG])
    seen = client.get("/me/live").content.decode().split('name="seen" value="')[1][:16]
    assert client.get("/me/live", {"seen": seen}).status_code == 204
    force(busy, cast.OLEG, Status.FORCED_OFF)
    assert client.get("/me/live", {"seen": seen}).status_code == 200


def test_a_night_that_runs_over_the_end_of_the_week_stays_on_its_day(
    busy: cast.World, client_of: ClientOf, clock: MovableClock
) -> None:
    stand(busy, [cast.OLEG], week(busy, text="22:00-06:00", days=7))
    clock.now = datetime(2026, 3, 8, 2, tzinfo=UTC)  # Sunday, 03:00 in Madrid
    page = me(busy, client_of)
    assert "In service until 06:00" in page
