"""Shapes the settings page's groups and differences for its template; no request, no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from distribution.forms.settings import SettingsForm
from distribution.queries.settings import Catalogue, GroupChoice, Values


@dataclass(frozen=True, slots=True)
class StageBox:
    """A stage's checkbox."""

    value: str
    name: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class PipelineBox:
    """A pipeline's checkbox with those of its stages."""

    kommo_id: int
    name: str
    is_whole: bool
    stages: tuple[StageBox, ...]


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group with its ticks, in the place that its priority gives it."""

    group: GroupChoice
    is_on: bool
    pipelines: tuple[PipelineBox, ...]


def group_cards(groups: list[dict[str, Any]], catalogue: Catalogue) -> list[GroupCard]:
    """Return a card for each group: those that take part by priority, then the others by name."""
    entries = {entry["group"]: entry for entry in groups}
    known = {group.kommo_id: group for group in catalogue.groups}
    chosen = [known[kommo_id] for kommo_id in entries if kommo_id in known]
    others = [group for group in catalogue.groups if group.kommo_id not in entries]
    return [_card(group, entries.get(group.kommo_id), catalogue) for group in chosen + others]


def _card(group: GroupChoice, entry: dict[str, Any] | None, catalogue: Catalogue) -> GroupCard:
    whole = set(entry["pipelines"]) if entry else set()
    single = {tuple(pair) for pair in entry["stages"]} if entry else set()
    boxes = [
        PipelineBox(
            pipeline.kommo_id,
            pipeline.name,
            pipeline.kommo_id in whole,
            tuple(
                StageBox(
                    f"{pipeline.kommo_id}:{stage.kommo_id}",
                    stage.name,
                    (pipeline.kommo_id, stage.kommo_id) in single,
                )
                for stage in pipeline.stages
            ),
        )
        for pipeline in catalogue.pipelines
    ]
    return GroupCard(group, entry is not None, tuple(boxes))


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that two people changed at once."""

    label: str
    mine: str
    saved: str


def difference_lines(
    form: SettingsForm, names: Iterable[str], mine: Values, saved: Values
) -> list[Difference]:
    """Return each named setting with both values in words."""
    return [
        Difference(
            _label(form, name), _shown(form, name, mine[name]), _shown(form, name, saved[name])
        )
        for name in names
    ]


def _label(form: SettingsForm, name: str) -> str:
    return _("Groups & pipelines") if name == "groups" else str(form.fields[name].label)


def _shown(form: SettingsForm, name: str, value: Any) -> str:
    """Return a value as the page would show it."""
    if name == "groups":
        names = {group.kommo_id: group.name for group in form.catalogue.groups}
        return "; ".join(_group_line(entry, names, form.catalogue) for entry in value) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices = getattr(form.fields[name], "choices", ())
    labels = {str(key): str(label) for key, label in choices}
    return labels.get("" if value is None else str(value), "–" if value is None else str(value))


def _group_line(entry: dict[str, Any], names: dict[int, str], catalogue: Catalogue) -> str:
    pipelines = {row.kommo_id: row.name for row in catalogue.pipelines}
    tracked = [str(pipelines.get(pipeline, pipeline)) for pipeline in entry["pipelines"]]
    tracked += [catalogue.stage_name(pipeline, stage) for pipeline, stage in entry["stages"]]
    return f"{names.get(entry['group'], entry['group'])}: {', '.join(tracked) or '–'}"
