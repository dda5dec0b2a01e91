"""Hours of a day: people's notation and back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.hours import (
    DAY,
    MOST_INTERVALS,
    BadHours,
    Hours,
    Problem,
    check_hours,
    format_hours,
    format_minute,
    length,
    parse_hours,
)

NINE, TEN, NOON, SIX_PM, TEN_PM = 540, 600, 720, 1080, 1320


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Any hours that a day may have: up to six intervals, the last one possibly over midnight."""
    count = draw(st.integers(1, MOST_INTERVALS))
    begin = st.integers(0, DAY - 1)
    starts = sorted(draw(st.lists(begin, min_size=count, max_size=count, unique=True)))
    limits = [*starts[1:], starts[-1] + DAY]
    return tuple(
        (start, draw(st.integers(start + 1, limit)))
        for start, limit in zip(starts, limits, strict=True)
    )


def problem_of(value: Any) -> Problem:
    with pytest.raises(BadHours) as refused:
        parse_hours(value) if isinstance(value, str) else check_hours(value)
    return refused.value.problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:00-18:00", [(NINE, SIX_PM)]),
        ("9-18", [(NINE, SIX_PM)]),
        ("9.00 - 18.00", [(NINE, SIX_PM)]),
        ("9:00–18:00", [(NINE, SIX_PM)]),
        ("09:00 — 18", [(NINE, SIX_PM)]),
        ("\u00a009:00\u2009–\u200918:00 ", [(NINE, SIX_PM)]),
        ("９:００-１８:００", [(NINE, SIX_PM)]),
        ("٠٩:٠٠-١٨:٠٠", [(NINE, SIX_PM)]),
        ("9-12, 12-18", [(NINE, NOON), (NOON, SIX_PM)]),
        ("12-18;\r\n9-12,", [(NINE, NOON), (NOON, SIX_PM)]),
        ("22:00-06:00", [(TEN_PM, DAY + 360)]),
        ("22-0", [(TEN_PM, DAY)]),
        ("22-24", [(TEN_PM, DAY)]),
        ("24:00-06:00", [(0, 360)]),
        ("23:59-00:01", [(1439, 1441)]),
        ("00:00-24:00", [(0, DAY)]),
        ("00:00-00:00 +1", [(0, DAY)]),
        ("09:00-09:00 +1", [(NINE, NINE + DAY)]),
        ("22:00-06:00+1", [(TEN_PM, DAY + 360)]),
        ("22:00-06:00, 05:00-10:00", [(300, TEN), (TEN_PM, DAY + 360)]),
        ("", []),
        (" ,\n; ", []),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, expected: list[tuple[int, int]]) -> None:
    assert parse_hours(text) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "problem", "part"),
    [
        ("25:00-26:00", Problem.NOT_A_TIME, "25:00-26:00"),
        ("24:01-06:00", Problem.NOT_A_TIME, "24:01-06:00"),
        ("10:00-24:01", Problem.NOT_A_TIME, "10:00-24:01"),
        ("morning", Problem.NOT_A_TIME, "morning"),
        ("9-12, morning", Problem.NOT_A_TIME, "morning"),
        ("9-", Problem.NOT_A_TIME, "9-"),
        ("-9", Problem.NOT_A_TIME, "-9"),
        ("9", Problem.NOT_A_TIME, "9"),
        ("9:75-10", Problem.NOT_A_TIME, "9:75-10"),
        ("9:60-10", Problem.NOT_A_TIME, "9:60-10"),
        ("9-10:60", Problem.NOT_A_TIME, "9-10:60"),
        ("9:5-10", Problem.NOT_A_TIME, "9:5-10"),
        ("009:00-10:00", Problem.NOT_A_TIME, "009:00-10:00"),
        ("09:00-18:00-20:00", Problem.NOT_A_TIME, "09:00-18:00-20:00"),
        ("09:00-13:00 14:00-18:00", Problem.NOT_A_TIME, "09:00-13:00 14:00-18:00"),
        ("09:00~18:00", Problem.NOT_A_TIME, "09:00~18:00"),
        ("9²-10", Problem.NOT_A_TIME, "9²-10"),
        ("09:00-18:00 +1", Problem.NOT_A_TIME, "09:00-18:00 +1"),
        ("00:00-24:00 +1", Problem.NOT_A_TIME, "00:00-24:00 +1"),
        ("09:00-09:00", Problem.ZERO_LENGTH, "09:00-09:00"),
        ("00:00-00:00", Problem.ZERO_LENGTH, "00:00-00:00"),
        ("24:00-24:00", Problem.ZERO_LENGTH, "24:00-24:00"),
        ("24:00-00:00", Problem.ZERO_LENGTH, "24:00-00:00"),
        ("12-15, 9-13", Problem.OVERLAP, "09:00–13:00, 12:00–15:00"),
        ("9-10, 9-10", Problem.OVERLAP, "09:00–10:00, 09:00–10:00"),
        ("9-18, 12-13", Problem.OVERLAP, "09:00–18:00, 12:00–13:00"),
        ("22-6, 23-24", Problem.OVERLAP, "22:00–06:00, 23:00–24:00"),
        ("00:00-24:00, 23:59-0", Problem.OVERLAP, "00:00–24:00, 23:59–24:00"),
    ],
)
def test_what_cannot_be_hours_is_refused_with_the_part_that_is_wrong(
    text: str, problem: Problem, part: str
) -> None:
    with pytest.raises(BadHours) as refused:
        parse_hours(text)
    assert (refused.value.problem, refused.value.text) == (problem, part)


