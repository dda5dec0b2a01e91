"""Working windows: half-open, over midnight, in any zone, on DST days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.windows import (
    DailyWindow,
    closed_at,
    closes_at,
    instant_of,
    is_open,
    opens_at,
)

OFFICE = DailyWindow(time(9), time(18))
NIGHT = DailyWindow(time(22), time(6))
ALL_DAY = DailyWindow(time(9), time(9))
BERLIN = "Europe/Berlin"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.feature("F81")
@pytest.mark.parametrize(
    ("window", "clock", "open_"),
    [
        (OFFICE, time(8, 59, 59, 999999), False),
        (OFFICE, time(9), True),
        (OFFICE, time(17, 59, 59, 999999), True),
        (OFFICE, time(18), False),
        (NIGHT, time(22), True),
        (NIGHT, time(0), True),
        (NIGHT, time(5, 59, 59), True),
        (NIGHT, time(6), False),
        (NIGHT, time(21, 59, 59), False),
        (ALL_DAY, time(9), True),
        (ALL_DAY, time(8, 59), True),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(
    window: DailyWindow, clock: time, open_: bool
) -> None:
    for zone in ("UTC", BERLIN, "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Chatham"):
        instant = datetime.combine(date(2025, 6, 4), clock, ZoneInfo(zone))
        assert is_open(window, zone, instant) is open_


def test_the_next_opening_and_closing_are_found() -> None:
    before, inside, after = utc(2025, 1, 6, 7), utc(2025, 1, 6, 10), utc(2025, 1, 6, 22)
    assert opens_at(OFFICE, BERLIN, before) == utc(2025, 1, 6, 8)
    assert opens_at(OFFICE, BERLIN, inside) == inside
    assert opens_at(OFFICE, BERLIN, after) == utc(2025, 1, 7, 8)
    assert closes_at(OFFICE, BERLIN, inside) == utc(2025, 1, 6, 17)
    assert closes_at(OFFICE, BERLIN, after) == utc(2025, 1, 7, 17)
    assert closed_at(OFFICE, BERLIN, inside) == utc(2025, 1, 5, 17)
    assert closed_at(OFFICE, BERLIN, utc(2025, 1, 6, 17)) == utc(2025, 1, 6, 17)


def test_a_window_without_end_never_closes() -> None:
    assert closes_at(ALL_DAY, BERLIN, utc(2025, 1, 6)) is None
    assert closed_at(ALL_DAY, BERLIN, utc(2025, 1, 6)) is None


@pytest.mark.feature("F82")
def test_a_friday_evening_opens_on_monday() -> None:
    weekdays = DailyWindow(time(9), time(18), frozenset(range(5)))
    friday_evening = utc(2025, 1, 10, 20)
    assert opens_at(weekdays, "UTC", friday_evening) == utc(2025, 1, 13, 9)
    assert closed_at(weekdays, "UTC", utc(2025, 1, 13, 8)) == utc(2025, 1, 10, 18)


def test_days_around_the_clock_join_into_one_period() -> None:
    from_monday_to_saturday = DailyWindow(time(0), time(0), frozenset(range(6)))
    wednesday = utc(2025, 1, 8, 12)
    assert closes_at(from_monday_to_saturday, "UTC", wednesday) == utc(2025, 1, 12)
    assert opens_at(from_monday_to_saturday, "UTC", utc(2025, 1, 12, 5)) == utc(2025, 1, 13)


def test_a_window_on_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="weekdays"):
        DailyWindow(time(9), time(18), frozenset())


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        (BERLIN, date(2025, 3, 30), time(2, 30), utc(2025, 3, 30, 1)),
        (BERLIN, date(2025, 3, 30), time(2), utc(2025, 3, 30, 1)),
        (BERLIN, date(2025, 3, 30), time(3), utc(2025, 3, 30, 1)),
        (BERLIN, date(2025, 3, 30), time(2, 30, 0, 1), utc(2025, 3, 30, 1)),
        (BERLIN, date(2025, 10, 26), time(2, 30), utc(2025, 10, 26, 0, 30)),
        ("America/New_York", date(2026, 3, 8), time(2, 59), utc(2026, 3, 8, 7)),
        ("Australia/Lord_Howe", date(2025, 10, 5), time(2, 15), utc(2025, 10, 4, 15, 30)),
        ("Africa/Cairo", date(2025, 4, 25), time(0, 30), utc(2025, 4, 24, 22)),
        ("America/Santiago", date(2025, 9, 7), time(0), utc(2025, 9, 7, 4)),
        ("Pacific/Apia", date(2011, 12, 30), time(9), utc(2011, 12, 30, 10)),
    ],
)
def test_a_missing_time_is_the_end_of_the_gap_and_a_repeated_one_its_first_occurrence(
    zone: str, day: date, clock: time, instant: datetime
) -> None:
    assert instant_of(day, clock, zone) == instant


def test_a_window_inside_the_gap_is_left_out_that_day() -> None:
    small = DailyWindow(time(2, 10), time(2, 50))
    gap = utc(2025, 3, 30, 1)
    assert not is_open(small, BERLIN, gap)
    assert opens_at(small, BERLIN, gap - timedelta(hours=9)) == utc(2025, 3, 31, 0, 10)
    assert opens_at(small, BERLIN, gap) == utc(2025, 3, 31, 0, 10)


ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Godthab",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jakarta",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
]
START = utc(2024, 1, 1)
HOURS = 7 * 365 * 24


def transitions(zone: str) -> list[datetime]:
    """The instants (to the hour before) around which the zone's offset changes, 2024 to 2030."""
    tz = ZoneInfo(zone)
    found, old = [], START.astimezone(tz).utcoffset()
    for number in range(0, HOURS, 24):
        instant = START + timedelta(hours=number)
        new = instant.astimezone(tz).utcoffset()
        if new != old:
            found.append(instant - timedelta(hours=12))
        old = new
    return found


