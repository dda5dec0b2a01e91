"""Patterns over HTTP: made, edited, followed, ended, deleted; the past stays, the days ahead change."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import Manager
from shifts.models import PatternPreset, PlannedDay, SchedulePattern, StandingPattern
from tests.functional.schedule.cast import (
    ANA,
    IRINA,
    LUCAS,
    MALLORY,
    MEHMET,
    MONDAY,
    NOON,
    OLEG,
    SALES_GROUP,
    SERVICE_GROUP,
    SONIA,
    VERA,
    in_service,
    planned,
    stand,
    week,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
OFFICE = ("work", "", "09:00–18:00")


def weekly(name="5/2", **days):
    """Return the editor's fields of a week; days by their place."""
    fields = {f"day_{place}": "09:00-18:00" if place < 5 else "" for place in range(7)}
    return {"name": name, "mode": "weekly", **fields, **days}


def cycle(*days, name="2/2", anchor=MONDAY, length=None):
    """Return the editor's fields of a cycle."""
    fields = {f"day_{place}": text for place, text in enumerate(days)}
    return {
        "name": name,
        "mode": "cycle",
        "length": len(days) if length is None else length,
        "anchor_on": anchor,
        **fields,
    }


def following(users=(), *, groups=(), starts=MONDAY, ends="", anchor=""):
    return {
        "managers": users,
        "groups": groups,
        "follow-starts_on": starts,
        "follow-ends_on": ends,
        "follow-anchor_on": anchor,
    }


@pytest.fixture
def sonia(acme, client_of):
    return client_of(acme[SONIA])


def new(client, fields):
    return client.post("/schedule/patterns/new", fields)


def address(row, what=""):
    return f"/schedule/patterns/{row.pk}{what}"


@pytest.mark.feature("F54")
@pytest.mark.feature("F55")
@pytest.mark.usefixtures("presets")
def test_a_two_by_two_made_from_a_preset_plans_two_months_ahead(acme, sonia):
    page = sonia.get("/schedule/patterns/new?preset=2-2").content.decode()
    assert 'value="09:00–21:00"' in page
    preset = PatternPreset.objects.get(code="2-2")
    answer = new(sonia, cycle("09:00–21:00", "09:00–21:00", "", "", name=preset.name))
    row = SchedulePattern.objects.get()
    assert answer.status_code == 302
    assert answer.url == address(row)
    assert sonia.post(address(row, "/follow"), following([OLEG])).status_code == 302
    days = [planned(acme, OLEG, MONDAY + number * DAY) for number in range(60)]
    work, rest = ("work", "", "09:00–21:00"), ("day_off", "rest", "")
    assert days == [work, work, rest, rest] * 15
    assert OLEG in in_service(acme, NOON)
    assert "Oleg Petrov" in sonia.get("/schedule/patterns").content.decode()


@pytest.mark.feature("F55")
def test_a_cycle_keeps_its_turns_across_a_change_of_the_clock(acme, sonia):
    new(sonia, cycle("22:00-06:00", "", anchor=date(2026, 3, 28)))
    row = SchedulePattern.objects.get()
    sonia.post(address(row, "/follow"), following([OLEG], anchor=""))
    # Clocks in Madrid went forward on 29 March: the night is an hour shorter, its ends stand.
    assert planned(acme, OLEG, date(2026, 3, 28)) == ("work", "", "22:00–06:00")
    assert planned(acme, OLEG, date(2026, 3, 29)) == ("day_off", "rest", "")
    assert planned(acme, OLEG, date(2026, 3, 30)) == ("work", "", "22:00–06:00")


