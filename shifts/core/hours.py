"""The hours of one day: intervals in minutes after midnight, from people's notation and back. Pure.

An interval is half-open, (start, end) with 0 <= start < 1440 and start < end <= start + 1440; an end
above 1440 lies on the next day.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

DAY = 1440
MOST_INTERVALS = 6

Interval = tuple[int, int]
Hours = tuple[Interval, ...]
WHOLE_DAY: Interval = (0, DAY)

_INTERVAL = re.compile(
    r"(?P<h1>\d{1,2})(?:[:.](?P<m1>\d{2}))?\s*[-–—]\s*(?P<h2>\d{1,2})(?:[:.](?P<m2>\d{2}))?"
    r"(?P<next_day>\s*\+1)?"
)


class Problem(StrEnum):
    """What is wrong with hours."""

    NOT_A_TIME = "not_a_time"  # "25:00-26:00", "morning"
    ZERO_LENGTH = "zero_length"  # "09:00-09:00"; a whole day is 00:00-24:00 or 09:00-09:00 +1
    OVERLAP = "overlap"  # "09:00-13:00, 12:00-15:00"
    TOO_MANY = "too_many"  # more than six intervals
    NO_HOURS = "no_hours"  # nothing at all where hours are needed


class BadHours(ValueError):
    """The hours cannot be understood or contradict themselves."""

    def __init__(self, problem: Problem, text: str = "") -> None:
        super().__init__(f"{problem.value}: {text}" if text else problem.value)
        self.problem = problem
        self.text = text  # the part that is wrong, as it was written


def parse_hours(text: str) -> Hours:
    """Return the hours that "09:00-13:00, 14:00-18:00" stands for; nothing for a blank text.

    An end before its start is read as over midnight; "09:00-09:00 +1" is a day and night.
    Raises BadHours.
    """
    parts = [part.strip() for part in re.split(r"[,;\n]", text)]
    return check_hours(_interval(part) for part in parts if part)


def _interval(part: str) -> Interval:
    found = _INTERVAL.fullmatch(part)
    if found is None:
        raise BadHours(Problem.NOT_A_TIME, part)
    start = _minutes(found["h1"], found["m1"], part)
    end = _minutes(found["h2"], found["m2"], part)
    if found["next_day"]:
        end += DAY
    elif start % DAY == end % DAY and (start, end) != WHOLE_DAY:
        raise BadHours(Problem.ZERO_LENGTH, part)
    start %= DAY
    end = end if end > start else end + DAY
    if end > start + DAY:
        raise BadHours(Problem.NOT_A_TIME, part)
    return start, end


def _minutes(hours: str, minutes: str | None, part: str) -> int:
    number = int(hours) * 60 + int(minutes or 0)
    if number > DAY or int(minutes or 0) > 59:
        raise BadHours(Problem.NOT_A_TIME, part)
    return number


def check_hours(intervals: Iterable[Sequence[int]]) -> Hours:
    """Return the intervals in order, as they are stored; what comes from JSON may be anything.

    Raises BadHours.
    """
    if not isinstance(intervals, Iterable) or isinstance(intervals, str | bytes | Mapping):
        raise BadHours(Problem.NOT_A_TIME)
    found = sorted(_pair(interval) for interval in intervals)
    for start, end in found:
        if not (0 <= start < DAY and start <= end <= start + DAY):
            raise BadHours(Problem.NOT_A_TIME, f"{start}-{end}")
        if start == end:
            raise BadHours(Problem.ZERO_LENGTH, format_hours([(start, end)]))
    if len(found) > MOST_INTERVALS:
        raise BadHours(Problem.TOO_MANY, format_hours(found))
    for (start, end), (later, its_end) in pairwise(found):
        if later < end:
            raise BadHours(Problem.OVERLAP, format_hours([(start, end), (later, its_end)]))
    return tuple(found)


def _pair(interval: object) -> Interval:
    """Return two whole numbers: nothing is converted, and true is no minute."""
    if isinstance(interval, list | tuple) and len(interval) == 2:
        start, end = interval
        if type(start) is int and type(end) is int:
            return start, end
    raise BadHours(Problem.NOT_A_TIME)


def format_hours(hours: Iterable[Sequence[int]]) -> str:
    """Return hours as people write them: 09:00–13:00, 14:00–18:00; a day and night is 09:00–09:00 +1."""
    return ", ".join(_written(start, end) for start, end in hours)


def _written(start: int, end: int) -> str:
    mark = " +1" if start and end - start == DAY else ""  # tells it from no time at all
    return f"{format_minute(start)}–{format_minute(end)}{mark}"


def format_minute(minute: int) -> str:
    """Return a minute of the day as HH:MM; the end of a day is 24:00, what lies after it begins anew."""
    if minute > DAY:
        minute -= DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def length(hours: Iterable[Sequence[int]]) -> int:
    """Return how many minutes the hours come to."""
    return sum(end - start for start, end in hours)
