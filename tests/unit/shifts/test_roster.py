"""The roster: the five states of a schedule at every minute, nights, split shifts, teams across zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shifts.core.hours import parse_hours
from shifts.core.layers import EMPTY, Cause, Day, Kind, Layer
from shifts.core.roster import (
    Span,
    Standing,
    State,
    apart,
    day_bounds,
    outside,
    spans_of,
    standing_at,
)

IN_SERVICE, START_AT = State.IN_SERVICE, State.START_AT
COMPLETED, DAY_OFF = State.COMPLETED, State.DAY_OFF
NO_PLAN = State.EMPTY

TUESDAY = date(2026, 6, 2)
MIDNIGHT = datetime(2026, 6, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

Plan = dict[date, Day]


def work(text: str) -> Day:
    return Day(Kind.WORK, parse_hours(text), None, Layer.PATTERN)


def off(text: str = "") -> Day:
    return Day(Kind.DAY_OFF, parse_hours(text), Cause.MARKED, Layer.MONTH)


def plan_of(*days: Day, first: date = TUESDAY) -> Plan:
    return {first + number * ONE_DAY: day for number, day in enumerate(days)}


def state_of(plan: Plan, now: datetime, zone: tzinfo = UTC) -> Standing:
    """The state at a moment, from the days of a plan."""
    today = now.astimezone(zone).date()
    spans = apart((on, span) for on, day in plan.items() for span in spans_of(on, day.works, zone))
    upcoming = [(on, span) for on, span in spans if span[1] > now]
    return standing_at(now, today=today, kind=plan.get(today, EMPTY).kind, upcoming=upcoming)


def at(clock: str, day: int = 2) -> datetime:
    return datetime.fromisoformat(f"2026-06-{day:02d}T{clock}:00+00:00")


OFFICE, SPLIT = work("09:00-18:00"), work("09:00-13:00, 14:00-18:00")
NIGHT = work("22:00-06:00")
AT_NINE_TOMORROW = at("09:00", 3)

# Monday is the first day of these plans, Tuesday is today
STATES = [
    # F62 to F64: an ordinary day, half-open
    ((EMPTY, OFFICE), "00:00", START_AT, at("09:00")),
    ((EMPTY, OFFICE), "08:59", START_AT, at("09:00")),
    ((EMPTY, OFFICE), "09:00", IN_SERVICE, at("18:00")),
    ((EMPTY, OFFICE), "17:59", IN_SERVICE, at("18:00")),
    ((EMPTY, OFFICE), "18:00", COMPLETED, None),
    ((EMPTY, OFFICE, OFFICE), "18:00", COMPLETED, AT_NINE_TOMORROW),
    ((OFFICE, OFFICE), "08:00", START_AT, at("09:00")),
    # R36: between the intervals of a split shift, and after the last
    ((EMPTY, SPLIT), "12:59", IN_SERVICE, at("13:00")),
    ((EMPTY, SPLIT), "13:00", START_AT, at("14:00")),
    ((EMPTY, SPLIT), "13:59", START_AT, at("14:00")),
    ((EMPTY, SPLIT), "14:00", IN_SERVICE, at("18:00")),
    ((EMPTY, SPLIT, SPLIT), "18:00", COMPLETED, AT_NINE_TOMORROW),
    ((EMPTY, work("9-13, 13-18")), "12:00", IN_SERVICE, at("18:00")),
    # nights belong to the day on which they begin
    ((NIGHT, NIGHT), "05:59", IN_SERVICE, at("06:00")),
    ((NIGHT, NIGHT), "06:00", START_AT, at("22:00")),
    ((NIGHT, NIGHT), "22:00", IN_SERVICE, at("06:00", 3)),
    ((NIGHT, off("09:00-18:00")), "05:59", IN_SERVICE, at("06:00")),
    ((NIGHT, off("09:00-18:00")), "06:00", DAY_OFF, None),
    ((NIGHT, EMPTY), "05:59", IN_SERVICE, at("06:00")),
    ((NIGHT, EMPTY), "06:00", NO_PLAN, None),
    ((off("22:00-06:00"), OFFICE), "03:00", START_AT, at("09:00")),
    ((NIGHT, work("05:00-10:00")), "05:30", IN_SERVICE, at("06:00")),
    ((NIGHT, work("05:00-10:00")), "06:00", IN_SERVICE, at("10:00")),
    ((NIGHT, work("04:00-06:00")), "06:00", COMPLETED, None),
    ((NIGHT, work("00:00-06:00, 12:00-13:00")), "06:00", START_AT, at("12:00")),
    # F65: hours that are kept on a day off do not count
    ((EMPTY, off("09:00-18:00")), "10:00", DAY_OFF, None),
    ((EMPTY, off()), "10:00", DAY_OFF, None),
    ((EMPTY, off("09:00-18:00"), OFFICE), "10:00", DAY_OFF, AT_NINE_TOMORROW),
    # F66: nothing for today, whatever other days have
    ((EMPTY, EMPTY), "10:00", NO_PLAN, None),
    ((EMPTY, EMPTY, OFFICE), "10:00", NO_PLAN, AT_NINE_TOMORROW),
    ((OFFICE, EMPTY, OFFICE), "23:59", NO_PLAN, AT_NINE_TOMORROW),
    # around the clock
    ((work("0-24"), work("0-24"), work("0-24")), "00:00", IN_SERVICE, at("00:00", 3)),
    ((work("0-24"), work("0-24"), work("0-24")), "23:59", IN_SERVICE, at("00:00", 3)),
    ((work("9-9 +1"), off()), "08:59", IN_SERVICE, at("09:00")),
    ((work("9-9 +1"), off()), "09:00", DAY_OFF, None),
]


@pytest.mark.feature("F62", "F63", "F64", "F65", "F66", "R36")
@pytest.mark.parametrize(("days", "clock", "state", "moment"), STATES)
def test_the_state_of_a_day(
    days: tuple[Day, ...], clock: str, state: State, moment: datetime | None
) -> None:
    found = state_of(plan_of(*days, first=TUESDAY - ONE_DAY), at(clock))
    if state is IN_SERVICE:
        assert found == Standing(IN_SERVICE, ends_at=moment)
    else:
        assert found == Standing(state, starts_at=moment)
    assert found.is_in_service is (state is IN_SERVICE)


def test_hours_hold_their_start_and_not_their_end_to_the_microsecond() -> None:
    plan = plan_of(OFFICE)
    assert state_of(plan, at("09:00") - TICK).state is START_AT
    assert state_of(plan, at("09:00")).state is IN_SERVICE
    assert state_of(plan, at("18:00") - TICK).state is IN_SERVICE
    assert state_of(plan, at("18:00")).state is COMPLETED


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A day of any kind; one that works may have up to three intervals and end on the next day."""
    kind = draw(st.sampled_from([Kind.WORK, Kind.WORK, Kind.WORK, Kind.DAY_OFF, Kind.EMPTY]))
    if kind is Kind.EMPTY:
        return EMPTY
    grid = st.integers(0, 95).map(lambda number: 15 * number)
    starts = sorted(draw(st.sets(grid, min_size=1, max_size=3)))
    limits = [*starts[1:], starts[0] + 1440]
    hours = tuple(
        (start, draw(st.integers(start + 1, limit)))
        for start, limit in zip(starts, limits, strict=True)
    )
    return Day(kind, hours)


