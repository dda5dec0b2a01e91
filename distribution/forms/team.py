"""The forms of the page Team: a status with its end, and one person's limit, skills, clock and language."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime, tzinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.operations.team import TeamError, UnknownLanguage, UnknownZone
from distribution.operations.policies.profiles import (
    LARGEST_LIMIT,
    BadLimit,
    BadSkills,
    Person,
    ProfileError,
)
from shifts.core.windows import instant_of
from shifts.models import Participation

BAD_UNTIL = _("Not a moment. Write it as 2026-03-02T18:00.")
BAD_LIMIT = _("Not a limit. Write a whole number from 0 to 100000, or leave it empty for no limit.")

_FIELD_AND_TEXT: dict[type[Exception], tuple[str, Any]] = {
    BadLimit: ("limit", BAD_LIMIT),
    BadSkills: (
        "skills",
        _(
            "Too many or too long skills. Write at most 20 words or phrases of at most 40 characters each."
        ),
    ),
    UnknownZone: (
        "zone",
        _("There is no such time zone; choose one from the list, such as Europe/Madrid."),
    ),
    UnknownLanguage: (
        "language",
        _("The service does not speak this language; choose one from the list."),
    ),
}


class StatusForm(forms.Form):
    """A status, its end by the account's clock, and a note."""

    status = forms.ChoiceField(
        label=_("Status"), choices=Participation.Status.choices, widget=forms.RadioSelect
    )
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        error_messages={"invalid": BAD_UNTIL},
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def clean_until(self) -> datetime | None:
        """Refuse moments at the ends of all calendars: they are none by another clock."""
        until: datetime | None = self.cleaned_data["until"]
        if until is not None and not MINYEAR < until.year < MAXYEAR:
            raise forms.ValidationError(BAD_UNTIL)
        return until

    def until_by(self, zone: tzinfo) -> datetime | None:
        """Return the end as an instant; only of a valid form."""
        until = self.cleaned_data["until"]
        return until and instant_of(until.date(), until.time(), zone)


class LimitForm(forms.Form):
    """A limit of open leads for several managers."""

    limit = forms.IntegerField(
        label=_("Limit"),
        required=False,
        min_value=0,
        max_value=LARGEST_LIMIT,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), BAD_LIMIT),
    )


class PersonForm(LimitForm):
    """One person's limit, skills, clock and language."""

    tasks = forms.IntegerField(
        label=_("Open tasks at most"),
        required=False,
        min_value=0,
        max_value=LARGEST_LIMIT,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), BAD_LIMIT),
    )
    skills = forms.CharField(label=_("Skills"), required=False, max_length=2000)
    zone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("as the account")), *settings.LANGUAGES]
        self.fields["language"].choices = choices  # type: ignore[attr-defined]

    def person(self) -> Person:
        """Return what is wanted; only of a valid form."""
        values = self.cleaned_data
        skills = tuple(values["skills"].split(","))
        zone = values["zone"].strip()
        return Person(values["limit"], skills, zone, values["language"], values["tasks"])

    def refuse(self, error: ProfileError | TeamError) -> None:
        """Say beside its field why an operation refused a value."""
        self.add_error(*_FIELD_AND_TEXT[type(error)])
