"""Shapes triggers and their conflicts for their templates; no database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from distribution.core.conflicts import Conflict
from distribution.forms.triggers import TriggerForm, place_value
from distribution.labels.conflicts import Said, count_text, said_of, unplanned_of
from distribution.labels.registers import RESET_WARNING
from distribution.labels.triggers import KINDS
from distribution.models import Trigger
from distribution.operations.policies.triggers import trigger_key
from distribution.queries.conflicts import PROBLEMS, Findings
from distribution.queries.registers import trigger_name
from distribution.queries.triggers import TriggerLine
from peresmenka.lib.moments import clock


@dataclass(frozen=True, slots=True)
class Panel:
    """Conflicts as a page shows them."""

    problems: tuple[Said, ...]  # errors and warnings
    unplanned: tuple[Said, ...]
    hints: tuple[Said, ...]
    count: str  # of the problems; "" where there are none
    monday: date


@dataclass(frozen=True, slots=True)
class Setup:
    """What is pasted where, for a trigger that Kommo sets off."""

    key: str
    steps: tuple[Any, ...]
    is_card: bool
    has_fired: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A trigger in the list."""

    line: TriggerLine
    trigger: Trigger
    name: str
    kind: Any
    is_groups: bool  # of the page "Shift distribution"
    key: str
    last: str
    conflicts: str


@dataclass(frozen=True, slots=True)
class Boxes:
    """A pipeline with the boxes of its stages; without stages: a place that Kommo no longer has."""

    value: str
    name: str
    is_on: bool
    stages: tuple[tuple[str, str, bool], ...]
    is_gone: bool


def list_rows(
    lines: Iterable[TriggerLine], findings: Findings, zone: tzinfo, now: datetime
) -> list[Row]:
    """Return the rows of the list."""
    return [
        Row(
            line,
            line.trigger,
            trigger_name(line.trigger),
            KINDS[line.trigger.kind].name,
            line.trigger.group_id is not None,
            "" if line.trigger.key_digest is None else trigger_key(line.trigger),
            clock(line.last_lead_at, zone, now) if line.last_lead_at else "",
            _count(findings.of_trigger(line.trigger.pk)),
        )
        for line in lines
    ]


def conflict_panel(
    conflicts: Sequence[Conflict], findings: Findings, templates: Iterable[int] = ()
) -> Panel:
    """Return conflicts in words, what is wrong apart from what is merely good to know.

    `templates`: those of which is said, too, who in them has no schedule.
    """
    problems = [one for one in conflicts if one.severity in PROBLEMS]
    hints = [one for one in conflicts if one.severity not in PROBLEMS]
    return Panel(
        tuple(said_of(problems, findings)),
        tuple(unplanned_of(templates, findings)),
        tuple(said_of(hints, findings)),
        _count(conflicts),
        findings.monday,
    )


def setup_of(trigger: Trigger) -> Setup | None:
    """Return what is to be done in Kommo; None for a watch."""
    if trigger.kind == Trigger.Kind.WATCH:
        return None
    return Setup(
        trigger_key(trigger),
        KINDS[trigger.kind].steps,
        trigger.kind == Trigger.Kind.PIPELINE,
        trigger.card_version > 0,
    )


def form_page(form: TriggerForm, trigger: Trigger | None) -> dict[str, Any]:
    """Return what the page of a form shows besides conflicts and keys."""
    kind = trigger.kind if trigger else str(form["kind"].value())
    return {
        "form": form,
        "trigger": trigger,
        "name": trigger_name(trigger) if trigger else "",
        "kinds": [
            {"code": code, "words": words, "is_on": code == kind} for code, words in KINDS.items()
        ],
        "kind": KINDS.get(kind),
        "boxes": _boxes(form),
        "refused": ", ".join(form.choices.refused),
        "reset_warning": RESET_WARNING,
    }


def _boxes(form: TriggerForm) -> list[Boxes]:
    chosen = {str(one) for one in form["stages"].value() or ()}
    known: set[str] = set()
    found = []
    for pipeline in form.choices.pipelines:
        whole = place_value(pipeline.kommo_id, None)
        values = [
            (place_value(pipeline.kommo_id, one.kommo_id), one.name) for one in pipeline.stages
        ]
        known |= {whole, *(value for value, _name in values)}
        stages = tuple((value, name, value in chosen) for value, name in values)
        found.append(Boxes(whole, pipeline.name, whole in chosen, stages, is_gone=False))
    gone = [Boxes(value, value, True, (), is_gone=True) for value in sorted(chosen - known)]
    return found + gone


def _count(conflicts: Iterable[Conflict]) -> str:
    return count_text(sum(one.severity in PROBLEMS for one in conflicts))
