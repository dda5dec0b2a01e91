"""Operations of the month grid on cells: what each makes of a day as it is set. Pure.

A cell is (our id of the manager, day); its value a MonthCell, None where nothing is set.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from shifts.core.hours import Hours
from shifts.core.layers import Day, Kind, MonthCell
from shifts.core.patterns import Pattern

Key = tuple[int, date]
Cells = Mapping[Key, MonthCell | None]
MOST_DAYS_AHEAD = 400  # a day so far ahead can be written
_WEEK = timedelta(days=7)


class Problem(StrEnum):
    """Why an operation cannot be done."""

    NO_HOURS = "no_hours"  # a day off without hours (F78)
    PAST = "past"  # the past is frozen (B9)
    FAR_AWAY = "far_away"
    INACTIVE = "manager_inactive"
    UNKNOWN = "unknown_manager"
    TOO_MANY = "too_many_cells"
    NOTHING = "nothing_to_do"


class BadOperation(ValueError):
    """The operation cannot be done on some of its cells; none was changed."""

    def __init__(self, problem: Problem, cells: Iterable[Key] = ()) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.cells = list(cells)


@dataclass(frozen=True, slots=True)
class Board:
    """What operations look at: values as they are set, patterns and holidays beneath."""

    value: Callable[[Key], MonthCell | None]
    pattern: Callable[[Key], Hours | None]
    base: Callable[[Key], Day]  # what pattern and month come to
    is_holiday: Callable[[date], bool]

    def has_hours(self, key: Key) -> bool:
        """Say whether there are hours that a day off could cover."""
        return bool(self.base(key).hours)


def set_hours(board: Board, keys: Iterable[Key], hours: Hours) -> Cells:
    """Give the days these hours; a day off that was marked is lifted, a holiday stays one."""
    return {key: MonthCell(hours) for key in keys}


def clear(board: Board, keys: Iterable[Key]) -> Cells:
    """Take hours and day off away (R35): the days are empty, whatever the pattern says."""
    return {key: None if board.pattern(key) is None else MonthCell(()) for key in keys}


def follow(board: Board, keys: Iterable[Key]) -> Cells:
    """Forget what was set: the standing pattern counts again."""
    return dict.fromkeys(keys)


def day_off(board: Board, keys: Iterable[Key], *, off: bool) -> Cells:
    """Mark days off without touching their hours (F76), or lift the marks (F77).

    Raises BadOperation where there are no hours (F78).
    """
    keys = list(keys)
    bare = [key for key in keys if not board.has_hours(key)]
    if bare:
        raise BadOperation(Problem.NO_HOURS, bare)
    return {key: _marked(board, key, off) for key in keys}


def _marked(board: Board, key: Key, off: bool) -> MonthCell | None:
    value = board.value(key)
    hours = value.hours if value else None
    mark: bool | None = True
    if not off:
        mark = False if board.is_holiday(key[1]) else None
    return None if hours is None and mark is None else MonthCell(hours, mark)


def paint(board: Board, keys: Iterable[Key], pattern: Pattern) -> Cells:
    """Fill days with a pattern's; its days of rest are days off without hours."""
    found = {}
    for key in keys:
        hours = pattern.hours_on(key[1])
        found[key] = MonthCell(hours, None if hours else True)
    return found


def copy_month(board: Board, managers: Iterable[int], source: date, target: date) -> Cells:
    """Copy a month day by day: the second Tuesday to the second Tuesday; only what has a plan.

    `source` and `target` are the first days of the months. A fifth weekday that the source has not
    takes after the fourth.
    """
    found: dict[Key, MonthCell | None] = {}
    for manager in managers:
        for on in days_of(target):
            day = board.base((manager, _twin(on, source)))
            if day.kind is not Kind.EMPTY:
                mark = True if day.kind is Kind.DAY_OFF else None
                found[manager, on] = MonthCell(day.hours, mark)
    return found


def _twin(on: date, source: date) -> date:
    """Return the day of the source's month that is the same weekday, counted from the month's start."""
    first = source + timedelta(days=(on.weekday() - source.weekday()) % 7)
    twin = first + (on.day - 1) // 7 * _WEEK
    return twin if twin.month == source.month else twin - _WEEK


def days_of(month: date) -> list[date]:
    """Return the days of the month that begins with `month`."""
    following = (month + timedelta(days=31)).replace(day=1)
    return [month + timedelta(days=number) for number in range((following - month).days)]
