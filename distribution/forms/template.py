"""The form of a template's editor: a field for each setting of the body, and the table of members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distribution.core.members import selection_problems
from distribution.core.policy import Body, Problem, read_body, to_json
from distribution.forms.template_fields import fields_of, name_of, read, shown
from distribution.forms.template_members import MemberRow, key_of, member_rows, read_members
from distribution.labels.template_problems import (
    gone_text,
    member_problem_text,
    not_taking_part,
    problem_text,
)
from distribution.labels.template_words import WORDS
from distribution.operations.policies.templates import (
    LONGEST_NAME,
    BadName,
    NameTaken,
    TemplateError,
)
from distribution.queries.references import references_gone
from distribution.queries.templates import Choices

Json = dict[str, Any]


class TemplateForm(forms.Form):
    """Name and settings; what the request does not hold stays as it is saved."""

    def __init__(
        self, data: QueryDict | None = None, *, name: str, body: Body, choices: Choices
    ) -> None:
        document: Json = to_json(body)
        initial = {name_of(path): shown(kind, _at(document, path)) for path, kind in _kinds()}
        super().__init__(data, initial={**initial, "name": name})
        self.choices, self.saved = choices, body
        self.fields["name"] = forms.CharField(
            label=gettext_lazy("Name"),
            required=False,
            max_length=None,
            widget=forms.TextInput(attrs={"maxlength": LONGEST_NAME, "autocomplete": "off"}),
        )
        if data is not None:
            self.initial.update(self._sent(data))
        self.fields.update(fields_of(choices, dict(self.initial)))
        self._rows = list(document["members"])
        if data is not None:
            self._rows = read_members(data, self._rows, choices)
        self.members = member_rows(data, document["members"], choices)
        self.body, self._problems = read_body(self.document())

    @property
    def name(self) -> str:
        """Return the name as it stands in the form."""
        return str(self.initial["name"]).strip()

    def document(self) -> Json:
        """Return the body that the form stands for, unchecked."""
        document: Json = to_json(self.saved)
        document["members"] = self._rows
        for path, kind in _kinds():
            _put(document, path, read(kind, self.initial[name_of(path)]))
        return document

    def clean(self) -> dict[str, Any]:
        """Refuse what the schema, the list of members or the account's present state objects to."""
        cleaned = super().clean() or {}
        if not self.name:
            self.add_error("name", _("Empty. Write a name."))
        elif len(self.name) > LONGEST_NAME:
            self.add_error(
                "name", _("Too long. At most %(most)s characters.") % {"most": LONGEST_NAME}
            )
        for problem in self._problems:
            self._refuse(problem)
        for path, kind in references_gone(self.body, self.choices):
            self.add_error(name_of(path), gone_text(kind))
        if not any(problem.path.startswith("members") for problem in self._problems):
            for text in self._member_problems():
                self.add_error(None, text)
        return cleaned

    def refuse(self, error: TemplateError) -> None:
        """Show what the operation objects to at the field that it is about."""
        if isinstance(error, NameTaken):
            self.add_error("name", _("Another template has this name. Choose a different one."))
        elif isinstance(error, BadName):
            self.add_error("name", _("A name has 1 to 64 characters. Choose one."))
        else:
            self.add_error(None, str(error.__doc__))

    def _sent(self, data: QueryDict) -> Json:
        """Return what the request says; a tick that is missing is off, other fields stay."""
        found: Json = {"name": data.get("name", self.initial["name"])}
        for path, kind in _kinds():
            name = name_of(path)
            if kind == "tick":
                found[name] = name in data
            elif isinstance(self.initial[name], list):
                found[name] = data.getlist(name)
            elif name in data:
                found[name] = data[name]
        return found

    def _refuse(self, problem: Problem) -> None:
        """Attach a problem of the schema to its field, or to the cell of the member."""
        if not problem.path.startswith("members."):
            name = name_of(problem.path)
            typed = self.initial.get(name, "")
            text = problem_text(problem, typed if isinstance(typed, str) else "")
            self.add_error(name if name in self.fields else None, text)
            return
        _members, place, cell = problem.path.split(".")
        row = self._rows[int(place)]
        text = problem_text(problem, str(row.get(cell) if row.get(cell) is not None else ""))
        shown_row = next(one for one in self._all_members() if one.key == key_of(row))
        shown_row.errors[cell] = text
        self.add_error(None, f"{shown_row.name}: {text}")

    def _member_problems(self) -> Iterator[str]:
        people, kept = self.choices.by_id, {key_of(to_json(row)) for row in self.saved.members}
        found = selection_problems(
            self.body.members, self.choices.groups_now, self.body.strategy, people
        )
        yield from (member_problem_text(problem, self.choices) for problem in found)
        for row in self.body.members:
            person = people.get(row.id) if row.kind == "manager" else None
            if person and not person.takes_part and key_of(to_json(row)) not in kept:
                yield not_taking_part(person.name)

    def _all_members(self) -> Iterator[MemberRow]:
        for row in self.members:
            yield row
            yield from row.children


def _kinds() -> list[tuple[str, str]]:
    return [(path, words.kind) for path, words in WORDS.items()]


def _at(document: Json, path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        value = value[name]
    return value


def _put(document: Json, path: str, value: Any) -> None:
    *sections, last = path.split(".")
    place = document
    for name in sections:
        place = place[name]
    place[last] = value
