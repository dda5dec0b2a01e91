"""Tables as files: CSV in whatever encoding and with whatever separator, XLSX by `workbook`."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from charset_normalizer import from_bytes

from shifts.core.people import plain
from shifts.core.table_import import HEADER_WITHIN, Sheet, Value, looks_like_days

MOST_LINES = 1_200  # people, titles and blank lines; the people are counted later
LINES_READ = 5_000  # spreadsheets leave blank lines behind the last person
MOST_COLUMNS = 100
SEPARATORS = (",", ";", "\t")
# Single bytes mean different letters in each; the account's names tell them apart.
_ENCODINGS = ("cp1251", "cp1252", "cp1254")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1251": "windows-1251",
    "cp1252": "windows-1252",
    "cp1254": "windows-1254",
}
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Trouble(StrEnum):
    """Why a file cannot be read as a table."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_TABLE = "not_a_table"
    OLD_EXCEL = "old_excel"  # .xls, or a password
    BROKEN = "broken"
    SWELLS = "swells"  # more than 10 MB when it is unpacked
    TOO_MANY_ROWS = "too_many_rows"
    NO_DAYS = "no_days"


class UnreadableTable(ValueError):
    """The file cannot be read as a table; nothing was imported."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(slots=True)
class TableFile:
    """A table as it was found in a file."""

    sheet: Sheet
    encoding: str = ""  # of a text: "windows-1251"
    separator: str = ""  # of a text
    sheet_name: str = ""  # of a workbook
    other_sheets: int = 0
    has_merged_cells: bool = False


def read_csv(raw: bytes, names: Iterable[str]) -> TableFile:
    """Return the table that a text holds; `names` of people help to tell encodings apart.

    Raises UnreadableTable.
    """
    text, encoding = decode(raw, names)
    if _NO_TEXT.search(text):
        raise UnreadableTable(Trouble.NOT_A_TABLE)
    if not text.strip():
        raise UnreadableTable(Trouble.EMPTY)
    separator = max(SEPARATORS, key=lambda sign: _days_found(text, sign))
    try:
        rows = _rows(text, separator, LINES_READ)
    except csv.Error as error:
        raise UnreadableTable(Trouble.BROKEN) from error
    check_lines(rows)
    return TableFile(Sheet(rows), encoding=_NAMES.get(encoding, encoding), separator=separator)


def check_lines(rows: list[list[Value]]) -> None:
    """Drop the blank lines at the end. Raises UnreadableTable where nothing or too much is left."""
    while rows and not any(value != "" for value in rows[-1]):
        rows.pop()
    if not rows:
        raise UnreadableTable(Trouble.EMPTY)
    if len(rows) > MOST_LINES:
        raise UnreadableTable(Trouble.TOO_MANY_ROWS)


def _rows(text: str, separator: str, most: int) -> list[list[Value]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[Value]] = []
    for row in reader:
        rows.append([value.strip() for value in row[:MOST_COLUMNS]])
        if len(rows) == most:
            break
    return rows


def _days_found(text: str, separator: str) -> int:
    try:
        return max(
            (looks_like_days(row) for row in _rows(text, separator, HEADER_WITHIN)), default=0
        )
    except csv.Error:
        return 0


def decode(raw: bytes, names: Iterable[str]) -> tuple[str, str]:
    """Return the text and its encoding: by its mark, as UTF-8, else as the people's names read best.

    Raises UnreadableTable.
    """
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return _strictly(raw, encoding), encoding
    if raw[:200].count(0) > len(raw[:200]) // 4:  # UTF-16 without its mark
        encoding = "utf-16-le" if raw[:200:2].count(0) < raw[1:200:2].count(0) else "utf-16-be"
        return _strictly(raw, encoding), encoding
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _single_bytes(raw, _foreign(names))


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTable(Trouble.BROKEN) from error


def _foreign(names: Iterable[str]) -> set[str]:
    """Return the words of names that are written with more than ASCII."""
    return {word for name in names for word in plain(name).split() if not word.isascii()}


def _single_bytes(raw: bytes, words: Collection[str]) -> tuple[str, str]:
    guess = from_bytes(raw, cp_isolation=list(_ENCODINGS)).best()
    guessed = guess.encoding.replace("_", "-") if guess else "cp1252"
    found: dict[str, str] = {}
    for encoding in dict.fromkeys((guessed, *_ENCODINGS)):
        try:
            found[encoding] = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    if not found:
        raise UnreadableTable(Trouble.NOT_A_TABLE)
    best = max(found, key=lambda encoding: _known(found[encoding], words))
    return found[best], best


def _known(text: str, words: Collection[str]) -> int:
    folded = plain(text)
    return sum(word in folded for word in words)
