"""A month out of a table: people in rows, days in columns, hours in cells. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from shifts.core.hours import BadHours, parse_hours
from shifts.core.hours import Problem as HoursProblem
from shifts.core.layers import MonthCell
from shifts.core.people import Directory, Person, plain

Value = str | date | time
Place = tuple[int, int]  # row and column, from 1
MOST_ROWS = 1_000
HEADER_WITHIN = 10  # titles may stand above the days
LONGEST_SHOWN = 80  # characters of a cell
OFF_WORDS = (
    *("off", "day off", "rest"),
    *("в", "вых", "вых.", "выходной"),
    *("libre", "descanso"),
    *("folga", "izin", "izinli", "libur"),
)
DAY_OFF = MonthCell((), True)
CLEAR = None
_OFF = frozenset(plain(word) for word in OFF_WORDS)
_CLEAR = frozenset("-–—")
_MARK_OF_TEXT = re.compile(
    r"'(?=[=+\-@\t\r\n＝＋－＠])"
)  # what our own tables put before a formula's sign
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?\.?")


class Problem(StrEnum):
    """What is wrong with a part of a table."""

    UNKNOWN = "unknown"  # nobody of this name
    AMBIGUOUS = "ambiguous"  # several people of this name
    INACTIVE = "inactive"
    TWICE = "twice"  # the person has a row already
    NO_NAME = "no_name"
    NOT_A_DAY = "not_a_day"  # a column's head
    OUTSIDE = "outside"  # a column's day is not of the month
    DAY_TWICE = "day_twice"
    HOURS = "hours"
    A_DATE = "a_date"  # a spreadsheet has made a date of 9-18
    A_TIME = "a_time"  # one time of day where two are needed
    FORMULA = "formula"  # a formula whose value is not in the file


class NoTable(ValueError):
    """There is no row with days."""


class TooManyRows(ValueError):
    """More than 1,000 people."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of the table that is left out."""

    problem: Problem
    row: int  # from 1
    column: int  # from 1
    text: str = ""  # what stands there
    wrong_hours: HoursProblem | None = None

    @property
    def place(self) -> str:
        """Return the cell as spreadsheets name it: D7."""
        return f"{column_name(self.column)}{self.row}"


@dataclass(slots=True)
class Sheet:
    """The values of a table, and which cells hold a formula without its value."""

    rows: Sequence[Sequence[Value]]
    bare_formulas: Collection[Place] = ()


@dataclass(slots=True)
class Wishes:
    """What a table asks for."""

    cells: dict[tuple[int, date], MonthCell | None] = field(default_factory=dict)  # None: clear
    troubles: list[Trouble] = field(default_factory=list)


def column_name(column: int) -> str:
    """Return the letters of a column, from 1: A, Z, AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def looks_like_days(row: Iterable[Value]) -> int:
    """Return how many different days a row's values after the first could head."""
    return len({day_of_head(value, date(2024, 1, 1)) for value in list(row)[1:]} - {None})


def interpret(sheet: Sheet, month: date, people: Iterable[Person]) -> Wishes:
    """Return what a table asks for in the month that begins on `month`.

    Raises NoTable, TooManyRows. Blank cells ask for nothing.
    """
    counts = [looks_like_days(row) for row in sheet.rows[:HEADER_WITHIN]]
    if not any(counts):
        raise NoTable
    head = counts.index(max(counts))
    with_formulas = {place[0] for place in sheet.bare_formulas}
    body = [
        (number, row)
        for number, row in enumerate(sheet.rows[head + 1 :], head + 2)
        if number in with_formulas or any(value != "" for value in row)
    ]
    if len(body) > MOST_ROWS:
        raise TooManyRows
    found = Wishes()
    days = _days(sheet.rows[head], head + 1, month, body, found)
    directory = Directory(people)
    known: dict[int, int] = {}
    for number, row in body:
        if number not in with_formulas and all(_at(row, place) == "" for place in days):
            continue  # asks for nothing
        person = _person(number, row, directory, known, found)
        if person is not None:
            known[person.user] = number
            _read_row(person, number, row, days, sheet.bare_formulas, found)
    return found


