"""Files of other programs: what tables and calendars say, and what is wrong with them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from openpyxl import Workbook, load_workbook

from shifts.core.calendar_import import (
    Event,
    Reason,
    days_taken,
    owners_of,
    periods_of,
    reason_without_days,
)
from shifts.core.layers import MonthCell
from shifts.core.people import Person
from shifts.core.table_import import (
    CLEAR,
    DAY_OFF,
    NoTable,
    Problem,
    Sheet,
    TooManyRows,
    Wishes,
    cell_of,
    column_name,
    interpret,
)
from shifts.exchange.ics import (
    CalendarFile,
    Entry,
    UnreadableCalendar,
    read_calendar,
    write_calendar,
)
from shifts.exchange.table import Trouble, UnreadableTable, decode
from shifts.exchange.template import FORMULA_SIGNS, harmless, write_csv
from shifts.exchange.upload import MOST_BYTES, read_table
from shifts.exchange.workbook import write_workbook

NOVEMBER = date(2026, 11, 1)
OLEG = Person(13, "Oleg Petrov", "oleg@example.com")
ANA = Person(14, "Ana Souza", "ana@example.com")
LUCAS = Person(15, "Lucas Yılmaz")
IVAN, OTHER_IVAN = Person(21, "Иван Ёлкин"), Person(22, "иван  ёлкин")
GONE = Person(30, "Ida Gone", is_active=False)
PEOPLE = [OLEG, ANA, LUCAS, GONE]
NINE_TO_SIX = MonthCell(((540, 1080),))
MADRID = ZoneInfo("Europe/Madrid")


def wishes(*rows: Sequence[Any], people: Sequence[Person] = PEOPLE) -> Wishes:
    return interpret(Sheet(rows), NOVEMBER, people)


def troubles(found: Wishes) -> list[tuple[str, str]]:
    return [(trouble.place, trouble.problem.value) for trouble in found.troubles]


# --- cells of a table ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("09:00-18:00", NINE_TO_SIX),
        ("9-18", NINE_TO_SIX),
        ("09.00–18.00", NINE_TO_SIX),
        ("'09:00-18:00", None),  # an apostrophe is only taken off before a formula's sign
        ("09:00-13:00, 14:00-18:00", MonthCell(((540, 780), (840, 1080)))),
        ("09:00-13:00;14:00-18:00", MonthCell(((540, 780), (840, 1080)))),
        ("09:00-13:00\n14:00-18:00", MonthCell(((540, 780), (840, 1080)))),
        ("22:00-06:00", MonthCell(((1320, 1800),))),
        ("off", DAY_OFF),
        ("OFF", DAY_OFF),
        ("Day  Off", DAY_OFF),
        ("В", DAY_OFF),
        ("в", DAY_OFF),
        ("Выходной", DAY_OFF),
        ("Libre", DAY_OFF),
        ("folga", DAY_OFF),
        ("İzin", DAY_OFF),
        ("libur", DAY_OFF),
        ("-", CLEAR),
        ("'-", CLEAR),
        ("–", CLEAR),
    ],
)
def test_a_cell_says_what_a_day_is(text: str, wish: MonthCell | None) -> None:
    if text.startswith("'0"):
        with pytest.raises(ValueError):
            cell_of(text)
    else:
        assert cell_of(text) == wish


@pytest.mark.parametrize("text", ["25:00-26:00", "morning", "9", "09:00-09:00", ";", "9-13, 12-15"])
def test_other_words_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError):
        cell_of(text)


def test_blank_cells_ask_for_nothing() -> None:
    found = wishes(["", "1", "2", "3"], ["Oleg Petrov", "", "off", "-"])
    assert found.cells == {(13, date(2026, 11, 2)): DAY_OFF, (13, date(2026, 11, 3)): CLEAR}
    assert found.troubles == []


@pytest.mark.parametrize(
    "name",
    ["oleg  PETROV", "Petrov Oleg", "Petrov, Oleg", "OLEG@example.com", "13", " Oleg Petrov "],
)
def test_people_are_found_by_name_mail_or_number(name: str) -> None:
    assert list(wishes(["", "3"], [name, "9-18"]).cells) == [(13, date(2026, 11, 3))]


def test_turkish_letters_are_of_one_case() -> None:
    assert wishes(["", "3"], ["LUCAS YıLMAZ", "9-18"]).cells


@pytest.mark.parametrize(
    ("head", "days"),
    [
        (["", "1", "02", "30"], [1, 2, 30]),
        (["", "2026-11-05", "2026-11-06"], [5, 6]),
        (["", "05.11.2026", "6.11", "07.11."], [5, 6, 7]),
        (["", datetime.fromisoformat("2026-11-05"), date(2026, 11, 6)], [5, 6]),
        (["", "2026-11-05 00:00:00"], [5]),
    ],
)
def test_columns_are_headed_by_days(head: list[Any], days: list[int]) -> None:
    found = wishes(head, ["Oleg Petrov", *["9-18"] * (len(head) - 1)])
    assert [on.day for _, on in found.cells] == days
    assert found.troubles == []


def test_titles_may_stand_above_the_days() -> None:
    found = wishes(
        ["Schedule of November", "", "11"], [], ["Name", "1", "2"], ["Oleg Petrov", "9-18", "off"]
    )
    assert len(found.cells) == 2


def test_each_problem_blocks_only_itself() -> None:
    found = wishes(
        ["Name", "1", "2", "31", "2026-12-01", "Group", "2"],
        ["Oleg Petrov", "9-18", "9-8-7", "9-18", "9-18", "Sales", "off"],
        ["Nobody", "9-18"],
        ["Ana Souza", datetime.fromisoformat("2026-09-18"), time(9)],
        ["ana souza", "9-18"],
        ["Ida Gone", "9-18"],
        ["", "9-18"],
        ["Nobody else, who asks for nothing"],
    )
    assert found.cells == {(13, date(2026, 11, 1)): NINE_TO_SIX}
    assert troubles(found) == [
        ("D1", "outside"),
        ("E1", "outside"),
        ("F1", "not_a_day"),
        ("G1", "day_twice"),
        ("C2", "hours"),
        ("A3", "unknown"),
        ("B4", "a_date"),
        ("C4", "a_time"),
        ("A5", "twice"),
        ("A6", "inactive"),
        ("A7", "no_name"),
    ]


def test_overlapping_hours_are_named_with_their_cell() -> None:
    [trouble] = wishes(["", "1"], ["Oleg Petrov", "09:00-13:00, 12:00-15:00"]).troubles
    assert (trouble.place, trouble.problem, trouble.wrong_hours) == ("B2", Problem.HOURS, "overlap")


def test_two_people_of_one_name_are_told_apart_by_number() -> None:
    people = [IVAN, OTHER_IVAN]
    found = wishes(["", "1"], ["Иван Ёлкин", "9-18"], ["22", "9-18"], people=people)
    assert troubles(found) == [("A2", "ambiguous")]
    assert list(found.cells) == [(22, date(2026, 11, 1))]


def test_a_table_without_days_is_none() -> None:
    with pytest.raises(NoTable):
        wishes(["Name", "Phone"], ["Oleg Petrov", "none"])


def test_a_thousand_people_are_the_most() -> None:
    rows = [[str(user), "off"] for user in range(1001)]
    people = [Person(user, f"P{user}") for user in range(1001)]
    assert len(wishes(["", "1"], *rows[:1000], people=people).cells) == 1000
    with pytest.raises(TooManyRows):
        wishes(["", "1"], *rows, people=people)


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [column_name(number) for number in (1, 26, 27, 52, 53, 702, 703)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA")
    ]


# --- tables as files ---------------------------------------------------------------------------------


def table(raw: bytes, people: Sequence[Person] = PEOPLE) -> Any:
    return read_table(raw, people=[person.name for person in people], month_names=["November 2026"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1251", "windows-1251"),
    ],
)
def test_cyrillic_is_read_in_each_encoding(separator: str, encoding: str, shown: str) -> None:
    lines = ["Имя,1,2,3", 'Иван Ёлкин,"09:00-13:00, 14:00-18:00",В,выходной']
    text = "\r\n".join(line.replace(",", separator) for line in lines)
    text = text.replace(f"13:00{separator} ", "13:00, ")
    found = table(text.encode(encoding), [IVAN])
    assert (found.encoding, found.separator) == (shown, separator)
    read = interpret(found.sheet, NOVEMBER, [IVAN])
    assert list(read.cells.values()) == [MonthCell(((540, 780), (840, 1080))), DAY_OFF, DAY_OFF]
    assert read.troubles == []


@pytest.mark.parametrize(
    ("encoding", "shown", "name"),
    [
        ("cp1252", "windows-1252", "João Muñoz"),
        ("cp1254", "windows-1254", "Şule Yağız"),
        ("cp1251", "windows-1251", "Жанна Ёж"),
    ],
)
def test_single_bytes_are_told_apart_by_the_names(encoding: str, shown: str, name: str) -> None:
    raw = f"Name;1\r\n{name};off\r\nOleg Petrov;off\r\n".encode(encoding)
    found = table(raw, [OLEG, Person(40, name)])
    assert found.encoding == shown
    assert len(interpret(found.sheet, NOVEMBER, [OLEG, Person(40, name)]).cells) == 2


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]]]) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return book


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_workbook_is_read_with_its_traps() -> None:
    rows = [
        ["Name", datetime.fromisoformat("2026-11-01"), 2, 3.0, "2026-11-04", 5],
        ["Oleg Petrov", "9-18", datetime.fromisoformat("2026-09-18"), time(9), "=B2", "off"],
        [14.0, "off"],
    ]
    found = table(saved(workbook(("Any", rows))))
    read = interpret(found.sheet, NOVEMBER, PEOPLE)
    assert read.cells == {
        (13, date(2026, 11, 1)): NINE_TO_SIX,
        (13, date(2026, 11, 5)): DAY_OFF,
        (14, date(2026, 11, 1)): DAY_OFF,
    }
    assert troubles(read) == [("C2", "a_date"), ("D2", "a_time"), ("E2", "formula")]


def test_merged_cells_count_for_each_of_their_days() -> None:
    book = workbook(("Any", [["Name", 1, 2, 3, 4], ["Oleg Petrov", "off"]]))
    book["Any"].merge_cells("B2:D2")
    found = table(saved(book))
    assert found.has_merged_cells
    read = interpret(found.sheet, NOVEMBER, PEOPLE)
    assert [on.day for _, on in read.cells] == [1, 2, 3]


def test_the_months_own_sheet_is_read() -> None:
    first = ("Notes", [["nothing"]])
    second = ("november 2026", [["", 1], ["Oleg Petrov", "off"]])
    found = table(saved(workbook(first, second)))
    assert (found.sheet_name, found.other_sheets) == ("november 2026", 1)


def test_a_hidden_sheet_is_not_the_first() -> None:
    book = workbook(("Hidden", [["x"]]), ("Seen", [["", 1], ["Oleg Petrov", "off"]]))
    book["Hidden"].sheet_state = "hidden"
    assert table(saved(book)).sheet_name == "Seen"


def test_formatted_blank_rows_are_not_counted() -> None:
    book = workbook(("Any", [["", 1], ["Oleg Petrov", "off"]]))
    book["Any"].cell(3000, 1).number_format = "@"
    assert len(table(saved(book)).sheet.rows) == 2


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (11 * 1024 * 1024))
    return file.getvalue()


def rewritten(rewrite: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook whose sheet was rewritten by hand."""
    source, target = io.BytesIO(saved(workbook(("Any", [["", 1], ["x", 2]])))), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            body = old.read(member)
            is_sheet = member.filename.endswith("sheet1.xml")
            new.writestr(member, rewrite(body) if is_sheet else body)
    return target.getvalue()