@pytest.mark.feature("F56")
def test_the_weekly_editor_saves_each_day_and_reads_it_back(acme, sonia):
    new(sonia, weekly(day_5="10:00-14:00"))
    row = SchedulePattern.objects.get()
    page = sonia.get(address(row)).content.decode()
    assert 'value="10:00–14:00"' in page
    assert (
        "Mon–Fri 09:00–18:00; Sat 10:00–14:00" in sonia.get("/schedule/patterns").content.decode()
    )
    sonia.post(address(row), weekly(name="Early", day_0="07:00-11:00, 12:00-16:00"))
    row.refresh_from_db()
    assert row.name == "Early"
    assert row.cycle[0] == [[420, 660], [720, 960]]
    assert row.cycle[5] == []


@pytest.mark.feature("B9")
def test_yesterdays_plan_does_not_change_when_the_pattern_does(acme, sonia, clock):
    row = week(acme)
    stand(acme, [OLEG, ANA], row)
    clock.tick(days=2)
    before = list(PlannedDay.objects.filter(on__lt=MONDAY + 2 * DAY).order_by("pk").values())
    assert len(before) == 4
    answer = sonia.post(
        address(row), weekly(**{f"day_{place}": "13:00-22:00" for place in range(5)})
    )
    assert answer.status_code == 302
    assert (
        list(PlannedDay.objects.filter(on__lt=MONDAY + 2 * DAY).order_by("pk").values()) == before
    )
    assert planned(acme, OLEG, MONDAY + DAY) == OFFICE
    assert planned(acme, OLEG, MONDAY + 2 * DAY) == ("work", "", "13:00–22:00")
    assert in_service(acme, clock.now) == set()
    month = sonia.get("/schedule/month?month=2026-03").json()["cells"][str(OLEG)]
    assert month["2026-03-03"]["text"] == "09:00–18:00"
    assert month["2026-03-04"]["text"] == "13:00–22:00"


@pytest.mark.feature("F70")
def test_a_group_means_its_present_members(acme, sonia):
    row = week(acme)
    sonia.post(address(row, "/follow"), following(groups=[SERVICE_GROUP]))
    assert planned(acme, MEHMET, MONDAY) == planned(acme, IRINA, MONDAY) == OFFICE
    later = acme[OLEG]
    later.group = acme[IRINA].group
    later.save(update_fields=["group"])
    assert planned(acme, OLEG, MONDAY) is None
    month = sonia.get("/schedule/month?month=2026-03").json()
    oleg = next(one for one in month["managers"] if one["id"] == OLEG)
    assert (oleg["state"], oleg["set_until"]) == ("empty", "no schedule")


def test_a_later_pattern_cuts_the_earlier_off_and_says_so_before(acme, sonia):
    office, late = week(acme), week(acme, "Late", "14:00-22:00")
    stand(acme, [OLEG, ANA, LUCAS], office)
    wish = following([OLEG, ANA, MEHMET], starts="2026-04-06")
    said = sonia.post(address(late, "/follow/preview"), wish).content.decode()
    assert "3 people are chosen" in said
    assert "replaces “5/2” of 2 people from 6 Apr 2026" in said
    assert StandingPattern.objects.count() == 3
    sonia.post(address(late, "/follow"), wish)
    assert planned(acme, OLEG, date(2026, 4, 3)) == OFFICE
    assert planned(acme, OLEG, date(2026, 4, 6)) == ("work", "", "14:00–22:00")
    assert planned(acme, LUCAS, date(2026, 4, 6)) == OFFICE
    cut = StandingPattern.objects.get(manager=acme[OLEG], pattern=office)
    assert cut.ends_on == date(2026, 4, 5)


def test_a_pattern_for_a_while_lets_the_earlier_go_on_afterwards(acme, sonia):
    office, late = week(acme), week(acme, "Late", "14:00-22:00")
    stand(acme, [OLEG], office)
    wish = following([OLEG], starts="2026-03-09", ends="2026-03-15")
    said = sonia.post(address(late, "/follow/preview"), wish).content.decode()
    assert "replaces “5/2” of 1 person from 9 Mar 2026; it goes on from 16 Mar 2026" in said
    sonia.post(address(late, "/follow"), wish)
    hours = [planned(acme, OLEG, date(2026, 3, day))[2] for day in (6, 9, 13, 16)]
    assert hours == ["09:00–18:00", "14:00–22:00", "14:00–22:00", "09:00–18:00"]


