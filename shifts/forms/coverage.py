"""The form beside the coverage: which hours need people, and whether gaps are told by mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from shifts.models import ScheduleSettings

MOST_PEOPLE = 1000


def _time(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={
            "required": _("Empty. Write a time such as 09:00."),
            "invalid": _("Not a time. Write it as 09:00."),
        },
    )


class CoverageForm(forms.Form):
    """What the account needs of its coverage."""

    coverage_from = _time(_("People needed from"))
    coverage_to = _time(_("People needed until"))
    coverage_weekdays = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        coerce=int,
        choices=lambda: [(number, WEEKDAYS_ABBR[number]) for number in range(7)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("No day is chosen. Choose at least one."),
            "invalid_choice": _("There is no such day. Choose from the list."),
        },
    )
    coverage_minimum = forms.IntegerField(
        label=_("People needed at least"),
        min_value=1,
        max_value=MOST_PEOPLE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": _("Empty. Write a number of people."),
            "invalid": _("Not a number. Write a whole number of people, such as 2."),
            "min_value": _("Too small. The least is %(limit_value)s."),
            "max_value": _("Too large. The most is %(limit_value)s."),
        },
    )
    warns_of_gaps = forms.BooleanField(label=_("Mail when tomorrow has a gap"), required=False)

    @classmethod
    def of(cls, row: ScheduleSettings) -> CoverageForm:
        """Return the form with what is saved; no weekdays means all of them."""
        return cls(
            initial={
                "coverage_from": row.coverage_from,
                "coverage_to": row.coverage_to,
                "coverage_weekdays": row.coverage_weekdays or list(range(7)),
                "coverage_minimum": row.coverage_minimum,
                "warns_of_gaps": row.warns_of_gaps,
            }
        )

    def values(self) -> dict[str, Any]:
        """Return the values as they are stored; only of a valid form."""
        days = sorted(self.cleaned_data["coverage_weekdays"])
        return {**self.cleaned_data, "coverage_weekdays": [] if len(days) == 7 else days}
