"""The empty table of a month, for people to fill in: a row for each name, a column for each day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def write_csv(head: Sequence[str | int], names: Iterable[str]) -> bytes:
    """Return the table as CSV in UTF-8 with its mark, which Excel needs; no name is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    blanks = [""] * (len(head) - 1)
    for name in names:
        writer.writerow([harmless(name), *blanks])
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula (CWE-1236)."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
