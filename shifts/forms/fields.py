"""Fields that the forms of the schedule's layers share: a day, hours, a note, people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Manager
from peresmenka.lib.numbers import number_from
from shifts.core.hours import BadHours, Hours, parse_hours
from shifts.labels.refusals import refusal_text
from shifts.labels.schedule import hours_problem
from shifts.operations.period import NobodyChosen
from shifts.queries.people import Choice, chosen_managers, people_to_choose

LONGEST_HOURS = 200


def day_field(label: Any, *, required: bool = True) -> forms.DateField:
    """Return a field that takes a day."""
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        error_messages={
            "required": _("Empty. Choose a day."),
            "invalid": _("Not a day of the calendar. Choose one, or write it as 2026-12-31."),
        },
    )


def note_field(label: Any, longest: int = 200) -> forms.CharField:
    """Return a field that takes a note."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=longest,
        error_messages={"max_length": _("Too long. Write at most %(limit_value)s characters.")},
    )


class HoursField(forms.CharField):
    """Hours as people write them; blank is no hours."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {"max_length": _("Too long. A day has at most six intervals.")}
        super().__init__(
            required=False, max_length=LONGEST_HOURS, error_messages=messages, **kwargs
        )

    def clean(self, value: Any) -> Hours:
        """Return the hours. Raises ValidationError with cause and next step."""
        try:
            return parse_hours(super().clean(value))
        except BadHours as error:
            raise ValidationError(hours_problem(error)) from error


class PeopleChoice:
    """The ticks of managers and groups in a form; a group stands for its present members (F70)."""

    def __init__(self, account: Account, ticks: QueryDict | None = None) -> None:
        self.users = _ids(ticks, "managers")
        self.groups = _ids(ticks, "groups")
        self._account = account
        is_nobody = ticks is not None and not self.managers
        self.error = refusal_text(NobodyChosen()) if is_nobody else ""

    @property
    def managers(self) -> list[Manager]:
        """Return the people who are chosen."""
        return chosen_managers(self._account, self.users, self.groups)

    @property
    def choices(self) -> list[Choice]:
        """Return the groups with the people to choose from."""
        return people_to_choose(self._account)


def _ids(ticks: QueryDict | None, name: str) -> set[int]:
    values = ticks.getlist(name) if ticks is not None else []
    return {number for one in values if (number := number_from(one)) is not None}


def limit_days(form: forms.Form, first: date, *names: str) -> None:
    """Let the browser's calendar offer no days before `first`."""
    for name in names:
        form.fields[name].widget.attrs["min"] = first.isoformat()


def mark_errors(form: forms.Form) -> None:
    """Tell assistive technology which fields are wrong, and by which text."""
    for field in form:
        if field.errors:
            field.field.widget.attrs["aria-invalid"] = "true"
            field.field.widget.attrs["aria-describedby"] = f"{field.id_for_label}_error"