def with_entities() -> bytes:
    """Return a workbook whose sheet declares an entity that reads a file."""
    return rewritten(lambda xml: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + xml)


def with_many_merges() -> bytes:
    """Return a workbook that merges the same cells a hundred thousand times."""
    merges = b'<mergeCell ref="B1:CV2"/>' * 100_000
    return rewritten(
        lambda xml: xml.replace(
            b"</sheetData>", b"</sheetData><mergeCells>" + merges + b"</mergeCells>"
        )
    )


def with_bad_crc() -> bytes:
    raw = bytearray(saved(workbook(("Any", [["", 1]]))))
    raw[60] ^= 0xFF
    return bytes(raw)


BAD_TABLES = {
    "empty": (b"", Trouble.EMPTY),
    "blank": (b" \r\n ", Trouble.EMPTY),
    "only separators": (b",,,\r\n,,,\r\n", Trouble.EMPTY),
    "garbage": (bytes(range(256)) * 40, Trouble.NOT_A_TABLE),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(200)), Trouble.NOT_A_TABLE),
    "broken utf-16": (b"\xff\xfea", Trouble.BROKEN),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Trouble.OLD_EXCEL),
    "too large": (b"a" * (MOST_BYTES + 1), Trouble.TOO_LARGE),
    "half a zip": (saved(workbook(("Any", [["", 1]])))[:900], Trouble.BROKEN),
    "another zip": (None, Trouble.BROKEN),
    "a bomb": (bomb(), Trouble.SWELLS),
    "entities": (with_entities(), Trouble.BROKEN),
    "100,000 merged areas": (with_many_merges(), Trouble.BROKEN),
    "damaged": (with_bad_crc(), Trouble.BROKEN),
    "no cells": (saved(workbook(("Any", []))), Trouble.EMPTY),
    "1,201 lines": (b"Name,1\r\n" + b"Oleg,off\r\n" * 1200, Trouble.TOO_MANY_ROWS),
    "a long field": (b'Name,1\r\n"' + b"a" * 140_000, Trouble.BROKEN),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_file_is_refused_with_its_cause(name: str) -> None:
    raw, trouble = BAD_TABLES[name]
    if raw is None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "hello")
        raw = file.getvalue()
    with pytest.raises(UnreadableTable) as refused:
        table(raw)
    assert refused.value.trouble is trouble


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_refused(raw: bytes) -> None:
    try:
        found = table(raw)
    except UnreadableTable:
        return
    try:
        interpret(found.sheet, NOVEMBER, PEOPLE)
    except (NoTable, TooManyRows):
        return


