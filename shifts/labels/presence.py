"""Shifts in words: where one stands, said to its manager, and why a click is refused."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy

from shifts.core.machine import (
    HAND,
    Action,
    Cause,
    Event,
    Policy,
    Presence,
    Reason,
    Refused,
    ShiftState,
    transition,
)
from shifts.operations import presence as operations

# The docstrings of the domain errors, where the translators' tools find them.
ERROR_TEXTS: dict[type[operations.ShiftError], object] = {
    operations.NotOnShift: gettext_lazy(
        "There is no running shift to pause or resume; start the shift first."
    ),
    operations.RunsByActivity: gettext_lazy(
        "Shifts of this account follow activity, so you cannot pause or end yours; ask a supervisor."
    ),
    operations.NotTakingPart: gettext_lazy(
        "The manager is deactivated in Kommo or has no licence here; ask an admin to switch them on."
    ),
    operations.ClientKeyTaken: gettext_lazy(
        "The key of this click belongs to another request; reload the page and click again."
    ),
}

_STATE_TEXTS = {
    (Presence.ONLINE, None): gettext_lazy("You are on shift."),
    (Presence.PAUSED, Cause.INACTIVITY): gettext_lazy(
        "Paused because you were not active; new leads wait until you are back."
    ),
    (Presence.PAUSED, Cause.CONSOLE): gettext_lazy(
        "Your shift was paused in the console; press Resume to get new leads."
    ),
    (Presence.PAUSED, None): gettext_lazy("Your shift is paused; press Resume to get new leads."),
    (Presence.OFFLINE, Cause.INACTIVITY): gettext_lazy(
        "Your shift ended because you were not active."
    ),
    (Presence.OFFLINE, Cause.CONSOLE): gettext_lazy("Your shift was ended in the console."),
    (Presence.OFFLINE, None): gettext_lazy("You are not on shift."),
}
_HELD_TEXT = gettext_lazy("It starts when you press Start, or with your activity from tomorrow on.")


def error_text(error: operations.ShiftError) -> str:
    """Return the error's sentence in the reader's language."""
    return str(ERROR_TEXTS.get(type(error), error))


def shift_text(state: ShiftState, policy: Policy, now: datetime) -> str:
    """Return where a shift stands and what comes next, said to the manager who has it."""
    text = str(
        _STATE_TEXTS.get((state.presence, state.cause)) or _STATE_TEXTS[state.presence, None]
    )
    awaited = transition(state, Event(Action.ACTIVITY, Cause.ACTIVITY), policy, now)
    is_held = awaited == Refused(Reason.ENDED_BY_HAND) and state.cause in HAND
    return f"{text} {_HELD_TEXT}" if is_held else text
