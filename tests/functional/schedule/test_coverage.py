"""The page Coverage: hours against people, gaps, and what the account needs."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import AuditEntry, InboxEvent, Manager
from shifts.core.coverage import Hour
from shifts.models import (
    Participation,
    ScheduleChange,
    ScheduleSettings,
    WorkSpan,
)
from shifts.operations.grid import Step, edit_month
from shifts.operations.plan import locked_settings, zone_changed
from shifts.queries.coverage import coverage_of
from tests.functional.schedule import cast
from tests.functional.schedule.cast import ANA, IRINA, MONDAY, NOON, OLEG, SONIA, VERA
from tests.functional.schedule.conftest import ClientOf

pytestmark = pytest.mark.usefixtures("clock")

TUESDAY = MONDAY + timedelta(days=1)
NEXT_TUESDAY = MONDAY + timedelta(days=8)
WORKDAYS = [0, 1, 2, 3, 4]


def need(world: cast.World, **values: Any) -> None:
    """Write what the account needs: on workdays, 9 to 18, one person, unless told otherwise."""
    values = {"coverage_weekdays": WORKDAYS, **values}
    ScheduleSettings.objects.for_account(world.account).update(**values)


@pytest.fixture
def planned(acme: cast.World) -> cast.World:
    """Oleg and Ana work 9 to 18 on workdays; two people are needed then."""
    cast.stand(acme, [OLEG, ANA], cast.week(acme))
    need(acme, coverage_minimum=2)
    return acme


def set_hours(world: cast.World, user: int, on: date, text: str) -> None:
    """Set a day in the month grid, as a supervisor does."""
    edit_month(
        world.account,
        actor=world[SONIA],
        base=10_000,
        steps=[Step("set_hours", cells=((user, on),), hours=cast.hours(text))],
        now=NOON,
    )


def hours(
    world: cast.World, on: date, *, now: datetime = NOON, group: int | None = None
) -> list[Hour]:
    """Return the hours of one day."""
    return coverage_of(world.account, on, 1, now, group=group).days[0].hours


def people(world: cast.World, on: date, **how: Any) -> list[int | None]:
    """Return the people of each hour from 8 to 18 of a day."""
    return [hour.people for hour in hours(world, on, **how)][8:19]


def sent(**changes: Any) -> dict[str, Any]:
    """Return what the form sends."""
    return {
        "coverage_from": "10:00",
        "coverage_to": "20:00",
        "coverage_weekdays": ["0", "5"],
        "coverage_minimum": "3",
        "warns_of_gaps": "on",
        **changes,
    }


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


# -- who counts


def test_an_hour_counts_the_people_who_are_there_at_every_moment(planned: cast.World) -> None:
    set_hours(planned, ANA, TUESDAY, "09:30-13:00, 14:00-17:59")
    assert people(planned, TUESDAY) == [0, 1, 2, 2, 2, 1, 2, 2, 2, 1, 0]
    assert people(planned, MONDAY + timedelta(days=5)) == [0] * 11


@pytest.mark.parametrize(
    "change",
    [
        {"is_licensed": False},
        {"is_active_in_kommo": False},
    ],
)
def test_who_does_not_take_part_does_not_count(
    planned: cast.World, change: dict[str, bool]
) -> None:
    Manager.objects.filter(pk=planned[ANA].pk).update(**change)
    assert people(planned, TUESDAY)[1:10] == [1] * 9


@pytest.mark.parametrize(
    ("status", "until", "after", "counted"),
    [
        ("on", None, "on", [2, 2, 2]),
        ("forced_on", None, "on", [2, 2, 2]),
        ("off", None, "on", [1, 1, 1]),
        ("forced_off", None, "on", [1, 1, 1]),
        # until 11:00 on Tuesday in Madrid: the absence counts until then only
        ("off", "2026-03-03T10:00Z", "on", [1, 2, 2]),
        ("forced_off", "2026-03-03T10:30Z", "forced_on", [1, 1, 2]),
        ("off", "2026-03-03T10:00Z", "off", [1, 1, 1]),
        ("forced_on", "2026-03-03T10:00Z", "off", [2, 1, 1]),
        ("off", "2026-03-02T10:00Z", "on", [2, 2, 2]),
        ("on", "2026-03-02T10:00Z", "off", [1, 1, 1]),
    ],
)
def test_participation_counts_as_it_stands_at_each_moment(
    planned: cast.World, status: str, until: str | None, after: str, counted: list[int]
) -> None:
    Participation.objects.create(
        account=planned.account,
        manager=planned[ANA],
        status=status,
        until=until,
        status_after=after,
        changed_at=NOON,
    )
    assert people(planned, TUESDAY)[2:5] == counted


@pytest.mark.feature("F4")
def test_a_team_across_zones_covers_the_day(planned: cast.World) -> None:
    """Nine to six by each one's own clock: Madrid, five hours to the east, six to the west."""
    for user, zone in ((ANA, "Asia/Yekaterinburg"), (IRINA, "America/New_York")):
        Manager.objects.filter(pk=planned[user].pk).update(zone=zone)
    cast.stand(planned, [IRINA], cast.week(planned, name="5/2 too"))
    managers = list(Manager.objects.filter(pk=planned[ANA].pk))
    zone_changed(planned.account, managers, now=NOON, actor=None)
    need(planned, coverage_from="05:00", coverage_to="00:00", coverage_minimum=1)
    found = [hour.people for hour in hours(planned, TUESDAY)]
    assert found == [0] * 5 + [1] * 4 + [2] * 5 + [1] + [2] * 3 + [1] * 6
    assert coverage_of(planned.account, TUESDAY, 1, NOON).gaps == []


