"""What a read lead changes in the mirror. The lead as it was read counts, never the hint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.kommo.payloads import Lead
from accounts.kommo.webhook import LeadHint
from accounts.models import Stage
from distribution.models import Decision, DistributionSettings, Effect, LeadMirror
from distribution.operations.deciding.acceptance_clock import give_up_clock, note_stage
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork
from distribution.queries.config import AccountConfig, TriggerConfig

State = LeadMirror.State


def needs_read(config: AccountConfig, row: LeadRow | None, hint: LeadHint) -> bool:
    """Say whether a hint may mean something new: else it costs no call (our own echo, old news)."""
    if hint.action == "trigger":
        return config.mode == DistributionSettings.Mode.PIPELINE
    if row is None:
        if not hint.pipeline_id or not hint.status_id:
            return hint.action != "delete"
        return config.cares_for(hint.pipeline_id, hint.status_id)
    if hint.action in ("delete", "restore") or not hint.updated_at:
        return True
    if hint.updated_at < row.version:
        return False
    same_place = (hint.pipeline_id, hint.status_id) == (row.pipeline_id, row.status_id)
    if not same_place or row.is_deleted:
        return True
    if row.is_in_flight and hint.owner_id == row.owner_id:
        return False
    return hint.updated_at > row.version or hint.owner_id != row.confirmed_owner_id


def may_be_new(
    config: AccountConfig, row: LeadRow | None, lead: Lead, hints: Sequence[LeadHint]
) -> bool:
    """Say whether the watches of its stage may deal a lead that was read, as absorbing will see it."""
    watch = config.watch_of(lead.pipeline_id, lead.status_id)
    if watch is None or lead.is_deleted or is_filled(lead, config.exclusion_field_id):
        return False
    if _is_sent(config, hints):
        return row is None or not row.in_queue
    if not _watches(config):
        return False
    if row is None:
        return _is_new(config, lead, hints)
    is_known = row.trigger_id is not None and not row.is_deleted
    return not is_known or watch != config.watch_of(*row.place)


def absorb_gone(work: TurnWork, lead_id: int, observed_at: datetime) -> None:
    """A lead that Kommo no longer shows: it leaves loads, queue and returns."""
    row = work.rows.get(lead_id)
    if row is None or row.is_deleted:
        return
    with work.changing(row):
        row.is_deleted, row.is_counted, row.confirmed_at = True, False, observed_at
        row.leave_queue(State.SEEN)
        row.forget_original()


def absorb_lead(
    work: TurnWork, lead: Lead, hints: Sequence[LeadHint], observed_at: datetime
) -> None:
    """Bring the mirror up to what was read, and queue the lead if a trigger wants it."""
    row = work.rows.get(lead.id)
    watch = work.config.watch_of(lead.pipeline_id, lead.status_id)
    if row is None:
        place = (lead.pipeline_id, lead.status_id)
        follows = lead.id in work.linked and lead.status_id not in Stage.CLOSED
        is_wanted = follows or work.config.cares_for(*place) or work.senders(lead.id, place)
        if is_wanted and not lead.is_deleted:
            _meet(work, lead, watch, hints, observed_at)
        return
    if lead.updated_at < row.version:
        _ask_again(work, row)
        return
    if lead.is_deleted:
        absorb_gone(work, lead.id, observed_at)
        return
    _update(work, row, lead, watch, hints, observed_at)


def _meet(
    work: TurnWork,
    lead: Lead,
    watch: TriggerConfig | None,
    hints: Sequence[LeadHint],
    observed_at: datetime,
) -> None:
    row = LeadRow(
        lead.id,
        lead.name[:255],
        lead.pipeline_id,
        lead.status_id,
        lead.owner_id or None,
        lead.owner_id or None,
        lead.updated_at,
        observed_at,
        lead.created_at,
        trigger_id=watch.trigger_id if watch else None,
        is_excluded=is_filled(lead, work.config.exclusion_field_id),
    )
    work.rows[row.lead_id] = row
    is_new = watch is not None and (
        _is_sent(work.config, hints)
        or (_watches(work.config) and _is_new(work.config, lead, hints))
    )
    is_new = take_asked(work, row) or is_new
    with work.changing(row):
        row.is_counted = not is_new
    if is_new:
        work.to_deal.append(row)


def _update(
    work: TurnWork,
    row: LeadRow,
    lead: Lead,
    watch: TriggerConfig | None,
    hints: Sequence[LeadHint],
    observed_at: datetime,
) -> None:
    config, place = work.config, (lead.pipeline_id, lead.status_id)
    former = config.watch_of(*row.place)
    with work.changing(row):
        if row.is_deleted and row.is_in_flight:
            _take_up_again(work, row, lead.owner_id or None)
        _absorb_owner(work, row, lead.owner_id or None, observed_at)
        has_moved = place != row.place
        if has_moved:
            row.stage_entry += 1
            row.cycle.asked = []
            note_stage(work, row)
        is_known = row.trigger_id is not None and not row.is_deleted
        entered = watch is not None and not (is_known and watch == former)
        row.name, row.pipeline_id, row.status_id = lead.name[:255], *place
        row.version, row.confirmed_at = lead.updated_at, observed_at
        _place(work, row, watch)
        row.is_excluded = is_filled(lead, config.exclusion_field_id)
        row.is_deleted = False
        if row.trigger_id is None or (row.is_excluded and row.in_queue):
            row.leave_queue(State.SEEN)
        if lead.status_id in Stage.CLOSED:
            row.forget_original()
        is_asked = (entered and _watches(config)) or (
            watch is not None and not row.in_queue and _is_sent(config, hints)
        )
        is_asked = take_asked(work, row) or is_asked
        is_new = is_asked and row.dealt_entry < row.stage_entry
        is_open = row.trigger_id is not None or config.cares_for(*place)
        row.is_counted = is_open and not is_new and not _is_nobodys(config, row)
    if is_new:
        work.to_deal.append(row)


def _is_nobodys(config: AccountConfig, row: LeadRow) -> bool:
    """Say whether the lead waits to be given to somebody, and not on paper only (N8)."""
    trigger = config.trigger(row.trigger_id)
    return row.state == State.WAITING and not (trigger is not None and trigger.template.is_shadow)


def _ask_again(work: TurnWork, row: LeadRow) -> None:
    """Kommo has answered with what was true before our own change: who has sent the lead is heard."""
    if not work.senders(row.lead_id, row.place) or row.is_deleted:
        return
    with work.changing(row):
        is_new = take_asked(work, row) and row.dealt_entry < row.stage_entry
        row.is_counted = row.is_counted and not is_new
    if is_new:
        work.to_deal.append(row)


def _place(work: TurnWork, row: LeadRow, watch: TriggerConfig | None) -> None:
    """Say which trigger the lead belongs to: one that has sent it, or a watch of its stage."""
    present = work.config.trigger(row.trigger_id)
    if present is not None:
        if present.trigger_id in row.cycle.asked:
            return
        if present in work.config.watches_of(*row.place):
            return
    row.trigger_id = watch.trigger_id if watch else None


def take_asked(work: TurnWork, row: LeadRow) -> bool:
    """Let the triggers that have sent the lead in this turn have it; say whether there are any."""
    sent = work.senders(row.lead_id, row.place)
    row.cycle.asked += [one for one in sent if one not in row.cycle.asked]
    is_dealt = row.trigger_id is not None and row.dealt_entry == row.stage_entry
    if sent and not is_dealt and row.trigger_id not in row.cycle.asked:
        row.trigger_id = sent[0]
    return bool(sent) and work.config.is_enabled


def _take_up_again(work: TurnWork, row: LeadRow, seen: int | None) -> None:
    """The lead was deleted while a change was on its way: what did not arrive is dealt anew."""
    is_coming = owner_effects(work, row.lead_id).filter(state__in=Effect.OPEN).exists()
    if seen == row.confirmed_owner_id and not is_coming:
        row.owner_id = seen
        row.stage_entry += 1


def _absorb_owner(work: TurnWork, row: LeadRow, seen: int | None, observed_at: datetime) -> None:
    """Take in whose the lead is in Kommo; a change that is not ours is a human's and wins (R40)."""
    if seen == row.owner_id:
        if row.is_in_flight:
            work.written.settled_effects.append((row.lead_id, seen or 0, "seen in Kommo"))
        row.confirmed_owner_id = seen
        return
    if row.is_in_flight and seen == row.confirmed_owner_id:
        if _is_delivered(work, row, observed_at):
            row.owner_id = seen
        return
    if _is_our_step(work, row, seen):
        return
    overrule(work, row, seen)


