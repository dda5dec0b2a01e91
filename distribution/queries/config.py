"""An account's settings as the turn uses them: one query, plain frozen values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property, lru_cache
from typing import Any

from django.db import connection

from accounts.models import Stage
from distribution.core.policy import Body, Hours, read_body
from distribution.models import ManagerLoad, Trigger
from shifts.core.windows import DailyWindow

StageKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TemplateConfig:
    """A template that is on."""

    template_id: int
    name: str
    version: int
    is_shadow: bool
    body: Body

    @property
    def scope(self) -> int:
        """Return which of the counts of ManagerLoad its limits look at."""
        counts = self.body.limits.counts
        if counts == "chosen":
            return self.template_id
        return ManagerLoad.TRACKED if counts == "tracked" else ManagerLoad.ALL

    @property
    def waits_alike(self) -> bool:
        """Say whether what keeps one lead waiting keeps all: nothing of it is about the lead."""
        body = self.body
        is_timed = body.nobody.widen_minutes or body.nobody.after_minutes
        is_own = body.keep_owner or body.skills.mode != "off" or body.sticky.by != "off"
        return not is_own and not is_timed


@dataclass(frozen=True, slots=True)
class RegisterConfig:
    """The register whose statistics count for a trigger."""

    register_id: int = 0
    strict_totals: bool = False
    catch_up_percent: int = 0
    catch_up_leads: int = 3
    ramp: tuple[int, ...] = ()
    is_own: bool = False  # of its trigger alone ("current trigger"), not a named one


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """What sends leads into a template, with the stages that it watches or stands in."""

    trigger_id: int
    template: TemplateConfig
    kind: str
    register: RegisterConfig
    group: int | None  # Kommo's id of the group that alone receives
    whole_pipelines: frozenset[int]
    stages: frozenset[StageKey]
    card_version: int = 0  # the latest that its card has echoed (F111)

    @property
    def is_watch(self) -> bool:
        """It takes every new lead of its stages, unasked."""
        return self.kind == Trigger.Kind.WATCH

    def tracks(self, key: StageKey, unsorted: frozenset[StageKey]) -> bool:
        """Say whether a lead in this open stage is this trigger's."""
        if key in self.stages:
            return True
        return key[0] in self.whole_pipelines and key not in unsorted


