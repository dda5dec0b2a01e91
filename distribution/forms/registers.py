"""The forms of the page "Registers": a name, a credit or skip, a reset, and the policy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from distribution.core.credits import MOST_LEADS
from distribution.labels.registers import error_text
from distribution.models import Register
from distribution.operations.registers import (
    LONGEST_NAME,
    LONGEST_REASON,
    MOST_CATCH_UP,
    MOST_WEEKS,
    Alone,
    BadCredit,
    BadName,
    BadPolicy,
    InUse,
    NameTaken,
    NoPace,
    NoReason,
    OnlyTotals,
    OwnRegister,
    RegisterError,
    RegisterPolicy,
)
from peresmenka.lib.numbers import number_from

BAD_RAMP = _("Write percents of 1 to 100 with commas between them, one a week, at most 26.")
_REASON = _("Write in a few words why; the ledger shows it.")
_FIELDS: dict[type[RegisterError], str] = {
    BadName: "name",
    NameTaken: "name",
    BadCredit: "leads",
    NoReason: "reason",
    NoPace: "strict_totals",
}
_WHOLE: tuple[type[RegisterError], ...] = (OwnRegister, InUse, BadPolicy, Alone, OnlyTotals)


class RegisterForm(forms.Form):
    """What the forms of the page have in common."""

    def refuse(self, error: RegisterError) -> None:
        """Say beside its field, or above all of them, why an operation refused."""
        field = None if isinstance(error, _WHOLE) else _FIELDS[type(error)]
        self.add_error(field, error_text(error))


class NameForm(RegisterForm):
    """A register's name."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("required", "max_length"), _("Write a name of 1 to 64 characters.")
        ),
    )


class ReasonForm(RegisterForm):
    """Why something is done by hand."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _REASON,
            "max_length": _("Too long. Write at most 200 characters."),
        },
    )


class CreditForm(ReasonForm):
    """Leads that a manager is credited, or skips."""

    BAD_LEADS = _("Write a whole number of leads from 1 to 50.")

    manager = forms.TypedChoiceField(
        label=_("Manager"),
        coerce=int,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Choose a manager from the list.")
        ),
    )
    what = forms.ChoiceField(
        label=_("What"),
        choices=[("credit", _("Credit")), ("skip", _("Skip"))],
        widget=forms.RadioSelect,
    )
    leads = forms.IntegerField(
        label=_("Leads"),
        min_value=1,
        max_value=MOST_LEADS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), BAD_LEADS),
    )
    field_order = ["manager", "what", "leads", "reason"]

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["manager"].choices = people  # type: ignore[attr-defined]

    @property
    def signed(self) -> int:
        """Return the leads, below 0 for a skip; only of a valid form."""
        leads: int = self.cleaned_data["leads"]
        return leads if self.cleaned_data["what"] == "credit" else -leads


class PolicyForm(RegisterForm):
    """How a register treats totals, absence and newcomers."""

    strict_totals = forms.BooleanField(label=_("Strictly equal totals"), required=False)
    catch_up_percent = forms.IntegerField(
        label=_("Catch-up after approved leave"),
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            _("Write a whole percentage from 0 to 100."),
        ),
    )
    catch_up_leads = forms.IntegerField(
        label=_("Catch-up, at most"),
        min_value=1,
        max_value=MOST_CATCH_UP,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), CreditForm.BAD_LEADS
        ),
    )
    ramp = forms.CharField(
        label=_("Newcomers’ first weeks"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "50, 75"}),
        error_messages={"max_length": BAD_RAMP},
    )

    @classmethod
    def of(cls, register: Register) -> PolicyForm:
        """Return the form with what is saved."""
        return cls(
            initial={
                "strict_totals": register.strict_totals,
                "catch_up_percent": register.catch_up_percent,
                "catch_up_leads": register.catch_up_leads,
                "ramp": ", ".join(map(str, register.ramp)),
            }
        )

    def clean_ramp(self) -> list[int]:
        """Return the percents, one a week."""
        words = self.cleaned_data["ramp"].replace("%", " ").replace(",", " ").split()
        percents = [number_from(word) for word in words]
        if len(percents) > MOST_WEEKS or not all(one and one <= 100 for one in percents):
            raise forms.ValidationError(BAD_RAMP)
        return [one for one in percents if one]

    def policy(self) -> RegisterPolicy:
        """Return what is wanted; only of a valid form."""
        values = self.cleaned_data
        return RegisterPolicy(
            values["strict_totals"],
            values["catch_up_percent"],
            values["catch_up_leads"],
            tuple(values["ramp"]),
        )
