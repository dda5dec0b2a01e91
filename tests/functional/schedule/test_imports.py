"""Imports: a month from a table and days off from a calendar, with their previews and refusals."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from accounts.models import Manager
from shifts.models import Override, ScheduleChange, Workday
from shifts.operations.grid import Step, edit_month
from tests.functional.schedule.cast import (
    ANA,
    LUCAS,
    MALLORY,
    OLEG,
    SONIA,
    VERA,
    World,
    hours,
    planned,
    stand,
    week,
)
from tests.functional.schedule.conftest import ClientOf, MovableClock

PAGE = "/schedule/import"
TABLE, CALENDAR = f"{PAGE}/table", f"{PAGE}/calendar"
MARCH = "2026-03"
GOOD = "Manager,3,4,5\nOleg Petrov,09:00-18:00,off,\nana souza,22:00-06:00,,-\n"


def text_of(response: Any) -> str:
    """Return a page's words, without its tags."""
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(page).split())


def upload(client: Client, raw: str | bytes, month: str = MARCH, name: str = "plan.csv") -> Any:
    content = raw.encode() if isinstance(raw, str) else raw
    return client.post(TABLE, {"month": month, "file": SimpleUploadedFile(name, content)})


def upload_calendar(client: Client, raw: str | bytes, manager: str = "") -> Any:
    content = raw.encode() if isinstance(raw, str) else raw
    return client.post(
        CALENDAR, {"manager": manager, "file": SimpleUploadedFile("off.ics", content)}
    )


def plan_in(response: Any) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', response.content.decode())
    assert found, text_of(response)
    return found[1]


def confirm(client: Client, preview: Any, **fields: Any) -> Any:
    return client.post(f"{TABLE}/confirm", {"plan": plan_in(preview), **fields})


def confirm_calendar(client: Client, preview: Any, **fields: Any) -> Any:
    return client.post(f"{CALENDAR}/confirm", {"plan": plan_in(preview), **fields})


def nothing_was_written() -> bool:
    return not (Workday.objects.exists() or Override.objects.exists())


@pytest.fixture
def sonia(acme: World, client_of: ClientOf) -> Client:
    return client_of(acme[SONIA])


# --- a month from a table ------------------------------------------------------------------------------


def test_a_table_is_previewed_and_imported(acme: World, sonia: Client) -> None:
    stand(acme, [ANA], week(acme))
    preview = upload(sonia, GOOD)
    words = text_of(preview)
    assert preview.status_code == 200
    assert "Will change 4 days of 2 people" in words
    assert "Read as UTF-8, columns apart by comma." in words
    assert "Tue 3 Mar empty 09:00–18:00" in words
    assert "Tue 3 Mar 09:00–18:00 22:00–06:00" in words
    assert "Thu 5 Mar 09:00–18:00 empty" in words
    assert nothing_was_written()

    answer = confirm(sonia, preview)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/schedule?month=2026-03")
    assert planned(acme, OLEG, date(2026, 3, 3)) == ("work", "", "09:00–18:00")
    assert planned(acme, OLEG, date(2026, 3, 4)) == ("day_off", "rest", "")
    assert planned(acme, ANA, date(2026, 3, 3)) == ("work", "", "22:00–06:00")
    assert planned(acme, ANA, date(2026, 3, 4)) == ("work", "", "09:00–18:00")
    assert planned(acme, ANA, date(2026, 3, 5)) is None
    change = ScheduleChange.objects.latest("version")
    assert (change.kind, change.actor_id, len(change.cells)) == ("import", SONIA, 4)
    assert change.summary["file"] == "plan.csv"


def test_an_import_is_undone_in_the_grid(acme: World, sonia: Client, clock: MovableClock) -> None:
    confirm(sonia, upload(sonia, GOOD))
    version = ScheduleChange.objects.latest("version").version
    undo = [Step("undo", version=version)]
    edit_month(acme.account, actor=acme[VERA], base=version, steps=undo, now=clock.now)
    assert nothing_was_written()


