"""Coverage: the sweep against counting every minute, gaps joined, and hours where the clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.clock import ZoneClock
from shifts.core.coverage import Gap, Profile, changes_of, hours_of, least
from shifts.core.roster import Span

DAY = datetime(2026, 3, 2, tzinfo=UTC)
WHOLE = (DAY, DAY + timedelta(days=1))
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def span(start: str, end: str) -> Span:
    return at(start), at(end)


def profile(*spans: Span) -> Profile:
    return Profile(changes_of(spans), WHOLE)


@pytest.mark.parametrize(
    ("spans", "window", "people"),
    [
        ([], ("09:00", "10:00"), 0),
        ([("09:00", "18:00")], ("09:00", "10:00"), 1),
        ([("09:30", "18:00")], ("09:00", "10:00"), 0),
        ([("09:00", "09:59")], ("09:00", "10:00"), 0),
        # one leaves as another comes: never nobody
        ([("09:00", "09:30"), ("09:30", "18:00")], ("09:00", "10:00"), 1),
        ([("09:00", "09:30"), ("09:31", "18:00")], ("09:00", "10:00"), 0),
        ([("08:00", "12:00"), ("09:00", "18:00")], ("09:00", "12:00"), 2),
        ([("08:00", "12:00"), ("09:00", "18:00")], ("09:00", "12:01"), 1),
    ],
)
def test_the_least_number_is_that_of_the_emptiest_moment(
    spans: list[tuple[str, str]], window: tuple[str, str], people: int
) -> None:
    found = [span(*one) for one in spans]
    assert least(found, span(*window)) == people
    assert profile(*found).least(span(*window)) == people


def test_adjoining_gaps_are_joined_and_say_the_fewest_and_the_most() -> None:
    found = profile(span("09:00", "18:00"), span("10:00", "13:00"), span("10:00", "11:00"))
    windows = [span("08:00", "12:00"), span("12:00", "16:00"), span("17:00", "18:00")]
    assert found.gaps(windows, 2) == [
        Gap(at("8:00"), at("10:00"), 0, 1, 2),
        Gap(at("13:00"), at("16:00"), 1, 1, 2),
        Gap(at("17:00"), at("18:00"), 1, 1, 2),
    ]
    assert found.gaps(windows, 0) == []


def test_a_gap_that_goes_on_in_the_next_window_is_one_gap() -> None:
    windows = [span("08:00", "12:00"), span("12:00", "16:00")]
    assert profile().gaps(windows, 1) == [Gap(at("8:00"), at("16:00"), 0, 0, 1)]


MINUTES = st.integers(-60, 1500)


@given(
    st.lists(st.tuples(MINUTES, MINUTES), max_size=8),
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)),
    st.integers(0, 4),
)
def test_the_sweep_finds_what_counting_every_minute_finds(
    pairs: list[tuple[int, int]], window: tuple[int, int], needed: int
) -> None:
    counts = [sum(start <= minute < end for start, end in pairs) for minute in range(1440)]
    spans = [(DAY + timedelta(minutes=a), DAY + timedelta(minutes=b)) for a, b in pairs]
    found = Profile(changes_of(spans), WHOLE)
    asked = range(*window)
    bounds = (DAY + timedelta(minutes=window[0]), DAY + timedelta(minutes=window[1]))
    assert found.least(bounds) == min((counts[minute] for minute in asked), default=None)
    missing = {(DAY + timedelta(minutes=minute)) for minute in asked if counts[minute] < needed}
    gaps = found.gaps([bounds], needed)
    assert missing == {
        gap.starts_at + timedelta(minutes=minute)
        for gap in gaps
        for minute in range(int((gap.ends_at - gap.starts_at).total_seconds()) // 60)
    }
    assert all(first.ends_at < second.starts_at for first, second in pairwise(gaps))


def hours(
    on: date, zone: ZoneInfo, spans: list[Span], windows: list[Span], needed: int = 1
) -> list[tuple[int, int | None, bool, bool]]:
    clock = ZoneClock(zone)
    found = Profile(changes_of(spans), clock.bounds(on))
    return [
        (hour.hour, hour.people, hour.is_needed, hour.is_gap)
        for hour in hours_of(on, clock, found, windows, needed, datetime(2020, 1, 1, tzinfo=UTC))
    ]


def test_an_hour_that_is_needed_in_part_counts_in_that_part() -> None:
    day = ZoneInfo("UTC")
    found = hours(DAY.date(), day, [span("09:30", "17:00")], [span("09:30", "18:00")])
    assert found[8:11] == [(8, 0, False, False), (9, 1, True, False), (10, 1, True, False)]
    assert found[16:19] == [(16, 1, True, False), (17, 0, True, True), (18, 0, False, False)]


@pytest.mark.parametrize(
    ("on", "zone", "hour", "length", "total"),
    [
        (date(2026, 3, 29), BERLIN, 2, 0, 23 * 60),
        (date(2026, 10, 25), BERLIN, 2, 120, 25 * 60),
        (date(2026, 4, 5), LORD_HOWE, 1, 90, 24 * 60 + 30),
        (date(2026, 10, 4), LORD_HOWE, 2, 30, 23 * 60 + 30),
        (date(2026, 6, 1), BERLIN, 2, 60, 24 * 60),
    ],
)
def test_an_hour_is_as_long_as_the_clock_makes_it(
    on: date, zone: ZoneInfo, hour: int, length: int, total: int
) -> None:
    clock = ZoneClock(zone)
    found = hours_of(
        on, clock, Profile([], clock.bounds(on)), [], 1, datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert [one.hour for one in found] == list(range(24))
    assert found[hour].length == timedelta(minutes=length)
    assert found[hour].is_skipped == (length == 0)
    assert found[hour].is_repeated == (length > 60)
    assert sum((one.length for one in found), timedelta(0)) == timedelta(minutes=total)
    assert (found[hour].people is None) == (length == 0)


def test_a_repeated_hour_counts_the_emptier_of_the_two() -> None:
    on = date(2026, 10, 25)
    start, _ = ZoneClock(BERLIN).bounds(on)
    # There for the first 02:00–03:00 only: four hours have passed when the second one ends.
    found = hours(on, BERLIN, [(start, start + timedelta(hours=3))], [])
    assert [people for _, people, _, _ in found[:4]] == [1, 1, 0, 0]
    found = hours(on, BERLIN, [(start, start + timedelta(hours=4))], [])
    assert [people for _, people, _, _ in found[:4]] == [1, 1, 1, 0]


def test_what_is_over_has_no_people_and_no_gap() -> None:
    clock = ZoneClock(UTC)
    found = hours_of(DAY.date(), clock, profile(), [WHOLE], 1, at("10:30"))
    assert [(hour.people, hour.is_gap) for hour in found[9:12]] == [
        (None, False),
        (0, True),
        (0, True),
    ]
