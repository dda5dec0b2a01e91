"""Writes of presence: each moves managers through shifts.core.machine and tells the account's inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from accounts.models import Account, InboxEvent, Manager
from accounts.operations.inbox import append_event
from peresmenka.lib.enqueue import ring
from shifts.bulk import presence as bulk
from shifts.core import machine
from shifts.core.machine import (
    Action,
    Cause,
    Event,
    Presence,
    Reason,
    Refused,
    ShiftState,
    Transition,
    What,
)
from shifts.models import Shift, ShiftPause
from shifts.queries import presence as queries


class ShiftError(Exception):
    """The shift cannot be changed; read the error's own text."""

    code = "shift_error"

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NotOnShift(ShiftError):
    """There is no running shift to pause or resume; start the shift first."""

    code = Reason.NOT_ON_SHIFT.value


class RunsByActivity(ShiftError):
    """Shifts of this account follow activity, so you cannot pause or end yours; ask a supervisor."""

    code = Reason.AUTOMATIC_MODE.value


class NotTakingPart(ShiftError):
    """The manager is deactivated in Kommo or has no licence here; ask an admin to switch them on."""

    code = "not_taking_part"


class ClientKeyTaken(ShiftError):
    """The key of this click belongs to another request; reload the page and click again."""

    code = "client_key_taken"


_ERROR_OF: dict[Reason, type[ShiftError]] = {
    Reason.NOT_ON_SHIFT: NotOnShift,
    Reason.AUTOMATIC_MODE: RunsByActivity,
}


def start_shift(
    manager: Manager,
    *,
    now: datetime,
    cause: Cause,
    by: int | None = None,
    client_key: str | None = None,
) -> ShiftState:
    """Start the manager's shift, or go on with a paused one; return the state then.

    `by` is the Kommo user id of the hand. Locks the manager's row; writes Shift or ShiftPause and
    one inbox event. A repeated `client_key` or a state already reached writes nothing.
    Raises NotTakingPart, ClientKeyTaken.
    """
    return _by_hand(manager, Action.START, now, cause, by, client_key)


def pause_shift(
    manager: Manager,
    *,
    now: datetime,
    cause: Cause,
    by: int | None = None,
    client_key: str | None = None,
) -> ShiftState:
    """Pause the running shift: no new leads, the current ones stay. As `start_shift` otherwise.

    Raises NotOnShift, RunsByActivity, ClientKeyTaken.
    """
    return _by_hand(manager, Action.PAUSE, now, cause, by, client_key)


def resume_shift(
    manager: Manager,
    *,
    now: datetime,
    cause: Cause,
    by: int | None = None,
    client_key: str | None = None,
) -> ShiftState:
    """End the pause of the running shift. As `start_shift` otherwise.

    Raises NotOnShift, NotTakingPart, ClientKeyTaken.
    """
    return _by_hand(manager, Action.RESUME, now, cause, by, client_key)


def end_shift(
    manager: Manager,
    *,
    now: datetime,
    cause: Cause,
    by: int | None = None,
    client_key: str | None = None,
) -> ShiftState:
    """End the shift and the pause in it. As `start_shift` otherwise.

    Raises RunsByActivity, ClientKeyTaken.
    """
    return _by_hand(manager, Action.END, now, cause, by, client_key)


def record_activity(
    account: Account, *, seen: Mapping[int, datetime], now: datetime, source: str
) -> dict[int, ShiftState]:
    """Note who was seen (Kommo user id → instant); start and resume whom the mode lets.

    Returns the states that changed. One statement where nobody changes state: presence moves
    forward only, in manual mode at most once a minute; the inbox hears of who has come online.
    Presence rows are locked before managers'
    and outside any transaction of this function's own, so that a heartbeat and a turn cannot wait
    for each other.
    """
    if not seen:
        return {}
    clamped = {user: min(at, now) for user, at in seen.items()}
    found = bulk.record_presence(account, clamped, source=source, now=now)
    if any(sighting.is_back for sighting in found):
        transaction.on_commit(ring)
    sightings = [sighting for sighting in found if sighting.may_move]
    if not sightings:
        return {}
    policy = queries.policy_of(account)
    states = queries.latest_states(account, [sighting.kommo_id for sighting in sightings])
    managers = Manager.objects.for_account(account).in_bulk([row.manager_id for row in sightings])
    changed = {}
    for sighting in sightings:
        event = Event(Action.ACTIVITY, Cause.ACTIVITY, sighting.seen_at)
        # Asked without a lock first: a manager who has gone home is seen a hundred times.
        expected = machine.transition(states[sighting.kommo_id], event, policy, now)
        if isinstance(expected, Transition):
            state, reason = _move(managers[sighting.manager_id], event, now)
            if reason is None:
                changed[sighting.kommo_id] = state
    return changed