def test_confirming_twice_is_as_once(acme: World, sonia: Client) -> None:
    preview = upload(sonia, GOOD)
    assert [confirm(sonia, preview).status_code for _ in range(2)] == [302, 302]
    assert ScheduleChange.objects.count() == 1


def test_the_good_cells_wait_for_a_tick_where_there_are_problems(
    acme: World, sonia: Client
) -> None:
    raw = "Name,3,4,31,40\nOleg Petrov,9-18,9-8-7,off,x\nOlga,9-18,,,\nAna Souza,9-13 12-15,off,,\n"
    preview = upload(sonia, raw)
    words = text_of(preview)
    assert "Will change 3 days of 2 people; 4 problems" in words
    assert "C2 : “9-8-7” is not a time. Write hours like 09:00-18:00" in words
    assert "A3 : Nobody is called “Olga”." in words
    assert "B4 : “9-13 12-15” is not a time." in words
    assert "E1 : “40” is not a day." in words

    refused = confirm(sonia, preview)
    assert refused.status_code == 422
    assert "A3 : Nobody is called “Olga”." in text_of(refused)
    assert nothing_was_written()

    assert confirm(sonia, refused, leave_out="1").status_code == 302
    assert Workday.objects.count() == 3


def test_overlapping_intervals_are_named(acme: World, sonia: Client) -> None:
    preview = upload(sonia, 'Name;3\nOleg Petrov;"09:00-13:00, 12:00-15:00"\nAna Souza;off\n')
    assert "B2 : The hours “09:00–13:00, 12:00–15:00” overlap." in text_of(preview)


def test_past_days_and_days_that_are_so_already_are_counted(
    acme: World, sonia: Client, clock: MovableClock
) -> None:
    stand(acme, [OLEG], week(acme))
    preview = upload(sonia, "Name,1,2,3,4\nOleg Petrov,9-18,09:00-18:00,9-18,10-18\n")
    words = text_of(preview)
    assert "Will change 1 day of 1 person" in words
    assert "1 day is over and stays as it was." in words
    assert "2 days are like this already." in words
    confirm(sonia, preview)
    assert [row.on for row in Workday.objects.all()] == [date(2026, 3, 4)]


def test_nothing_to_change_has_no_button(acme: World, sonia: Client) -> None:
    words = text_of(upload(sonia, "Name,1\nOleg Petrov,9-18\n"))
    assert "Nothing to import" in words
    assert "Will change 0 days" in words


def test_a_colleagues_change_meanwhile_is_shown_and_nothing_is_lost(
    acme: World, sonia: Client, clock: MovableClock
) -> None:
    preview = upload(sonia, GOOD + "Olga,off,,\n")
    key = (OLEG, date(2026, 3, 3))
    step = Step("set_hours", cells=(key,), hours=hours("12:00-20:00"))
    edit_month(acme.account, actor=acme[VERA], base=0, steps=[step], now=clock.now)

    conflict = confirm(sonia, preview, leave_out="1")
    words = text_of(conflict)
    assert conflict.status_code == 409
    assert "1 of these days was changed since your preview by Vera Lindqvist." in words
    assert "Tue 3 Mar 12:00–20:00 09:00–18:00" in words
    assert "A4 : Nobody is called “Olga”." in words
    assert planned(acme, OLEG, date(2026, 3, 3)) == ("work", "", "12:00–20:00")
    assert not Workday.objects.filter(manager=acme[ANA]).exists()

    assert confirm(sonia, conflict, leave_out="1").status_code == 302
    assert planned(acme, OLEG, date(2026, 3, 3)) == ("work", "", "09:00–18:00")


def test_a_change_of_other_days_is_no_conflict(
    acme: World, sonia: Client, clock: MovableClock
) -> None:
    preview = upload(sonia, GOOD)
    step = Step("set_hours", cells=((LUCAS, date(2026, 3, 3)),), hours=hours("12:00-20:00"))
    edit_month(acme.account, actor=acme[VERA], base=0, steps=[step], now=clock.now)
    assert confirm(sonia, preview).status_code == 302