WORKBOOK = saved(workbook(("Any", [["", 1, 2], ["Oleg Petrov", "off", "9-18"]])))


@given(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_read_or_refused(place: int, byte: int) -> None:
    raw = bytearray(WORKBOOK)
    raw[place] = byte
    try:
        interpret(table(bytes(raw)).sheet, NOVEMBER, PEOPLE)
    except (UnreadableTable, NoTable):
        return


def test_the_encoding_of_ascii_is_utf_8() -> None:
    assert decode(b"Name,1", []) == ("Name,1", "utf-8")


# --- templates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_name_is_a_formula_in_a_template(sign: str) -> None:
    assert harmless(f"{sign}1+1")[0] == "'"


def test_a_template_comes_back_as_it_went() -> None:
    people = [Person(50, "=1+1"), Person(51, "@Ann"), OLEG]
    names = [person.name for person in people]
    raw = write_csv(["Name", 1, 2], names).replace(b",,", b",off,9-18")
    assert raw.startswith("\ufeff".encode())
    read = interpret(table(raw, people).sheet, NOVEMBER, people)
    assert {user for user, _ in read.cells} == {50, 51, 13}
    assert read.troubles == []


def test_a_workbooks_template_holds_only_texts() -> None:
    raw = write_workbook("2026-11", ["Name", 1, 2], ["=1+1", "Oleg Petrov"])
    sheet = load_workbook(io.BytesIO(raw)).active
    assert [sheet["A2"].value, sheet["A2"].data_type] == ["=1+1", "s"]
    assert sheet["B2"].number_format == "@"  # else Excel makes a date of 9-18
    assert sheet["B1"].value == 1


# --- calendars -------------------------------------------------------------------------------------------


def calendar(*events: str, head: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{head}{body}END:VCALENDAR\r\n".encode()


def read(*events: str) -> CalendarFile:
    numbered = [f"UID:{number}\r\n{event}" for number, event in enumerate(events)]
    return read_calendar(calendar(*numbered), date(2026, 3, 1), date(2027, 4, 7))


def starts(found: CalendarFile) -> list[str]:
    return sorted(f"{event.starts:%m-%d}" for event in found.events)


def test_all_day_events_are_days() -> None:
    found = read(
        "SUMMARY:Vacation\r\nDTSTART;VALUE=DATE:20260309\r\nDTEND;VALUE=DATE:20260314",
        "DTSTART;VALUE=DATE:20260320",
        "DTSTART;VALUE=DATE:20260321\r\nDTEND;VALUE=DATE:20260321",
    )
    days = [days_taken(event, date.min, date.max, MADRID, lambda on: ()) for event in found.events]
    assert [len(taken) for taken in days] == [5, 1, 1]
    assert max(days[0]) == date(2026, 3, 13)  # the end is exclusive


def test_repeating_days_are_worked_out_with_their_exceptions() -> None:
    found = read_calendar(
        calendar(
            "UID:a\r\nDTSTART;VALUE=DATE:20260306\r\nRRULE:FREQ=WEEKLY;UNTIL=20260403"
            "\r\nEXDATE;VALUE=DATE:20260313",
            "UID:a\r\nRECURRENCE-ID;VALUE=DATE:20260320\r\nDTSTART;VALUE=DATE:20260323",
        ),
        date(2026, 3, 1),
        date(2027, 4, 7),
    )
    assert starts(found) == ["03-06", "03-23", "03-27", "04-03"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=WEEKLY;INTERVAL=0",  # without end
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",  # never true: looked for up to the year 9999
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;BYWEEKNO=60",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=MONTHLY;BYDAY=9MO",
        "nonsense",
    ],
)
def test_odd_repetitions_are_left_out_at_once(rule: str) -> None:
    found = read(f"SUMMARY:x\r\nDTSTART;VALUE=DATE:20260306\r\nRRULE:{rule}")
    assert found.events == []
    assert [reason for _, reason in found.left_out] == [Reason.REPEATS]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=3",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=2",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
        "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15;COUNT=2",
        "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=6;WKST=MO",
    ],
)
def test_repetitions_of_days_off_are_worked_out(rule: str) -> None:
    assert len(read(f"DTSTART;VALUE=DATE:20260306\r\nRRULE:{rule}").events) >= 2


