"""Starting points for a new template: a body made of the account's own groups and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from distribution.operations.deciding.acceptance import TAKEN_TO_WORK_MINUTES
from distribution.queries.templates import Choices

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """A starting point."""

    code: str
    name: Any  # suggested for the template
    help: Any
    body: Callable[[Choices], Json]


def _group(choices: Choices) -> list[Json]:
    """Return the group in which most take part."""
    groups = choices.groups_now
    largest = max(groups, key=lambda group: len(groups[group]), default=None)
    return [] if largest is None or not groups[largest] else [{"kind": "group", "id": largest}]


def _pair(choices: Choices) -> list[Json]:
    """Return two people of that group with 40 and 60; of anybody where the group is smaller."""
    groups = choices.groups_now
    largest = max(groups.values(), key=len, default=[])
    people = largest if len(largest) > 1 else [person.kommo_id for person in choices.takers]
    return [
        {"kind": "manager", "id": user, "weight": weight}
        for user, weight in zip(people[:2], (40, 60), strict=False)
    ]


def _even(choices: Choices) -> Json:
    return {"strategy": "even", "members": _group(choices), "gates": {"shift": "require"}}


def _shares(choices: Choices) -> Json:
    return {"strategy": "weighted", "members": _pair(choices), "gates": {"shift": "require"}}


def _call_centre(choices: Choices) -> Json:
    return {
        "strategy": "least_loaded",
        "members": _group(choices),
        "gates": {"shift": "require", "presence": "require"},
        "acceptance": {
            "minutes": TAKEN_TO_WORK_MINUTES,
            "accepted_by": ["stage", "touch"],
            "pause_after": 3,
        },
    }


def _recurring(choices: Choices) -> Json:
    return {
        "strategy": "even",
        "members": _group(choices),
        "gates": {"shift": "require"},
        "sticky": {"by": "both", "owner_away": "wait", "wait_minutes": 30},
    }


def _blank(choices: Choices) -> Json:
    return {}


STARTS = {
    start.code: start
    for start in (
        Start(
            "even",
            _("Evenly among a group"),
            _("Everybody on shift gets the same number of leads."),
            _even,
        ),
        Start(
            "shares",
            _("Shares 40 : 60"),
            _("Two people or groups get leads in proportion; change the numbers as you like."),
            _shares,
        ),
        Start(
            "calls",
            _("Call centre"),
            _("Only people online; who does not accept within 10 minutes loses the lead."),
            _call_centre,
        ),
        Start(
            "recurring",
            _("Recurring customers"),
            _("A customer comes back to their manager; new ones are shared evenly."),
            _recurring,
        ),
        Start("blank", _("New template"), _("Begin with nothing chosen."), _blank),
    )
}
