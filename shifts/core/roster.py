"""Who works at t: the instants of a day's hours, and the five states of a schedule (F62–F66). Pure.

A day belongs to the clock of its manager; hours over midnight belong to the day on which they begin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from shifts.core.hours import DAY, Hours
from shifts.core.layers import Kind
from shifts.core.windows import instant_of

Span = tuple[datetime, datetime]
_DAY = timedelta(days=1)


class State(StrEnum):
    """Where a manager's schedule stands now."""

    IN_SERVICE = "in_service"
    START_AT = "start_at"  # works today, has not begun; or between two intervals (R36)
    COMPLETED = "completed"  # has worked today, it is over
    DAY_OFF = "day_off"
    EMPTY = "empty"  # no schedule for today; other days may have one


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a schedule at one moment."""

    state: State = State.EMPTY
    ends_at: datetime | None = None  # in service: until when
    starts_at: datetime | None = None  # otherwise: when the next hours begin, today or later

    @property
    def is_in_service(self) -> bool:
        """Say whether the manager is to work now."""
        return self.state is State.IN_SERVICE


def day_bounds(on: date, zone: tzinfo) -> Span:
    """Return the day itself by the zone's clock, from its midnight to the next."""
    return _instant(on, 0, zone), _instant(on, DAY, zone)


def spans_of(on: date, hours: Hours, zone: tzinfo) -> list[Span]:
    """Return the instants of a day's hours, by the rule of DST: half-open, in order, apart.

    What the clock jumps over is left out, what touches is joined.
    """
    found: list[Span] = []
    for start, end in hours:
        span = _instant(on, start, zone), _instant(on, end, zone)
        if span[0] >= span[1]:
            continue
        if found and found[-1][1] >= span[0]:
            found[-1] = found[-1][0], max(found[-1][1], span[1])
        else:
            found.append(span)
    return found


def outside(span: Span, taken: Iterable[Span]) -> list[Span]:
    """Return what is left of a span outside of those that are taken, in order."""
    left = [span]
    for start, end in taken:
        parts = [
            part
            for own in left
            for part in ((own[0], min(own[1], start)), (max(own[0], end), own[1]))
        ]
        left = [(begins, ends) for begins, ends in parts if begins < ends]
    return left


def apart(spans: Iterable[tuple[date, Span]]) -> list[tuple[date, Span]]:
    """Return spans of several days without overlap: what a day's night has taken is cut off the next."""
    found: list[tuple[date, Span]] = []
    reached: datetime | None = None
    # Two days begin at one instant where the clock jumps over midnight: the earlier day goes first.
    for on, (start, end) in sorted(spans, key=lambda item: (item[1][0], item[0])):
        begins = start if reached is None else max(start, reached)
        if begins < end:
            found.append((on, (begins, end)))
            reached = end
    return found


def standing_at(
    now: datetime, *, today: date, kind: Kind, upcoming: Sequence[tuple[date, Span]]
) -> Standing:
    """Return the state at `now`, from today's kind and the first span that ends after `now`.

    `upcoming` may hold later spans too; only the first counts. A night that began yesterday is in
    service until it ends; then today's own day counts.
    """
    if not upcoming:
        return Standing(_without_hours(kind))
    on, (start, end) = upcoming[0]
    if start <= now:
        return Standing(State.IN_SERVICE, ends_at=end)
    if on == today and kind is Kind.WORK:
        return Standing(State.START_AT, starts_at=start)
    return Standing(_without_hours(kind), starts_at=start)


def _without_hours(kind: Kind) -> State:
    if kind is Kind.WORK:
        return State.COMPLETED
    return State.DAY_OFF if kind is Kind.DAY_OFF else State.EMPTY


def _instant(on: date, minute: int, zone: tzinfo) -> datetime:
    day, rest = divmod(minute, DAY)
    clock = time(rest // 60, rest % 60)
    if zone is UTC:
        return datetime.combine(on + day * _DAY, clock, UTC)
    return instant_of(on + day * _DAY, clock, zone)