def test_a_group_is_counted_on_its_own(planned: cast.World) -> None:
    cast.stand(planned, [IRINA], cast.week(planned, name="5/2 too"))
    assert people(planned, TUESDAY)[1:10] == [3] * 9
    assert people(planned, TUESDAY, group=cast.SERVICE_GROUP)[1:10] == [1] * 9
    assert people(planned, TUESDAY, group=cast.SALES_GROUP)[1:10] == [2] * 9


def test_nobody_of_another_account_counts(planned: cast.World, rival: cast.World) -> None:
    cast.stand(rival, [cast.MALLORY], cast.week(rival))
    assert people(planned, TUESDAY)[1:10] == [2] * 9
    assert people(rival, TUESDAY)[1:10] == [1] * 9


def test_today_counts_from_now_on(planned: cast.World) -> None:
    ScheduleSettings.objects.update(coverage_minimum=3)
    now = NOON + timedelta(minutes=30)
    found = coverage_of(planned.account, MONDAY, 1, now)
    assert [hour.people for hour in found.days[0].hours][10:14] == [None, None, 2, 2]
    assert [(gap.starts_at, gap.people) for gap in found.gaps] == [(now, 2)]


@pytest.mark.parametrize(
    ("on", "hour", "length", "total"),
    [(date(2026, 3, 29), 2, 0, 23), (date(2026, 10, 25), 2, 2, 25)],
)
def test_a_day_of_the_clocks_change_has_its_hours(
    planned: cast.World, on: date, hour: int, length: int, total: int
) -> None:
    now = NOON.replace(month=on.month, day=20)
    locked_settings(planned.account, now)
    (day,) = coverage_of(planned.account, on, 1, now).days
    assert day.length == timedelta(hours=total)
    assert day.hours[hour].length == timedelta(hours=length)


def test_hours_over_midnight_are_needed_on_both_days(planned: cast.World) -> None:
    need(planned, coverage_from="22:00", coverage_to="02:00", coverage_weekdays=[1])
    found = coverage_of(planned.account, TUESDAY, 2, NOON)
    needed = [(day.on, hour.hour) for day in found.days for hour in day.hours if hour.is_needed]
    wednesday = TUESDAY + timedelta(days=1)
    assert needed == [(TUESDAY, 22), (TUESDAY, 23), (wednesday, 0), (wednesday, 1)]
    (gap,) = found.gaps
    assert gap.ends_at - gap.starts_at == timedelta(hours=4)


