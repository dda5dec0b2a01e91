"""Layers of a day as a table: pattern, month, holiday, override, swap."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from shifts.core.hours import Hours
from shifts.core.layers import (
    EMPTY,
    Cause,
    Day,
    Kind,
    Layer,
    MonthCell,
    OverrideCell,
    OverrideKind,
    day_of,
)

OFFICE: Hours = ((540, 1080),)
SPLIT: Hours = ((540, 780), (840, 1080))
NIGHT: Hours = ((1320, 1800),)

UNSET = None
FREE = MonthCell()
OFF = MonthCell(None, day_off=True)
EVEN_SO = MonthCell(None, day_off=False)
CLEARED = MonthCell(())
PAINTED_REST = MonthCell((), day_off=True)
OWN = MonthCell(SPLIT)
OWN_OFF = MonthCell(SPLIT, day_off=True)
OWN_EVEN_SO = MonthCell(SPLIT, day_off=False)
EVERY_CELL = (
    UNSET,
    FREE,
    OFF,
    EVEN_SO,
    CLEARED,
    PAINTED_REST,
    MonthCell((), day_off=False),
    OWN,
    OWN_OFF,
    OWN_EVEN_SO,
)
EVERY_PATTERN: tuple[Hours | None, ...] = (None, (), OFFICE)

REST = Day(Kind.DAY_OFF, (), Cause.REST, Layer.PATTERN)

# pattern, month, on an ordinary day, on a holiday
TABLE = [
    (None, UNSET, EMPTY, EMPTY),
    (None, FREE, EMPTY, EMPTY),
    (None, OFF, EMPTY, EMPTY),
    (None, EVEN_SO, EMPTY, EMPTY),
    (None, CLEARED, EMPTY, EMPTY),
    (
        None,
        OWN,
        Day(Kind.WORK, SPLIT, None, Layer.MONTH),
        Day(Kind.DAY_OFF, SPLIT, Cause.HOLIDAY, Layer.HOLIDAY),
    ),
    ((), UNSET, REST, REST),
    ((), FREE, REST, REST),
    ((), CLEARED, EMPTY, EMPTY),
    (
        (),
        PAINTED_REST,
        replace(REST, layer=Layer.MONTH),
        replace(REST, layer=Layer.MONTH),
    ),
    (
        (),
        OWN,
        Day(Kind.WORK, SPLIT, None, Layer.MONTH),
        Day(Kind.DAY_OFF, SPLIT, Cause.HOLIDAY, Layer.HOLIDAY),
    ),
    (
        OFFICE,
        UNSET,
        Day(Kind.WORK, OFFICE, None, Layer.PATTERN),
        Day(Kind.DAY_OFF, OFFICE, Cause.HOLIDAY, Layer.HOLIDAY),
    ),
    (
        OFFICE,
        FREE,
        Day(Kind.WORK, OFFICE, None, Layer.PATTERN),
        Day(Kind.DAY_OFF, OFFICE, Cause.HOLIDAY, Layer.HOLIDAY),
    ),
    (
        OFFICE,
        OFF,
        Day(Kind.DAY_OFF, OFFICE, Cause.MARKED, Layer.MONTH),
        Day(Kind.DAY_OFF, OFFICE, Cause.MARKED, Layer.MONTH),
    ),
    (
        OFFICE,
        EVEN_SO,
        Day(Kind.WORK, OFFICE, None, Layer.MONTH),
        Day(Kind.WORK, OFFICE, None, Layer.MONTH),
    ),
    (OFFICE, CLEARED, EMPTY, EMPTY),
    (
        OFFICE,
        PAINTED_REST,
        replace(REST, layer=Layer.MONTH),
        replace(REST, layer=Layer.MONTH),
    ),
    (
        OFFICE,
        OWN,
        Day(Kind.WORK, SPLIT, None, Layer.MONTH),
        Day(Kind.DAY_OFF, SPLIT, Cause.HOLIDAY, Layer.HOLIDAY),
    ),
    (
        OFFICE,
        OWN_OFF,
        Day(Kind.DAY_OFF, SPLIT, Cause.MARKED, Layer.MONTH),
        Day(Kind.DAY_OFF, SPLIT, Cause.MARKED, Layer.MONTH),
    ),
    (
        OFFICE,
        OWN_EVEN_SO,
        Day(Kind.WORK, SPLIT, None, Layer.MONTH),
        Day(Kind.WORK, SPLIT, None, Layer.MONTH),
    ),
]


@pytest.mark.feature("B10")
@pytest.mark.parametrize(("pattern", "month", "ordinary", "holiday"), TABLE)
def test_pattern_month_and_holiday_come_to_a_day(
    pattern: Hours | None, month: MonthCell | None, ordinary: Day, holiday: Day
) -> None:
    assert day_of(pattern=pattern, month=month) == ordinary
    assert day_of(pattern=pattern, month=month, is_holiday=True) == holiday


BASES = list(product(EVERY_PATTERN, EVERY_CELL, (False, True)))


@pytest.mark.parametrize(("pattern", "month", "is_holiday"), BASES)
def test_a_day_works_exactly_if_it_has_hours_and_nothing_takes_it_off(
    pattern: Hours | None, month: MonthCell | None, is_holiday: bool
) -> None:
    day = day_of(pattern=pattern, month=month, is_holiday=is_holiday)
    set_hours, mark = (month.hours, month.day_off) if month else (None, None)
    hours = pattern if set_hours is None else set_hours
    assert day.hours == (hours or ())
    works = bool(hours) and mark is not True and (mark is False or not is_holiday)
    assert (day.kind is Kind.WORK) is works
    assert day.works == (day.hours if works else ())
    assert (day.cause is None) is (day.kind is not Kind.DAY_OFF)
    assert (day == EMPTY) is (day.kind is Kind.EMPTY)


@pytest.mark.feature("F76", "F77")
@pytest.mark.parametrize("pattern", EVERY_PATTERN)
@pytest.mark.parametrize("hours", [None, OFFICE, SPLIT, NIGHT])
def test_a_day_off_keeps_the_hours_and_without_it_the_day_is_what_it_was(
    pattern: Hours | None, hours: Hours | None
) -> None:
    cell = MonthCell(hours) if hours else None
    before = day_of(pattern=pattern, month=cell)
    marked = MonthCell(hours, day_off=True)
    off = day_of(pattern=pattern, month=marked)
    assert off.kind is not Kind.WORK
    assert off.works == ()
    assert off.hours == before.hours
    lifted = replace(marked, day_off=None)
    assert day_of(pattern=pattern, month=lifted) == before


@pytest.mark.feature("F75", "R35")
@pytest.mark.parametrize("pattern", EVERY_PATTERN)
@pytest.mark.parametrize("is_holiday", [False, True])
def test_clearing_takes_hours_and_day_off_and_the_pattern_does_not_shine_through(
    pattern: Hours | None, is_holiday: bool
) -> None:
    assert day_of(pattern=pattern, month=CLEARED, is_holiday=is_holiday) == EMPTY


@pytest.mark.feature("B10")
@pytest.mark.parametrize("month", EVERY_CELL)
def test_a_holiday_keeps_the_hours_beneath(month: MonthCell | None) -> None:
    for pattern in EVERY_PATTERN:
        ordinary = day_of(pattern=pattern, month=month)
        holiday = day_of(pattern=pattern, month=month, is_holiday=True)
        assert holiday.hours == ordinary.hours
        if ordinary.kind is not Kind.WORK:
            assert holiday == ordinary


ABSENT = OverrideCell(OverrideKind.ABSENCE)
LATE = OverrideCell(OverrideKind.HOURS, NIGHT)
SHORT = OverrideCell(OverrideKind.HOURS, ((600, 660),))
TAKEN = OverrideCell(OverrideKind.SWAP, ((60, 120),))
TAKEN_LATER = OverrideCell(OverrideKind.SWAP, ((120, 180),))
GIVEN = OverrideCell(OverrideKind.SWAP)
EVERY_OVERRIDE = (ABSENT, LATE, SHORT, TAKEN, TAKEN_LATER, GIVEN)


@pytest.mark.feature("B9")
@pytest.mark.parametrize(("pattern", "month", "is_holiday"), BASES)
def test_one_override_beats_every_day_beneath(
    pattern: Hours | None, month: MonthCell | None, is_holiday: bool
) -> None:
    def with_override(cell: OverrideCell) -> Day:
        return day_of(pattern=pattern, month=month, is_holiday=is_holiday, overrides=[cell])

    hours = day_of(pattern=pattern, month=month, is_holiday=is_holiday).hours
    assert with_override(ABSENT) == Day(Kind.DAY_OFF, hours, Cause.ABSENCE, Layer.OVERRIDE)
    assert with_override(LATE) == Day(Kind.WORK, NIGHT, None, Layer.OVERRIDE)
    assert with_override(TAKEN) == Day(Kind.WORK, TAKEN.hours, None, Layer.SWAP)
    assert with_override(GIVEN) == Day(Kind.DAY_OFF, hours, Cause.SWAPPED, Layer.SWAP)


@pytest.mark.feature("B9")
@pytest.mark.parametrize("overrides", list(product(EVERY_OVERRIDE, repeat=3)))
def test_the_last_override_wins_whatever_its_kind(
    overrides: tuple[OverrideCell, ...],
) -> None:
    day = day_of(pattern=OFFICE, is_holiday=True, overrides=overrides)
    winner = overrides[-1]
    alone = day_of(pattern=OFFICE, is_holiday=True, overrides=[winner])
    assert (day.kind, day.cause, day.layer) == (alone.kind, alone.cause, alone.layer)
    assert day.works == alone.works
    assert (day.layer is Layer.SWAP) is (winner.kind is OverrideKind.SWAP)


def test_what_returns_after_an_absence_are_the_hours_that_it_covers() -> None:
    assert day_of(pattern=OFFICE, overrides=[LATE, ABSENT]).hours == NIGHT
    assert day_of(pattern=OFFICE, overrides=[LATE, GIVEN]).hours == NIGHT
    assert day_of(pattern=OFFICE, overrides=[ABSENT, LATE]).works == NIGHT
    assert day_of(pattern=OFFICE, overrides=[ABSENT]).hours == OFFICE


def test_other_hours_that_are_none_are_an_absence_and_not_a_swap() -> None:
    none = OverrideCell(OverrideKind.HOURS)
    day = day_of(pattern=OFFICE, overrides=[none])
    assert day == Day(Kind.DAY_OFF, OFFICE, Cause.ABSENCE, Layer.OVERRIDE)