def test_days_that_pass_before_the_confirmation_are_left_out(
    acme: World, sonia: Client, clock: MovableClock
) -> None:
    preview = upload(sonia, GOOD)
    clock.tick(days=2)
    again = confirm(sonia, preview)
    assert again.status_code == 422
    assert "2 days are over and stay as they were." in text_of(again)
    assert nothing_was_written()


def test_cyrillic_of_windows_is_read_and_named(acme: World, sonia: Client) -> None:
    Manager.objects.filter(kommo_id=OLEG).update(name="Олег Петров")
    preview = upload(sonia, "Имя;3;4\r\nпетров  олег;9-18;В\r\n".encode("cp1251"))
    words = text_of(preview)
    assert "Read as windows-1251, columns apart by semicolon." in words
    assert "Will change 2 days of 1 person" in words


def test_two_people_of_one_name_are_not_guessed(acme: World, sonia: Client) -> None:
    Manager.objects.filter(kommo_id=ANA).update(name="oleg petrov")
    words = text_of(upload(sonia, f"Name,3\nOleg Petrov,off\n{LUCAS},off\n"))
    assert "A2 : Several people are called “Oleg Petrov”." in words
    assert "Will change 1 day of 1 person; 1 problem" in words


def test_a_large_team_fits_into_the_page(acme: World, sonia: Client) -> None:
    Manager.objects.bulk_create(
        Manager(account=acme.account, kommo_id=number, name=f"Person {number}")
        for number in range(1000, 1300)
    )
    rows = [
        f"{number}," + ",".join(f"{number % 9 + day % 7}:{number % 60:02d}-20" for day in range(28))
        for number in range(1000, 1300)
    ]
    raw = "Name," + ",".join(str(day) for day in range(3, 31)) + "\n" + "\n".join(rows)
    preview = upload(sonia, raw)
    assert "Will change 8400 days of 300 people" in text_of(preview)
    assert len(plan_in(preview)) < 100_000
    assert "and 8200 more days" in text_of(preview)
    assert confirm(sonia, preview).status_code == 302
    assert Workday.objects.count() == 8400


def test_more_than_ten_thousand_days_are_refused(acme: World, sonia: Client) -> None:
    Manager.objects.bulk_create(
        Manager(account=acme.account, kommo_id=number, name=f"Person {number}")
        for number in range(1000, 1400)
    )
    raw = "Name," + ",".join(str(day) for day in range(3, 31)) + "\n"
    raw += "\n".join(f"{number}" + ",off" * 28 for number in range(1000, 1400))
    refused = upload(sonia, raw)
    assert refused.status_code == 422
    assert "more than 10,000 days at once" in text_of(refused)
    assert "Import the table in parts." in text_of(refused)


