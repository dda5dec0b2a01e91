"""The form of one holiday that is no country's."""

from __future__ import annotations

from datetime import date

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shifts.forms.fields import day_field, limit_days
from shifts.operations.holidays import LONGEST_NAME


class HolidayForm(forms.Form):
    """A day on which nobody works, and its name."""

    on = day_field(_("Day"))
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        error_messages={
            "required": _("Empty. Write a name, for example Company day."),
            "max_length": _("Too long. Write at most %(limit_value)s characters."),
        },
    )

    def __init__(self, data: QueryDict | None = None, *, today: date) -> None:
        super().__init__(data)
        limit_days(self, today, "on")