def test_repetitions_that_are_over_are_said_to_be() -> None:
    found = read(
        "SUMMARY:a\r\nDTSTART;VALUE=DATE:20250306\r\nRRULE:FREQ=DAILY;UNTIL=20250401",
        "SUMMARY:b\r\nDTSTART;VALUE=DATE:20290306\r\nRRULE:FREQ=DAILY;COUNT=4",
    )
    assert [reason for _, reason in found.left_out] == [Reason.PAST, Reason.FAR]


def test_a_calendar_of_birthdays_is_not_too_much() -> None:
    born = [
        f"SUMMARY:Person {number}\r\nDTSTART;VALUE=DATE:19{50 + number % 40}0310\r\nRRULE:FREQ=YEARLY"
        for number in range(300)
    ]
    assert len(read(*born).events) == 600  # in March of two years


def test_short_meetings_that_repeat_are_not_worked_out() -> None:
    found = read(
        "SUMMARY:Daily\r\nDTSTART:20200306T090000Z\r\nDTEND:20200306T093000Z\r\nRRULE:FREQ=DAILY"
    )
    assert [reason for _, reason in found.left_out] == [Reason.SHORT]


def test_cancelled_and_broken_events_are_named() -> None:
    found = read(
        "SUMMARY:a\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260306",
        "SUMMARY:b",
        "SUMMARY:c\r\nDTSTART:tomorrow",
        "SUMMARY:d\r\nDTSTART:20260306T100000Z\r\nDTEND:20260306T090000Z",
    )
    assert [(event.title, reason) for event, reason in found.left_out] == [
        ("a", Reason.CANCELLED),
        ("b", Reason.UNREADABLE),
        ("c", Reason.UNREADABLE),
        ("d", Reason.UNREADABLE),
    ]