def brute_standings(plan: list[Day], minutes: Iterable[int]) -> list[Standing]:
    """The state at minutes of the second of three days, by the owner of each minute."""
    owner: dict[int, int] = {}
    for number, day in enumerate(plan):
        for start, end in day.works:
            for minute in range(start, end):
                owner.setdefault(1440 * (number - 1) + minute, number)  # the earlier day goes first
    return [_brute_standing(plan[1].kind, owner, minute) for minute in minutes]


def _brute_standing(today: Kind, owner: dict[int, int], minute: int) -> Standing:
    other = minute
    if minute in owner:
        while owner.get(other) == owner[minute]:
            other += 1
        return Standing(IN_SERVICE, ends_at=MIDNIGHT + other * MINUTE)
    while other not in owner and other < 4 * 1440:
        other += 1
    starts_at = MIDNIGHT + other * MINUTE if other in owner else None
    if owner.get(other) == 1:
        return Standing(START_AT, starts_at=starts_at)
    states = {Kind.WORK: COMPLETED, Kind.DAY_OFF: DAY_OFF, Kind.EMPTY: NO_PLAN}
    return Standing(states[today], starts_at=starts_at)


def standings(plan: Sequence[Day], minutes: Iterable[int]) -> list[Standing]:
    """What the roster says at the same minutes."""
    layers = plan_of(*plan, first=TUESDAY - ONE_DAY)
    return [state_of(layers, MIDNIGHT + minute * MINUTE) for minute in minutes]