@dataclass(frozen=True)
class AccountConfig:
    """Everything a turn must know of an account besides its people."""

    account_id: int
    kommo_id: int
    host: str
    language: str
    zone: str
    service_user_id: int | None
    is_enabled: bool = False
    enabled_at: datetime | None = None
    mode: str = "watch"
    redistribution_enabled: bool = False
    redistribution_hours: tuple[time, time] = (time(9), time(18))
    redistribution_delay_seconds: int = 0
    transfer_seconds: int | None = None
    exclusion_field_id: int | None = None
    return_enabled: bool = False
    return_only_untouched: bool = True
    notes_enabled: bool = False
    shift_mode: str = "manual"
    has_personal_task_limits: bool = False  # of somebody, in the profile
    triggers: tuple[TriggerConfig, ...] = ()  # in order of priority
    unsorted: frozenset[StageKey] = field(default_factory=frozenset)

    def watches_of(self, pipeline_id: int, status_id: int) -> tuple[TriggerConfig, ...]:
        """Return the watches that track the stage, by priority; closed stages have none."""
        key = (pipeline_id, status_id)
        if key not in self._known:
            self._known[key] = self._search(key)
        return self._known[key]

    def watch_of(self, pipeline_id: int, status_id: int) -> TriggerConfig | None:
        """Return the first watch, by priority, that tracks the stage."""
        return next(iter(self.watches_of(pipeline_id, status_id)), None)

    def trigger(self, trigger_id: int | None) -> TriggerConfig | None:
        """Return a trigger whose template is on."""
        return self._by_id.get(trigger_id) if trigger_id is not None else None

    def scopes_of(self, pipeline_id: int, status_id: int) -> tuple[int, ...]:
        """Return the scopes of ManagerLoad in which an open lead of the stage counts."""
        key = (pipeline_id, status_id)
        if key not in self._scopes:
            self._scopes[key] = self._search_scopes(key)
        return self._scopes[key]

    def cares_for(self, pipeline_id: int, status_id: int) -> bool:
        """Say whether leads of the stage are mirrored: watched, or counted by some limit."""
        return bool(self.scopes_of(pipeline_id, status_id))

    @cached_property
    def templates(self) -> tuple[TemplateConfig, ...]:
        """Return the templates of the triggers, each once."""
        return tuple({one.template.template_id: one.template for one in self.triggers}.values())

    @cached_property
    def moving(self) -> tuple[int, ...]:
        """Return the triggers whose leads move on when their manager goes off shift (F40)."""
        return tuple(
            one.trigger_id
            for one in self.triggers
            if one.template.body.departure.moves and not one.template.is_shadow
        )

    @cached_property
    def counts_tasks(self) -> bool:
        """Say whether some template or person has a limit of tasks."""
        return any(
            one.body.limits.tasks is not None
            or any(member.tasks is not None for member in one.body.members)
            for one in self.templates
        ) or (self.has_personal_task_limits and bool(self.templates))

    @cached_property
    def asks_customers(self) -> bool:
        """Say whether some template looks for the owners of contacts or companies."""
        return any(one.body.sticky.by != "off" for one in self.templates)

    @cached_property
    def accepts_by_touch(self) -> bool:
        """Say whether in some template a touch accepts a lead."""
        rules = [one.body.acceptance for one in self.templates]
        return any(one.minutes is not None and "touch" in one.accepted_by for one in rules)

    @cached_property
    def times_touches(self) -> bool:
        """Say whether some template has a first-touch clock."""
        return any(one.body.first_touch.minutes is not None for one in self.templates)

    @cached_property
    def has_schedule_gate(self) -> bool:
        """Say whether some template lets only people in service receive."""
        return any(one.body.gates.schedule != "off" for one in self.templates)

    @cached_property
    def named_schedules(self) -> frozenset[str]:
        """Return the names of the schedules that templates ask for (F58)."""
        gates = [one.body.gates for one in self.templates]
        return frozenset(one.pattern for one in gates if one.schedule == "named")

    @cached_property
    def has_presence_gate(self) -> bool:
        """Say whether some template looks at who has Kommo open (F107)."""
        return any(one.body.gates.presence != "off" for one in self.templates)

    @cached_property
    def needs_schedules(self) -> bool:
        """Say whether somebody's schedule is judged, by a gate or by a register's catch-up."""
        return self.has_schedule_gate or any(one.register.catch_up_percent for one in self.triggers)

    @cached_property
    def pace_minutes(self) -> int:
        """Return the longest period in which some template counts leads; 0: none does."""
        limits = [one.body.limits for one in self.templates]
        return max((one.pace_minutes for one in limits if one.pace_leads is not None), default=0)

    @cached_property
    def _by_id(self) -> dict[int, TriggerConfig]:
        return {one.trigger_id: one for one in self.triggers}

    @cached_property
    def _known(self) -> dict[StageKey, tuple[TriggerConfig, ...]]:
        return {}

    @cached_property
    def _scopes(self) -> dict[StageKey, tuple[int, ...]]:
        return {}

    def _search(self, key: StageKey) -> tuple[TriggerConfig, ...]:
        if key[1] in Stage.CLOSED:
            return ()
        return tuple(
            one for one in self.triggers if one.is_watch and one.tracks(key, self.unsorted)
        )

    def _search_scopes(self, key: StageKey) -> tuple[int, ...]:
        if key[1] in Stage.CLOSED or key in self.unsorted:
            return ()
        scopes = [ManagerLoad.TRACKED] if self.watches_of(*key) else []
        for template in self.templates:
            is_chosen = template.scope > 0 and any(
                stage in (key, (key[0], None)) for stage in template.body.limits.stages
            )
            if is_chosen or template.scope == ManagerLoad.ALL:
                scopes.append(template.scope)
        return tuple(sorted(set(scopes)))


