"""Which reader a file goes to: by its first bytes, never by its name."""

from __future__ import annotations

from collections.abc import Collection

from shifts.exchange.table import TableFile, Trouble, UnreadableTable, read_csv
from shifts.exchange.workbook import read_workbook

MOST_BYTES = 2 * 1024 * 1024
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx behind a password


def read_table(raw: bytes, *, people: Collection[str], month_names: Collection[str]) -> TableFile:
    """Return the table that a file holds, CSV or XLSX.

    `people` are names of the account, which help to tell encodings apart; `month_names` are names
    that the month's sheet may have. Raises UnreadableTable.
    """
    if not raw.strip():
        raise UnreadableTable(Trouble.EMPTY)
    if len(raw) > MOST_BYTES:
        raise UnreadableTable(Trouble.TOO_LARGE)
    if raw.startswith(_OLE):
        raise UnreadableTable(Trouble.OLD_EXCEL)
    if raw.startswith(_ZIP):
        return read_workbook(raw, month_names)
    return read_csv(raw, people)
