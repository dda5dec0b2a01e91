"""Calendar feeds: what calendar programs read, who makes and revokes addresses, what strangers get."""

from __future__ import annotations

import io
import logging
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from accounts.models import Account, AuditEntry, Group, Manager
from shifts.models import CalendarFeed, Holiday, Override, ScheduleChange
from shifts.operations.plan import changing
from tests.functional.schedule.cast import (
    ANA,
    MALLORY,
    MONDAY,
    OLEG,
    SALES_GROUP,
    SONIA,
    VERA,
    World,
    stand,
    week,
)
from tests.functional.schedule.conftest import ClientOf, MovableClock

CALENDARS, MINE, MY_ADDRESS = "/schedule/calendars", "/me/calendar", "/me/calendar/address"
DAY = timedelta(days=1)


def address_in(response: Any) -> str:
    """Return the path of the secret address that a page tells."""
    found = re.search(r'value="([^"]+\.ics)"', response.content.decode())
    assert found, response.content.decode()
    return found[1].removeprefix(settings.PUBLIC_URL)


def own_address(client_of: ClientOf, world: World, user: int = OLEG) -> str:
    return address_in(client_of(world[user]).post(MY_ADDRESS))


def events(path: str, **headers: str) -> list[Any]:
    response = Client().get(path, headers=headers)
    assert response.status_code == 200
    found: list[Any] = Calendar.from_ical(response.content).walk("VEVENT")
    return found


def away(world: World, user: int, first: date, last: date, now: datetime) -> None:
    """Let a manager be on vacation."""
    with changing(world.account, kind="override", actor=None, now=now) as change:
        Override.objects.create(
            account=world.account,
            manager=world[user],
            starts_on=first,
            ends_on=last,
            kind=Override.Kind.ABSENCE,
            created_at=now,
        )
        change.touch([world[user].pk], first, last)


@pytest.fixture
def planned(acme: World) -> World:
    """Oleg and Ana work from Monday to Friday, 9 to 18 in Madrid."""
    stand(acme, [OLEG, ANA], week(acme))
    return acme