_SQL = """
SELECT a.kommo_id, a.host, a.language, a.zone, a.service_user_id, sh.mode,
  (SELECT json_agg(json_build_array(t.id, t.kind, t.stages, g.kommo_id, t.card_version,
     tp.id, tp.name, tp.version, tp.is_shadow, tp.body::text,
     reg.id, reg.strict_totals, reg.catch_up_percent, reg.catch_up_leads, reg.ramp,
     reg.own_of_id = t.id)
     ORDER BY t.priority, t.id)
   FROM distribution_trigger t
   JOIN distribution_template tp ON tp.id = t.template_id
   LEFT JOIN accounts_group g ON g.id = t.group_id
   LEFT JOIN distribution_register reg ON reg.id = t.register_id
   WHERE t.account_id = a.id AND tp.is_enabled),
  (SELECT json_agg(json_build_array(p.kommo_id, st.kommo_id))
   FROM accounts_stage st JOIN accounts_pipeline p ON p.id = st.pipeline_id
   WHERE st.account_id = a.id AND st.type = %s),
  EXISTS (SELECT FROM distribution_managerprofile prof
    WHERE prof.account_id = a.id AND prof.tasks IS NOT NULL),
  s.id, s.is_enabled, s.enabled_at, s.mode,
  s.redistribution_enabled, s.redistribution_from, s.redistribution_to,
  s.redistribution_delay_minutes, s.transfer_minutes, s.exclusion_field_id,
  s.return_enabled, s.return_only_untouched, s.notes_enabled
FROM accounts_account a
LEFT JOIN distribution_distributionsettings s ON s.account_id = a.id
LEFT JOIN shifts_shiftsettings sh ON sh.account_id = a.id
WHERE a.id = %s
"""


def config_of(account_id: int) -> AccountConfig:
    """Return the account's settings; an account without settings has dealing switched off."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [Stage.UNSORTED_TYPE, account_id])
        row = cursor.fetchone()
    kommo_id, host, language, zone, service_user_id, mode, triggers, unsorted, *rest = row
    tasks, saved, *columns = rest
    return AccountConfig(
        account_id,
        kommo_id,
        host,
        language,
        zone,
        service_user_id,
        shift_mode=mode or "manual",
        triggers=tuple(map(_trigger, triggers or ())),
        has_personal_task_limits=tasks,
        unsorted=frozenset((pipeline, status) for pipeline, status in unsorted or ()),
        **(_settings(columns) if saved is not None else {}),
    )


def window_of(hours: Hours) -> DailyWindow:
    """Return the hours of a body as a window."""
    return DailyWindow(
        time.fromisoformat(hours.start), time.fromisoformat(hours.end), frozenset(hours.weekdays)
    )


def _settings(row: Iterable[Any]) -> dict[str, Any]:
    """Return the fields of AccountConfig from the settings' columns, minutes turned to seconds."""
    enabled, enabled_at, mode, moves, moves_from, moves_to, delay, transfer, *rest = row
    excluded, returns, untouched, notes = rest
    return {
        "is_enabled": enabled,
        "enabled_at": enabled_at,
        "mode": mode,
        "redistribution_enabled": moves,
        "redistribution_hours": (moves_from, moves_to),
        "redistribution_delay_seconds": delay * 60,
        "transfer_seconds": None if transfer is None else transfer * 60,
        "exclusion_field_id": excluded,
        "return_enabled": returns,
        "return_only_untouched": untouched,
        "notes_enabled": notes,
    }


def _trigger(row: list[Any]) -> TriggerConfig:
    trigger_id, kind, stages, group, card, *rest = row
    template_id, name, version, is_shadow, body, *register = rest
    template = TemplateConfig(template_id, name, version, is_shadow, _body(body))
    return TriggerConfig(
        trigger_id,
        template,
        kind,
        _register(*register),
        group,
        frozenset(pipeline for pipeline, status in stages if status is None),
        frozenset((pipeline, status) for pipeline, status in stages if status is not None),
        card,
    )


def _register(
    register_id: int | None,
    strict: bool,
    percent: int,
    leads: int,
    ramp: list[int],
    is_own: bool | None,
) -> RegisterConfig:
    if register_id is None:
        return RegisterConfig()
    return RegisterConfig(register_id, strict, percent, leads, tuple(ramp), bool(is_own))


@lru_cache(maxsize=1024)
def _body(text: str) -> Body:
    """Return a stored body; it was checked when it was saved."""
    return read_body(json.loads(text))[0]
