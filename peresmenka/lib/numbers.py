"""Whole numbers from what a request says."""

from __future__ import annotations

LONGEST = 18  # digits; what is longer fits no column of ours


def number_from(text: str) -> int | None:
    """Return the number that the text is in plain digits; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None
