"""Every zone that this machine knows, at every change of its clock from 2024 to 2030 (A8)."""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shifts.core.hours import Hours, check_hours, parse_hours
from shifts.core.roster import Span, apart, day_bounds, spans_of

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
HALF_DAY = timedelta(hours=12)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
QUARTERS = range(0, 1440, 15)


@dataclass(frozen=True)
class Turn:
    """A change of a zone's clock, and the offsets on both sides of it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def on(self) -> date:
        """The day that the clock shows just before."""
        return (self.at + self.before - TICK).date()

    def first_showing(self, on: date, minute: int) -> datetime:
        """The first instant at which the clock has reached a wall time: the rule of DST in one line."""
        wall = datetime.combine(on, time(), UTC) + timedelta(minutes=minute)
        instant = wall - self.before
        return instant if instant < self.at else max(self.at, wall - self.after)

    def spans(self, on: date, hours: Hours) -> list[Span]:
        """What the hours of a day come to by the rule."""
        found: list[Span] = []
        for start, end in hours:
            span = self.first_showing(on, start), self.first_showing(on, end)
            if found and found[-1][1] == span[0]:
                found[-1] = found[-1][0], span[1]
            elif span[0] < span[1]:
                found.append(span)
        return found


def offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


def turns_of(zone: ZoneInfo) -> Iterator[Turn]:
    """The changes of a zone's clock to the second; one that is none for a zone without."""
    at, now = FIRST, offset(zone, FIRST)
    found = False
    while at < LAST:
        then = offset(zone, at + HALF_DAY)
        if then != now:
            seconds = bisect_left(
                range(int(HALF_DAY / SECOND)),
                True,
                key=lambda number: offset(zone, at + number * SECOND) == then,
            )
            yield Turn(at + seconds * SECOND, now, then)
            found = True
        at, now = at + HALF_DAY, then
    if not found:
        yield Turn(datetime(2026, 6, 1, tzinfo=UTC), now, now)


@cache
def calendars() -> dict[tuple[Turn, ...], list[str]]:
    """The different calendars among all zones, each with the names that share it."""
    found = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        found[tuple(turns_of(ZoneInfo(name)))].append(name)
    return dict(found)


@cache
def turning_zones() -> list[tuple[ZoneInfo, Turn]]:
    """Each change of each calendar once."""
    return [(ZoneInfo(names[0]), turn) for turns, names in calendars().items() for turn in turns]


def days_around(turn: Turn, reach: int) -> list[date]:
    return [turn.on + number * DAY for number in range(-reach, reach + 1)]


def test_the_calendars_are_those_of_the_machine() -> None:
    zones = {name: turns for turns, names in calendars().items() for name in names}
    assert set(zones) == zoneinfo.available_timezones()
    assert len(zones) > 400
    berlin, tokyo = zones["Europe/Berlin"], zones["Asia/Tokyo"]
    assert [turn.at for turn in berlin[:2]] == [
        datetime(2024, 3, 31, 1, tzinfo=UTC),
        datetime(2024, 10, 27, 1, tzinfo=UTC),
    ]
    assert len(berlin) == 14
    assert [turn.before == turn.after for turn in tokyo] == [True]
    assert sum(len(turns) * len(names) for turns, names in calendars().items()) > 2500


@pytest.mark.feature("R30")
def test_every_quarter_hour_of_every_zone_is_the_first_instant_that_has_reached_it() -> None:
    wrong, checked = [], 0
    for turns, names in calendars().items():
        for name in names:
            zone = ZoneInfo(name)
            for turn in turns:
                for on in days_around(turn, 1 if name == names[0] else 0):
                    for minute in QUARTERS:
                        hours = ((minute, minute + 15),)
                        checked += 1
                        if spans_of(on, hours, zone) != turn.spans(on, hours):
                            wrong.append((name, on, minute))
    assert wrong == []
    assert checked > 300_000


@pytest.mark.feature("R30")
def test_later_on_the_wall_is_never_earlier_in_time_and_quarters_fill_the_days() -> None:
    for zone, turn in turning_zones():
        days = days_around(turn, 1)
        quarters = [
            span
            for on in days
            for minute in QUARTERS
            for span in spans_of(on, ((minute, minute + 15),), zone)
        ]
        assert all(start < end for start, end in quarters)
        begins, ends = zip(*quarters, strict=True)
        assert begins[1:] == ends[:-1], (zone, turn)
        assert begins[0] == day_bounds(days[0], zone)[0]
        assert ends[-1] == day_bounds(days[-1], zone)[1]


def test_days_touch_and_are_as_long_as_the_clock_makes_them() -> None:
    for zone, turn in turning_zones():
        days = days_around(turn, 3)
        bounds = [day_bounds(on, zone) for on in days]
        for on, (begins, closes) in zip(days, bounds, strict=True):
            assert spans_of(on, ((0, 1440),), zone) == [(begins, closes)]
            assert begins.utcoffset() == closes.utcoffset() == timedelta()
            assert begins.astimezone(zone).date() == on, (zone, on)
            assert (begins - TICK).astimezone(zone).date() == on - DAY, (zone, on)
            jumped = turn.after - turn.before if begins < turn.at <= closes else timedelta()
            if turn.at not in (begins, closes):
                assert closes - begins == DAY - jumped, (zone, on)
        assert [begins for begins, _ in bounds[1:]] == [closes for _, closes in bounds[:-1]]
        assert bounds[-1][1] - bounds[0][0] == 7 * DAY - (turn.after - turn.before)


