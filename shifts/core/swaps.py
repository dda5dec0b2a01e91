"""Hours that go from one person to another, each by their own clock. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from shifts.core.hours import DAY, Hours, Interval, check_hours
from shifts.core.roster import Span, spans_of

Days = dict[date, Hours]


class Overlap(ValueError):
    """The taker works at that time already."""

    def __init__(self, on: date) -> None:
        super().__init__(on.isoformat())
        self.on = on  # the taker's day


def moved_hours(on: date, hours: Hours, giver: tzinfo, taker: tzinfo) -> Days:
    """Return a day's hours by the taker's clock, under the day on which each of them begins there.

    Where that clock goes back, hours in the repeated hour are told apart no longer and are joined.
    """
    found: dict[date, list[Interval]] = {}
    for span in spans_of(on, hours, giver):
        day, interval = _by_clock(span, taker)
        found.setdefault(day, []).append(interval)
    return {day: check_hours(_joined(rows)) for day, rows in sorted(found.items())}


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the intervals of one day in order, those that overlap as one."""
    rows: list[Interval] = []
    for start, end in sorted(intervals):
        if rows and start < rows[-1][1]:
            rows[-1] = rows[-1][0], max(rows[-1][1], end)
        else:
            rows.append((start, end))
    return rows


def _by_clock(span: Span, zone: tzinfo) -> tuple[date, Interval]:
    """Return the day on which a span begins by a clock, and its minutes there."""
    start, end = (moment.astimezone(zone) for moment in span)
    day = start.date()
    first = start.hour * 60 + start.minute
    last = (end.date() - day).days * DAY + end.hour * 60 + end.minute
    if last <= first:  # the clock went back in between: as long as it really lasts
        last = first + int((span[1] - span[0]) / timedelta(minutes=1))
    return day, (first, min(last, first + DAY))


def taken_over(own: Mapping[date, Hours], given: Iterable[date], moved: Days, zone: tzinfo) -> Days:
    """Return the hours of each day that changes when a person gives days away and takes hours over.

    `own` are the hours that they work on all days around; a day given away keeps none of them.
    Raises Overlap.
    """
    kept = {on: () if on in set(given) else hours for on, hours in own.items()}
    for on, hours in moved.items():
        _refuse_overlap(kept, on, hours, zone)
    days = {on: kept.get(on, ()) for on in {*given, *moved}}
    return {on: check_hours([*days[on], *moved.get(on, ())]) for on in sorted(days)}


def _refuse_overlap(kept: Mapping[date, Hours], on: date, hours: Hours, zone: tzinfo) -> None:
    new = spans_of(on, hours, zone)
    for near in (on - timedelta(days=1), on, on + timedelta(days=1)):
        for start, end in spans_of(near, kept.get(near, ()), zone):
            if any(start < its_end and its_start < end for its_start, its_end in new):
                raise Overlap(near)


def begins_at(on: date, hours: Hours, zone: tzinfo) -> datetime | None:
    """Return the instant at which a day's hours begin; None without hours."""
    spans = spans_of(on, hours, zone)
    return spans[0][0].astimezone(UTC) if spans else None