def _is_delivered(work: TurnWork, row: LeadRow, observed_at: datetime) -> bool:
    """Say whether nothing was on its way any more when the lead was read.

    So it is when a person's choice was read just before our PATCH wrote over it.
    """
    latest = owner_effects(work, row.lead_id).order_by("-id").first()
    if latest is None or latest.state != Effect.State.DONE or latest.settled_at is None:
        return False
    return bool(latest.settled_at < observed_at)


def overrule(work: TurnWork, row: LeadRow, seen: int | None) -> None:
    """Let a human's choice of owner stand: it ends waiting, return and whatever is on its way.

    The caller has the row under `work.changing`.
    """
    work.record(
        row, Decision.Kind.MANUAL, chosen_id=seen, previous_owner_id=row.owner_id, reason="human"
    )
    work.written.superseded_leads.append(row.lead_id)
    give_up_clock(work, row)
    row.owner_id = row.confirmed_owner_id = seen
    row.dealt_entry = row.stage_entry
    row.forget_original()
    row.leave_queue(State.DEALT)


def _is_our_step(work: TurnWork, row: LeadRow, seen: int | None) -> bool:
    """Say whether this owner is one that we set on the way to a later one (asked only in doubt).

    A lead may be on its way although its owner is the confirmed one: dealt, moved and returned.
    """
    was_sent = Q(state__in=("sending", "unknown")) | Q(
        state="done", settled_at__gte=row.confirmed_at
    )
    return owner_effects(work, row.lead_id).filter(was_sent, target=seen).exists()