def test_a_planned_pattern_that_lies_within_the_new_one_goes(acme, sonia):
    office, late = week(acme), week(acme, "Late", "14:00-22:00")
    stand(acme, [OLEG], late, starts_on=date(2026, 3, 9), ends_on=date(2026, 3, 15))
    sonia.post(address(office, "/follow"), following([OLEG]))
    assert StandingPattern.objects.get().pattern == office


def test_two_teams_share_a_cycle_by_turns(acme, sonia):
    new(sonia, cycle("09:00-21:00", "09:00-21:00", "", ""))
    row = SchedulePattern.objects.get()
    sonia.post(address(row, "/follow"), following([OLEG]))
    sonia.post(address(row, "/follow"), following([ANA], anchor=MONDAY + 2 * DAY))
    works = [in_service(acme, NOON + number * DAY) for number in range(4)]
    assert works == [{OLEG}, {OLEG}, {ANA}, {ANA}]
    # Whoever counts from the pattern's own first day moves with it, the others stay.
    sonia.post(address(row), cycle("09:00-21:00", "09:00-21:00", "", "", anchor=MONDAY + DAY))
    works = [in_service(acme, NOON + number * DAY) for number in range(4)]
    assert works == [set(), {OLEG}, {OLEG, ANA}, {ANA}]


def test_a_standing_pattern_ends_from_a_day_on(acme, sonia, clock):
    stand(acme, [OLEG, ANA], week(acme))
    row = StandingPattern.objects.get(manager=acme[OLEG])
    end = reverse("shifts:standing_end", args=[row.pk])
    clock.tick(days=1)
    assert sonia.post(end, {"from_on": "2026-03-02"}).status_code == 422
    assert sonia.post(end, {"from_on": "soon"}).status_code == 422
    assert sonia.post(end, {"from_on": "2026-03-05"}).status_code == 302
    assert planned(acme, OLEG, date(2026, 3, 4)) == OFFICE
    assert planned(acme, OLEG, date(2026, 3, 5)) is None
    assert planned(acme, ANA, date(2026, 3, 5)) == OFFICE


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (weekly(day_2="09:00-13:00, 12:00-15:00"), "09:00–13:00, 12:00–15:00” overlap"),
        (weekly(day_1="09:00-09:00"), "begins and ends at the same time"),
        (weekly(day_1="morning"), "“morning” is not a time"),
        (weekly(**{f"day_{place}": "" for place in range(7)}), "No day has hours"),
        (weekly(name=""), "Empty. Write a name"),
        (weekly(name="x" * 65), "Too long"),
        (cycle("09:00-18:00", "", length=1000), "A cycle has at most 366 days"),
        (cycle("09:00-18:00", "", length=0), "A cycle has at least one day"),
        (cycle("09:00-18:00", "", length="four"), "Not a number"),
        (cycle("09:00-18:00", "", anchor=""), "Choose the day on which the cycle begins"),
        (cycle("09:00-18:00", "", anchor="2026-02-30"), "Not a day of the calendar"),
        (cycle("09:00-18:00", "", anchor="2099-01-01"), "more than ten years ahead"),
        ({"name": "x", "mode": "monthly"}, "Select a valid choice"),
        ({}, "Empty. Write a name"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_with_the_reason(acme, sonia, fields, text):
    answer = new(sonia, fields)
    assert answer.status_code == 422
    assert text in answer.content.decode().replace("&#x27;", "'")
    assert not SchedulePattern.objects.exists()


def test_a_name_is_given_once(acme, sonia):
    row = week(acme)
    assert "has this name" in new(sonia, weekly()).content.decode()
    other = week(acme, "Other")
    assert sonia.post(address(other), weekly()).status_code == 422
    assert SchedulePattern.objects.get(pk=other.pk).name == "Other"
    assert sonia.post(address(row), weekly()).status_code == 302


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (following([OLEG], starts="2026-03-01"), "Past days are kept"),
        (following([OLEG], starts="2036-03-20"), "more than ten years ahead"),
        (following([OLEG], ends="2036-03-20"), "more than ten years ahead"),
        (following([OLEG], starts="2026-03-09", ends="2026-03-08"), "before the first one"),
        (following([]), "Nobody is chosen"),
        (following([99, "x", ""]), "Nobody is chosen"),
        (following([MALLORY], groups=[77]), "Nobody is chosen"),
        (following([OLEG], starts=""), "Empty. Choose a day"),
        (following([OLEG], ends="never"), "Not a day of the calendar"),
    ],
)
def test_following_is_refused_with_the_reason(acme, rival, sonia, wish, text):
    row = week(acme)
    answer = sonia.post(address(row, "/follow"), wish)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not StandingPattern.objects.exists()
    assert not PlannedDay.objects.exists()


