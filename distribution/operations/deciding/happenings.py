"""What happened inside: shifts, saved settings, refreshed CRM data, settled effects; and timers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import Account, InboxEvent, Manager
from distribution.models import Effect, LeadMirror, Timer
from distribution.operations.deciding.absorb import absorb_gone, overrule, owner_effects
from distribution.operations.deciding.acceptance import absorb_click
from distribution.operations.deciding.asking import absorb_bot, absorb_trigger
from distribution.operations.deciding.bulk import TimerRow
from distribution.operations.deciding.linked_leads import absorb_linked, expect_linked
from distribution.operations.deciding.moves import plan_release, plan_wave
from distribution.operations.deciding.notes import REFUSED
from distribution.operations.deciding.rows import rows_by_ids
from distribution.operations.deciding.tracking import mirror_tracked_stages, retrack
from distribution.operations.deciding.work_state import TurnWork
from distribution.operations.registers import absorb_register
from distribution.operations.undo import absorb_undo
from shifts.operations.presence import end_shifts_of_inactive, inactivity_check
from shifts.queries.presence import next_inactivity_at

Json = dict[str, Any]
REFUSED_FOR = timedelta(minutes=10)
TIMERS_A_TURN = 240  # as many leads as one read of Kommo holds


def absorb_happenings(work: TurnWork, happenings: Sequence[tuple[str, Json]]) -> None:
    """Take in internal events in their order, but for those that `absorb_later` is there for.

    Leads are placed anew before all else: that reads them again, and loses what has changed by then.
    """
    if any(kind in _PLACES_ANEW for kind, _ in happenings):
        _place_anew(work)
    for kind, payload in happenings:
        if kind in _ABSORB:
            _ABSORB[kind](work, payload)


def absorb_later(work: TurnWork, happenings: Sequence[tuple[str, Json]]) -> None:
    """Take in what is about leads that the turn has read meanwhile."""
    for kind, payload in happenings:
        if kind in _ABSORB_LATER:
            _ABSORB_LATER[kind](work, payload)


def _absorb_shift(work: TurnWork, payload: Json) -> None:
    user_id, what = int(payload["manager"]), payload["what"]
    at = datetime.fromisoformat(payload["at"])
    if what == "ended":
        plan_wave(work, user_id, at, payload.get("cause", ""))
        work.cancel_timer(Timer.Kind.INACTIVITY, user_id)
        return
    if what == "started":
        work.cancel_timer(Timer.Kind.WAVE, user_id)
        work.returning.append(user_id)
        plan_release(work, at)
    if what in ("started", "resumed"):
        work.is_released = True
    _watch_inactivity(work, user_id)


def _watch_inactivity(work: TurnWork, user_id: int) -> None:
    if work.config.shift_mode == "manual":
        return
    due = next_inactivity_at(work.account, [user_id]).get(user_id)
    if due is not None:
        work.set_timer(TimerRow(Timer.Kind.INACTIVITY, user_id, due))


def _absorb_availability(work: TurnWork, payload: Json) -> None:
    """Participation, a limit or the schedule has changed: somebody may be free for what waits (B4)."""
    work.is_released = True


def _place_anew(work: TurnWork) -> None:
    """Settings were saved or CRM data refreshed: place every mirrored lead anew, then look at all that waits."""
    mirror_tracked_stages(work.config)
    if retrack(work.config):
        for row in rows_by_ids(work.config.account_id, work.rows):
            work.rows[row.lead_id] = row
    work.is_released = True
    if work.config.shift_mode != "manual":
        for user_id, due in next_inactivity_at(work.account).items():
            work.set_timer(TimerRow(Timer.Kind.INACTIVITY, user_id, due))


_AWAY_WITH_LEADS = """
SELECT m.kommo_id FROM accounts_manager m
JOIN distribution_managerload l ON l.account_id = m.account_id AND l.user_id = m.kommo_id
WHERE m.account_id = %s AND NOT m.is_active_in_kommo AND l.scope = 0 AND l.number > 0
"""


def _absorb_synced(work: TurnWork, payload: Json) -> None:
    """CRM data was refreshed: whoever is no longer active in Kommo leaves, with all their leads."""
    end_shifts_of_inactive(work.account, now=work.now)
    with connection.cursor() as cursor:
        cursor.execute(_AWAY_WITH_LEADS, [work.config.account_id])
        for (user_id,) in cursor.fetchall():
            plan_wave(work, user_id, work.now, "deactivated")


def _absorb_settled(work: TurnWork, payload: Json) -> None:
    """An effect ended otherwise than planned: take in what delivery saw in Kommo.

    payload: {"lead": id, "target": user id, "outcome": "superseded" | "gone" | "left" |
    "refused" | "unmoved", "seen": user id or null}
    """
    row = work.rows.get(int(payload["lead"]))
    if row is None or row.is_deleted:
        return
    if payload["outcome"] == "gone":
        absorb_gone(work, row.lead_id, work.now)
    elif payload["outcome"] == "superseded":
        if row.is_in_flight and payload["seen"] != row.owner_id:
            with work.changing(row):
                overrule(work, row, payload["seen"])
                is_open = row.trigger_id is not None or work.config.cares_for(*row.place)
                row.is_counted = is_open
    elif payload["outcome"] == "left":
        if row.is_in_flight and row.owner_id == payload["target"]:
            with work.changing(row):  # the turn has read the lead, too: absorbing places it anew
                row.owner_id = row.confirmed_owner_id
                row.leave_queue(LeadMirror.State.SEEN)
                row.forget_original()
    elif payload["outcome"] == "unmoved":
        if row.state == LeadMirror.State.SEEN and row.dealt_entry == row.stage_entry:
            with work.changing(row):  # nobody could take it, and it cannot go elsewhere: it waits
                row.cycle.unmoved = row.stage_entry
                row.dealt_entry, row.is_counted = row.stage_entry - 1, False
            work.to_deal.append(row)
    elif row.owner_id == payload["target"]:
        work.is_released = True
        work.refused[row.lead_id] = _refused_lately(work, row.lead_id) | {payload["target"]}
        Account.objects.filter(pk=work.config.account_id).update(synced_at=None)  # who is gone?
        with work.changing(row):
            row.owner_id = row.confirmed_owner_id
            row.state, row.waiting_since = LeadMirror.State.PARKED, work.now
            row.waiting_reason = REFUSED


def _refused_lately(work: TurnWork, lead_id: int) -> frozenset[int]:
    """Return whom Kommo has refused for a lead: nobody is tried twice while it refuses."""
    refused = owner_effects(work, lead_id).filter(
        state=Effect.State.FAILED, settled_at__gt=work.now - REFUSED_FOR
    )
    return frozenset(refused.values_list("target", flat=True))


_PLACES_ANEW = (InboxEvent.Kind.SETTINGS, InboxEvent.Kind.SYNCED)
_ABSORB: dict[str, Callable[[TurnWork, Json], None]] = {
    InboxEvent.Kind.SHIFT: _absorb_shift,
    InboxEvent.Kind.AVAILABILITY: _absorb_availability,
    InboxEvent.Kind.SYNCED: _absorb_synced,
    InboxEvent.Kind.SETTLED: _absorb_settled,
    InboxEvent.Kind.TRIGGER: absorb_trigger,
    InboxEvent.Kind.BOT: absorb_bot,
    InboxEvent.Kind.REGISTER: absorb_register,
    InboxEvent.Kind.LINKED: expect_linked,
}
_ABSORB_LATER: dict[str, Callable[[TurnWork, Json], None]] = {
    InboxEvent.Kind.LEADS: absorb_click,
    InboxEvent.Kind.LINKED: absorb_linked,
    InboxEvent.Kind.UNDO: absorb_undo,
}


def fire_timers(work: TurnWork) -> None:
    """Do what is due; each timer is gone afterwards unless it was set anew.

    What an event of this turn has set anew or called off does not fire by its old time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, subject, payload::json FROM distribution_timer"
            " WHERE account_id = %s AND due_at <= %s ORDER BY due_at, kind, subject LIMIT %s",
            [work.config.account_id, work.now, TIMERS_A_TURN],
        )
        due = cursor.fetchall()
    cleared = set(work.written.cleared_timers)
    for kind, subject, payload in due:
        is_moved = kind != Timer.Kind.DRAIN and work.is_set_anew(kind, subject)
        if (kind, subject) not in cleared and not is_moved:
            work.clear_timer(kind, subject)
            if kind in (Timer.Kind.ACCEPT, Timer.Kind.TOUCH):
                work.overdue[kind, subject] = payload
            else:
                _FIRE[kind](work, subject, payload)


def _fire_drain(work: TurnWork, subject: int, payload: Json) -> None:
    if subject:
        work.going_on[subject] = payload
    else:
        work.is_released = True


def _fire_wave(work: TurnWork, subject: int, payload: Json) -> None:
    work.leaving[subject] = payload


def _fire_inactivity(work: TurnWork, subject: int, payload: Json) -> None:
    manager = (
        Manager.objects.for_account(work.config.account_id)
        .select_related("account")
        .filter(kommo_id=subject)
        .first()
    )
    due = inactivity_check(manager, now=work.now) if manager else None
    if due is not None:
        work.set_timer(TimerRow(Timer.Kind.INACTIVITY, subject, due))


_FIRE: dict[str, Callable[[TurnWork, int, Json], None]] = {
    Timer.Kind.DRAIN: _fire_drain,
    Timer.Kind.WAVE: _fire_wave,
    Timer.Kind.INACTIVITY: _fire_inactivity,
}
