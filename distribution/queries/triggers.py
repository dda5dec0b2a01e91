"""What the pages of triggers show: the line in which they are asked, and what a trigger can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accounts.models import Account, Pipeline, Stage
from distribution.models import Register, RegisterEntry, Template, Trigger
from distribution.queries.registers import named_registers
from distribution.queries.settings import PipelineChoice, StageChoice

StageRef = tuple[int, int | None]  # (pipeline, stage); None = the whole pipeline


@dataclass(frozen=True, slots=True)
class TriggerLine:
    """A trigger in the order in which they are asked."""

    trigger: Trigger
    number: int  # its place among all, from 1
    places: tuple[str, ...]  # its stages by name
    register: Register | None  # a shared one; None: its own
    last_lead_at: datetime | None  # by its own register; None: none yet, or it shares one
    is_last: bool


@dataclass(frozen=True, slots=True)
class TriggerChoices:
    """What a trigger can name."""

    templates: tuple[Template, ...]  # but for that of the page "Shift distribution"
    registers: tuple[Register, ...]
    pipelines: tuple[PipelineChoice, ...]
    refused: tuple[str, ...]  # names of the stages of incoming and closed leads, each once


def lines_of(account: Account) -> list[TriggerLine]:
    """Return all triggers in order; three queries."""
    rows = Trigger.objects.for_account(account).select_related(
        "account", "template", "group", "register"
    )
    line = list(rows.order_by("priority", "pk"))
    names = place_names(account) if line else {}
    entries = RegisterEntry.objects.for_account(account).filter(register__own_of__isnull=False)
    latest = dict(
        entries.values("register_id")
        .annotate(last=Max("last_lead_at"))
        .values_list("register_id", "last")
    )
    return [_line(row, number, len(line), names, latest) for number, row in enumerate(line, 1)]


def _line(
    row: Trigger,
    number: int,
    total: int,
    names: Mapping[StageRef, str],
    latest: Mapping[int, datetime],
) -> TriggerLine:
    is_own = row.register is None or row.register.own_of_id == row.pk
    return TriggerLine(
        row,
        number,
        tuple(
            names.get((pipeline, status), f"{pipeline}: {status}")
            for pipeline, status in row.stages
        ),
        None if is_own else row.register,
        latest.get(row.register_id or 0) if is_own else None,
        number == total,
    )


def place_names(account: Account) -> dict[StageRef, str]:
    """Return "Pipeline: Stage" of every stage, and the name of every pipeline; gone ones, too."""
    names: dict[StageRef, str] = {}
    for stage in Stage.objects.for_account(account).select_related("pipeline"):
        names[stage.pipeline.kommo_id, None] = stage.pipeline.name
        names[stage.pipeline.kommo_id, stage.kommo_id] = f"{stage.pipeline.name}: {stage.name}"
    return names


def choices_for(account: Account) -> TriggerChoices:
    """Return what a trigger can name; four queries."""
    templates = Template.objects.for_account(account).filter(is_simple=False)
    pipelines = Pipeline.objects.for_account(account).filter(is_gone=False)
    found: dict[int, list[StageChoice]] = {}
    refused: dict[str, None] = {}
    stages = Stage.objects.for_account(account).filter(is_gone=False, pipeline__is_gone=False)
    for stage in stages.select_related("pipeline").order_by("pipeline__sort", "sort", "pk"):
        if stage.kommo_id in Stage.CLOSED or stage.type == Stage.UNSORTED_TYPE:
            refused[stage.name] = None
        else:
            listed = found.setdefault(stage.pipeline.kommo_id, [])
            listed.append(StageChoice(stage.kommo_id, stage.name))
    return TriggerChoices(
        tuple(templates.order_by("name", "pk")),
        tuple(named_registers(account)),
        tuple(
            PipelineChoice(row.kommo_id, row.name, tuple(found.get(row.kommo_id, ())))
            for row in pipelines.order_by("sort", "pk")
        ),
        tuple(refused),
    )
