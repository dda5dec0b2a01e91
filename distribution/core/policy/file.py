"""An account's settings as one file: the page "Shift distribution", registers, templates, triggers.

What is in the file is checked by the same schema as bodies; ids are Kommo's, registers and schedules
are named. See docs/settings.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from distribution.core.policy.body import MOST_MINUTES, Body
from distribution.core.policy.document import Problem, objections_to, read_section
from distribution.core.policy.schema import (
    choice,
    clock,
    identity,
    percents,
    rows,
    stages,
    tick,
    whole,
    words,
)

FORMAT = 1
LONGEST_NAME = 64
DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class PageSettings:
    """What the page "Shift distribution" saves, but for its groups; names are the page's."""

    shift_mode: str = choice("manual", "automatic", "hybrid")
    pause_after_minutes: int = whole(15, 1, DAY)
    offline_after_minutes: int = whole(15, 1, DAY)
    inactivity_ends_hand_pause: bool = tick()
    shows_activity: bool = tick(True)
    users_may_change_activity: bool = tick(True)
    is_enabled: bool = tick()
    mode: str = choice("watch", "pipeline")
    redistribution_enabled: bool = tick(True)
    redistribution_from: str = clock("09:00")
    redistribution_to: str = clock("18:00")
    redistribution_delay_minutes: int = whole(0, 0, DAY)
    transfer_minutes: int | None = whole(None, 0, DAY)
    exclusion_field_id: int | None = identity()
    return_enabled: bool = tick(True)
    return_only_untouched: bool = tick(True)
    notes_enabled: bool = tick()
    strategy: str = choice("least_loaded", "even")
    hours_from: str = clock("09:00")
    hours_to: str = clock("18:00")
    schedule_gate: bool = tick()
    start_delay_minutes: int = whole(0, 0, DAY)


@dataclass(frozen=True, slots=True)
class GroupFile:
    """A group of the page with the stages that it tracks, in order of priority."""

    group: int = whole(0, 0, 2**63 - 1)
    stages: tuple[tuple[int, int | None], ...] = stages()


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A named register."""

    name: str = words(LONGEST_NAME)
    strict_totals: bool = tick()
    catch_up_percent: int = whole(0, 0, 100)
    catch_up_leads: int = whole(3, 1, 50)
    ramp: tuple[int, ...] = percents()


@dataclass(frozen=True, slots=True)
class TriggerFile:
    """A trigger of a template; its key is not in the file, an import makes a new one."""

    kind: str = choice("watch", "pipeline", "salesbot")
    name: str = words(LONGEST_NAME)
    stages: tuple[tuple[int, int | None], ...] = stages()
    register: str = words(LONGEST_NAME)  # "" = its own
    delay_minutes: int = whole(0, 0, MOST_MINUTES)
    priority: int = whole(0, 0, 32_767)


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template with its triggers."""

    name: str = words(LONGEST_NAME)
    is_enabled: bool = tick(True)
    is_shadow: bool = tick()
    body: Body = field(default_factory=Body)
    triggers: tuple[TriggerFile, ...] = rows(TriggerFile)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The whole file."""

    format: int = whole(FORMAT, FORMAT, FORMAT)
    settings: PageSettings = field(default_factory=PageSettings)
    groups: tuple[GroupFile, ...] = rows(GroupFile)
    registers: tuple[RegisterFile, ...] = rows(RegisterFile)
    templates: tuple[TemplateFile, ...] = rows(TemplateFile)


def read_file(document: Any) -> tuple[SettingsFile, list[Problem]]:
    """Return the file and everything that is wrong with it."""
    found, problems = read_section(SettingsFile, document)
    if isinstance(document, dict) and "format" not in document:
        problems.insert(0, Problem("format", "missing", str(FORMAT)))
    for place, template in enumerate(found.templates):
        problems += [
            Problem(f"templates.{place}.body.{one.path}", one.code, one.asks)
            for one in objections_to(template.body)
        ]
    return found, problems + _names(found)


def _names(found: SettingsFile) -> list[Problem]:
    """Return what is wrong with names: empty, or twice."""
    problems: list[Problem] = []
    for kind in ("registers", "templates"):
        seen: set[str] = set()
        for place, row in enumerate(getattr(found, kind)):
            if not row.name.strip():
                problems.append(Problem(f"{kind}.{place}.name", "empty"))
            elif row.name in seen:
                problems.append(Problem(f"{kind}.{place}.name", "twice"))
            seen.add(row.name)
    return problems
