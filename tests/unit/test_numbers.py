"""Whole numbers from what a request says."""

from __future__ import annotations

import pytest

from peresmenka.lib.numbers import number_from


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)]
    + [(odd, None) for odd in ("", "-1", "+1", " 1", "1.0", "1_0", "²", "١", "9" * 19, "9" * 5000)],
)
def test_only_plain_digits_that_fit_a_column_are_a_number(text: str, number: int | None) -> None:
    assert number_from(text) == number