def day_of_head(value: Value, month: date) -> date | None:
    """Return the day that heads a column: its number, 2026-11-03, 03.11 or a date; None for another word.

    A number that the month has not, the 31st of November, is the day as many days after the first.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, time):
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31:
        return month + timedelta(days=int(text) - 1)
    if found := _ISO.fullmatch(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.fullmatch(text):
        return _date(int(found[3] or month.year), int(found[2]), int(found[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _days(
    head: Sequence[Value],
    number: int,
    month: date,
    body: Sequence[tuple[int, Sequence[Value]]],
    found: Wishes,
) -> dict[int, date]:
    """Return the day of each column (from 0) of the month; tell of the others that hold anything."""
    days: dict[int, date] = {}
    filled = {place for _, row in body for place, value in enumerate(row) if value != ""}
    for place in range(1, max((len(head), *(len(row) for _, row in body)))):
        value = head[place] if place < len(head) else ""
        on = day_of_head(value, month)
        problem = None
        if on is None:
            problem = Problem.NOT_A_DAY
        elif (on.year, on.month) != (month.year, month.month):
            problem = Problem.OUTSIDE
        elif on in days.values():
            problem = Problem.DAY_TWICE
        if problem is None and on is not None:
            days[place] = on
        elif problem and place in filled:
            found.troubles.append(Trouble(problem, number, place + 1, _shown(value)))
    return days


def _person(
    number: int,
    row: Sequence[Value],
    directory: Directory,
    known: Mapping[int, int],
    found: Wishes,
) -> Person | None:
    text = _MARK_OF_TEXT.sub("", _shown(row[0], 255) if row else "", count=1).strip()
    people = directory.find(text) if text else []
    problem: Problem | None = None
    if not text:
        problem = Problem.NO_NAME
    elif not people:
        problem = Problem.UNKNOWN
    elif len(people) > 1:
        problem = Problem.AMBIGUOUS
    elif not people[0].is_active:
        problem = Problem.INACTIVE
    elif people[0].user in known:
        problem = Problem.TWICE
    if problem is not None:
        found.troubles.append(Trouble(problem, number, 1, text[:LONGEST_SHOWN]))
        return None
    return people[0]


def _at(row: Sequence[Value], place: int) -> Value:
    return row[place] if place < len(row) else ""


def _read_row(
    person: Person,
    number: int,
    row: Sequence[Value],
    days: Mapping[int, date],
    bare_formulas: Collection[Place],
    found: Wishes,
) -> None:
    for place, on in days.items():
        value = _at(row, place)
        where = (number, place + 1)
        if where in bare_formulas:
            found.troubles.append(Trouble(Problem.FORMULA, *where))
        elif isinstance(value, date):
            found.troubles.append(Trouble(Problem.A_DATE, *where, _shown(value)))
        elif isinstance(value, time):
            found.troubles.append(Trouble(Problem.A_TIME, *where, _shown(value)))
        elif value.strip():
            try:
                found.cells[person.user, on] = cell_of(value)
            except BadHours as error:
                text = (error.text or value.strip())[:LONGEST_SHOWN]
                found.troubles.append(Trouble(Problem.HOURS, *where, text, error.problem))


def cell_of(text: str) -> MonthCell | None:
    """Return what a cell's text asks for: hours, a day of rest, or None for "-", to clear.

    Raises BadHours.
    """
    text = _MARK_OF_TEXT.sub("", text.strip(), count=1).strip()
    if text in _CLEAR:
        return CLEAR
    if plain(text) in _OFF:
        return DAY_OFF
    found = parse_hours(text)
    if not found:
        raise BadHours(HoursProblem.NOT_A_TIME, text)
    return MonthCell(found)


def _shown(value: Value, most: int = LONGEST_SHOWN) -> str:
    if isinstance(value, datetime):
        value = value.date()
    return value[:most] if isinstance(value, str) else value.isoformat()