BAD_CALENDARS = {
    "empty": (b"", "empty"),
    "html": (b"<html><body>Sign in</body></html>", "not_a_calendar"),
    "a table": (b"Name,1,2", "not_a_calendar"),
    "cut off": (calendar("DTSTART;VALUE=DATE:20260306")[:-20], "broken"),
    "no structure": (b"BEGIN:VCALENDAR\r\nfoo\r\nEND:VCALENDAR", "broken"),
    "100,000 events": (
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 100_000 + b"END:VCALENDAR",
        "too_many",
    ),
    "many series": (
        calendar(
            *[f"UID:{n}\r\nDTSTART;VALUE=DATE:20260306\r\nRRULE:FREQ=DAILY" for n in range(30)]
        ),
        "too_intricate",
    ),
    "many days by name": (
        calendar(
            "UID:1\r\nDTSTART;VALUE=DATE:20260306\r\nRDATE;VALUE=DATE:"
            + ",".join(["20260307"] * 11_000)
        ),
        "too_intricate",
    ),
}


@pytest.mark.parametrize("name", BAD_CALENDARS)
def test_a_bad_calendar_is_refused_with_its_cause(name: str) -> None:
    raw, trouble = BAD_CALENDARS[name]
    with pytest.raises(UnreadableCalendar) as refused:
        read_calendar(raw, date(2026, 3, 1), date(2027, 4, 7))
    assert refused.value.trouble == trouble


