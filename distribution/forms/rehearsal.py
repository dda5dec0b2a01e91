"""The form of a test run: which lead, or where a new one arrives, and what is known of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Manager, Stage
from distribution.models import Trigger
from distribution.operations.rehearsal import Question
from peresmenka.lib.numbers import LONGEST

MOST_SKILLS = 20
_AS_A_TURN = ("", _("As usual: by the settings"))
_UNKNOWN = ("", _("Not known"))


class TestRunForm(forms.Form):
    """A question to the engine, asked by the address of the page."""

    __test__ = False  # no test, whatever pytest takes the name for

    lead = forms.IntegerField(
        label=_("Lead number"),
        required=False,
        min_value=1,
        max_value=10**LONGEST - 1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": _("Not a number. Copy the number from the lead’s address in Kommo.")
        },
    )
    stage = forms.ChoiceField(label=_("Arrives in stage"), required=False)
    trigger = forms.ChoiceField(label=_("Trigger"), required=False)
    skills = forms.CharField(label=_("Skills it asks for"), required=False, max_length=400)
    owner = forms.ChoiceField(label=_("Who has it in Kommo"), required=False)
    customer = forms.ChoiceField(label=_("Whose customer it is"), required=False)

    def __init__(self, account: Account, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [_UNKNOWN, *_people(account)]
        for name, choices in (
            ("stage", [("", "–"), *_stages(account)]),
            ("trigger", [_AS_A_TURN, *_triggers(account)]),
            ("owner", people),
            ("customer", people),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def question(self) -> Question:
        """Return what is asked; the form is valid."""
        asked = self.cleaned_data
        stage = asked["stage"].split(":") if asked["stage"] else None
        skills = [word.strip() for word in asked["skills"].split(",") if word.strip()]
        return Question(
            lead_id=asked["lead"],
            trigger_id=_number(asked["trigger"]),
            stage=(int(stage[0]), int(stage[1])) if stage else None,
            skills=tuple(skills[:MOST_SKILLS]) or None,
            owner_id=_number(asked["owner"]),
            customer_of=_number(asked["customer"]),
        )


def _number(value: str) -> int | None:
    return int(value) if value else None


def _people(account: Account) -> list[tuple[str, str]]:
    rows = Manager.objects.for_account(account).filter(is_active_in_kommo=True).order_by("name")
    return [(str(user_id), name) for user_id, name in rows.values_list("kommo_id", "name")]


def _stages(account: Account) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the open stages, by pipeline."""
    rows = (
        Stage.objects.for_account(account)
        .filter(is_gone=False)
        .exclude(kommo_id__in=Stage.CLOSED)
        .exclude(type=Stage.UNSORTED_TYPE)
        .select_related("pipeline")
        .order_by("pipeline__sort", "pipeline_id", "sort", "kommo_id")
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        found[row.pipeline.name].append((f"{row.pipeline.kommo_id}:{row.kommo_id}", row.name))
    return list(found.items())


def _triggers(account: Account) -> list[tuple[str, str]]:
    rows = Trigger.objects.for_account(account).filter(template__is_enabled=True)
    rows = rows.select_related("template").order_by("priority", "pk")
    return [
        (str(row.pk), f"{row.template.name}: {row.name or row.get_kind_display()}") for row in rows
    ]