BAD_FILES = {
    "empty": (b"", "The file is empty."),
    "garbage": (bytes(range(256)) * 9, "neither a CSV file nor an XLSX workbook"),
    "1,001 people": (
        b"Name,3\n" + b"".join(b"P%d,off\n" % number for number in range(1001)),
        "more than 1,000 rows",
    ),
    "no days": (b"Name,Phone\nOleg Petrov,+1\n", "No row with days was found."),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Save it as .xlsx"),
    "half a workbook": (b"PK\x03\x04" + b"\0" * 99, "The file is damaged"),
    "too large": (b"Name,3\n" + b"x" * (2 * 1024 * 1024), "larger than 2 MB"),
    "broken utf-16": (b"\xff\xfeN", "The file is damaged"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_table_is_refused_with_cause_and_next_step(
    acme: World, sonia: Client, name: str
) -> None:
    raw, words = BAD_FILES[name]
    refused = upload(sonia, raw)
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert '<option value="2026-03" selected' in refused.content.decode()
    assert nothing_was_written()


@pytest.mark.parametrize("month", ["", "2026-02", "2030-01", "2026-13", "x"])
def test_only_this_and_the_next_twelve_months_are_imported(
    acme: World, sonia: Client, month: str
) -> None:
    assert "Choose the month of the table." in text_of(upload(sonia, GOOD, month))


def test_no_file_is_said_so(acme: World, sonia: Client) -> None:
    assert "Choose a file first." in text_of(sonia.post(TABLE, {"month": MARCH}))
    assert "Choose a file first." in text_of(sonia.post(CALENDAR))


# --- the plan between preview and confirmation -----------------------------------------------------------


def test_a_plan_that_was_changed_or_is_old_is_refused(
    acme: World, rival: World, sonia: Client, client_of: ClientOf
) -> None:
    preview = upload(sonia, GOOD)
    plan = plan_in(preview)
    for client, sent in (
        (sonia, plan[:-3] + "AAA"),
        (sonia, ""),
        (client_of(acme[VERA]), plan),
        (client_of(rival[MALLORY]), plan),
    ):
        refused = client.post(f"{TABLE}/confirm", {"plan": sent})
        assert refused.status_code == 422
        assert "The preview is too old. Upload the file again." in text_of(refused)
    assert client_of(acme[SONIA]).post(f"{CALENDAR}/confirm", {"plan": plan}).status_code == 422
    assert nothing_was_written()


# --- templates ---------------------------------------------------------------------------------------------


def test_the_csv_template_holds_the_people_and_comes_back(acme: World, sonia: Client) -> None:
    Manager.objects.filter(kommo_id=OLEG).update(name="=cmd|' /C calc'!A0")
    Manager.objects.filter(kommo_id=ANA).update(name="Lucas Yılmaz")
    Manager.objects.filter(kommo_id=16).update(is_licensed=False)
    response = sonia.get(f"{PAGE}/template?month=2026-04")
    assert response.headers["Content-Disposition"].endswith('"schedule-2026-04.csv"')
    raw = response.content
    assert raw.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0] == ["Manager", *[str(day) for day in range(1, 31)]]
    names = [row[0] for row in rows[1:]]
    assert "'=cmd|' /C calc'!A0" in names
    assert {str(ANA), str(LUCAS)} <= set(names)  # two of one name go by their numbers
    assert "Dewi Kartika" not in names
    filled = raw.decode("utf-8-sig").replace(",,", ",off,", 7)
    words = text_of(upload(sonia, filled, "2026-04"))
    assert "Will change" in words
    assert "problem" not in words


def test_the_xlsx_template_holds_texts_and_comes_back(acme: World, sonia: Client) -> None:
    Manager.objects.filter(kommo_id=OLEG).update(name="=1+1")
    response = sonia.get(f"{PAGE}/template?month=2026-04&format=xlsx")
    book = load_workbook(io.BytesIO(response.content))
    sheet = book["2026-04"]
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 2).value = "09:00-18:00"
    file = io.BytesIO()
    book.save(file)
    preview = upload(sonia, file.getvalue(), "2026-04", "plan.xlsx")
    words = text_of(preview)
    assert "Will change 8 days of 8 people" in words
    assert "Read from the sheet “2026-04”." in words


def test_there_is_no_template_of_other_months(acme: World, sonia: Client) -> None:
    assert sonia.get(f"{PAGE}/template?month=2020-01").status_code == 404


# --- days off from a calendar --------------------------------------------------------------------------------


def calendar(*events: str) -> str:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\n{event}\r\nEND:VEVENT\r\n"
        for number, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{body}END:VCALENDAR\r\n"


def days(title: str, first: str, end: str = "", more: str = "") -> str:
    ends = f"\r\nDTEND;VALUE=DATE:{end}" if end else ""
    return f"SUMMARY:{title}\r\nDTSTART;VALUE=DATE:{first}{ends}{more}"