NAMES = (
    *("DTSTART", "DTEND", "DURATION", "RDATE", "EXDATE"),
    *("RECURRENCE-ID", "SUMMARY", "ATTENDEE", "STATUS"),
)
PARAMETERS = ("", ";VALUE=DATE", ";TZID=Europe/Madrid", ";TZID=None", ";=", ";VALUE=X")
VALUES = (
    *("", "x", "20260306", "20260306,20260310", "20260306T090000", "20260306T090000Z"),
    *("99991231", "00010101", "P1D", "PT9H", "-P1D", "P99999999D", "20260306/P1D"),
    *("MAILTO:a@b", "CANCELLED"),
)
PARTS = (
    *("COUNT=3", "COUNT=0", "COUNT=-1", "INTERVAL=0", "INTERVAL=999", "WKST=SU"),
    *("UNTIL=20260401", "UNTIL=20260401T000000Z", "UNTIL=x", "BYMONTH=2", "BYMONTH=13"),
    *("BYDAY=MO", "BYDAY=-1FR", "BYDAY=XX", "BYMONTHDAY=31", "BYMONTHDAY=0"),
    *("BYSETPOS=-1", "BYSETPOS=1;BYDAY=MO,TU"),
)
LINES = st.one_of(
    st.builds(
        "{}{}:{}".format,
        st.sampled_from(NAMES),
        st.sampled_from(PARAMETERS),
        st.sampled_from(VALUES),
    ),
    st.builds(
        "RRULE:FREQ={};{}".format,
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "X", ""]),
        st.sampled_from(PARTS),
    ),
    st.text(max_size=20),
)