def test_a_manager_reads_the_own_shifts_in_utc(planned: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    response = Client().get(path)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, max-age=300"
    assert "Set-Cookie" not in response.headers
    text = response.content.decode()
    assert "DTSTART:20260302T080000Z\r\nDTEND:20260302T170000Z" in text
    calendar = Calendar.from_ical(text)
    assert calendar["X-WR-CALNAME"] == "Shifts: Oleg Petrov"
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    assert str(calendar["PRODID"]).startswith("-//Peresmenka")
    first, *_, last = calendar.walk("VEVENT")
    assert str(first["SUMMARY"]) == "Shift"
    assert last.start > datetime(2026, 4, 30, tzinfo=UTC)  # as far as the plan reaches


def test_days_of_dst_keep_the_clock_of_the_manager(planned: World, client_of: ClientOf) -> None:
    found = {event.start.date(): event for event in events(own_address(client_of, planned))}
    before, after = found[date(2026, 3, 27)], found[date(2026, 3, 30)]
    assert (before.start.hour, after.start.hour) == (8, 7)


def test_a_night_on_a_day_of_dst_is_one_event(acme: World, client_of: ClientOf) -> None:
    stand(acme, [OLEG], week(acme, "nights", "22:00-06:00", days=7))
    found = {event.start: event.end for event in events(own_address(client_of, acme))}
    # In the night of 28 March the clock jumps from 2 to 3.
    assert found[datetime(2026, 3, 28, 21, tzinfo=UTC)] == datetime(2026, 3, 29, 4, tzinfo=UTC)
    assert found[datetime(2026, 3, 27, 21, tzinfo=UTC)] == datetime(2026, 3, 28, 5, tzinfo=UTC)


def test_each_interval_has_its_lasting_name(acme: World, client_of: ClientOf) -> None:
    pattern = week(acme, "split", "09:00-13:00, 14:00-18:00")
    stand(acme, [OLEG], pattern)
    path = own_address(client_of, acme)
    names = [str(event["UID"]) for event in events(path)]
    assert names[:2] == ["1001-13-20260302-0@peresmenka", "1001-13-20260302-1@peresmenka"]
    assert len(set(names)) == len(names)
    away(acme, OLEG, MONDAY + 7 * DAY, MONDAY + 7 * DAY, datetime(2026, 3, 2, 11, tzinfo=UTC))
    later = {str(event["UID"]) for event in events(path)}
    assert len(later & set(names)) == len(names) - 2


def test_days_off_that_had_hours_are_all_day_events(
    planned: World, client_of: ClientOf, clock: MovableClock
) -> None:
    holiday = date(2026, 3, 19)
    with changing(planned.account, kind="holiday", actor=None, now=clock.now) as change:
        Holiday.objects.create(account=planned.account, on=holiday, name="San José")
        Holiday.objects.create(account=planned.account, on=date(2026, 3, 21), name="A Saturday")
        change.touch(None, holiday, holiday + 3 * DAY)
    away(planned, OLEG, date(2026, 3, 12), date(2026, 3, 15), clock.now)
    off = [
        event
        for event in events(own_address(client_of, planned))
        if not isinstance(event.start, datetime)
    ]
    assert [(event.start.day, str(event["SUMMARY"])) for event in off] == [
        (12, "Absence"),
        (13, "Absence"),
        (19, "Holiday: San José"),
    ]
    assert {str(event["TRANSP"]) for event in off} == {"TRANSPARENT"}


def test_a_month_back_is_shown_and_no_more(
    planned: World, client_of: ClientOf, clock: MovableClock
) -> None:
    clock.tick(days=40)
    first = min(event.start for event in events(own_address(client_of, planned)))
    assert first.date() == date(2026, 3, 11)


def test_titles_are_in_the_managers_language(planned: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    english = Client().get(path)
    Manager.objects.filter(kommo_id=OLEG).update(language="ru")
    russian = Client().get(path, headers={"accept-language": "es"})
    assert (english.headers["Content-Language"], russian.headers["Content-Language"]) == (
        "en",
        "ru",
    )
    assert english.headers["ETag"] != russian.headers["ETag"]


def test_a_calendar_that_knows_the_file_gets_304(
    planned: World, client_of: ClientOf, clock: MovableClock
) -> None:
    path = own_address(client_of, planned)
    etag = Client().get(path).headers["ETag"]
    again = Client().get(path, headers={"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    away(planned, OLEG, MONDAY + DAY, MONDAY + DAY, clock.now)
    assert Client().get(path, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("people", [1, 6])
def test_queries_do_not_grow_with_the_people(
    planned: World, client_of: ClientOf, people: int
) -> None:
    users = [OLEG, ANA, 15, 16, 17, 18][:people]
    stand(planned, [user for user in users if user not in (OLEG, ANA)], week(planned, "more"))
    Manager.objects.filter(kommo_id__in=users).update(group=planned[OLEG].group)
    path = address_in(client_of(planned[SONIA]).post(CALENDARS, {"of": f"g{SALES_GROUP}"}))
    Client().get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        Client().get(path)
    assert len(queries) == 7, [query["sql"][:120] for query in queries]


def test_reading_is_noted_once_an_hour(
    planned: World, client_of: ClientOf, clock: MovableClock
) -> None:
    path, first = own_address(client_of, planned), clock.now
    Client().get(path)
    clock.tick(minutes=59)
    Client().get(path)
    assert CalendarFeed.objects.get().read_at == first
    clock.tick(minutes=1)
    Client().get(path)
    assert CalendarFeed.objects.get().read_at == clock.now


def test_a_groups_calendar_names_its_people(planned: World, client_of: ClientOf) -> None:
    path = address_in(client_of(planned[SONIA]).post(CALENDARS, {"of": f"g{SALES_GROUP}"}))
    titles = {str(event["SUMMARY"]) for event in events(path)}
    assert titles == {"Oleg Petrov: shift", "Ana Souza: shift"}
    away(planned, ANA, MONDAY + DAY, MONDAY + DAY, datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert "Ana Souza: absence" in {str(event["SUMMARY"]) for event in events(path)}


def test_only_a_digest_of_the_address_is_kept(planned: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert len(token) >= 43
    row = CalendarFeed.objects.get()
    assert token.encode() not in bytes(row.token_digest)
    page = client_of(planned[OLEG]).get(MINE).content.decode()
    assert token not in page
    assert token not in str(AuditEntry.objects.values())


def test_an_address_is_told_once_and_by_no_cache(planned: World, client_of: ClientOf) -> None:
    client = client_of(planned[OLEG])
    made = client.post(MY_ADDRESS)
    assert made.headers["Cache-Control"] == "no-store"
    assert ".ics" not in client.get(MINE).content.decode()


def test_a_new_address_revokes_the_old_one(planned: World, client_of: ClientOf) -> None:
    old = own_address(client_of, planned)
    others = own_address(client_of, planned, ANA)
    new = address_in(client_of(planned[SONIA]).post(CALENDARS, {"of": f"m{OLEG}"}))
    assert [Client().get(path).status_code for path in (old, new, others)] == [404, 200, 200]


def test_a_manager_revokes_the_own_address(planned: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    others = own_address(client_of, planned, ANA)
    assert client_of(planned[OLEG]).post("/me/calendar/revoke").status_code == 302
    assert [Client().get(one).status_code for one in (path, others)] == [404, 200]
    again = client_of(planned[OLEG]).post("/me/calendar/revoke", headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert b"<html" not in again.content
    actions = AuditEntry.objects.filter(action__startswith="calendar_feed").order_by("pk")
    assert [(row.action.split(".")[1], row.actor_id) for row in actions] == [
        ("created", OLEG),
        ("created", ANA),
        ("revoked", OLEG),
    ]


def test_a_supervisor_revokes_any_address(planned: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    pk = CalendarFeed.objects.get().pk
    supervisor = client_of(planned[SONIA])
    assert "Oleg Petrov" in supervisor.get(CALENDARS).content.decode()
    assert supervisor.post(f"{CALENDARS}/{pk}/revoke").status_code == 302
    assert Client().get(path).status_code == 404
    assert "No addresses yet" in supervisor.get(CALENDARS).content.decode()


def deactivated(world: World) -> None:
    Manager.objects.filter(kommo_id=OLEG).update(is_active_in_kommo=False)


def account_left(world: World) -> None:
    Account.objects.filter(pk=world.account.pk).update(state=Account.State.LEFT)


@pytest.mark.parametrize("happens", [deactivated, account_left])
def test_who_has_left_has_no_calendar(planned: World, client_of: ClientOf, happens: Any) -> None:
    path = own_address(client_of, planned)
    happens(planned)
    assert Client().get(path).status_code == 404


def test_a_group_that_is_gone_has_no_calendar(planned: World, client_of: ClientOf) -> None:
    path = address_in(client_of(planned[SONIA]).post(CALENDARS, {"of": f"g{SALES_GROUP}"}))
    Group.objects.filter(kommo_id=SALES_GROUP).update(is_gone=True)
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("token", ["x", "A" * 43, "А" * 43, "x" * 5000, "%00"])
def test_an_unknown_address_is_404(planned: World, token: str) -> None:
    assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_a_feed_is_only_read(planned: World, client_of: ClientOf) -> None:
    assert Client().post(own_address(client_of, planned)).status_code == 405


@pytest.mark.parametrize("of", ["", "m", "g", "m999", "mx", "x13", "m" + "9" * 30, f"m{MALLORY}"])
def test_nobody_elses_calendar_can_be_made(
    planned: World, rival: World, client_of: ClientOf, of: str
) -> None:
    response = client_of(planned[SONIA]).post(CALENDARS, {"of": of})
    assert response.status_code == 422
    assert not CalendarFeed.objects.exists()


def test_plain_managers_have_only_their_own(planned: World, client_of: ClientOf) -> None:
    own_address(client_of, planned)
    pk = CalendarFeed.objects.get().pk
    client = client_of(planned[ANA])
    assert client.get(CALENDARS).status_code == 403
    assert client.post(CALENDARS, {"of": f"m{OLEG}"}).status_code == 403
    assert client.post(f"{CALENDARS}/{pk}/revoke").status_code == 403
    assert CalendarFeed.objects.get().revoked_at is None


def test_strangers_find_nothing(planned: World, rival: World, client_of: ClientOf) -> None:
    path = own_address(client_of, planned)
    pk = CalendarFeed.objects.get().pk
    mallory = client_of(rival[MALLORY])
    assert mallory.post(f"{CALENDARS}/{pk}/revoke").status_code == 404
    assert "Oleg" not in mallory.get(CALENDARS).content.decode()
    assert Client().get(path).status_code == 200
    nobody = client_of(None)
    assert nobody.get(CALENDARS).status_code == 302
    assert nobody.post(MY_ADDRESS).status_code == 401


@pytest.mark.parametrize("user", [VERA, SONIA, OLEG])
def test_everybody_has_a_page_for_the_own_address(
    planned: World, client_of: ClientOf, user: int
) -> None:
    client = client_of(planned[user])
    assert "Make an address" in client.get(MINE).content.decode()
    part = client.get(MY_ADDRESS, headers={"HX-Request": "true"}).content.decode()
    assert 'id="my-feed"' in part
    assert "<html" not in part


def test_a_calendar_without_any_schedule_is_empty(acme: World, client_of: ClientOf) -> None:
    assert events(own_address(client_of, acme)) == []
    assert not ScheduleChange.objects.exists()


def test_an_address_stays_out_of_the_log(
    planned: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    handler = next(one for one in logging.getLogger().handlers if one.name == "stderr")
    monkeypatch.setattr(handler, "stream", written)
    path = own_address(client_of, planned)
    assert Client().post(path).status_code == 405
    type(planned[OLEG]).objects.filter(pk=planned[OLEG].pk).update(is_active_in_kommo=False)
    assert Client().get(path).status_code == 404
    told = written.getvalue()
    assert "Method Not Allowed (POST): /calendar/…" in told
    assert "Not Found: /calendar/…" in told
    assert path.split("/")[-1].removesuffix(".ics") not in told
