"""A form field for each setting of a template, by its kind; from the body's values and back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from distribution.core.policy.document import schema_rows
from distribution.labels.template_choices import CHOICES
from distribution.labels.template_problems import bounds_of
from distribution.labels.template_words import WORDS, Words
from distribution.queries.templates import Choices

LONGEST_NUMBER = 18  # digits
SEVERAL = ("picks", "people", "weekdays", "stages")


def name_of(path: str) -> str:
    """Return the form's name of a setting: "limits-leads"."""
    return path.replace(".", "-")


def fields_of(choices: Choices, values: dict[str, Any]) -> dict[str, forms.Field]:
    """Return the form's fields by name; `values` are those of the form, for choices that are gone."""
    says = {path: allowed for path, _default, allowed in schema_rows()}
    return {
        name_of(path): _field(path, words, says[path], choices, values[name_of(path)])
        for path, words in WORDS.items()
    }


def shown(kind: str, value: Any) -> Any:
    """Return a value of the body as its field shows it."""
    if kind == "tick":
        return value
    if kind == "stage":
        return _place(value) if value else ""
    if kind == "stages":
        return [_place(one) for one in value]
    if kind in SEVERAL:
        return [str(one) for one in value]
    return "" if value is None else str(value)


def read(kind: str, value: Any) -> Any:
    """Return what a field's value stands for in the body; what is no such value stays as typed."""
    if kind == "tick":
        return bool(value)
    if kind == "stages":
        return [_pair(one) for one in value]
    if kind in SEVERAL:
        return [one if kind == "picks" else number(one) for one in value]
    text = str(value or "").replace("\0", "").strip()
    if kind == "stage":
        return _pair(text) if text else None
    if kind in ("whole", "person", "field"):
        return number(text) if text else None
    return text[:5] if kind == "clock" else text


def number(text: str) -> int | str:
    """Return the whole number that the text is, or the text."""
    plain = text.strip()
    digits = plain.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_NUMBER
    return int(plain) if is_number else plain


def _place(stage: Any) -> str:
    """Return "100:1001", or "100:" for a whole pipeline."""
    return f"{stage[0]}:{'' if stage[1] is None else stage[1]}"


def _pair(text: str) -> list[Any]:
    pipeline, _sep, status = text.partition(":")
    return [number(pipeline), number(status) if status else None]


def _field(path: str, words: Words, says: str, choices: Choices, value: Any) -> forms.Field:
    return forms.Field(
        label=words.label,
        help_text=words.help,
        required=False,
        widget=_widget(path, words.kind, says, choices, value),
    )


def _widget(path: str, kind: str, says: str, choices: Choices, value: Any) -> forms.Widget:
    if kind == "tick":
        return forms.CheckboxInput()
    if kind == "clock":
        return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    if kind == "whole":
        least, most = bounds_of(says) or (0, 0)
        return forms.NumberInput(attrs={"min": least, "max": most, "inputmode": "numeric"})
    if kind in ("choice", "picks"):
        pairs = [(key, name) for key, name, _help in CHOICES[path]]
        wide = forms.RadioSelect if kind == "choice" else forms.CheckboxSelectMultiple
        return wide(choices=pairs)
    if kind == "weekdays":
        return forms.CheckboxSelectMultiple(choices=_weekdays())
    if kind == "people":
        return forms.CheckboxSelectMultiple(choices=_people(choices, value))
    if kind == "stages":
        return forms.SelectMultiple()
    return forms.Select(choices=_options(kind, choices, value))


def _weekdays() -> list[tuple[str, str]]:
    """Return the days of the week, beginning as the reader's language does."""
    first = (int(get_format("FIRST_DAY_OF_WEEK")) - 1) % 7
    days = [(first + place) % 7 for place in range(7)]
    return [(str(day), str(WEEKDAYS[day])) for day in days]


def _people(choices: Choices, value: Any) -> list[tuple[str, str]]:
    """Return all who are active in Kommo, with or without a licence, and the chosen ones."""
    people = [(str(row.kommo_id), row.name) for row in choices.people if row.is_active]
    return people + _gone(people, value, choices.person_name)


def _options(kind: str, choices: Choices, value: Any) -> list[Any]:
    if kind == "stage":
        places = [
            (
                pipeline.name,
                [(f"{pipeline.kommo_id}:{one.kommo_id}", one.name) for one in pipeline.stages],
            )
            for pipeline in choices.catalogue.pipelines
        ]
        flat = [pair for _name, stages in places for pair in stages]
        return [("", pgettext("stage", "None")), *places, *_gone(flat, [value], None)]
    if kind == "person":
        flat = [(str(row.kommo_id), row.name) for row in choices.takers]
        return [("", _("Nobody")), *flat, *_gone(flat, [value], choices.person_name)]
    if kind == "field":
        flat = [(str(row.kommo_id), row.name) for row in choices.catalogue.fields]
        return [("", pgettext("field", "None")), *flat, *_gone(flat, [value], None)]
    flat = [(name, name) for name in choices.patterns]
    return [("", pgettext("schedule", "None")), *flat, *_gone(flat, [value], str)]


def _gone(known: list[tuple[str, str]], chosen: Any, naming: Any) -> list[tuple[str, str]]:
    """Return options for chosen values that are no longer among the known ones."""
    keys = {key for key, _name in known}
    return [
        (one, _("%(name)s (no longer there)") % {"name": _named(one, naming)})
        for one in chosen or ()
        if one and one not in keys
    ]


def _named(value: str, naming: Any) -> str:
    found = number(value)
    if naming is str or naming is None:
        return value
    return str(naming(found)) if isinstance(found, int) else value
