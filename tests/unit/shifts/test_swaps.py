"""Hours that go from one person to another: the instants stay, the clock is the taker's."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.hours import parse_hours
from shifts.core.roster import spans_of
from shifts.core.swaps import Overlap, moved_hours, taken_over

MADRID, LIMA, TOKYO, NEPAL = (
    ZoneInfo(name) for name in ("Europe/Madrid", "America/Lima", "Asia/Tokyo", "Asia/Kathmandu")
)
TUESDAY = date(2026, 3, 3)
DAY = timedelta(days=1)
STEADY = [LIMA, TOKYO, NEPAL, ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Istanbul")]


@pytest.mark.parametrize(
    ("text", "giver", "taker", "expected"),
    [
        ("09:00-18:00", MADRID, MADRID, {TUESDAY: "09:00-18:00"}),
        ("09:00-18:00", MADRID, LIMA, {TUESDAY: "03:00-12:00"}),
        (
            "02:00-04:00, 09:00-11:00",
            MADRID,
            LIMA,
            {TUESDAY - DAY: "20:00-22:00", TUESDAY: "03:00-05:00"},
        ),
        ("21:00-09:00", LIMA, MADRID, {TUESDAY + DAY: "03:00-15:00"}),
        ("00:00-24:00", TOKYO, LIMA, {TUESDAY - DAY: "10:00-10:00 +1"}),
        ("09:00-09:30", MADRID, NEPAL, {TUESDAY: "13:45-14:15"}),
    ],
)
def test_hours_stand_under_the_day_on_which_they_begin_there(text, giver, taker, expected):
    moved = moved_hours(TUESDAY, parse_hours(text), giver, taker)
    assert moved == {on: parse_hours(hours) for on, hours in expected.items()}


@st.composite
def hours(draw):
    marks = sorted(draw(st.sets(st.integers(0, 1439), min_size=2, max_size=8)))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    return tuple(pairs)


@given(
    hours=hours(),
    giver=st.sampled_from(STEADY),
    taker=st.sampled_from(STEADY),
    day=st.integers(0, 700),
)
def test_no_instant_is_won_or_lost(hours, giver, taker, day):
    on = TUESDAY + day * DAY
    before = spans_of(on, hours, giver)
    moved = moved_hours(on, hours, giver, taker)
    after = [span for there, rows in sorted(moved.items()) for span in spans_of(there, rows, taker)]
    assert _joined(after) == _joined(before)


def _joined(spans):
    found = []
    for start, end in spans:
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


@given(hours=hours(), day=st.integers(-3, 3), giver=st.sampled_from(STEADY))
def test_what_moves_on_days_of_a_clock_change_is_sound_and_lasts_about_as_long(hours, day, giver):
    for change in (date(2026, 3, 29), date(2026, 10, 25)):
        on = change + day * DAY
        moved = moved_hours(on, hours, giver, MADRID)
        lasted = sum((end - start for start, end in spans_of(on, hours, giver)), timedelta())
        there = sum(
            (end - start for d, rows in moved.items() for start, end in spans_of(d, rows, MADRID)),
            timedelta(),
        )
        assert abs(there - lasted) <= timedelta(hours=1)


def test_a_day_given_away_is_empty_and_what_is_taken_joins_the_own_hours():
    own = {TUESDAY: parse_hours("09:00-12:00"), TUESDAY + DAY: parse_hours("13:00-18:00")}
    moved = {TUESDAY + DAY: parse_hours("08:00-13:00")}
    assert taken_over(own, [TUESDAY], moved, MADRID) == {
        TUESDAY: (),
        TUESDAY + DAY: parse_hours("08:00-13:00, 13:00-18:00"),
    }


@pytest.mark.parametrize(
    ("own_on", "own", "moved", "is_refused"),
    [
        (TUESDAY, "09:00-18:00", "17:59-20:00", True),
        (TUESDAY, "09:00-18:00", "18:00-20:00", False),
        (TUESDAY - DAY, "21:00-09:00", "08:00-12:00", True),
        (TUESDAY - DAY, "21:00-09:00", "09:00-12:00", False),
        (TUESDAY + DAY, "06:00-12:00", "22:00-07:00", True),
        (TUESDAY + DAY, "06:00-12:00", "22:00-06:00", False),
    ],
)
def test_own_hours_at_that_time_are_in_the_way(own_on, own, moved, is_refused):
    call = lambda: taken_over(  # noqa: E731
        {own_on: parse_hours(own)}, [], {TUESDAY: parse_hours(moved)}, MADRID
    )
    if is_refused:
        with pytest.raises(Overlap) as caught:
            call()
        assert caught.value.on == own_on
    else:
        assert call()[TUESDAY]
