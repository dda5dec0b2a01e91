"""Rules by which events repeat: which of them are worked out, and what that costs.

A rule that never comes true is looked for up to the year 9999, an interval of 0 without end: such
rules, and those that repeat within a day, days off do not have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from icalendar import Component

_PARTS = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
    *("BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"),
}
_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 30, "YEARLY": 365}
_YEAR_COSTS = 10  # a year's step lays out all its days
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with the parts that rules of days off have."""

    frequency: str
    interval: int
    weekdays: tuple[str, ...]
    days: tuple[int, ...]  # of the month, counted from either end
    months: tuple[int, ...]
    positions: tuple[int, ...]

    @property
    def is_sound(self) -> bool:
        """Say whether the rule comes true soon, again and again."""
        numbers = [int(found[0]) for day in self.weekdays if (found := re.match(r"[+-]?\d+", day))]
        if not (
            self.frequency in _DAYS
            and 1 <= self.interval <= 1000
            and all(1 <= month <= 12 for month in self.months)
            and all(1 <= abs(number) <= 5 for number in numbers)
            and set(self.positions) <= {1}
        ):
            return False
        longest = max((_LONGEST_MONTHS[month - 1] for month in self.months), default=31)
        if self.days and not (1 <= min(self.days) <= longest and not numbers):
            return False
        return self.interval == 1 or not self._misses_by_interval

    @property
    def _misses_by_interval(self) -> bool:
        """Say whether each second or third day, week or month may never be one that is named."""
        return {
            "DAILY": bool(self.weekdays or self.days or self.months),
            "WEEKLY": bool(self.days or self.months),
            "MONTHLY": bool(self.months) or max(self.days, default=1) > 28,
            "YEARLY": False,
        }[self.frequency]

    def steps(self, days: int) -> int:
        """Return about how many steps it takes to come `days` far from the beginning."""
        cost = _YEAR_COSTS if self.frequency == "YEARLY" else 1
        return max(days, 0) * cost // (_DAYS[self.frequency] * self.interval) + 1

    def occurrences(self, days: int) -> int:
        """Return how often the rule can come true within `days`."""
        times = days // (_DAYS[self.frequency] * self.interval) + 2
        if self.frequency == "WEEKLY":
            return min(times * max(len(self.weekdays), 1), days)
        if self.weekdays and not self.positions:
            return days
        return min(times * max(len(self.days), 1) * max(len(self.months), 1), days)


def is_plain(component: Component) -> bool:
    """Say whether an event does not repeat by a rule, or by one that is worked out."""
    rule = rule_of(component)
    return rule.is_sound if rule else "RRULE" not in component


def named_days(component: Component) -> int:
    """Return how many days an event names one by one, as those on which it happens or does not."""
    listed = [component.get(name) for name in ("RDATE", "EXDATE")]
    lists = [one for own in listed if own for one in (own if isinstance(own, list) else [own])]
    return sum(len(getattr(one, "dts", ())) for one in lists)


def rule_of(component: Component) -> Rule | None:
    """Return the rule of an event; None without one, or where it has parts that we do not work out."""
    parts: Any = component.get("RRULE")
    if parts is None or isinstance(parts, list) or not _PARTS.issuperset(parts):
        return None
    try:
        return Rule(
            frequency=str(parts.get("FREQ", ["?"])[0]).upper(),
            interval=int(parts.get("INTERVAL", [1])[0]),
            weekdays=tuple(str(day) for day in parts.get("BYDAY", [])),
            days=tuple(abs(int(day)) for day in parts.get("BYMONTHDAY", [])),
            months=tuple(int(month) for month in parts.get("BYMONTH", [])),
            positions=tuple(abs(int(place)) for place in parts.get("BYSETPOS", [])),
        )
    except (ValueError, TypeError, IndexError):
        return None