def test_a_night_that_is_needed_reaches_into_the_first_day_shown(planned: cast.World) -> None:
    need(planned, coverage_from="22:00", coverage_to="02:00", coverage_weekdays=[1])
    wednesday = TUESDAY + timedelta(days=1)
    assert [hour.hour for hour in hours(planned, wednesday) if hour.is_gap] == [0, 1]


def test_days_beyond_the_plan_are_not_shown_as_gaps(
    planned: cast.World, client_of: ClientOf
) -> None:
    ScheduleSettings.objects.update(planned_until=MONDAY + timedelta(days=33))
    assert "A week later" not in client_of(planned[SONIA]).get("/coverage").content.decode()
    ScheduleSettings.objects.update(planned_until=NEXT_TUESDAY)
    found = coverage_of(planned.account, MONDAY, 28, NOON)
    assert found.days[-1].on == NEXT_TUESDAY
    assert found.gaps == []
    page = client_of(planned[SONIA]).get("/coverage?from=2026-04-20").content.decode()
    assert "Mon 20 Apr – Mon 20 Apr" in page


# -- the page


@pytest.mark.feature("N7")
def test_a_gap_planted_in_next_week_shows_red_and_in_the_list(
    planned: cast.World, client_of: ClientOf
) -> None:
    client = client_of(planned[SONIA])
    before = client.get("/coverage").content.decode()
    assert 'class="gap">' not in before.split('class="legend"')[0]
    set_hours(planned, ANA, NEXT_TUESDAY, "09:00-13:00, 15:00-18:00")
    page = client.get("/coverage").content.decode()
    assert "Tue 10 Mar, 13:00–15:00: 1 person, 2 needed" in text_of(page)
    assert f"/schedule?month=2026-03&amp;day={NEXT_TUESDAY}" in page
    row = next(row for row in page.split("<tr") if "Tue 10 Mar" in row)
    cells = re.findall(r'<td class="([a-z0-9-]+)">(.*?)</td>', row)
    assert [place for place, (kind, _) in enumerate(cells) if kind == "gap"] == [13, 14]
    assert text_of(cells[13][1]) == "!gap: 1"
    assert [kind for kind, _ in cells].count("free") == 15
    assert page.count("<td ") == 28 * 24


def test_an_account_without_schedules_is_led_to_the_grid(
    acme: cast.World, client_of: ClientOf
) -> None:
    client = client_of(acme[VERA])
    page = client.get("/coverage").content.decode()
    assert "Nobody has a schedule" in page
    assert 'href="/schedule"' in page
    assert "<table" not in page
    answer = client.post("/coverage", sent(), follow=True)
    assert "Write one in the month grid first" in answer.content.decode()
    assert not ScheduleSettings.objects.exists()


def test_a_schedule_given_up_long_ago_is_none(planned: cast.World) -> None:
    now = NOON + timedelta(days=40)
    WorkSpan.objects.filter(starts_at__gt=NOON).delete()
    assert coverage_of(planned.account, MONDAY, 1, now).settings is None


def test_weeks_are_shown_as_far_as_the_plan_reaches(
    planned: cast.World, client_of: ClientOf
) -> None:
    client = client_of(planned[SONIA])
    page, seen = client.get("/coverage?group=0").content.decode(), []
    while found := re.search(r'href="([^"]*)">A week later', page):
        assert "group=0" in found[1]
        page = client.get(found[1].replace("&amp;", "&")).content.decode()
        seen.append(re.search(r'id="map-title">(.*?)<', page)[1])
    assert len(seen) == 5
    assert seen[-1] == "Mon 6 Apr – Sun 3 May"
    assert "A week earlier" in page
    for nonsense in ("2026-99-99", "yesterday", "1999-01-01", "9999-12-31"):
        answer = client.get("/coverage", {"from": nonsense, "group": "x"})
        assert "Mon 2 Mar – Sun 29 Mar" in answer.content.decode()


