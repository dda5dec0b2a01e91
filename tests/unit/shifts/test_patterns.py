"""Patterns: days that repeat from an anchor date, by the clock of any zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.hours import BadHours, Hours
from shifts.core.patterns import (
    LONGEST_CYCLE_DAYS,
    BadCycle,
    Pattern,
    check_cycle,
    pattern_from_json,
)
from shifts.core.roster import spans_of

DAY = timedelta(days=1)
OFFICE: Hours = ((540, 1080),)
LONG: Hours = ((480, 1200),)
NIGHT: Hours = ((1200, 1920),)
FIVE_TWO = (OFFICE,) * 5 + ((),) * 2
TWO_TWO = (LONG, LONG, (), ())
DAY_NIGHT_REST = (LONG, NIGHT, (), ())
MONDAY = date(2026, 1, 5)

cycles = st.lists(st.sampled_from([(), OFFICE, LONG, NIGHT]), min_size=1, max_size=40).map(tuple)
days = st.dates(date(1999, 1, 1), date(2060, 12, 31))


@given(cycles, days, days, st.integers(-50, 50))
def test_a_pattern_repeats_before_and_after_its_anchor(
    cycle: tuple[Hours, ...], anchor: date, day: date, rounds: int
) -> None:
    pattern = Pattern(cycle, anchor)
    assert pattern.hours_on(day + rounds * len(cycle) * DAY) == pattern.hours_on(day)


@given(cycles, days)
def test_a_cycle_begins_on_its_anchor(cycle: tuple[Hours, ...], anchor: date) -> None:
    pattern = Pattern(cycle, anchor)
    found = [pattern.hours_on(anchor + number * DAY) for number in range(len(cycle))]
    assert found == list(cycle)
    assert pattern.hours_on(anchor - DAY) == cycle[-1]


@given(cycles, days, days, st.integers(-100, 100))
def test_moving_the_anchor_moves_every_day(
    cycle: tuple[Hours, ...], anchor: date, day: date, shift: int
) -> None:
    moved = Pattern(cycle, anchor + shift * DAY)
    assert moved.hours_on(day + shift * DAY) == Pattern(cycle, anchor).hours_on(day)


@pytest.mark.feature("F55")
def test_two_teams_share_two_by_two_by_turns_also_before_the_anchor() -> None:
    first, second = Pattern(TWO_TWO, MONDAY), Pattern(TWO_TWO, MONDAY + 2 * DAY)
    for number in range(-400, 400):
        day = MONDAY + number * DAY
        assert (first.hours_on(day) == LONG) is (number % 4 in (0, 1))
        assert bool(first.hours_on(day)) is not bool(second.hours_on(day))


def test_a_leap_day_is_a_day_of_the_cycle_like_any_other() -> None:
    pattern = Pattern(TWO_TWO, date(2028, 2, 27))
    found = [bool(pattern.hours_on(date(2028, 2, 27) + number * DAY)) for number in range(5)]
    assert found == [True, True, False, False, True]  # 27, 28, 29 February, 1, 2 March


@pytest.mark.feature("F55", "R30")
@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berlin",
        "Europe/Moscow",
        "America/New_York",
        "America/Santiago",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Gaza",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
    ],
)
@pytest.mark.parametrize(
    ("cycle", "worked"),
    [(FIVE_TWO, 262), (TWO_TWO, 184), (DAY_NIGHT_REST, 184)],
    ids=["5/2", "2/2", "day, night, rest"],
)
def test_a_year_of_a_pattern_keeps_its_wall_hours_across_dst(
    zone: str, cycle: tuple[Hours, ...], worked: int
) -> None:
    pattern, clock = Pattern(cycle, MONDAY), ZoneInfo(zone)
    days_worked, offsets = 0, set()
    for number in range(366):
        day = MONDAY + number * DAY
        hours = pattern.hours_on(day)
        spans = spans_of(day, hours, clock)
        assert len(spans) == len(hours)
        for (start, end), (opens, closes) in zip(spans, hours, strict=True):
            days_worked += 1
            midnight = datetime.combine(day, time())
            shown = [moment.astimezone(clock) for moment in (start, end)]
            assert [moment.replace(tzinfo=None) for moment in shown] == [
                midnight + timedelta(minutes=opens),
                midnight + timedelta(minutes=closes),
            ]
            offsets.add(shown[0].utcoffset())
    assert days_worked == worked
    assert len(offsets) == (1 if zone == "Europe/Moscow" else 2)


@pytest.mark.feature("F57")
def test_the_same_pattern_in_another_zone_keeps_the_wall_hours_and_moves_the_instants() -> None:
    hours = Pattern(FIVE_TWO, MONDAY).hours_on(MONDAY)
    (in_moscow,) = spans_of(MONDAY, hours, ZoneInfo("Europe/Moscow"))
    (in_lima,) = spans_of(MONDAY, hours, ZoneInfo("America/Lima"))
    assert in_moscow == (datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2026, 1, 5, 15, tzinfo=UTC))
    assert in_lima == (datetime(2026, 1, 5, 14, tzinfo=UTC), datetime(2026, 1, 5, 23, tzinfo=UTC))


def test_a_cycle_is_stored_in_order_of_its_hours() -> None:
    assert check_cycle([[[840, 1080], [540, 780]], []]) == (((540, 780), (840, 1080)), ())


@pytest.mark.parametrize("length", [1, 7, LONGEST_CYCLE_DAYS])
def test_a_cycle_has_up_to_366_days(length: int) -> None:
    assert len(check_cycle([[[540, 1080]]] * length)) == length


@pytest.mark.parametrize(
    "cycle",
    [
        [],
        (),
        [[]],
        [[], [], []],
        [[[540, 1080]]] * (LONGEST_CYCLE_DAYS + 1),
        [[[540, 1080]]] * 1000,
        None,
        True,
        7,
        1.5,
        "",
        "5/2",
        b"5/2",
        {},
        {"0": [[540, 1080]]},
        {0: [[540, 1080]]},
    ],
    ids=lambda cycle: repr(cycle)[:20],
)
def test_what_is_no_cycle_is_refused(cycle: Any) -> None:
    with pytest.raises(BadCycle):
        check_cycle(cycle)


@pytest.mark.parametrize(
    "day",
    [
        None,
        540,
        "09:00-18:00",
        "",
        {},
        {"540": 1080},
        [540, 1080],
        [["540", "1080"]],
        [[540, 1080, 1]],
        [[540, 540]],
        [[540, 1080], [600, 660]],
    ],
)
def test_a_day_that_is_no_hours_is_refused_wherever_it_stands(day: Any) -> None:
    for cycle in ([day], [[[540, 1080]], day], [[], day, []]):
        with pytest.raises(BadHours):
            check_cycle(cycle)


@given(cycles, days, days)
def test_a_stored_pattern_is_the_pattern(cycle: tuple[Hours, ...], anchor: date, day: date) -> None:
    stored = [[list(interval) for interval in hours] for hours in cycle]
    assert pattern_from_json(stored, anchor) == Pattern(cycle, anchor)
    assert pattern_from_json(stored, anchor).hours_on(day) == Pattern(cycle, anchor).hours_on(day)
