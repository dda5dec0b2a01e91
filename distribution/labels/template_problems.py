"""What is wrong with a template's settings, in words: cause and next step."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from distribution.core.members import Problem as MemberProblem
from distribution.core.members import ProblemCode
from distribution.core.policy import Problem
from distribution.queries.templates import Choices

_BOUNDS = re.compile(r"(\d+) to (\d+)")


def bounds_of(says: str) -> tuple[int, int] | None:
    """Return the least and the greatest whole number that the schema's words allow."""
    found = _BOUNDS.match(says)
    return (int(found[1]), int(found[2])) if found else None


def problem_text(problem: Problem, typed: str = "") -> str:
    """Return what to correct; `typed` is what stands in the field."""
    bounds = bounds_of(problem.asks)
    if bounds:
        said = {"least": bounds[0], "most": bounds[1]}
        if not typed.strip():
            return _("Empty. Write a whole number from %(least)s to %(most)s.") % said
        if problem.code == "out_of_bounds":
            return _("Out of range. Write a whole number from %(least)s to %(most)s.") % said
        return _("Not a number. Write a whole number from %(least)s to %(most)s.") % said
    return {
        "not_a_clock": _("Not a time. Write it as 09:00."),
        "not_a_choice": _("Not one of the choices. Choose one of them."),
        "not_a_stage": _("Not a stage. Choose one from the list."),
        "missing": _("Nothing is chosen. Choose one, or change the setting that asks for it."),
        "empty": _("Nothing is ticked. Tick at least one."),
        "not_before": _(
            "The warning would come too late. Write fewer minutes than for the first touch."
        ),
        "not_a_text": _("Too long. Choose one from the list."),
    }.get(problem.code, _("This value cannot be used. Choose or write another one."))


def member_problem_text(problem: MemberProblem, choices: Choices) -> str:
    """Return what is wrong with a row of the list of members, or with the whole list."""
    if problem.code is ProblemCode.ALL_WEIGHTS_ZERO:
        return _("All coefficients are 0, so nobody would get leads. Raise one of them.")
    if problem.kind == "group":
        said = {"name": choices.group_name(problem.id or 0)}
        if problem.code is ProblemCode.UNKNOWN_GROUP:
            return _("The group “%(name)s” no longer exists in Kommo. Untick it.") % said
        return (
            _("The group “%(name)s” cannot be used like this. Untick it and tick it anew.") % said
        )
    person = choices.by_id.get(problem.id or 0)
    said = {"name": choices.person_name(problem.id or 0), "group": ""}
    if problem.code is ProblemCode.APART_FROM_GROUP and person and person.group is not None:
        said["group"] = choices.group_name(person.group)
        return (
            _("%(name)s takes part through the group “%(group)s” already. Untick one of the two.")
            % said
        )
    if problem.code is ProblemCode.UNKNOWN_MANAGER:
        return not_taking_part(said["name"])
    return _("%(name)s cannot be chosen like this. Untick and tick anew.") % said


def not_taking_part(name: str) -> str:
    """Return why somebody cannot be chosen."""
    return _(
        "%(name)s does not take part: no licence, or deactivated in Kommo. "
        "Switch them on on the page Team, or untick them."
    ) % {"name": name}


def gone_text(kind: str) -> str:
    """Return what to do about a reference that the account no longer has."""
    return {
        "stage": _("Kommo no longer has this stage. Choose another."),
        "stages": _("Kommo no longer has one of the stages. Tick others."),
        "field": _("Kommo no longer has this field. Choose another."),
        "person": _("This person does not take part any longer. Choose another."),
        "people": _("One of them is no longer in the account. Untick them."),
        "pattern": _("This schedule no longer exists. Choose another."),
    }[kind]