def test_a_followed_pattern_is_deleted_only_with_its_end_for_all(acme, sonia, clock):
    row = week(acme)
    stand(acme, [OLEG, ANA], row)
    clock.tick(days=1)
    answer = sonia.post(address(row, "/delete"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody follows this pattern" in page
    assert 'href="/schedule/patterns" aria-current="page"' in page
    assert sonia.post(address(row, "/delete"), {"ends_for_all": "on"}).status_code == 302
    assert not SchedulePattern.objects.exists()
    assert planned(acme, OLEG, MONDAY) == OFFICE
    assert planned(acme, OLEG, MONDAY + DAY) is None
    assert sonia.get(address(row)).status_code == 404


def test_a_copy_has_a_name_of_its_own(acme, sonia):
    row = week(acme, "x" * 64)
    for _ in range(2):
        assert sonia.post(address(row, "/duplicate")).status_code == 302
    names = set(SchedulePattern.objects.values_list("name", flat=True))
    assert names == {"x" * 64, "x" * 57 + " (copy)", "x" * 55 + " (copy 2)"}


@pytest.mark.feature("F56")
def test_the_preview_shows_two_weeks_without_saving(acme, sonia):
    said = sonia.post("/schedule/patterns/preview", cycle("22:00-06:00", "", "")).content.decode()
    assert said.count("22:00–06:00") == 5
    assert said.count("rest") >= 9
    said = sonia.post("/schedule/patterns/preview", weekly(day_3="18-9-3")).content.decode()
    assert "Thursday: “18-9-3” is not a time" in said
    # A name can wait while the days are written.
    assert "Empty" not in sonia.post("/schedule/patterns/preview", weekly(name="")).content.decode()
    rows = sonia.post("/schedule/patterns/days", cycle("09:00-18:00", length=9)).content.decode()
    assert rows.count('name="day_') == 9
    assert not SchedulePattern.objects.exists()


def test_strangers_managers_and_other_accounts_stay_outside(acme, rival, client_of):
    row = week(acme, "Our week")
    stand(acme, [OLEG], row)
    standing = StandingPattern.objects.get()
    posts = [
        ("/schedule/patterns/new", weekly(name="Mine")),
        (address(row), weekly(name="Mine")),
        (address(row, "/follow"), following([OLEG])),
        (address(row, "/follow/preview"), following([OLEG])),
        (address(row, "/delete"), {"ends_for_all": "on"}),
        (address(row, "/duplicate"), {}),
        (reverse("shifts:standing_end", args=[standing.pk]), {"from_on": "2026-03-05"}),
    ]
    oleg, mallory, nobody = client_of(acme[OLEG]), client_of(rival[MALLORY]), client_of(None)
    for url, fields in posts:
        assert oleg.post(url, fields).status_code == 403, url
        assert nobody.post(url, fields).status_code == 401, url
    for url, fields in posts[1:]:
        assert mallory.post(url, fields).status_code == 404, url
    assert oleg.get("/schedule/patterns").status_code == 403
    assert mallory.get(address(row)).status_code == 404
    assert "Our week" not in mallory.get("/schedule/patterns").content.decode()
    assert SchedulePattern.objects.get().name == "Our week"
    assert StandingPattern.objects.get().ends_on is None


def test_an_admin_may_do_the_same(acme, client_of):
    assert new(client_of(acme[VERA]), weekly()).status_code == 302


def test_who_is_deactivated_in_kommo_is_not_offered(acme, sonia):
    gone = acme[OLEG]
    gone.is_active_in_kommo = False
    gone.save(update_fields=["is_active_in_kommo"])
    row = week(acme)
    assert "Oleg Petrov" not in sonia.get(address(row)).content.decode()
    sonia.post(address(row, "/follow"), following([OLEG], groups=[SALES_GROUP]))
    followers = set(StandingPattern.objects.values_list("manager__kommo_id", flat=True))
    assert OLEG not in followers
    assert ANA in followers


@pytest.mark.parametrize("which", ["", "nothing", "%00", "2-2'--"])
def test_an_unknown_preset_is_a_blank_week(acme, sonia, which):
    answer = sonia.get(f"/schedule/patterns/new?preset={which}")
    assert answer.status_code == 200
    assert answer.content.decode().count('name="day_') == 7


def test_numbers_that_no_row_can_have_are_not_found(acme, sonia):
    huge = 10**30
    assert sonia.get(f"/schedule/patterns/{huge}").status_code == 404
    assert sonia.post(f"/schedule/standing/{huge}/end").status_code == 404
    assert sonia.post(f"/schedule/absences/{huge}/end").status_code == 404
    assert sonia.post(f"/schedule/swaps/{huge}").status_code == 404
    assert sonia.post(f"/me/swaps/{huge}/answer").status_code == 404
    assert sonia.post(f"/schedule/holidays/undo/{huge}").status_code == 302
    wish = following([str(10**17), "9" * 40, "²"], groups=["9" * 30, "-1"])
    assert sonia.post(address(week(acme), "/follow"), wish).status_code == 422
    assert new(sonia, weekly(name="a\x00b")).status_code == 422


@pytest.mark.feature("R30")
def test_whoever_is_a_day_ahead_begins_a_day_later(acme, sonia, clock):
    ana = acme[ANA]
    ana.zone = "Pacific/Auckland"
    ana.save(update_fields=["zone"])
    row = week(acme)
    stand(acme, [OLEG, ANA], row)
    clock.tick(hours=1)  # 13:00 on Monday in Madrid is 01:00 on Tuesday in Auckland
    before = planned(acme, ANA, MONDAY)
    late = week(acme, "Late", "14:00-22:00")
    assert sonia.post(address(late, "/follow"), following([OLEG, ANA])).status_code == 302
    assert planned(acme, OLEG, MONDAY) == ("work", "", "14:00–22:00")
    assert planned(acme, ANA, MONDAY) == before
    assert planned(acme, ANA, MONDAY + DAY) == ("work", "", "14:00–22:00")
    rows = StandingPattern.objects.filter(pattern=late).order_by("manager__kommo_id")
    assert [one.starts_on for one in rows] == [MONDAY, MONDAY + DAY]


def test_two_hundred_people_are_assigned_in_a_few_queries(
    acme, sonia, django_assert_max_num_queries
):
    row = week(acme)
    Manager.objects.bulk_create(
        Manager(account=acme.account, kommo_id=1000 + number, name=f"M{number}")
        for number in range(200)
    )
    wish = following([1000 + number for number in range(200)])
    with django_assert_max_num_queries(40):
        assert sonia.post(address(row, "/follow"), wish).status_code == 302
    assert PlannedDay.objects.filter(on=MONDAY, kind="work").count() == 200
