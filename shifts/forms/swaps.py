"""The form in which a manager asks for a swap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Manager
from peresmenka.lib.moments import short_day
from shifts.core.hours import format_hours
from shifts.forms.fields import note_field
from shifts.operations.swaps import LONGEST_NOTE
from shifts.queries.swaps import OwnDay


class SwapForm(forms.Form):
    """One's own day, a colleague, and for an exchange a day of theirs."""

    asker_on = forms.ChoiceField(
        label=_("My day"),
        error_messages={
            "required": _("Empty. Choose the day that you want to give away."),
            "invalid_choice": _("You have no hours on that day any more. Choose another day."),
        },
    )
    colleague = forms.ChoiceField(
        label=_("Colleague"),
        error_messages={
            "required": _("Empty. Choose who should take the day over."),
            "invalid_choice": _("This colleague is not there any more. Choose another one."),
        },
    )
    colleague_on = forms.ChoiceField(
        label=_("Their day that you take over"),
        required=False,
        error_messages={
            "invalid_choice": _("Your colleague has no hours on that day. Choose another day.")
        },
    )
    note = note_field(_("Note"), LONGEST_NOTE)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        mine: Sequence[OwnDay],
        colleagues: Sequence[Manager],
        theirs: Sequence[OwnDay],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        choose = ("", gettext("Choose"))
        people = [(str(row.kommo_id), row.name) for row in colleagues]
        self._offer("asker_on", [choose, *_choices(mine)])
        self._offer("colleague", [choose, *people])
        self._offer("colleague_on", [("", gettext("None: only cover")), *_choices(theirs)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


def _choices(days: Sequence[OwnDay]) -> list[tuple[str, str]]:
    return [(day.on.isoformat(), f"{short_day(day.on)}, {format_hours(day.hours)}") for day in days]
