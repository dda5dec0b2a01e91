"""A person's change that ours overwrote in the one round trip between read and PATCH: counted, shown.

Kommo has no conditional write. Our own echo tells whose the lead was when the PATCH arrived; if that
was neither the owner we had read nor the target, somebody had changed it in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accounts.kommo.webhook import LeadHint
from distribution.models import Decision, Effect
from distribution.operations.deciding.work_state import TurnWork

REASON = "overwrote_person"
# The installer's own edits by hand look like ours: an echo bears the time of what was sent.
ECHO_SECONDS = 60


def note_overwrites(work: TurnWork, hints: Mapping[int, Sequence[LeadHint]]) -> None:
    """Record each lead whose echo shows another former owner than our change expected."""
    echoes = {
        lead_id: hint
        for lead_id, heard in hints.items()
        for hint in heard
        if lead_id in work.rows and _may_be_ours(work, hint)
    }
    if not echoes:
        return
    effects = (
        Effect.objects.for_account(work.config.account_id)
        .filter(lead_id__in=echoes, kind=Effect.Kind.OWNER, sent_at__isnull=False)
        .order_by("lead_id", "-id")
        .distinct("lead_id")
    )
    found = effects.values_list("lead_id", "target", "expected_from", "sent_at")
    for lead_id, target, expected, sent_at in found:
        echo = echoes[lead_id]
        before = echo.old_owner_id or None
        is_near = abs((echo.updated_at or 0) - sent_at.timestamp()) <= ECHO_SECONDS
        if echo.owner_id == target and before not in (expected, target) and is_near:
            _note(work, lead_id, target, before)


def _note(work: TurnWork, lead_id: int, target: int | None, before: int | None) -> None:
    """Record it once: a webhook may come twice."""
    values = {"chosen_id": target, "previous_owner_id": before, "reason": REASON}
    told = Decision.objects.for_account(work.config.account_id).filter(lead_id=lead_id, **values)
    if told.exists():
        return
    row = work.rows[lead_id]
    work.record(row, Decision.Kind.MANUAL, **values)
    if row.owner_id == before and row.confirmed_owner_id == target:
        with work.changing(row):  # the choice was read just before it was written over
            row.owner_id = target


def _may_be_ours(work: TurnWork, hint: LeadHint) -> bool:
    is_robot = hint.modified_by in (None, 0, work.config.service_user_id)
    return hint.action == "responsible" and is_robot and hint.old_owner_id is not None