def test_days_off_are_previewed_and_imported(acme: World, sonia: Client) -> None:
    stand(acme, [OLEG], week(acme))
    preview = upload_calendar(
        sonia,
        calendar(
            days("Rome", "20260309", "20260312"),
            days("Rome", "20260312"),
            days("Over", "20260210", "20260212"),
            days("Running", "20260228", "20260304"),
            "SUMMARY:Dentist\r\nDTSTART:20260316T090000Z\r\nDTEND:20260316T100000Z",
            "SUMMARY:Course\r\nDTSTART:20260317T070000Z\r\nDTEND:20260317T180000Z",
        ),
        str(OLEG),
    )
    words = text_of(preview)
    assert "3 absences would be added" in words
    assert "Oleg Petrov: 2 Mar 2026 – 3 Mar 2026, 2 days Running" in words
    assert "Oleg Petrov: 9 Mar 2026 – 12 Mar 2026, 4 days Rome" in words
    assert "Oleg Petrov: 17 Mar 2026, 1 day Course" in words
    assert "1 event has begun already: its past days are left out." in words
    assert "Over , 10 Feb 2026 : is over" in words
    assert "Dentist , 16 Mar 2026, 10:00 : shorter than a day" in words
    assert nothing_was_written()

    answer = confirm_calendar(sonia, preview, absence=["1", "2"], cause="training")
    assert answer.headers["Location"] == "/schedule/absences"
    rows = Override.objects.order_by("starts_on")
    assert [
        (row.kind, row.cause, row.starts_on.day, row.ends_on.day, row.note) for row in rows
    ] == [
        ("absence", "training", 9, 12, ""),
        ("absence", "training", 17, 17, ""),
    ]
    assert planned(acme, OLEG, date(2026, 3, 9)) == ("day_off", "absence", "09:00–18:00")
    change = ScheduleChange.objects.latest("version")
    assert (change.kind, change.actor_id, change.summary["absences"]) == ("import", SONIA, 2)


def test_known_absences_are_marked_and_not_added_again(acme: World, sonia: Client) -> None:
    raw = calendar(days("Rome", "20260309", "20260312"))
    first = upload_calendar(sonia, raw, str(OLEG))
    confirm_calendar(sonia, first, absence=["0"])
    longer = upload_calendar(sonia, calendar(days("Rome", "20260309", "20260314")), str(OLEG))
    words = text_of(longer)
    assert "1 absence would be added" in words
    assert "Oleg Petrov: 12 Mar 2026 – 13 Mar 2026, 2 days" in words
    assert "Is there already Oleg Petrov: 9 Mar 2026 – 11 Mar 2026, 3 days" in words
    again = confirm_calendar(sonia, first, absence=["0"])
    assert again.headers["Location"] == PAGE
    assert Override.objects.count() == 1
    assert ScheduleChange.objects.count() == 1


def test_events_say_whose_they_are(acme: World, sonia: Client) -> None:
    Manager.objects.filter(kommo_id=LUCAS).update(email="lucas@acme.example")
    Manager.objects.filter(kommo_id=17).update(is_active_in_kommo=False)
    preview = upload_calendar(
        sonia,
        calendar(
            days("Vacation Oleg Petrov", "20260309"),
            days("Away", "20260310", more="\r\nATTENDEE;CN=L:MAILTO:Lucas@acme.example"),
            days("Party", "20260311"),
            days("Ana Souza + Oleg Petrov", "20260312"),
            days("Mehmet Kaya", "20260313"),
            days("Mallory", "20260314"),
        ),
    )
    words = text_of(preview)
    assert "2 absences would be added" in words
    assert "Lucas Yılmaz: 10 Mar 2026, 1 day Away" in words
    assert "Oleg Petrov: 9 Mar 2026, 1 day" in words
    assert "Party , 11 Mar 2026 : no manager is named in it" in words
    assert "Ana Souza + Oleg Petrov , 12 Mar 2026 : several managers are named in it" in words
    assert "Mehmet Kaya , 13 Mar 2026 : the manager is deactivated in Kommo" in words
    confirm_calendar(sonia, preview, absence=["0", "1"], notes="1", cause="nonsense")
    rows = Override.objects.order_by("starts_on").values_list("manager__kommo_id", "note", "cause")
    assert list(rows) == [
        (OLEG, "Vacation Oleg Petrov", "vacation"),
        (LUCAS, "Away", "vacation"),
    ]


