"""The forms of the pages of patterns: the editor of a cycle, and the period in which it is followed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shifts.core.hours import Hours, format_hours
from shifts.core.patterns import LONGEST_CYCLE_DAYS, Pattern, pattern_from_json
from shifts.forms.fields import HoursField, day_field, limit_days
from shifts.operations.patterns import LONGEST_NAME, WEEK, is_weekly

WEEKLY, CYCLE = "weekly", "cycle"
MODES = ((WEEKLY, _("A week")), (CYCLE, _("A cycle of days")))


class PatternForm(forms.Form):
    """A pattern as it is edited: a name, and the hours of each day of a week or of a cycle."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        error_messages={
            "required": _("Empty. Write a name, for example 2/2."),
            "max_length": _("Too long. Write at most %(limit_value)s characters."),
        },
    )
    mode = forms.ChoiceField(label=_("Repeats as"), choices=MODES, widget=forms.RadioSelect)
    length = forms.IntegerField(
        label=_("Days in the cycle"),
        required=False,
        min_value=1,
        max_value=LONGEST_CYCLE_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": _("Not a number. Write how many days the cycle has, such as 4."),
            "min_value": _("A cycle has at least one day. Write 1 or more."),
            "max_value": _("A cycle has at most 366 days. Write a smaller number."),
        },
    )
    anchor_on = day_field(_("First day of the cycle"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        today: date,
        name: str = "",
        cycle: Sequence[Sequence[Sequence[int]]] = ((),) * WEEK,
        anchor_on: date | None = None,
    ) -> None:
        monday = today - timedelta(days=today.weekday())
        self.week_begins_on = anchor_on if anchor_on and anchor_on.weekday() == 0 else monday
        begins = anchor_on or monday
        # What the fields come to: at first what was given, later only while they are sound.
        self.pattern = pattern_from_json(cycle, begins) if data is None and any(cycle) else None
        initial = {
            "name": name,
            "mode": WEEKLY if is_weekly(cycle, begins) else CYCLE,
            "length": len(cycle),
            "anchor_on": begins,
            **{_day(place): format_hours(hours) for place, hours in enumerate(cycle)},
        }
        super().__init__(data, initial=initial)
        labels = [str(WEEKDAYS[number]).capitalize() for number in range(WEEK)]
        for place in range(self._days_shown()):
            label = labels[place] if self.is_week else gettext("Day %(number)s")
            self.fields[_day(place)] = HoursField(label=label % {"number": place + 1})

    @property
    def is_week(self) -> bool:
        """Say whether the days are those of a week."""
        return bool(self._given("mode") == WEEKLY)

    @property
    def days(self) -> list[forms.BoundField]:
        """Return the fields of the days."""
        return [self[name] for name in self.fields if name.startswith("day_")]

    def clean(self) -> dict[str, Any]:
        """Put the days together; refuse a pattern in which nobody ever works."""
        cleaned = super().clean() or {}
        if not self.is_week:
            for name, text in (
                ("length", _("Empty. Write how many days the cycle has.")),
                ("anchor_on", _("Empty. Choose the day on which the cycle begins.")),
            ):
                if name not in self.errors and cleaned.get(name) is None:
                    self.add_error(name, text)
        wrong = set(self.errors) - {"name"}
        if self.is_week:
            wrong -= {"length", "anchor_on"}
        if wrong:
            return cleaned
        cycle = tuple(self._hours(cleaned))
        if not any(cycle):
            text = _("No day has hours. Write the hours of at least one day, such as 09:00-18:00.")
            self.add_error(_day(0), text)
            return cleaned
        begins = self.week_begins_on if self.is_week else cleaned["anchor_on"]
        self.pattern = Pattern(cycle, begins)
        return cleaned

    def _hours(self, cleaned: dict[str, Any]) -> list[Hours]:
        return [cleaned[name] for name in self.fields if name.startswith("day_")]

    def _given(self, name: str) -> Any:
        return self.data.get(name) if self.is_bound else self.initial[name]

    def _days_shown(self) -> int:
        if self.is_week:
            return WEEK
        length = str(self._given("length") or "")
        if length.isascii() and length.isdecimal() and 1 <= int(length[:6]) <= LONGEST_CYCLE_DAYS:
            return int(length)
        sent = sum(name.startswith("day_") for name in self.data)
        return min(max(sent, 1), LONGEST_CYCLE_DAYS)


class FollowForm(forms.Form):
    """From when until when people follow a pattern."""

    starts_on = day_field(_("From"))
    ends_on = day_field(_("Until, inclusive"), required=False)
    anchor_on = day_field(_("Their first day of the cycle"), required=False)

    def __init__(self, data: QueryDict | None = None, *, today: date) -> None:
        super().__init__(data, initial={"starts_on": today}, prefix="follow")
        limit_days(self, today, "starts_on", "ends_on")


def _day(place: int) -> str:
    return f"day_{place}"