TRANSITIONS = {zone: transitions(zone) or [utc(2026, 6, 1)] for zone in ZONES}

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 29, 30, 59]))
windows = st.builds(
    DailyWindow,
    clocks,
    clocks,
    st.sampled_from([frozenset(range(7)), frozenset(range(5)), frozenset({6})]),
)
near_transitions = st.sampled_from(ZONES).flatmap(
    lambda zone: st.tuples(
        st.just(zone),
        st.builds(
            lambda around, seconds: around + timedelta(seconds=seconds),
            st.sampled_from(TRANSITIONS[zone]),
            st.integers(-40 * 3600, 40 * 3600),
        ),
    )
)


@given(windows, near_transitions)
def test_opening_and_closing_agree_with_being_open(
    window: DailyWindow, at: tuple[str, datetime]
) -> None:
    zone, instant = at
    opening, closing = opens_at(window, zone, instant), closes_at(window, zone, instant)
    tick = timedelta(microseconds=1)
    assert opening >= instant
    assert is_open(window, zone, opening)
    assert is_open(window, zone, instant) is (opening == instant)
    if opening > instant:
        assert not is_open(window, zone, opening - tick)
        assert not is_open(window, zone, instant + (opening - instant) / 2)
    if closing is not None:
        assert closing > opening
        assert not is_open(window, zone, closing)
        assert is_open(window, zone, closing - tick)
        assert closed_at(window, zone, closing) == closing
        assert is_open(window, zone, opening + (closing - opening) / 2)


@given(windows, near_transitions)
def test_far_from_a_transition_the_wall_clock_alone_decides(
    window: DailyWindow, at: tuple[str, datetime]
) -> None:
    zone, instant = at
    wall = instant.astimezone(ZoneInfo(zone))
    week_around = [(instant + timedelta(hours=h)).astimezone(ZoneInfo(zone)) for h in (-49, 49)]
    if {moment.utcoffset() for moment in week_around} != {wall.utcoffset()}:
        return
    clock, today = wall.time(), wall.weekday()
    if window.starts < window.ends:
        expected = today in window.weekdays and window.starts <= clock < window.ends
    else:
        yesterday = (today - 1) % 7
        expected = (today in window.weekdays and clock >= window.starts) or (
            yesterday in window.weekdays and clock < window.ends
        )
    assert is_open(window, zone, instant) is expected


@given(near_transitions, clocks)
def test_the_instant_of_a_time_that_exists_shows_that_time(
    at: tuple[str, datetime], clock: time
) -> None:
    zone, around = at
    tz = ZoneInfo(zone)
    day = around.astimezone(tz).date()
    instant = instant_of(day, clock, zone)
    wall = instant.astimezone(tz)
    if (wall.date(), wall.time()) == (day, clock):
        assert wall.fold == 0
    else:
        just_before = (instant - timedelta(microseconds=1)).astimezone(tz)
        asked = datetime.combine(day, clock)
        assert just_before.replace(tzinfo=None) < asked < wall.replace(tzinfo=None)