@pytest.mark.parametrize(
    ("text", "is_endless"),
    [
        ("00:00-24:00", True),
        ("09:00-09:00 +1", True),
        ("00:00-12:00, 12:00-24:00", True),
        ("22:00-06:00, 06:00-22:00", True),
        ("22:00-06:00", False),
        ("23:45-00:15", False),
        ("02:00-03:00", False),
        ("02:15-02:45", False),
        ("00:15-00:45", False),
        ("09:00-13:00, 14:00-18:00", False),
    ],
)
def test_the_same_hours_on_consecutive_days_come_once_a_day(text: str, is_endless: bool) -> None:
    hours, swallowed = parse_hours(text), 0
    for zone, turn in turning_zones():
        days = days_around(turn, 3)
        found = [(on, span) for on in days for span in spans_of(on, hours, zone)]
        expected = [(on, span) for on in days for span in turn.spans(on, hours)]
        assert found == expected, (zone, turn)
        spans = [span for _, span in found]
        assert all(one[1] <= two[0] for one, two in pairwise(spans))
        if is_endless:
            assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
            assert set(days) == {on for on, _ in found}
        missing = set(days) - {on for on, _ in found}
        swallowed += len(missing)
        assert missing <= {
            on for on in days if turn.before < turn.after and abs(on - turn.on) <= DAY
        }
        assert apart(found) == found
    assert (swallowed > 0) is (text in {"02:00-03:00", "02:15-02:45", "00:15-00:45"})


@st.composite
def some_hours(draw: st.DrawFn) -> Hours:
    marks = sorted(draw(st.sets(st.integers(0, 1439), min_size=2, max_size=8)))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    last = (draw(st.integers(marks[-1], 1439)), 1440 + draw(st.integers(0, marks[0])))
    return check_hours([*pairs, last] if draw(st.booleans()) and len(marks) % 2 == 0 else pairs)


@given(some_hours(), st.integers(0), st.integers(-2, 2))
def test_any_hours_near_any_change_follow_the_rule(hours: Hours, number: int, away: int) -> None:
    zone, turn = turning_zones()[number % len(turning_zones())]
    on = turn.on + away * DAY
    spans = spans_of(on, hours, zone)
    assert spans == turn.spans(on, hours)
    assert all(one[1] < two[0] for one, two in pairwise(spans))


# zone, day, hours, instants in UTC
EXAMPLES = [
    ("Europe/Berlin", "2026-03-29", "02:15-02:45", []),
    ("Europe/Berlin", "2026-03-29", "02:30-04:00", [("03-29 01:00", "03-29 02:00")]),
    ("Europe/Berlin", "2026-03-29", "01:00-02:30", [("03-29 00:00", "03-29 01:00")]),
    ("Europe/Berlin", "2026-03-29", "1-2:15, 2:45-4", [("03-29 00:00", "03-29 02:00")]),
    ("Europe/Berlin", "2026-03-28", "22:00-06:00", [("03-28 21:00", "03-29 04:00")]),
    ("Europe/Berlin", "2026-03-28", "22:00-02:30", [("03-28 21:00", "03-29 01:00")]),
    ("Europe/Berlin", "2026-10-25", "02:15-02:45", [("10-25 00:15", "10-25 00:45")]),
    ("Europe/Berlin", "2026-10-25", "02:15-03:00", [("10-25 00:15", "10-25 02:00")]),
    ("Europe/Berlin", "2026-10-24", "22:00-06:00", [("10-24 20:00", "10-25 05:00")]),
    ("Australia/Lord_Howe", "2026-10-04", "02:15-03:00", [("10-03 15:30", "10-03 16:00")]),
    ("Australia/Lord_Howe", "2026-04-05", "01:45-02:15", [("04-04 14:45", "04-04 15:45")]),
    ("Africa/Cairo", "2026-04-24", "00:00-24:00", [("04-23 22:00", "04-24 21:00")]),
    ("Africa/Cairo", "2026-04-23", "22:00-00:30", [("04-23 20:00", "04-23 22:00")]),
    ("America/Santiago", "2026-09-06", "00:15-00:45", []),
    ("Asia/Beirut", "2026-10-24", "23:00-24:00", [("10-24 20:00", "10-24 22:00")]),
    ("Asia/Beirut", "2026-10-24", "22:00-23:30", [("10-24 19:00", "10-24 20:30")]),
    ("America/Scoresbysund", "2026-03-28", "23:15-06:00", [("03-29 01:00", "03-29 07:00")]),
    ("America/Scoresbysund", "2026-03-28", "23:15-23:45", []),
    ("Pacific/Apia", "2011-12-30", "00:00-24:00", []),
    ("Pacific/Apia", "2011-12-29", "22:00-06:00", [("12-30 08:00", "12-30 10:00")]),
    ("Asia/Kathmandu", "2026-07-01", "09:00-18:00", [("07-01 03:15", "07-01 12:15")]),
]


@pytest.mark.feature("R30")
@pytest.mark.parametrize(("zone", "on", "text", "expected"), EXAMPLES)
def test_hours_on_the_days_of_a_change_by_hand(
    zone: str, on: str, text: str, expected: list[tuple[str, str]]
) -> None:
    spans = spans_of(date.fromisoformat(on), parse_hours(text), ZoneInfo(zone))
    shown = [(f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}") for start, end in spans]
    assert shown == expected


def test_a_day_that_a_zone_leaves_out_is_empty_and_its_neighbours_touch() -> None:
    apia = ZoneInfo("Pacific/Apia")
    thursday, friday, saturday = (day_bounds(date(2011, 12, day), apia) for day in (29, 30, 31))
    assert thursday[1] == friday[0] == friday[1] == saturday[0]
