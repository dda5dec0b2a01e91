"""Builders of templates and triggers for the conflict detector: alone, none has a conflict."""

from collections.abc import Iterable, Sequence
from typing import Any

from distribution.core.conflicts import (
    Conflict,
    Span,
    Stage,
    TemplateFacts,
    TriggerFacts,
    conflicts_in,
)

DAY, WEEK = 24 * 60, 7 * 24 * 60
OLEG, ANA = 1, 2
NEW, WARM, LOST = (1, 10), (1, 20), (1, 30)
WHOLE = (1, 0)


def daily(start: int, end: int, days: Iterable[int] = range(7)) -> list[Span]:
    """From one hour to another on each of the days."""
    return [(day * DAY + start * 60, day * DAY + end * 60) for day in days]


ALWAYS = [(0, WEEK)]
MORNING, EVENING = daily(9, 14), daily(14, 20)


def template(number: int = 1, **different: Any) -> TemplateFacts:
    """Open all week, with a member of its own who needs no schedule."""
    facts: dict[str, Any] = {
        "members": frozenset({100 + number}),
        "weekly_hours": ALWAYS,
        "schedule_gate": "off",
        "schedules": {},
        "skills_of": {},
        "hard_skills": frozenset(),
        "moves_to": frozenset(),
    }
    return TemplateFacts(number, f"Template {number}", **(facts | different))


def trigger(
    number: int = 1, template_id: int = 1, *stages: Stage, **different: Any
) -> TriggerFacts:
    facts: dict[str, Any] = {"kind": "watch", "priority": number}
    return TriggerFacts(
        number,
        f"Trigger {number}",
        template_id=template_id,
        stages=frozenset(stages),
        **(facts | different),
    )


def found(
    triggers: Sequence[TriggerFacts], templates: Sequence[TemplateFacts], *kinds: str
) -> list[Conflict]:
    """Find conflicts, of these kinds or all; the order in which things are given is of no account."""
    result = conflicts_in(triggers, templates)
    assert result == conflicts_in(list(reversed(triggers)), list(reversed(templates)))
    return [one for one in result if not kinds or one.kind in kinds]
