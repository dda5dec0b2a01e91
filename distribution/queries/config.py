"""An account's settings as the turn uses them: one query, plain frozen values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from typing import Any

from django.db import connection

from accounts.models import Stage

StageKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RuleConfig:
    """A group that takes part, with the stages that it tracks."""

    rule_id: int
    register_id: int
    whole_pipelines: frozenset[int]
    stages: frozenset[StageKey]

    def tracks(self, key: StageKey, unsorted: frozenset[StageKey]) -> bool:
        """Say whether a lead in this open stage is the group's."""
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
    strategy: str = "least_loaded"
    schedule_gate: bool = False
    hours: tuple[time, time] = (time(9), time(18))
    start_delay_seconds: int = 0
    redistribution_enabled: bool = False
    redistribution_hours: tuple[time, time] = (time(9), time(18))
    redistribution_delay_seconds: int = 0
    transfer_seconds: int | None = None
    exclusion_field_id: int | None = None
    return_enabled: bool = False
    return_only_untouched: bool = True
    notes_enabled: bool = False
    shift_mode: str = "manual"
    rules: tuple[RuleConfig, ...] = ()
    unsorted: frozenset[StageKey] = field(default_factory=frozenset)

    def rule_of(self, pipeline_id: int, status_id: int) -> RuleConfig | None:
        """Return the first group, by priority, that tracks the stage; closed stages have none."""
        key = (pipeline_id, status_id)
        if key not in self._known:
            self._known[key] = self._search(key)
        return self._known[key]

    @cached_property
    def _known(self) -> dict[StageKey, RuleConfig | None]:
        return {}

    def _search(self, key: StageKey) -> RuleConfig | None:
        if key[1] in Stage.CLOSED:
            return None
        return next((rule for rule in self.rules if rule.tracks(key, self.unsorted)), None)


_SQL = """
SELECT a.kommo_id, a.host, a.language, a.zone, a.service_user_id,
  s.is_enabled, s.enabled_at, s.mode, s.strategy, s.schedule_gate, s.hours_from, s.hours_to, s.start_delay_minutes,
  s.redistribution_enabled, s.redistribution_from, s.redistribution_to,
  s.redistribution_delay_minutes, s.transfer_minutes, s.exclusion_field_id,
  s.return_enabled, s.return_only_untouched, s.notes_enabled, sh.mode,
  (SELECT json_agg(json_build_array(r.id, coalesce(reg.id, 0),
     (SELECT json_agg(json_build_array(gs.pipeline_id, gs.status_id))
      FROM distribution_groupstage gs WHERE gs.rule_id = r.id)) ORDER BY r.priority, r.id)
   FROM distribution_grouprule r
   LEFT JOIN distribution_register reg ON reg.rule_id = r.id WHERE r.account_id = a.id),
  (SELECT json_agg(json_build_array(p.kommo_id, st.kommo_id))
   FROM accounts_stage st JOIN accounts_pipeline p ON p.id = st.pipeline_id
   WHERE st.account_id = a.id AND st.type = %s)
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
    kommo_id, host, language, zone, service_user_id = row[:5]
    unsorted = frozenset((pipeline, status) for pipeline, status in row[24] or ())
    common: dict[str, Any] = {"rules": tuple(map(_rule, row[23] or ())), "unsorted": unsorted}
    if row[5] is not None:
        common |= _settings(row[5:22])
    return AccountConfig(
        account_id,
        kommo_id,
        host,
        language,
        zone,
        service_user_id,
        shift_mode=row[22] or "manual",
        **common,
    )


def _settings(row: Iterable[Any]) -> dict[str, Any]:
    """Return the fields of AccountConfig from the settings' columns, minutes turned to seconds."""
    enabled, enabled_at, mode, strategy, gate, start, end, delay, *rest = row
    moves, moves_from, moves_to, move_delay, transfer, excluded, returns, untouched, notes = rest
    return {
        "is_enabled": enabled,
        "enabled_at": enabled_at,
        "mode": mode,
        "strategy": strategy,
        "schedule_gate": gate,
        "hours": (start, end),
        "start_delay_seconds": delay * 60,
        "redistribution_enabled": moves,
        "redistribution_hours": (moves_from, moves_to),
        "redistribution_delay_seconds": move_delay * 60,
        "transfer_seconds": None if transfer is None else transfer * 60,
        "exclusion_field_id": excluded,
        "return_enabled": returns,
        "return_only_untouched": untouched,
        "notes_enabled": notes,
    }


def _rule(row: list[Any]) -> RuleConfig:
    rule_id, register_id, stages = row
    pairs = [(pipeline, status) for pipeline, status in stages or ()]
    return RuleConfig(
        rule_id,
        register_id,
        frozenset(pipeline for pipeline, status in pairs if status is None),
        frozenset((pipeline, status) for pipeline, status in pairs if status is not None),
    )