def inactivity_check(manager: Manager, *, now: datetime) -> datetime | None:
    """Pause or end the manager's shift if inactivity is due; return when to look again, if ever.

    Locks the manager's row only when something is due. Both steps are recorded at `now`, never
    into the past: a late check gives the full second time before the shift ends.
    """
    policy = queries.policy_of(manager.account)
    state = queries.presence_of(manager)
    due_at = machine.inactivity_due_at(state, policy)
    if due_at is None or now < due_at:
        return due_at
    is_online = state.presence is Presence.ONLINE
    action = Action.INACTIVE_PAUSE if is_online else Action.INACTIVE_END
    state, _ = _move(manager, Event(action, Cause.INACTIVITY), now)
    return machine.inactivity_due_at(state, policy)


def end_shifts_of_inactive(account: Account, *, now: datetime) -> list[int]:
    """End the shifts of managers deactivated in Kommo or without a licence; return their Kommo ids."""
    ended = []
    for manager in queries.inactive_managers_on_shift(account):
        cause = Cause.UNLICENSED if manager.is_active_in_kommo else Cause.DEACTIVATED
        _, reason = _move(manager, Event(Action.END, cause), now)
        if reason is None:
            ended.append(manager.kommo_id)
    return ended


def _by_hand(
    manager: Manager,
    action: Action,
    now: datetime,
    cause: Cause,
    by: int | None,
    client_key: str | None,
) -> ShiftState:
    """Move the manager and raise the error of a refusal; already there is no refusal."""
    state, reason = _move(manager, Event(action, Cause(cause)), now, by, client_key)
    if reason in _ERROR_OF:
        raise _ERROR_OF[reason]
    return state


@transaction.atomic
def _move(
    manager: Manager,
    event: Event,
    now: datetime,
    by: int | None = None,
    client_key: str | None = None,
) -> tuple[ShiftState, Reason | None]:
    """Take one step of the machine under the manager's lock; return the state, and why it stays."""
    locked = Manager.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    manager = locked.get(pk=manager.pk, account_id=manager.account_id)
    account = manager.account
    state = queries.latest_states(account, [manager.kommo_id])[manager.kommo_id]
    # The manager's key is part of the click's, so that this lock covers the look.
    click = client_key and f"shift:{manager.pk}:{client_key}"
    if click and InboxEvent.objects.for_account(account).filter(client_key=click).exists():
        return state, Reason.ALREADY
    step = machine.transition(state, event, queries.policy_of(account), now)
    if isinstance(step, Refused):
        return state, step.reason
    if step.after is Presence.ONLINE and not (manager.is_active_in_kommo and manager.is_licensed):
        raise NotTakingPart
    state = _write(manager, state, step, by)
    payload = {
        "manager": manager.kommo_id,
        "what": step.what.value,
        "at": step.at.isoformat(),
        "cause": step.cause.value,
        "shift": state.shift_id,
    }
    if not append_event(account, InboxEvent.Kind.SHIFT, payload, now, client_key=click):
        raise ClientKeyTaken
    transaction.on_commit(ring)
    return state, None


def _write(manager: Manager, state: ShiftState, step: Transition, by: int | None) -> ShiftState:
    """Write the rows of one step; return the state after it."""
    at, cause = step.at, step.cause.value
    after = replace(state, presence=step.after, since=at, cause=step.cause)
    owner = {"account_id": manager.account_id}
    if step.what is What.STARTED or state.shift_id is None:
        shift = Shift.objects.create(
            **owner, manager=manager, started_at=at, start_cause=cause, started_by=by
        )
        return replace(after, shift_started_at=at, shift_id=shift.pk)
    running_pause = ShiftPause.objects.for_account(manager.account_id).filter(
        shift_id=state.shift_id, ended_at=None
    )
    if step.what is What.PAUSED:
        ShiftPause.objects.create(
            **owner, shift_id=state.shift_id, started_at=at, cause=cause, started_by=by
        )
    elif step.what is What.RESUMED:
        running_pause.update(ended_at=at, end_cause=cause, ended_by=by)
    else:
        running_pause.update(ended_at=at)
        Shift.objects.for_account(manager.account_id).filter(pk=state.shift_id).update(
            ended_at=at, end_cause=cause, ended_by=by
        )
        return replace(after, shift_started_at=None)
    return after
