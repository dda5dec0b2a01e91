"""Holidays over HTTP: a country's in one click, one's own, removed and back; the hours stay underneath."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shifts.models import Holiday, PlannedDay, ScheduleSettings
from tests.functional.schedule.cast import (
    ANA,
    MALLORY,
    MONDAY,
    NOON,
    OLEG,
    SONIA,
    in_service,
    planned,
    stand,
    week,
)

pytestmark = [pytest.mark.django_db, pytest.mark.feature("B10")]

PAGE, ADD, OWN = (f"/schedule/holidays{rest}" for rest in ("", "/add", "/own"))
CHRISTMAS = datetime(2026, 12, 20, 11, tzinfo=UTC)
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture
def sonia(acme, client_of):
    return client_of(acme[SONIA])


def ticked(page):
    """Return the days that the page offers ticked."""
    parts = page.split('name="days" value="')[1:]
    return [part[:10] for part in parts if "disabled" not in part[: part.index(">")]]


def remove(client, on):
    return client.post(f"/schedule/holidays/{on}/remove", {"country": "ES"})


def undo(client, answer):
    """Press the button that the flash message after an answer offers."""
    page = client.get(answer.url).content.decode()
    address = page.split('action="/schedule/holidays/undo/')[-1].split('"')[0]
    return client.post(f"/schedule/holidays/undo/{address}")


def test_the_first_of_january_is_off_in_one_click_and_its_hours_are_kept(acme, sonia, clock):
    clock.move(CHRISTMAS)
    stand(acme, [OLEG, ANA], week(acme), now=CHRISTMAS, starts_on=date(2026, 12, 20))
    assert planned(acme, OLEG, NEW_YEAR) == ("work", "", "09:00–18:00")
    page = sonia.get(f"{PAGE}?country=ES&year=2027").content.decode()
    assert "New Year&#x27;s Day" in page
    days = ticked(page)
    assert "2027-01-01" in days
    answer = sonia.post(ADD, {"country": "ES", "year": 2027, "days": days})
    assert answer.status_code == 302
    assert planned(acme, OLEG, NEW_YEAR) == ("day_off", "holiday", "09:00–18:00")
    assert in_service(acme, datetime(2027, 1, 1, 11, tzinfo=UTC)) == set()
    month = sonia.get("/schedule/month?month=2027-01").json()
    cell = month["cells"][str(OLEG)]["2027-01-01"]
    assert (cell["kind"], cell["hours"], cell["cause_text"]) == (
        "day_off",
        [[540, 1080]],
        "Holiday: New Year's Day",
    )
    assert Holiday.objects.count() == len(days)
    assert ScheduleSettings.objects.get().country == "ES"
    assert remove(sonia, NEW_YEAR).status_code == 302
    assert in_service(acme, datetime(2027, 1, 1, 11, tzinfo=UTC)) == {OLEG, ANA}


def test_adding_and_removing_can_be_undone_once(acme, sonia):
    answer = sonia.post(ADD, {"country": "ES", "year": 2026, "days": ["2026-04-03", "2026-05-01"]})
    assert Holiday.objects.count() == 2
    page = sonia.get(answer.url).content.decode()
    first = page.split('class="banner good"')[1].split('action="')[1].split('"')[0]
    removed = remove(sonia, "2026-05-01")
    assert undo(sonia, removed).status_code == 302
    assert Holiday.objects.get(on="2026-05-01").country == "ES"
    sonia.post(ADD, {"country": "ES", "year": 2026, "days": ["2026-12-25"]})
    assert sonia.post(first).status_code == 302
    assert [row.on for row in Holiday.objects.all()] == [date(2026, 12, 25)]
    page = sonia.post("/schedule/holidays/undo/999", follow=True).content.decode()
    assert "undone already" in page


def test_days_are_not_doubled_and_keep_their_names(acme, sonia):
    sonia.post(OWN, {"on": "2026-05-01", "name": "Our day"})
    sonia.post(ADD, {"country": "ES", "year": 2026, "days": ["2026-05-01", "2026-04-03"]})
    assert Holiday.objects.get(on="2026-05-01").name == "Our day"
    assert Holiday.objects.count() == 2
    again = sonia.post(ADD, {"country": "ES", "year": 2026, "days": ["2026-05-01"]})
    assert again.status_code == 422
    assert "holidays already" in again.content.decode()


def test_days_that_are_over_are_shown_and_stay(acme, sonia, clock):
    stand(acme, [OLEG], week(acme))
    Holiday.objects.create(account=acme.account, on=date(2026, 1, 6), name="Epiphany")
    page = sonia.get(f"{PAGE}?country=ES&year=2026").content.decode()
    assert "Epiphany" in page
    assert page.count("over</span>") == 2  # 1 January of the country, 6 January of the account
    assert "2026-01-01" not in ticked(page)
    for answer in (
        remove(sonia, "2026-01-06"),
        sonia.post(OWN, {"on": "2026-03-01", "name": "Yesterday"}),
        sonia.post(ADD, {"country": "ES", "year": 2026, "days": ["2026-01-01"]}),
    ):
        assert answer.status_code == 422
        assert "Past days are kept" in answer.content.decode()
    assert Holiday.objects.count() == 1
    clock.tick(days=1)
    sonia.post(OWN, {"on": "2026-03-03", "name": "Today"})
    assert planned(acme, OLEG, MONDAY) == ("work", "", "09:00–18:00")
    assert planned(acme, OLEG, date(2026, 3, 3)) == ("day_off", "holiday", "09:00–18:00")


def test_names_come_in_the_readers_language_where_the_country_has_it(acme, client_of):
    sonia = acme[SONIA]
    sonia.language = "ru"
    sonia.save(update_fields=["language"])
    client = client_of(sonia)
    client.post("/preferences", {"language": "ru", "next": "/"})
    assert "Праздник Весны и Труда" in client.get(f"{PAGE}?country=RU&year=2026").content.decode()
    # Spain's have no Russian names: then they are English.
    assert "Good Friday" in client.get(f"{PAGE}?country=ES&year=2026").content.decode()


@pytest.mark.parametrize("country", ["XX", "ESP", "<script>", "Ё"])
def test_a_country_without_a_list_says_so(acme, sonia, country):
    page = sonia.get(PAGE, {"country": country, "year": 2026})
    assert page.status_code == 200
    assert "There is no list of holidays for" in page.content.decode()
    answer = sonia.post(ADD, {"country": country, "year": 2026, "days": ["2026-05-01"]})
    assert answer.status_code == 422
    assert not Holiday.objects.exists()


def test_the_accounts_country_is_offered_first_then_the_one_last_used(acme, sonia):
    assert "No country is chosen" in sonia.get(PAGE).content.decode()
    acme.account.country = "BR"
    acme.account.save(update_fields=["country"])
    assert 'value="BR" selected' in sonia.get(PAGE).content.decode()
    sonia.post(ADD, {"country": "PE", "year": 2026, "days": ["2026-07-28"]})
    assert 'value="PE" selected' in sonia.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("url", "fields", "text"),
    [
        (OWN, {"on": "", "name": "x"}, "Empty. Choose a day"),
        (OWN, {"on": "2026-02-30", "name": "x"}, "Not a day of the calendar"),
        (OWN, {"on": "2026-05-01", "name": ""}, "Empty. Write a name"),
        (OWN, {"on": "2026-05-01", "name": "x" * 129}, "Too long"),
        (OWN, {"on": "2037-05-01", "name": "x"}, "more than ten years ahead"),
        (ADD, {"country": "ES", "year": "2026", "days": []}, "No day is chosen"),
        (ADD, {"country": "ES", "year": "2026", "days": ["2026-05-02", "x"]}, "No day is chosen"),
    ],
)
def test_what_cannot_be_a_holiday_is_refused_with_the_reason(acme, sonia, url, fields, text):
    answer = sonia.post(url, fields)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Holiday.objects.exists()


def test_strangers_managers_and_other_accounts_stay_outside(acme, rival, client_of):
    stand(acme, [OLEG], week(acme))
    Holiday.objects.create(account=acme.account, on=date(2026, 5, 1), name="Labour Day of acme")
    oleg, mallory, nobody = client_of(acme[OLEG]), client_of(rival[MALLORY]), client_of(None)
    version = ScheduleSettings.objects.get().version
    posts = [
        (OWN, {"on": "2026-03-05", "name": "x"}),
        (ADD, {"country": "ES", "year": 2026, "days": ["2026-04-03"]}),
        ("/schedule/holidays/2026-05-01/remove", {}),
        (f"/schedule/holidays/undo/{version}", {}),
    ]
    for url, fields in posts:
        assert oleg.post(url, fields).status_code == 403, url
        assert nobody.post(url, fields).status_code == 401, url
    assert "Labour Day of acme" not in mallory.get(f"{PAGE}?year=2026").content.decode()
    assert remove(mallory, "2026-05-01").status_code == 422
    mallory.post(posts[3][0])
    mallory.post(OWN, posts[0][1])
    assert Holiday.objects.for_account(acme.account).get().name == "Labour Day of acme"
    assert not PlannedDay.objects.filter(cause="holiday").exists()
    assert in_service(acme, NOON) == {OLEG}
    assert remove(client_of(acme[SONIA]), "2026-13-45").status_code == 404