@settings(max_examples=50, deadline=None)
@given(st.tuples(days(), days(), days()), st.integers(0, 14))
def test_the_state_is_right_at_every_minute_of_a_day(
    plan: tuple[Day, Day, Day], first: int
) -> None:
    edges = {
        1440 * (number - 1) + edge + near
        for number, day in enumerate(plan)
        for interval in day.works
        for edge in interval
        for near in (-1, 0, 1)
    }
    minutes = sorted({*range(first, 1440, 15), 0, 1439, *(m for m in edges if 0 <= m < 1440)})
    assert standings(plan, minutes) == brute_standings(list(plan), minutes)


@pytest.mark.feature("F62", "F63", "F64", "R36")
@pytest.mark.parametrize("yesterday", [EMPTY, OFFICE, NIGHT, work("12-11:59"), work("9-9 +1")])
@pytest.mark.parametrize("tomorrow", [EMPTY, NIGHT])
@pytest.mark.parametrize(
    "today",
    [EMPTY, off("09:00-18:00"), OFFICE, SPLIT, NIGHT, work("0-3, 3-7:01, 12-13, 23:59-23:58")],
)
def test_every_single_minute_of_telling_days_is_right(
    yesterday: Day, today: Day, tomorrow: Day
) -> None:
    plan = [yesterday, today, tomorrow]
    assert standings(plan, range(1440)) == brute_standings(plan, range(1440))


@pytest.mark.feature("F4")
def test_two_people_with_the_same_hours_of_their_own_are_at_work_at_their_own_instants() -> None:
    plan = plan_of(*[OFFICE] * 4, first=TUESDAY - ONE_DAY)
    moscow, bogota = ZoneInfo("Europe/Moscow"), ZoneInfo("America/Bogota")  # UTC+3 and UTC-5
    for minute in range(1440):
        now = MIDNIGHT + minute * MINUTE
        assert state_of(plan, now, moscow).is_in_service is (6 <= now.hour < 15)
        assert state_of(plan, now, bogota).is_in_service is (14 <= now.hour < 23)
    assert state_of(plan, at("02:00"), moscow) == Standing(START_AT, starts_at=at("06:00"))
    # 21:00 on Monday in Bogota, 01:00 on Wednesday in Moscow
    assert state_of(plan, at("02:00"), bogota) == Standing(COMPLETED, starts_at=at("14:00"))
    assert state_of(plan, at("22:00"), moscow) == Standing(START_AT, starts_at=at("06:00", 3))


@pytest.mark.feature("F57")
def test_whoever_changes_zone_is_judged_by_the_new_clock_from_then_on() -> None:
    plan = plan_of(OFFICE, EMPTY)
    now = at("17:30")
    assert state_of(plan, now, ZoneInfo("Europe/London")).state is COMPLETED  # 18:30
    assert state_of(plan, now, ZoneInfo("Atlantic/Azores")).state is IN_SERVICE  # 17:30
    assert state_of(plan, now, ZoneInfo("Asia/Vladivostok")).state is NO_PLAN  # Wednesday


