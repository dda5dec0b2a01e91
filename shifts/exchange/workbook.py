"""XLSX: reads a sheet within limits, writes the template of a month."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from shifts.core.people import plain
from shifts.core.table_import import Sheet, Value
from shifts.exchange.table import (
    LINES_READ,
    MOST_COLUMNS,
    TableFile,
    Trouble,
    UnreadableTable,
    check_lines,
)

MOST_UNPACKED = 10 * 1024 * 1024
MOST_PARTS = 500
_BROKEN_ARCHIVE = (NotImplementedError, RuntimeError, OSError, EOFError)
_AREA = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}:[A-Z]{1,3}[1-9]\d{0,6}")
_PLACE = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")
_TEXT_FORMAT = "@"  # else Excel makes a date of 9-18


@dataclass(slots=True)
class _Part:
    """What openpyxl does not tell of a sheet that it reads row by row."""

    merged: list[str] = field(default_factory=list)
    bare_formulas: list[str] = field(default_factory=list)


def read_workbook(raw: bytes, month_names: Collection[str]) -> TableFile:
    """Return the table on the sheet that is named like the month, else on the first visible one.

    Raises UnreadableTable.
    """
    parts = _look_inside(raw)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        return _read(book, parts, {plain(name) for name in month_names})
    except UnreadableTable:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise UnreadableTable(Trouble.BROKEN) from error


def _read(book: Any, parts: dict[str, _Part], month_names: Collection[str]) -> TableFile:
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise UnreadableTable(Trouble.EMPTY)
    chosen = next((sheet for sheet in sheets if plain(sheet.title) in month_names), sheets[0])
    part = parts.get(chosen._worksheet_path.lstrip("/"), _Part())
    rows: list[list[Value]] = []
    chosen.reset_dimensions()  # the file's own word on its size may be wrong
    for row in chosen.iter_rows(max_row=LINES_READ, max_col=MOST_COLUMNS, values_only=True):
        rows.append([_value(value) for value in row])
    check_lines(rows)
    _spread(rows, part.merged)
    bare = {coordinate_to_tuple(place) for place in part.bare_formulas}
    return TableFile(
        Sheet(rows, bare),
        sheet_name=chosen.title,
        other_sheets=len(sheets) - 1,
        has_merged_cells=bool(part.merged),
    )


def _value(value: Any) -> Value:
    """Return a cell's value as the core reads it; whole numbers without their comma."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60 % (24 * 60)
        return time(minutes // 60, minutes % 60)
    if isinstance(value, datetime | date | time):
        return value
    return str(value).strip()


def _spread(rows: list[list[Value]], merged: Iterable[str]) -> None:
    """Write what merged cells hold into each of them."""
    left_to_fill = 2 * len(rows) * MOST_COLUMNS
    for area in merged:
        left, top, right, bottom = range_boundaries(area)
        if None in (left, top, right, bottom) or top > len(rows) or left > len(rows[top - 1]):
            continue
        value = rows[top - 1][left - 1]
        if value == "":
            continue
        left_to_fill -= (min(bottom, len(rows)) - top + 1) * (right - left + 1)
        if left_to_fill < 0:  # areas upon areas: no spreadsheet program writes them
            raise UnreadableTable(Trouble.BROKEN)
        for row in rows[top - 1 : bottom]:
            row.extend([""] * (min(right, MOST_COLUMNS) - len(row)))
            for place in range(left - 1, min(right, MOST_COLUMNS)):
                row[place] = value


# --- looking inside before openpyxl does -------------------------------------------------------------


def _look_inside(raw: bytes) -> dict[str, _Part]:
    """Return what the sheets hold besides values; refuse bombs and documents that declare entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if len(members) > MOST_PARTS or sum(part.file_size for part in members) > MOST_UNPACKED:
                raise UnreadableTable(Trouble.SWELLS)
            return {
                part.filename: _scan(archive.read(part))
                for part in members
                if part.filename.endswith((".xml", ".rels"))
            }
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, *_BROKEN_ARCHIVE) as error:
        raise UnreadableTable(Trouble.BROKEN) from error


def _scan(xml: bytes) -> _Part:
    """Return merged areas and formulas without values of a part."""
    part = _Part()
    cell = {"place": "", "open": "", "f": "", "v": ""}

    def opened(name: str, attributes: dict[str, str]) -> None:
        cell["open"] = tag = name.rpartition(":")[2]
        if tag == "mergeCell" and _AREA.fullmatch(attributes.get("ref", "")):
            part.merged.append(attributes["ref"])
        elif tag == "c":
            cell.update(place=attributes.get("r", ""), f="", v="")
        elif tag == "f":
            cell["f"] = "yes"

    def written(text: str) -> None:
        if cell["open"] == "v" and text:
            cell["v"] = "yes"

    def closed(name: str) -> None:
        is_bare = name.rpartition(":")[2] == "c" and cell["f"] and not cell["v"]
        if is_bare and _PLACE.fullmatch(cell["place"]):
            part.bare_formulas.append(cell["place"])

    def declared(*_: Any) -> None:
        raise UnreadableTable(Trouble.BROKEN)  # no spreadsheet program writes a DOCTYPE

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = written, declared
    parser.Parse(xml, True)
    return part


# --- the template --------------------------------------------------------------------------------------


def write_workbook(title: str, head: Sequence[str | int], names: Iterable[str]) -> bytes:
    """Return a workbook with a row for each name, whose cells are texts: nothing becomes a date or formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "B2"
    sheet.column_dimensions["A"].width = 28
    sheet.append(list(head))
    for name in names:
        row = [WriteOnlyCell(sheet, value=value) for value in (name, *[None] * (len(head) - 1))]
        for cell in row:
            cell.number_format = _TEXT_FORMAT
        row[0].data_type = "s"  # a name that begins with = is no formula
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