def test_only_supervisors_and_admins_see_it(planned: cast.World, client_of: ClientOf) -> None:
    assert client_of(planned[SONIA]).get("/coverage").status_code == 200
    assert client_of(planned[VERA]).get("/coverage").status_code == 200
    assert client_of(planned[OLEG]).get("/coverage").status_code == 403
    assert client_of(planned[OLEG]).post("/coverage", sent()).status_code == 403
    assert client_of(None).get("/coverage").status_code == 302
    assert client_of(None).post("/coverage", sent()).status_code == 401


def test_another_account_sees_its_own_coverage(
    planned: cast.World, rival: cast.World, client_of: ClientOf
) -> None:
    client = client_of(rival[cast.MALLORY])
    page = client.get(f"/coverage?group={cast.SALES_GROUP}").content.decode()
    assert "Nobody has a schedule" in page
    client.post("/coverage", sent())
    assert ScheduleSettings.objects.get().coverage_minimum == 2


# -- what the account needs


def test_the_need_is_saved_with_an_audit_entry_and_touches_no_plan(
    planned: cast.World, client_of: ClientOf
) -> None:
    version = ScheduleSettings.objects.get().version
    changes, events = ScheduleChange.objects.count(), InboxEvent.objects.count()
    answer = client_of(planned[SONIA]).post("/coverage?group=0", sent())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/coverage?group=0")
    row = ScheduleSettings.objects.get()
    assert (str(row.coverage_from), str(row.coverage_to)) == ("10:00:00", "20:00:00")
    assert (row.coverage_weekdays, row.coverage_minimum) == ([0, 5], 3)
    assert row.version == version
    assert (ScheduleChange.objects.count(), InboxEvent.objects.count()) == (changes, events)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.at) == ("coverage", SONIA, NOON)
    assert entry.before == {
        "coverage_from": "09:00",
        "coverage_to": "18:00",
        "coverage_weekdays": WORKDAYS,
        "coverage_minimum": 2,
    }
    assert entry.after["coverage_from"] == "10:00"
    client_of(planned[SONIA]).post("/coverage", sent())
    assert AuditEntry.objects.count() == 1


def test_all_weekdays_are_stored_as_none_and_shown_ticked(
    planned: cast.World, client_of: ClientOf
) -> None:
    client = client_of(planned[SONIA])
    client.post("/coverage", sent(coverage_weekdays=[str(day) for day in range(7)]))
    assert ScheduleSettings.objects.get().coverage_weekdays == []
    page = client.get("/coverage").content.decode()
    assert len(re.findall(r'name="coverage_weekdays"[^>]* checked', page)) == 7


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"coverage_from": "25:00"}, "Not a time. Write it as 09:00."),
        ({"coverage_to": ""}, "Empty. Write a time such as 09:00."),
        ({"coverage_weekdays": []}, "No day is chosen. Choose at least one."),
        ({"coverage_weekdays": ["7"]}, "There is no such day. Choose from the list."),
        ({"coverage_weekdays": ["x"]}, "There is no such day. Choose from the list."),
        ({"coverage_minimum": "0"}, "Too small. The least is 1."),
        ({"coverage_minimum": "1001"}, "Too large. The most is 1000."),
        ({"coverage_minimum": "two"}, "Not a number. Write a whole number of people, such as 2."),
    ],
)
def test_a_bad_value_is_explained_and_nothing_is_saved(
    planned: cast.World, client_of: ClientOf, changes: dict[str, Any], told: str
) -> None:
    answer = client_of(planned[SONIA]).post("/coverage", sent(**changes))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert ScheduleSettings.objects.get().coverage_minimum == 2
    assert not AuditEntry.objects.exists()


def test_the_page_says_who_gets_the_mail(
    planned: cast.World, client_of: ClientOf, settings: Any
) -> None:
    client = client_of(planned[SONIA])
    assert "nobody would get the mail" in client.get("/coverage").content.decode()
    Manager.objects.filter(kommo_id__in=[VERA, OLEG]).update(email="somebody@example.com")
    assert "The mail goes to: Vera Lindqvist." in client.get("/coverage").content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert "This server sends no mail yet" in client.get("/coverage").content.decode()
