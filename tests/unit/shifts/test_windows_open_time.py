"""A clock that sleeps while its window is closed, through every change to summer and winter time."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shifts.core.windows import DailyWindow, closes_at, is_open, open_time, open_until, opens_at

BERLIN = "Europe/Berlin"
OFFICE = DailyWindow(time(9), time(18))
WORKDAYS = DailyWindow(time(9), time(18), frozenset(range(5)))
NIGHT = DailyWindow(time(22), time(6))
ALWAYS = DailyWindow(time(0), time(0))
MINUTE = timedelta(minutes=1)

Clock = Callable[[DailyWindow, str, datetime, int], datetime]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.feature("F138")
@pytest.mark.parametrize(
    ("window", "start", "minutes", "end"),
    [
        # January in Berlin: 9:00 is 8:00 UTC, 18:00 is 17:00 UTC. The 3rd of 2025 is a Friday.
        (OFFICE, utc(2025, 1, 2, 10), 30, utc(2025, 1, 2, 10, 30)),
        (OFFICE, utc(2025, 1, 2, 16, 50), 10, utc(2025, 1, 2, 17)),  # at the closing, not at 9
        (OFFICE, utc(2025, 1, 2, 16, 50), 11, utc(2025, 1, 3, 8, 1)),
        (OFFICE, utc(2025, 1, 2, 17), 10, utc(2025, 1, 3, 8, 10)),  # closed at its end
        (OFFICE, utc(2025, 1, 2, 20), 10, utc(2025, 1, 3, 8, 10)),
        (OFFICE, utc(2025, 1, 2, 20), 0, utc(2025, 1, 2, 20)),
        (OFFICE, utc(2025, 1, 2, 8), 9 * 60 * 3, utc(2025, 1, 4, 17)),
        (WORKDAYS, utc(2025, 1, 3, 16, 59), 2, utc(2025, 1, 6, 8, 1)),
        (NIGHT, utc(2025, 1, 2, 23), 7 * 60, utc(2025, 1, 3, 22)),
        (ALWAYS, utc(2025, 1, 2, 23), 10_080, utc(2025, 1, 9, 23)),
    ],
)
def test_the_clock_runs_in_open_minutes_only(
    window: DailyWindow, start: datetime, minutes: int, end: datetime
) -> None:
    assert open_until(window, BERLIN, start, minutes) == end


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (utc(2025, 3, 29, 21), 7),  # 22:00 in Berlin; at 2:00 the clock jumps to 3:00
        (utc(2025, 10, 25, 20), 9),  # 22:00 in summer time; 2:00 to 3:00 comes twice
        (utc(2025, 6, 1, 20), 8),
    ],
)
def test_a_night_of_a_time_change_is_as_long_as_it_really_is(evening: datetime, hours: int) -> None:
    night = open_time(NIGHT, BERLIN, evening, evening + timedelta(hours=12))
    assert night == timedelta(hours=hours)
    assert open_until(NIGHT, BERLIN, evening, hours * 60) == evening + night


@pytest.mark.parametrize(
    ("start", "end", "open_"),
    [
        (utc(2025, 1, 2, 8), utc(2025, 1, 2, 17), timedelta(hours=9)),
        (utc(2025, 1, 2, 17), utc(2025, 1, 3, 8), timedelta()),
        (utc(2025, 1, 2, 16), utc(2025, 1, 3, 9), timedelta(hours=2)),
        (utc(2025, 1, 2, 0), utc(2025, 1, 9, 0), timedelta(hours=63)),
        (utc(2025, 1, 2, 12), utc(2025, 1, 2, 12), timedelta()),
        (utc(2025, 1, 2, 12), utc(2025, 1, 2, 9), timedelta()),
    ],
)
def test_open_time_counts_what_lies_inside_the_window(
    start: datetime, end: datetime, open_: timedelta
) -> None:
    assert open_time(OFFICE, BERLIN, start, end) == open_


def test_a_clock_cannot_run_backwards() -> None:
    with pytest.raises(ValueError):
        open_until(OFFICE, BERLIN, utc(2025, 1, 2), -1)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Europe/Berlin"])
def test_what_comes_out_is_in_utc_whatever_zone_the_start_is_in(zone: str) -> None:
    start = utc(2025, 1, 2, 10).astimezone(ZoneInfo(zone))
    assert open_until(ALWAYS, zone, start, 5).tzinfo is UTC


zones = st.sampled_from(
    ["Europe/Berlin", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Antarctica/Troll"]
)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
any_window = st.builds(
    DailyWindow,
    clocks,
    clocks,
    st.sampled_from([frozenset(range(7)), frozenset(range(5)), frozenset({6})]),
)
instants = st.builds(
    lambda around, seconds: around + timedelta(seconds=seconds),
    st.sampled_from(
        [
            utc(2025, 3, 9, 5),
            utc(2025, 3, 30, 1),
            utc(2025, 4, 5, 15),
            utc(2025, 4, 24, 22),
            utc(2025, 10, 4, 15, 30),
            utc(2025, 10, 26, 1),
            utc(2025, 11, 2, 5),
        ]
    ),
    st.integers(-60 * 3600, 60 * 3600),
)
minutes_of_a_clock = st.integers(0, 4000)


def is_inverse(
    window: DailyWindow, zone: str, start: datetime, minutes: int, clock: Clock = open_until
) -> None:
    """The time that passes until the clock runs out is exactly as long as it was set."""
    end = clock(window, zone, start, minutes)
    assert open_time(window, zone, start, end) == minutes * MINUTE
    assert end >= start
    if minutes:  # and it is the first such instant: until then the window is open
        assert is_open(window, zone, end - timedelta(microseconds=1))


@given(any_window, zones, instants, minutes_of_a_clock)
@example(OFFICE, BERLIN, utc(2025, 1, 2, 16, 50), 10)
def test_the_two_are_inverse_to_one_another(
    window: DailyWindow, zone: str, start: datetime, minutes: int
) -> None:
    is_inverse(window, zone, start, minutes)


@given(any_window, zones, st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_open_time_is_additive_and_never_longer_than_time(
    window: DailyWindow, zone: str, moments: list[datetime]
) -> None:
    first, between, last = moments
    whole = open_time(window, zone, first, last)
    assert whole == open_time(window, zone, first, between) + open_time(window, zone, between, last)
    assert timedelta() <= whole <= last - first


@given(any_window, zones, instants, st.lists(minutes_of_a_clock, min_size=2, max_size=5))
def test_a_longer_clock_ends_later_and_a_later_one_does_not_end_earlier(
    window: DailyWindow, zone: str, start: datetime, lengths: list[int]
) -> None:
    ends = [open_until(window, zone, start, minutes) for minutes in sorted(set(lengths))]
    assert all(earlier < later for earlier, later in pairwise(ends))
    later_start = start + timedelta(minutes=lengths[0])
    longest = max(lengths)
    assert open_until(window, zone, later_start, longest) >= open_until(
        window, zone, start, longest
    )


@given(any_window, zones, instants, minutes_of_a_clock, minutes_of_a_clock)
def test_a_clock_may_be_stopped_and_set_again_for_the_rest(
    window: DailyWindow, zone: str, start: datetime, first: int, rest: int
) -> None:
    stopped = open_until(window, zone, start, first)
    assert open_until(window, zone, stopped, rest) == open_until(window, zone, start, first + rest)


@given(any_window, zones, instants)
def test_open_time_agrees_with_the_openings_and_closings(
    window: DailyWindow, zone: str, start: datetime
) -> None:
    opening = opens_at(window, zone, start)
    assert open_time(window, zone, start, opening) == timedelta()
    closing = closes_at(window, zone, start)
    if closing is not None:
        assert open_time(window, zone, start, closing) == closing - opening


def by_the_wall_clock(window: DailyWindow, zone: str, start: datetime, minutes: int) -> datetime:
    """As if every day had 24 hours."""
    wall = start.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    plain = open_until(window, "UTC", wall, minutes).replace(tzinfo=ZoneInfo(zone))
    return plain.astimezone(UTC)


def over_the_night(window: DailyWindow, zone: str, start: datetime, minutes: int) -> datetime:
    """As if what runs out at a closing ran out at the next opening."""
    return opens_at(window, zone, open_until(window, zone, start, minutes))


def without_sleep(window: DailyWindow, zone: str, start: datetime, minutes: int) -> datetime:
    return start + minutes * MINUTE


@pytest.mark.parametrize(
    ("mutant", "case"),
    [
        (by_the_wall_clock, (NIGHT, BERLIN, utc(2025, 3, 29, 21), 300)),
        (over_the_night, (OFFICE, BERLIN, utc(2025, 1, 2, 16, 50), 10)),
        (without_sleep, (OFFICE, BERLIN, utc(2025, 1, 2, 16, 50), 11)),
    ],
)
def test_the_law_catches_a_broken_clock(
    mutant: Clock, case: tuple[DailyWindow, str, datetime, int]
) -> None:
    is_inverse(*case)
    with pytest.raises(AssertionError):
        is_inverse(*case, clock=mutant)