@given(hours())
def test_what_is_written_out_reads_as_the_same_hours(found: Hours) -> None:
    assert parse_hours(format_hours(found)) == found
    assert check_hours(found) == found
    assert check_hours([list(interval) for interval in found]) == found


@given(hours(), st.randoms(use_true_random=False))
def test_the_order_of_intervals_does_not_matter(found: Hours, chance: Any) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert check_hours(shuffled) == found
    assert parse_hours(format_hours(shuffled)) == found


@given(hours())
def test_the_length_is_the_number_of_minutes_covered(found: Hours) -> None:
    covered = {minute for start, end in found for minute in range(start, end)}
    assert length(found) == len(covered)
    assert length(()) == 0


@given(st.lists(st.tuples(st.integers(-60, 1500), st.integers(-60, 3000)), max_size=4))
def test_hours_pass_the_check_exactly_if_they_are_apart_and_within_bounds(
    found: list[tuple[int, int]],
) -> None:
    fits = all(0 <= start < DAY and start < end <= start + DAY for start, end in found)
    minutes = [minute for start, end in found for minute in range(start, end)]
    if fits and len(minutes) == len(set(minutes)):
        assert check_hours(found) == tuple(sorted(found))
    else:
        problem_of(found)


def test_six_intervals_are_enough_and_seven_too_many() -> None:
    six = [(60 * hour, 60 * hour + 30) for hour in range(MOST_INTERVALS)]
    assert check_hours(six) == tuple(six)
    assert problem_of([*six, (1200, 1260)]) is Problem.TOO_MANY
    assert problem_of(format_hours([*six, (1200, 1260)])) is Problem.TOO_MANY


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ([(-1, 60)], Problem.NOT_A_TIME),
        ([(DAY, DAY + 60)], Problem.NOT_A_TIME),
        ([(NINE, NINE + DAY + 1)], Problem.NOT_A_TIME),
        ([(SIX_PM, NINE)], Problem.NOT_A_TIME),
        ([(NINE, NINE)], Problem.ZERO_LENGTH),
        ([(0, 0)], Problem.ZERO_LENGTH),
    ],
)
def test_minutes_out_of_bounds_are_refused(found: Any, problem: Problem) -> None:
    assert problem_of(found) is problem


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        True,
        540,
        1.5,
        b"09:00-18:00",
        {},
        {"start": 540, "end": 1080},
        {540: 1080},
        [None],
        [540, 1080],
        ["09"],
        ["540", "1080"],
        [[]],
        [[540]],
        [[540, 1080, 1200]],
        [["540", "1080"]],
        [[540.0, 1080]],
        [[540, float("nan")]],
        [[540, float("inf")]],
        [[540, None]],
        [[540, [1080]]],
        [[False, True]],
        [{"0": 540, "1": 1080}],
        [{540: 1, 1080: 2}],
        [[[540, 1080]]],
    ],
)
def test_json_of_another_shape_is_bad_hours_and_nothing_is_converted(nonsense: Any) -> None:
    assert problem_of(nonsense) is Problem.NOT_A_TIME


def test_an_empty_text_as_json_is_no_empty_day() -> None:
    with pytest.raises(BadHours):
        check_hours("")  # type: ignore[arg-type]


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json)
def test_any_json_is_hours_or_bad_hours(value: Any) -> None:
    try:
        found = check_hours(value)
    except BadHours:
        return
    assert all(0 <= start < end <= start + DAY for start, end in found)
    assert check_hours(found) == found


@given(st.text(alphabet="0129:.-–—,;+ \n９", max_size=24) | st.text(max_size=12))
def test_any_text_is_hours_or_bad_hours(text: str) -> None:
    try:
        found = parse_hours(text)
    except BadHours:
        return
    assert parse_hours(format_hours(found)) == found


@pytest.mark.parametrize(
    ("minute", "text"),
    [
        (0, "00:00"),
        (5, "00:05"),
        (NINE, "09:00"),
        (1439, "23:59"),
        (DAY, "24:00"),
        (DAY + 1, "00:01"),
        (DAY + 360, "06:00"),
    ],
)
def test_a_minute_is_shown_by_the_clock(minute: int, text: str) -> None:
    assert format_minute(minute) == text


def test_a_day_and_night_is_told_from_no_time_at_all() -> None:
    assert format_hours([(NINE, NINE + DAY)]) == "09:00–09:00 +1"
    assert format_hours([(0, DAY)]) == "00:00–24:00"
    assert format_hours([(NINE, SIX_PM), (TEN_PM, DAY + 360)]) == "09:00–18:00, 22:00–06:00"