def test_repeating_days_off_reach_400_days(acme: World, sonia: Client) -> None:
    rule = "\r\nRRULE:FREQ=WEEKLY;BYDAY=FR"
    preview = upload_calendar(sonia, calendar(days("Fridays", "20250103", more=rule)), str(OLEG))
    assert "57 absences would be added" in text_of(preview)
    confirm_calendar(sonia, preview, absence=[str(number) for number in range(57)])
    last = Override.objects.latest("starts_on").starts_on
    assert date(2026, 3, 2) + timedelta(days=400) - last < timedelta(days=7)


def test_nothing_ticked_changes_nothing(acme: World, sonia: Client) -> None:
    preview = upload_calendar(sonia, calendar(days("Rome", "20260309")), str(OLEG))
    assert confirm_calendar(sonia, preview).headers["Location"] == PAGE
    assert "Nothing was imported" in text_of(sonia.get(PAGE))
    assert not ScheduleChange.objects.exists()


def test_an_absence_is_by_the_clock_of_its_manager(acme: World, sonia: Client) -> None:
    stand(acme, [OLEG], week(acme))
    Manager.objects.filter(kommo_id=OLEG).update(zone="America/Lima")
    raw = calendar("SUMMARY:x\r\nDTSTART:20260310T140000Z\r\nDTEND:20260310T230000Z")
    assert "Oleg Petrov: 10 Mar 2026, 1 day" in text_of(upload_calendar(sonia, raw, str(OLEG)))


BAD_CALENDARS = {
    "empty": ("", "The file is empty."),
    "no calendar": ("Name,1,2", "This is not a calendar."),
    "cut off": (calendar(days("x", "20260309"))[:-20], "damaged or was cut off"),
    "100,000 events": (
        "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 80_000 + "END:VCALENDAR",
        "more than 5,000 events",
    ),
    "too large": ("BEGIN:VCALENDAR\n" + "x" * (2 * 1024 * 1024), "larger than 2 MB"),
    "501 absences": (
        calendar(
            *[
                days(name, f"{datetime(2026, 3, 3) + timedelta(days=2 * number):%Y%m%d}")  # noqa: DTZ001
                for number in range(180)
                for name in ("Oleg Petrov", "Ana Souza", "Dewi Kartika")
            ]
        ),
        "more than 500 absences",
    ),
}


@pytest.mark.parametrize("name", BAD_CALENDARS)
def test_a_bad_calendar_is_refused_with_cause_and_next_step(
    acme: World, sonia: Client, name: str
) -> None:
    raw, words = BAD_CALENDARS[name]
    refused = upload_calendar(sonia, raw)
    assert refused.status_code == 422
    assert words in text_of(refused)


def test_a_stranger_is_no_manager_of_the_account(acme: World, rival: World, sonia: Client) -> None:
    refused = upload_calendar(sonia, calendar(days("x", "20260309")), str(MALLORY))
    assert refused.status_code == 422
    assert "not in the account any more" in text_of(refused)


# --- who may ---------------------------------------------------------------------------------------------------


ADDRESSES = [
    ("get", PAGE),
    ("get", f"{PAGE}/template"),
    ("post", TABLE),
    ("post", f"{TABLE}/confirm"),
    ("post", CALENDAR),
    ("post", f"{CALENDAR}/confirm"),
]


@pytest.mark.parametrize(("method", "address"), ADDRESSES)
def test_only_supervisors_import(
    acme: World, client_of: ClientOf, method: str, address: str
) -> None:
    assert getattr(client_of(acme[OLEG]), method)(address).status_code == 403
    answer = getattr(client_of(None), method)(address)
    assert answer.status_code == (302 if method == "get" else 401)


def test_another_accounts_people_are_unknown(
    acme: World, rival: World, client_of: ClientOf
) -> None:
    mallory = client_of(rival[MALLORY])
    assert "Oleg" not in mallory.get(PAGE).content.decode().replace("Oleg Petrov</th>", "")
    assert b"Oleg" not in mallory.get(f"{PAGE}/template").content
    words = text_of(upload(mallory, f"Name,3\nOleg Petrov,off\n{ANA},off\nMallory,off\n"))
    assert "Will change 1 day of 1 person; 2 problems" in words
