"""The form of an absence or of other hours."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shifts.forms.fields import HoursField, day_field, limit_days, note_field
from shifts.models import Override

KINDS = (
    (Override.Kind.ABSENCE.value, _("Absence")),
    (Override.Kind.HOURS.value, _("Other hours")),
)


class OverrideForm(forms.Form):
    """Who is absent from when until when and why, or works which other hours."""

    kind = forms.ChoiceField(
        label=_("What"), choices=KINDS, widget=forms.RadioSelect, initial=Override.Kind.ABSENCE
    )
    cause = forms.ChoiceField(
        label=_("Cause"), choices=Override.Cause.choices, initial=Override.Cause.VACATION
    )
    starts_on = day_field(_("From"))
    ends_on = day_field(_("Until, inclusive"), required=False)
    hours = HoursField(label=_("Hours of each day"))
    note = note_field(_("Note"))

    def __init__(self, data: QueryDict | None = None, *, today: date) -> None:
        super().__init__(data)
        limit_days(self, today, "starts_on", "ends_on")
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (value, str(label).capitalize()) for value, label in Override.Cause.choices
        ]

    def clean(self) -> dict[str, Any]:
        """Let one day be enough; ask for hours where they are meant."""
        cleaned = super().clean() or {}
        cleaned["ends_on"] = cleaned.get("ends_on") or cleaned.get("starts_on")
        is_hours = cleaned.get("kind") == Override.Kind.HOURS
        if is_hours and "hours" not in self.errors and not cleaned.get("hours"):
            self.add_error("hours", _("Empty. Write the hours, for example 10:00-16:00."))
        if not is_hours:
            self.errors.pop("hours", None)
            cleaned["hours"] = ()
        return cleaned
