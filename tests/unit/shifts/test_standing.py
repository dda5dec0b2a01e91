"""Standing patterns in a row: each day has one, and only the days of a new one change."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shifts.core.standing import Stretch, laid_over

START = date(2026, 3, 2)
DAYS = 40


def stretch(pattern, first, last):
    day = lambda number: START + timedelta(days=number)  # noqa: E731
    return Stretch(pattern, day(first), None if last is None else day(last), START)


def pattern_on(rows, number):
    on = START + timedelta(days=number)
    found = [row.pattern_id for row in rows if row.reaches(on, on)]
    assert len(found) <= 1
    return found[0] if found else None


@st.composite
def wishes(draw):
    first = draw(st.integers(0, DAYS))
    last = draw(st.none() | st.integers(first, DAYS + 5))
    return first, last


@given(st.lists(wishes(), min_size=1, max_size=8))
def test_only_the_days_of_the_new_one_change(periods):
    rows = []
    for pattern, (first, last) in enumerate(periods, start=1):
        before = [pattern_on(rows, number) for number in range(DAYS + 10)]
        rows = laid_over(rows, stretch(pattern, first, last))
        after = [pattern_on(rows, number) for number in range(DAYS + 10)]
        for number, was in enumerate(before):
            is_new = first <= number and (last is None or number <= last)
            assert after[number] == (pattern if is_new else was)
        assert all(row.ends_on is None or row.starts_on <= row.ends_on for row in rows)