@given(st.lists(st.lists(LINES, max_size=5), max_size=3))
def test_any_event_is_read_or_refused(components: list[list[str]]) -> None:
    raw = calendar(*["\r\n".join(["UID:1", *lines]) for lines in components])
    try:
        found = read_calendar(raw, date(2026, 3, 1), date(2027, 4, 7))
    except UnreadableCalendar:
        return
    for event in found.events:
        days_taken(event, date(2026, 3, 2), date(2027, 4, 6), MADRID, lambda on: ((540, 1080),))
        reason_without_days(event, date(2026, 3, 2), date(2027, 4, 6), MADRID)


def timed(begin: str, end: str) -> Event:
    return Event("x", datetime.fromisoformat(begin), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("event", "days"),
    [
        (timed("2026-03-10T08:00+00:00", "2026-03-10T17:00+00:00"), [10]),  # 9-18 in Madrid
        (timed("2026-03-10T08:01+00:00", "2026-03-10T17:00+00:00"), []),
        (timed("2026-03-10T09:00", "2026-03-10T18:00"), [10]),  # without zone: the owner's clock
        (timed("2026-03-10T00:00", "2026-03-13T00:00"), [10, 11, 12]),
        (timed("2026-03-29T09:00", "2026-03-29T18:00"), [29]),  # the clock goes forward
        (timed("2026-03-28T22:00+00:00", "2026-03-29T22:00+00:00"), [29]),
    ],
)
def test_events_that_cover_all_hours_take_the_day(event: Event, days: list[int]) -> None:
    taken = days_taken(
        event, date(2026, 3, 1), date(2026, 4, 30), MADRID, lambda on: ((540, 1080),)
    )
    assert sorted(on.day for on in taken) == days


def test_on_a_day_without_hours_eight_hours_are_a_day() -> None:
    event = timed("2026-03-10T09:00", "2026-03-10T17:00")
    assert days_taken(event, date.min, date(9000, 1, 1), MADRID, lambda on: ()) == {
        date(2026, 3, 10)
    }


def test_consecutive_days_are_one_period() -> None:
    days = [date(2026, 3, day) for day in (9, 10, 12, 11, 20)]
    assert periods_of(days) == [
        (date(2026, 3, 9), date(2026, 3, 12)),
        (date(2026, 3, 20), date(2026, 3, 20)),
    ]


@pytest.mark.parametrize(
    ("event", "owners"),
    [
        (Event("x", NOVEMBER, NOVEMBER, ("OLEG@example.com", "stranger@x.y")), [OLEG]),
        (Event("Oleg Petrov: vacation", NOVEMBER, NOVEMBER, (), "ana@example.com"), [OLEG]),
        (Event("Отпуск – Petrov Oleg", NOVEMBER, NOVEMBER), [OLEG]),
        (Event("Vacation", NOVEMBER, NOVEMBER, (), "ana@example.com"), [ANA]),
        (Event("Oleg Petrovich", NOVEMBER, NOVEMBER), []),
        (Event("Oleg Petrov and Ana Souza", NOVEMBER, NOVEMBER), [OLEG, ANA]),
        (Event("", NOVEMBER, NOVEMBER, ("",), ""), []),
    ],
)
def test_whose_an_event_is(event: Event, owners: list[Person]) -> None:
    assert owners_of(event, PEOPLE) == owners


def test_what_is_written_is_read_back() -> None:
    entries = [
        Entry(
            "a",
            "Смена; long, with commas",
            *[datetime(2026, 3, 29, h, tzinfo=UTC) for h in (7, 16)],
        ),
        Entry("b", "Holiday", date(2026, 3, 30), date(2026, 3, 31)),
    ]
    raw = write_calendar("Смены" * 20, entries, datetime(2026, 3, 1, tzinfo=UTC))
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    first, second = Calendar.from_ical(raw).walk("VEVENT")
    assert (first.start, first.end) == (entries[0].starts, entries[0].ends)
    assert (str(first["SUMMARY"]), second.start) == (entries[0].title, date(2026, 3, 30))
