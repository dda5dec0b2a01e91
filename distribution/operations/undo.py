"""Taking a wave back: the leads that nobody has touched since go to whom they had (N4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from accounts.models import Account, AuditEntry, InboxEvent, Manager, Stage
from accounts.operations.inbox import append_event
from distribution.core.reasons import Reason
from distribution.models import Decision, LeadMirror, Timer, Wave
from distribution.operations.deciding.ids import IdBlock
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.waves import TAKEN_BACK, is_running, leads_of_wave
from peresmenka.lib.enqueue import ring

Json = dict[str, Any]
LEADS_AN_EVENT = 200
Kind = Decision.Kind

# Why a lead stays where it is, besides core.reasons.
LEAD_GONE = "lead_gone"
LEAD_CLOSED = "lead_closed"
LEAD_ACCEPTED = "lead_accepted"
OWNER_GONE = "owner_gone"


class WaveUndone(Exception):
    """The wave has been taken back already."""


class NotUndoable(Exception):
    """What was taken back cannot be taken back once more."""


class WaveRunning(Exception):
    """The wave still moves leads."""


def undo_wave(account: Account, wave_id: int, *, actor: Manager, now: datetime) -> Wave:
    """Have the lane take a wave back; return the undo, whose counts the lane fills in.

    Locks the wave. Writes the undo's wave, an audit entry and an event for each 200 leads.
    Raises Wave.DoesNotExist, NotUndoable, WaveUndone, WaveRunning.
    """
    with transaction.atomic():
        wave = Wave.objects.for_account(account).select_for_update().get(pk=wave_id)
        _check(account, wave)
        undo = Wave.objects.create(
            id=_new_id(),
            account=account,
            kind=Wave.Kind.UNDO,
            user_id=wave.user_id,
            started_at=now,
            undoes_id=wave.pk,
        )
        leads = leads_of_wave(account, wave)
        for start in range(0, len(leads), LEADS_AN_EVENT):
            payload = {
                "wave": wave.pk,
                "undo": undo.pk,
                "leads": leads[start : start + LEADS_AN_EVENT],
                "by": actor.kommo_id,
            }
            append_event(account, InboxEvent.Kind.UNDO, payload, now)
        AuditEntry.objects.create(
            account=account,
            at=now,
            actor_id=actor.kommo_id,
            action=TAKEN_BACK,
            after={"wave": wave.pk, "undo": undo.pk, "leads": len(leads)},
        )
        transaction.on_commit(ring)
    return undo


def _check(account: Account, wave: Wave) -> None:
    """Refuse what cannot be taken back."""
    if wave.kind == Wave.Kind.UNDO:
        raise NotUndoable
    if Wave.objects.for_account(account).filter(undoes_id=wave.pk).exists():
        raise WaveUndone
    if is_running(account, wave):
        raise WaveRunning


def _new_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('distribution_block')")
        return IdBlock(cursor.fetchone()[0]).take()


def absorb_undo(work: TurnWork, payload: Json) -> None:
    """Take leads of a wave back, those that nobody has touched since; say of the others why not.

    payload: {"wave": id, "undo": id of the undo's wave, "leads": [ids], "by": user id}
    """
    wave = Wave.objects.for_account(work.config.account_id).filter(pk=payload["wave"]).first()
    if wave is None:
        return
    decisions = _moves(work, wave, payload["leads"])
    later = _touched_later(work, decisions)
    active = _active(work, {one.previous_owner_id for one in decisions})
    moved = 0
    for decision in decisions:
        row = work.rows.get(decision.lead_id)
        why = _why_not(row, decision, later, active)
        if row is not None:
            _settle(work, row, decision, why, int(payload["undo"]))
            moved += not why
    _count(work, wave, int(payload["undo"]), moved, len(decisions) - moved)


def _count(work: TurnWork, wave: Wave, undo_id: int, moved: int, left: int) -> None:
    """Add to the undo's counts; a turn may take several of its events."""
    waves = work.written.waves
    for earlier in [one for one in waves if one[0] == undo_id]:
        waves.remove(earlier)
        moved, left = moved + earlier[3], left + earlier[4]
    waves.append((undo_id, Wave.Kind.UNDO.value, wave.user_id, moved, left))


def _moves(work: TurnWork, wave: Wave, lead_ids: list[int]) -> list[Decision]:
    """Return the wave's decisions about these leads."""
    rows = Decision.objects.for_account(work.config.account_id).filter(
        wave_id=wave.pk, lead_id__in=lead_ids
    )
    return list(rows.order_by("pk"))


def _touched_later(work: TurnWork, decisions: list[Decision]) -> dict[int, str]:
    """Return what was decided last about those leads that have changed hands since, by lead."""
    if not decisions:
        return {}
    since = {one.lead_id: one.pk for one in decisions}
    rows = (
        Decision.objects.for_account(work.config.account_id)
        .filter(Q(kind=Kind.MANUAL) | Q(chosen_id__isnull=False), is_shadow=False)
        .filter(lead_id__in=since, pk__gt=decisions[0].pk)
        .order_by("pk")
        .values_list("pk", "lead_id", "kind")
    )
    found = {lead_id: kind for pk, lead_id, kind in rows if pk > since[lead_id]}
    for row in work.written.decisions:
        if row.lead_id in since and (row.kind == Kind.MANUAL or row.chosen_id is not None):
            found[row.lead_id] = row.kind
    return found


def _active(work: TurnWork, users: set[int | None]) -> set[int]:
    rows = Manager.objects.for_account(work.config.account_id).filter(is_active_in_kommo=True)
    return set(rows.filter(kommo_id__in=users - {None}).values_list("kommo_id", flat=True))


def _why_not(
    row: LeadRow | None, decision: Decision, later: dict[int, str], active: set[int]
) -> str:
    """Return why a lead stays where it is; empty: it goes back."""
    is_parked = decision.chosen_id is None
    if row is None or row.is_deleted:
        return LEAD_GONE
    if later.get(row.lead_id) == Kind.MANUAL:
        return Reason.OWNER_CHANGED_BY_HAND.value
    holder = decision.previous_owner_id if is_parked else decision.chosen_id
    if row.lead_id in later or row.owner_id != holder:
        return Reason.NOT_OUR_TRANSFEREE.value
    if row.status_id in Stage.CLOSED:
        return LEAD_CLOSED
    if row.stage_entry != decision.stage_entry:
        return Reason.STAGE_ADVANCED.value
    if row.is_excluded:
        return Reason.LEAD_EXCLUDED.value
    was_accepted = bool(decision.lead_facts.get("accepted"))
    if row.cycle.accepted and row.cycle.given == decision.pk and not was_accepted:
        return LEAD_ACCEPTED
    return "" if decision.previous_owner_id in active else OWNER_GONE


def _settle(work: TurnWork, row: LeadRow, decision: Decision, why: str, undo_id: int) -> None:
    """Give the lead back, without a clock that would take it away again; or record why not."""
    target = None if why else decision.previous_owner_id
    recorded = work.record(
        row,
        Kind.UNDO,
        chosen_id=target,
        previous_owner_id=row.owner_id,
        reason=why,
        wave_id=undo_id,
    )
    if target is None:
        return
    with work.changing(row):
        row.forget_original()
        row.leave_queue(LeadMirror.State.DEALT)
        row.cycle.given = 0
    for kind in (Timer.Kind.ACCEPT, Timer.Kind.TOUCH):
        work.cancel_timer(kind, row.lead_id)
    work.give(row, target, recorded)