@pytest.mark.feature("R30")
@pytest.mark.parametrize(
    ("first", "hours_long"), [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (TUESDAY, 8)]
)
def test_a_night_over_a_change_of_the_clock_lasts_until_six_by_the_wall(
    first: date, hours_long: int
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    plan = plan_of(NIGHT, off(), first=first)
    begins, closes = day_bounds(first, berlin)[0], day_bounds(first + ONE_DAY, berlin)[1]
    moments = [begins + number * 5 * MINUTE for number in range((closes - begins) // (5 * MINUTE))]
    states = [state_of(plan, moment, berlin).state for moment in moments]
    assert states == sorted(states, key=[START_AT, IN_SERVICE, DAY_OFF].index)
    assert states.count(IN_SERVICE) == hours_long * 12
    until_six = state_of(plan, moments[states.index(IN_SERVICE)], berlin).ends_at
    assert until_six is not None
    assert until_six.astimezone(berlin).time().isoformat("minutes") == "06:00"


@pytest.mark.parametrize(
    "zone",
    [UTC, ZoneInfo("UTC"), ZoneInfo("Etc/UTC"), timezone(timedelta(0)), ZoneInfo("Africa/Abidjan")],
    ids=repr,
)
def test_utc_is_utc_under_any_name(zone: tzinfo) -> None:
    hours = parse_hours("00:00-09:00, 22:00-06:00")
    assert spans_of(TUESDAY, hours, zone) == spans_of(TUESDAY, hours, UTC)
    assert day_bounds(TUESDAY, zone) == (MIDNIGHT, MIDNIGHT + ONE_DAY)


def test_spans_that_touch_are_one_and_those_that_do_not_are_kept_apart() -> None:
    def spans(*hours: tuple[int, int]) -> list[tuple[int, int]]:
        found = spans_of(TUESDAY, hours, UTC)
        return [((a - MIDNIGHT) // MINUTE, (b - MIDNIGHT) // MINUTE) for a, b in found]

    assert spans((0, 60), (60, 120)) == [(0, 120)]
    assert spans((0, 60), (61, 120)) == [(0, 60), (61, 120)]
    assert spans((0, 120), (30, 60)) == [(0, 120)]
    assert spans() == []


def span_of(start: int, end: int) -> Span:
    return MIDNIGHT + start * MINUTE, MIDNIGHT + end * MINUTE


some_spans = st.lists(
    st.builds(
        lambda number, start, length: (
            TUESDAY + number * ONE_DAY,
            span_of(1440 * number + start, 1440 * number + start + length),
        ),
        st.integers(0, 3),
        st.integers(0, 1439),
        st.integers(0, 1440),
    ),
    max_size=9,
)


def covered(spans: list[tuple[date, Span]]) -> set[int]:
    return {
        minute
        for _, (start, end) in spans
        for minute in range((start - MIDNIGHT) // MINUTE, (end - MIDNIGHT) // MINUTE)
    }


@settings(deadline=None)
@given(some_spans)
def test_spans_that_are_set_apart_never_overlap_and_keep_their_union(
    spans: list[tuple[date, Span]],
) -> None:
    found = apart(spans)
    assert all(start < end for _, (start, end) in found)
    assert all(one[1][1] <= two[1][0] for one, two in pairwise(found))
    assert covered(found) == covered(spans)
    for on, (start, end) in found:
        assert any(day == on and span[0] <= start and end <= span[1] for day, span in spans)
    assert apart(found) == found
    assert covered(apart(reversed(spans))) == covered(spans)


@settings(deadline=None)
@given(some_spans, st.integers(0, 5000), st.integers(1, 3000))
def test_what_is_left_of_a_span_is_what_others_have_not_taken(
    taken: list[tuple[date, Span]], start: int, length: int
) -> None:
    span = span_of(start, start + length)
    others = [other for _, other in taken if other[0] < other[1]]
    found = [(TUESDAY, part) for part in outside(span, others)]
    assert all(begins < ends for _, (begins, ends) in found)
    assert all(one[1][1] < two[1][0] for one, two in pairwise(found))
    assert covered(found) == covered([(TUESDAY, span)]) - covered(taken)


def test_a_night_cuts_the_next_day_and_not_the_other_way_round() -> None:
    night = (TUESDAY, span_of(1320, 1800))
    morning = (TUESDAY + ONE_DAY, span_of(1740, 2040))
    rest = (TUESDAY + ONE_DAY, span_of(1800, 2040))
    assert apart([morning, night]) == [night, rest]
    inside = (TUESDAY + ONE_DAY, span_of(1500, 1700))
    assert apart([inside, night]) == [night]
    touching = (TUESDAY + ONE_DAY, span_of(1800, 1900))
    assert apart([touching, night]) == [night, touching]


@pytest.mark.parametrize("sunday", ["00:00-06:00", "00:00-03:00", "00:00-08:00"])
def test_a_night_that_a_gap_at_midnight_cuts_still_goes_before_the_next_day(sunday: str) -> None:
    # The clock jumps from 23:00 to 24:00: both days begin at one instant.
    zone, saturday = ZoneInfo("America/Scoresbysund"), date(2026, 3, 28)
    (night,) = spans_of(saturday, parse_hours("23:15-06:00"), zone)
    (day,) = spans_of(saturday + ONE_DAY, parse_hours(sunday), zone)
    assert night[0] == day[0]
    both = [(saturday + ONE_DAY, day), (saturday, night)]
    assert apart(both)[0] == apart(reversed(both))[0] == (saturday, night)
