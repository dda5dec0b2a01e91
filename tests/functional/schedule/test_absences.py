"""Absences and other hours over HTTP: for several people, ended early, deleted; what they leave open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shifts.models import Override, PlannedDay
from tests.functional.schedule.cast import (
    ANA,
    LUCAS,
    MALLORY,
    MONDAY,
    NOON,
    OLEG,
    SALES_GROUP,
    SONIA,
    in_service,
    planned,
    stand,
    week,
)

pytestmark = [pytest.mark.django_db, pytest.mark.feature("B9")]

PAGE = "/schedule/absences"
DAY = timedelta(days=1)
OFFICE = ("work", "", "09:00–18:00")


@pytest.fixture
def sonia(acme, client_of):
    stand(acme, [OLEG, ANA, LUCAS], week(acme))
    return client_of(acme[SONIA])


def absence(users=(OLEG,), starts=MONDAY, ends="", **fields):
    return {
        "kind": "absence",
        "cause": "vacation",
        "managers": users,
        "starts_on": starts,
        "ends_on": ends,
        **fields,
    }


def hours(text, **fields):
    return absence(**fields) | {"kind": "hours", "hours": text}


def test_a_vacation_takes_its_days_and_leaves_the_hours_underneath(acme, sonia):
    answer = sonia.post(PAGE, absence([OLEG, ANA], "2026-03-04", "2026-03-05", note="Lisbon"))
    assert answer.status_code == 302
    for user in (OLEG, ANA):
        assert planned(acme, user, date(2026, 3, 4)) == ("day_off", "absence", "09:00–18:00")
        assert planned(acme, user, date(2026, 3, 6)) == OFFICE
    assert in_service(acme, NOON + 2 * DAY) == {LUCAS}
    cell = sonia.get("/schedule/month?month=2026-03").json()["cells"][str(OLEG)]["2026-03-05"]
    assert cell["cause_text"] == "Vacation: Lisbon"


def test_other_hours_go_over_the_pattern_and_over_a_day_of_rest(acme, sonia):
    sonia.post(PAGE, hours("10:00-12:00, 15:00-17:00", starts="2026-03-06", ends="2026-03-07"))
    for on in (date(2026, 3, 6), date(2026, 3, 7)):
        assert planned(acme, OLEG, on) == ("work", "", "10:00–12:00, 15:00–17:00")
    assert in_service(acme, datetime(2026, 3, 7, 10, tzinfo=UTC)) == {OLEG}


def test_a_group_means_its_present_members(acme, sonia):
    sonia.post(PAGE, absence([], groups=[SALES_GROUP]))
    assert in_service(acme, NOON) == set()
    assert Override.objects.count() == 4


def test_who_is_back_early_works_from_today_on(acme, sonia, clock):
    sonia.post(PAGE, absence(ends="2026-03-06"))
    clock.tick(days=2)
    row = Override.objects.get()
    page = sonia.get(PAGE).content.decode()
    assert f"{PAGE}/{row.pk}/end" in page
    frozen = list(PlannedDay.objects.filter(on__lt=date(2026, 3, 4)).order_by("pk").values())
    assert sonia.post(f"{PAGE}/{row.pk}/delete").status_code == 422
    assert sonia.post(f"{PAGE}/{row.pk}/end", {"last_on": "2026-03-02"}).status_code == 422
    assert sonia.post(f"{PAGE}/{row.pk}/end", {"last_on": "2026-03-06"}).status_code == 422
    assert sonia.post(f"{PAGE}/{row.pk}/end", {"last_on": ""}).status_code == 422
    assert sonia.post(f"{PAGE}/{row.pk}/end", {"last_on": "2026-03-03"}).status_code == 302
    assert planned(acme, OLEG, date(2026, 3, 4)) == OFFICE
    assert OLEG in in_service(acme, clock.now)
    assert (
        list(PlannedDay.objects.filter(on__lt=date(2026, 3, 4)).order_by("pk").values()) == frozen
    )


def test_what_has_not_begun_is_deleted_and_what_is_over_is_only_read(acme, sonia, clock):
    sonia.post(PAGE, absence(starts="2026-03-09"))
    row = Override.objects.get()
    assert sonia.post(f"{PAGE}/{row.pk}/delete").status_code == 302
    assert planned(acme, OLEG, date(2026, 3, 9)) == OFFICE
    sonia.post(PAGE, absence(note="Dentist"))
    clock.tick(days=1)
    page = sonia.get(PAGE).content.decode()
    assert "Dentist" in page
    assert "/end" not in page
    assert "/delete" not in page
    assert planned(acme, OLEG, MONDAY) == ("day_off", "absence", "09:00–18:00")


def test_a_gap_in_the_coverage_is_said_when_it_is_made(acme, sonia):
    page = sonia.post(PAGE, absence([OLEG, ANA], "2026-03-04"), follow=True).content.decode()
    assert "too few people" not in page
    page = sonia.post(PAGE, absence([LUCAS], "2026-03-03", "2026-03-05"), follow=True)
    assert "too few people on 1 day: 4 Mar 2026" in page.content.decode()


def test_the_same_is_not_entered_twice(acme, sonia):
    sonia.post(PAGE, absence())
    again = sonia.post(PAGE, absence())
    assert again.status_code == 422
    assert "have exactly this already" in again.content.decode()
    assert sonia.post(PAGE, absence([OLEG, ANA])).status_code == 302
    assert Override.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (absence(starts="2026-03-01"), "Past days are kept"),
        (absence(starts=""), "Empty. Choose a day"),
        (absence(starts="2026-02-30"), "Not a day of the calendar"),
        (absence(starts="2026-03-05", ends="2026-03-04"), "before the first one"),
        (absence(starts="2037-01-01"), "more than ten years ahead"),
        (absence(ends="2037-01-01"), "more than ten years ahead"),
        (absence([]), "Nobody is chosen"),
        (absence([MALLORY, 12345]), "Nobody is chosen"),
        (absence(cause="bored"), "Select a valid choice"),
        (absence(kind="swap"), "Select a valid choice"),
        (absence(note="x" * 201), "Too long"),
        (hours(""), "Empty. Write the hours"),
        (hours("09:00-09:00"), "begins and ends at the same time"),
        (hours("09:00-13:00, 12:00-14:00"), "overlap"),
        (hours("9 to 5"), "is not a time"),
        ({}, "Nobody is chosen"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(acme, rival, sonia, fields, text):
    answer = sonia.post(PAGE, fields)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Override.objects.exists()
    assert in_service(acme, NOON) == {OLEG, ANA, LUCAS}


def test_strangers_managers_and_other_accounts_stay_outside(acme, rival, sonia, client_of):
    sonia.post(PAGE, absence(starts="2026-03-04", ends="2026-03-06", note="Secret cause"))
    row = Override.objects.get()
    oleg, mallory, nobody = client_of(acme[OLEG]), client_of(rival[MALLORY]), client_of(None)
    posts = [
        (PAGE, absence()),
        (f"{PAGE}/{row.pk}/end", {"last_on": "2026-03-04"}),
        (f"{PAGE}/{row.pk}/delete", {}),
    ]
    for url, fields in posts:
        assert oleg.post(url, fields).status_code == 403, url
        assert nobody.post(url, fields).status_code == 401, url
    for url, fields in posts[1:]:
        assert mallory.post(url, fields).status_code == 404, url
    assert oleg.get(PAGE).status_code == 403
    assert "Secret cause" not in mallory.get(PAGE).content.decode()
    assert mallory.post(PAGE, absence()).status_code == 422
    assert Override.objects.get().ends_on == date(2026, 3, 6)
