"""Saves the page "Shift distribution": settings, groups and stages, audit, and the event for the lane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.db import transaction

from accounts.models import Account, AuditEntry, Group, InboxEvent, Manager
from accounts.operations.inbox import append_event
from distribution.models import DistributionSettings, GroupRule, GroupStage, Register
from distribution.queries.settings import (
    DISTRIBUTION_FIELDS,
    SAVED,
    SHIFT_FIELDS,
    TIME_FIELDS,
    CurrentSettings,
    settings_of,
)
from peresmenka.lib.enqueue import ring
from shifts.models import ShiftSettings


class SettingsChanged(Exception):
    """Somebody else saved these settings meanwhile; look at both values and save again."""

    def __init__(self, current: CurrentSettings) -> None:
        super().__init__(self.__doc__)
        self.current = current


def settings_for(account: Account) -> DistributionSettings:
    """Return the account's settings, written with their defaults where they are missing."""
    ShiftSettings.objects.get_or_create(account=account)
    row, _ = DistributionSettings.objects.get_or_create(account=account)
    settings: DistributionSettings = row
    for rule in (
        GroupRule.objects.for_account(account).filter(register=None).select_related("group")
    ):
        Register.objects.create(account=account, rule=rule, name=rule.group.name)
    return settings


@transaction.atomic
def save_settings(
    account: Account,
    *,
    actor: Manager | None,
    changes: Mapping[str, Any],
    version: int,
    now: datetime,
) -> CurrentSettings:
    """Write what differs in `changes` (names of queries.settings.Values); return what is saved then.

    Locks the settings row; writes settings, group rules with their registers, one audit entry with
    the values before and after, and one inbox event. Nothing is written where nothing differs.
    Raises SettingsChanged when `version` is not the saved one.
    """
    settings_for(account)
    row = DistributionSettings.objects.for_account(account).select_for_update().get()
    current = settings_of(account)
    if row.version != version:
        raise SettingsChanged(current)
    changed = {name: value for name, value in changes.items() if current.values[name] != value}
    if not changed:
        return current
    _write_distribution(row, changed, now)
    _write_shifts(account, changed)
    if "groups" in changed:
        _write_groups(account, changed["groups"])
    AuditEntry.objects.create(
        account=account,
        at=now,
        actor_id=actor.kommo_id if actor else None,
        action=SAVED,
        before={name: current.values[name] for name in changed},
        after={**changed, "version": row.version},
    )
    append_event(account, InboxEvent.Kind.SETTINGS, {}, now)
    transaction.on_commit(ring)
    return settings_of(account)


def _write_distribution(
    row: DistributionSettings, changed: Mapping[str, Any], now: datetime
) -> None:
    """Write the changed columns and the next version; switching on begins a new time of dealing."""
    own = [name for name in DISTRIBUTION_FIELDS if name in changed]
    for name in own:
        value = changed[name]
        setattr(row, name, time.fromisoformat(value) if name in TIME_FIELDS else value)
    if changed.get("is_enabled"):
        row.enabled_at = now
    row.version += 1
    row.save(update_fields=[*own, "enabled_at", "version"])


def _write_shifts(account: Account, changed: Mapping[str, Any]) -> None:
    fields = {field: changed[name] for name, field in SHIFT_FIELDS.items() if name in changed}
    if fields:
        ShiftSettings.objects.for_account(account).update(**fields)


def _write_groups(account: Account, groups: list[dict[str, Any]]) -> None:
    """Make the rules equal to `groups`; a rule that stays keeps its register and so its ledger."""
    wanted = [entry["group"] for entry in groups]
    GroupRule.objects.for_account(account).exclude(group__kommo_id__in=wanted).delete()
    known = {row.kommo_id: row for row in Group.objects.for_account(account)}
    for place, entry in enumerate(groups):
        group = known[entry["group"]]
        rule, _ = GroupRule.objects.update_or_create(
            account=account, group=group, defaults={"priority": place}
        )
        Register.objects.get_or_create(account=account, rule=rule, defaults={"name": group.name})
        _write_stages(rule, entry)


def _write_stages(rule: GroupRule, entry: Mapping[str, Any]) -> None:
    wanted = {(pipeline, None) for pipeline in entry["pipelines"]}
    wanted |= {(pipeline, status) for pipeline, status in entry["stages"]}
    rows = GroupStage.objects.for_account(rule.account_id).filter(rule=rule)
    standing = {(row.pipeline_id, row.status_id): row.pk for row in rows}
    rows.filter(pk__in=[pk for key, pk in standing.items() if key not in wanted]).delete()
    GroupStage.objects.bulk_create(
        GroupStage(account_id=rule.account_id, rule=rule, pipeline_id=pipeline, status_id=status)
        for pipeline, status in sorted(wanted - standing.keys(), key=str)
    )
