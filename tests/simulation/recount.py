"""What templates said and say, read once more by other means than the service's."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from distribution.core.facts import LeadFacts
from distribution.core.policy import Body
from distribution.models import Decision, LeadMirror, TemplateVersion
from distribution.queries.config import AccountConfig


def was_shadow(row: Decision) -> bool:
    """Say whether the template was in shadow as it was when it decided."""
    kept = TemplateVersion.objects.for_account(row.account_id).filter(
        template_id=row.template_id, version=row.template_version
    )
    document = kept.values_list("document", flat=True).first()
    return document is not None and bool(document["is_shadow"])


def facts_of(row: LeadMirror) -> LeadFacts:
    """Return a waiting lead as the engine sees it."""
    return LeadFacts(
        row.lead_id,
        row.pipeline_id,
        row.status_id,
        row.owner_id,
        row.is_excluded,
        waiting_since=row.waiting_since,
    )


def is_counted(config: AccountConfig, body: Body, place: tuple[int, int]) -> bool:
    """Say whether a lead in a stage counts against a template's limits."""
    if body.limits.counts == "tracked":
        return bool(config.watches_of(*place))
    if body.limits.counts == "all":
        return bool(config.scopes_of(*place))
    return any(stage in (place, (place[0], None)) for stage in body.limits.stages)


def is_open(body: Body, at: datetime) -> bool:
    """Say whether a template runs, by the account's wall clock; no hours go over midnight."""
    there = at.astimezone(ZoneInfo("Europe/Madrid"))
    start, end = time.fromisoformat(body.hours.start), time.fromisoformat(body.hours.end)
    is_today = there.weekday() in body.hours.weekdays
    return is_today and (start == end or start <= there.time() < end)
