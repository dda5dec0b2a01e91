"""Shapes a template's form for its page: sections, fields with their words, boxes of stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField

from distribution.core.policy import Body, to_json
from distribution.forms.template import TemplateForm
from distribution.forms.template_fields import name_of
from distribution.labels.template_choices import CHOICES
from distribution.labels.template_words import SECTIONS, WORDS, Words

ALWAYS_OPEN = ("who", "way", "when", "gates")
# What another setting must say for this one to matter: path, values (any other one folds it away).
NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "gates.pattern": ("gates.schedule", ("named",)),
    "limits.stages": ("limits.counts", ("chosen",)),
    "sticky.owner_away": ("sticky.by", ("contact", "company", "both")),
    "sticky.wait_minutes": ("sticky.owner_away", ("wait",)),
    "sticky.always_distribute": ("sticky.by", ("contact", "company", "both")),
    "sticky.excluded": ("sticky.by", ("contact", "company", "both")),
    "sticky.counts": ("sticky.by", ("contact", "company", "both")),
    "skills.field_id": ("skills.mode", ("soft", "hard")),
    "skills.relax_minutes": ("skills.mode", ("hard",)),
    "nobody.after_minutes": ("nobody.then", ("ignore_presence", "duty", "move_stage")),
    "nobody.duty": ("nobody.then", ("duty",)),
    "nobody.stage": ("nobody.then", ("move_stage",)),
    "acceptance.field_id": ("acceptance.accepted_by", ("field",)),
}
# Pairs of times are one field of the page; the second of the pair is drawn with the first.
ENDS = {"hours.start": "hours.end", "acceptance.hours.start": "acceptance.hours.end"}


@dataclass(frozen=True, slots=True)
class Option:
    """A radio button or a checkbox."""

    tag: Any
    id: str
    name: Any
    help: Any


@dataclass(frozen=True, slots=True)
class StageBoxes:
    """A pipeline with the boxes of its stages."""

    value: str
    name: str
    is_whole: bool
    stages: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A setting as the page draws it."""

    path: str
    kind: str
    words: Words
    bound: BoundField
    options: tuple[Option, ...] = ()
    boxes: tuple[StageBoxes, ...] = ()
    end: BoundField | None = None
    needs: str = ""  # name of the field that it depends on, and the values of it
    needs_values: str = ""

    @property
    def is_short(self) -> bool:
        """Say whether two such settings stand side by side."""
        return self.kind in ("whole", "person", "field", "stage", "pattern")


@dataclass(frozen=True, slots=True)
class SectionView:
    """A part of the form that folds."""

    key: str
    title: Any
    fields: tuple[FieldView, ...]
    is_open: bool
    said: tuple[str, ...]


def sections_of(form: TemplateForm, said: dict[str, list[str]]) -> list[SectionView]:
    """Return the sections; open are the first ones, those that differ from the defaults, and errors."""
    return [
        SectionView(
            key, title, tuple(_fields(form, paths)), _is_open(form, key, paths), tuple(said[key])
        )
        for key, (title, paths) in SECTIONS.items()
    ]


def _is_open(form: TemplateForm, key: str, paths: tuple[str, ...]) -> bool:
    if key in ALWAYS_OPEN:
        return True
    return any(name_of(path) in form.errors for path in paths) or _differs(form.body, paths)


def _differs(body: Body, paths: tuple[str, ...]) -> bool:
    mine, usual = to_json(body), to_json(Body())
    for path in paths:
        one, other = mine, usual
        for name in path.split("."):
            one, other = one[name], other[name]
        if one != other:
            return True
    return False


def _fields(form: TemplateForm, paths: tuple[str, ...]) -> Iterator[FieldView]:
    for path in paths:
        if path == "members" or path in ENDS.values():
            continue
        words, bound = WORDS[path], form[name_of(path)]
        needs, values = NEEDS.get(path, ("", ()))
        yield FieldView(
            path,
            words.kind,
            words,
            bound,
            options=tuple(_options(path, words.kind, bound)),
            boxes=tuple(_boxes(form, bound)) if words.kind == "stages" else (),
            end=form[name_of(ENDS[path])] if path in ENDS else None,
            needs=name_of(needs) if needs else "",
            needs_values=" ".join(values),
        )


def _options(path: str, kind: str, bound: BoundField) -> Iterator[Option]:
    if kind not in ("choice", "picks", "people", "weekdays"):
        return
    helps = {key: text for key, _name, text in CHOICES.get(path, ())}
    for one in bound:
        yield Option(
            one.tag(), one.id_for_label, one.choice_label, helps.get(str(one.data["value"]), "")
        )


def _boxes(form: TemplateForm, bound: BoundField) -> Iterator[StageBoxes]:
    chosen = {str(one) for one in bound.value() or ()}
    known: set[str] = set()
    for pipeline in form.choices.catalogue.pipelines:
        whole = f"{pipeline.kommo_id}:"
        values = [(f"{whole}{one.kommo_id}", one.name) for one in pipeline.stages]
        known |= {whole, *(value for value, _name in values)}
        yield StageBoxes(
            whole,
            pipeline.name,
            whole in chosen,
            tuple((value, name, value in chosen) for value, name in values),
        )
    for gone in sorted(chosen - known):
        yield StageBoxes(gone, gone, True, ())
