"""The form of a trigger: what sends leads, into which template, and whose statistics count."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distribution.labels.registers import error_text as register_error_text
from distribution.labels.triggers import KINDS, error_text
from distribution.models import Register, Template, Trigger
from distribution.operations.policies import triggers as operations
from distribution.operations.registers import LONGEST_NAME as LONGEST_REGISTER
from distribution.operations.registers import RegisterError
from distribution.queries.triggers import StageRef, TriggerChoices
from peresmenka.lib.numbers import number_from

OWN, NEW = "", "new"
"""Values of the field "Statistics": "Current trigger", and a register that is made with this save."""

_FIELDS: dict[type[operations.TriggerError], str] = {
    operations.BadName: "name",
    operations.BadDelay: "delay_minutes",
    operations.NoStages: "stages",
    operations.UnknownStage: "stages",
    operations.IncomingStage: "stages",
    operations.ClosedStage: "stages",
    operations.ForeignRegister: "register",
    operations.NoPace: "register",
    operations.ForeignTemplate: "template",
}
_MINUTES = _("Write whole minutes, from 0 to 10080 (seven days).")


class StagesField(forms.Field):
    """Ticked boxes of stages: "pipeline:stage", "pipeline:" for a whole pipeline."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[StageRef]:
        """Return stages as the operations take them."""
        found = []
        for text in value or ():
            pipeline, _sep, status = text.partition(":")
            first, second = number_from(pipeline), number_from(status)
            if first is None or (status and second is None):
                raise forms.ValidationError(error_text(operations.UnknownStage()))
            found.append((first, second))
        return found


class TriggerForm(forms.Form):
    """A trigger; its kind is chosen once."""

    kind = forms.ChoiceField(
        label=_("What sends the leads"),
        choices=[(code, words.name) for code, words in KINDS.items()],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Choose what sends the leads.")
        ),
    )
    template = forms.TypedChoiceField(
        label=_("Template"),
        coerce=int,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Choose a template from the list.")
        ),
    )
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=operations.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": _("Too long. Write at most 64 characters.")},
    )
    stages = StagesField(label=_("Stages"), required=False)
    register = forms.ChoiceField(
        label=_("Statistics"),
        required=False,
        error_messages={"invalid_choice": _("Choose a register from the list.")},
    )
    new_register = forms.CharField(
        label=_("Name of the new register"),
        required=False,
        max_length=LONGEST_REGISTER,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": _("Too long. Write at most 64 characters.")},
    )
    delay_minutes = forms.IntegerField(
        label=_("Delay"),
        required=False,
        min_value=0,
        max_value=operations.LONGEST_DELAY_MINUTES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _MINUTES),
    )

    def __init__(
        self,
        posted: Any = None,
        *,
        choices: TriggerChoices,
        trigger: Trigger | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(posted, initial=initial if trigger is None else _saved(trigger))
        self.choices = choices
        registers = [(OWN, gettext("Current trigger")), (NEW, gettext("+ New register"))]
        registers[1:1] = [(str(row.pk), row.name) for row in choices.registers]
        self.fields["register"].choices = registers  # type: ignore[attr-defined]
        templates = [(row.pk, row.name) for row in choices.templates]
        self.fields["template"].choices = templates  # type: ignore[attr-defined]
        if trigger is not None:
            self.fields["kind"].disabled = True

    def clean(self) -> dict[str, Any]:
        """Ask for the name of a register that is to be made."""
        cleaned = super().clean() or {}
        if cleaned.get("register") == NEW and not cleaned.get("new_register"):
            self.add_error("new_register", _("Write a name for the new register."))
        return cleaned

    def values(self, register: Register | None) -> dict[str, Any]:
        """Return the fields as the operations take them; only of a valid form."""
        is_card = self.cleaned_data["kind"] == Trigger.Kind.PIPELINE
        return {
            "template": self._template(),
            "name": self.cleaned_data["name"],
            "stages": self.cleaned_data["stages"],
            "register": register,
            "delay_minutes": (self.cleaned_data["delay_minutes"] or 0) if is_card else 0,
        }

    def named_register(self) -> Register | None:
        """Return the shared register that was chosen, if it is there already."""
        chosen = self.cleaned_data["register"]
        return next((row for row in self.choices.registers if str(row.pk) == chosen), None)

    def refuse(self, error: operations.TriggerError | RegisterError) -> None:
        """Say beside its field, or above all of them, why an operation refused."""
        if isinstance(error, RegisterError):
            self.add_error("new_register", register_error_text(error))
        else:
            self.add_error(_FIELDS.get(type(error)), error_text(error))

    def _template(self) -> Template:
        chosen = self.cleaned_data["template"]
        return next(row for row in self.choices.templates if row.pk == chosen)


def _saved(trigger: Trigger) -> dict[str, Any]:
    is_own = trigger.register is None or trigger.register.own_of_id == trigger.pk
    return {
        "kind": trigger.kind,
        "template": trigger.template_id,
        "name": trigger.name,
        "stages": [place_value(*one) for one in trigger.stages],
        "register": OWN if is_own else str(trigger.register_id),
        "delay_minutes": trigger.delay_minutes,
    }


def place_value(pipeline: int, status: int | None) -> str:
    """Return a stage as the form's boxes name it."""
    return f"{pipeline}:{'' if status is None else status}"