def owner_effects(work: TurnWork, lead_id: int) -> QuerySet[Any]:
    """Return our changes of a lead's owner, whatever became of them."""
    effects: QuerySet[Any] = Effect.objects.for_account(work.config.account_id)
    return effects.filter(lead_id=lead_id, kind=Effect.Kind.OWNER)


def _watches(config: AccountConfig) -> bool:
    return config.is_enabled and config.mode == DistributionSettings.Mode.WATCH


def _is_sent(config: AccountConfig, hints: Sequence[LeadHint]) -> bool:
    """Say whether a digital-pipeline trigger has sent the lead, where only those are dealt (R2)."""
    is_asked = config.is_enabled and config.mode == DistributionSettings.Mode.PIPELINE
    return is_asked and any(hint.action == "trigger" for hint in hints)


def _is_new(config: AccountConfig, lead: Lead, hints: Sequence[LeadHint]) -> bool:
    """Say whether a lead met for the first time is new, not merely unknown to us.

    New is what was created since dealing was switched on, or moved in from an unwatched stage.
    """
    if config.enabled_at and lead.created_at >= int(config.enabled_at.timestamp()):
        return True
    for hint in hints:
        if hint.action == "status" and hint.old_status_id:
            before = config.watch_of(lead.pipeline_id, hint.old_status_id)
            if before != config.watch_of(lead.pipeline_id, lead.status_id):
                return True
    return False


def is_dealt_with(config: AccountConfig, lead: Lead, *, is_sent: bool = False) -> bool:
    """Say whether a lead stands in a watched stage, or where a trigger sent it, and is not excluded."""
    is_tracked = is_sent or config.watch_of(lead.pipeline_id, lead.status_id) is not None
    return is_tracked and not is_filled(lead, config.exclusion_field_id)


_EMPTY: tuple[Any, ...] = (None, "", "0", 0, False)


def is_filled(lead: Lead, field_id: int | None) -> bool:
    """Say whether the exclusion field is filled: a checkbox only when ticked (R39)."""
    if field_id is None:
        return False
    return any(value not in _EMPTY for value in lead.field_values.get(field_id, ()))
