"""The states of a shift and what moves a manager between them; pure, declared as data, checked at import.

Three states (F35): Online, Paused, Offline. Who may move whom depends on the account's mode:

manual     nothing but a hand moves anybody (F32).
automatic  activity starts a shift and ends a pause that inactivity began; inactivity pauses, then
           ends (F33, F36). The manager's own Pause and End are refused, since the next heartbeat
           would contradict them; a supervisor's or the API's are not.
hybrid     as automatic, and the manager may pause and end by hand (F34).

A hand's word (button, console, API) stands against activity in every mode: an End until an explicit
Start or the next day in the account's zone, a Pause until Resume. Inactivity does not end a pause
made by hand (lunch, F46) unless the account says so; it then waits for both times together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

ONLINE_FOR = timedelta(minutes=5)
"""So long after the last sign of life somebody counts as online: a closed tab, a lost heartbeat."""


class Presence(StrEnum):
    ONLINE = "online"
    PAUSED = "paused"
    OFFLINE = "offline"


class Mode(StrEnum):
    MANUAL = "manual"
    AUTOMATIC = "automatic"
    HYBRID = "hybrid"


class Action(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    ACTIVITY = "activity"
    INACTIVE_PAUSE = "inactive_pause"
    INACTIVE_END = "inactive_end"


class Cause(StrEnum):
    BUTTON = "button"  # the manager, in the widget
    CONSOLE = "console"  # a supervisor or the manager, in the console
    API = "api"
    ACTIVITY = "activity"
    INACTIVITY = "inactivity"
    DEACTIVATED = "deactivated"  # the user was switched off in Kommo
    UNLICENSED = "unlicensed"  # the manager no longer takes part


class What(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDED = "ended"


class Reason(StrEnum):
    """Why a state stays as it is."""

    ALREADY = "already"
    NOT_ON_SHIFT = "not_on_shift"
    MANUAL_MODE = "manual_mode"
    AUTOMATIC_MODE = "automatic_mode"
    ENDED_BY_HAND = "ended_by_hand"
    PAUSED_BY_HAND = "paused_by_hand"
    LONG_PAST = "long_past"
    NOT_DUE = "not_due"


HAND = frozenset({Cause.BUTTON, Cause.CONSOLE, Cause.API})
CAUSES: dict[Action, frozenset[Cause]] = {
    Action.START: HAND,
    Action.PAUSE: HAND,
    Action.RESUME: HAND,
    Action.END: HAND | {Cause.DEACTIVATED, Cause.UNLICENSED},
    Action.ACTIVITY: frozenset({Cause.ACTIVITY}),
    Action.INACTIVE_PAUSE: frozenset({Cause.INACTIVITY}),
    Action.INACTIVE_END: frozenset({Cause.INACTIVITY}),
}


@dataclass(frozen=True, slots=True)
class ShiftState:
    """Where one manager stands; `since` and `cause` are those of the last transition."""

    presence: Presence
    shift_started_at: datetime | None = None  # of the running shift; None while Offline
    since: datetime | None = None  # None: has never been on shift
    cause: Cause | None = None
    shift_id: int | None = None  # the running shift, or the last one
    last_seen_at: datetime | None = None  # last activity of any kind


@dataclass(frozen=True, slots=True)
class Policy:
    """An account's settings; the defaults are those of F32 and F36."""

    mode: Mode
    zone: tzinfo
    pause_after: timedelta = timedelta(minutes=15)
    offline_after: timedelta = timedelta(minutes=15)
    inactivity_ends_hand_pause: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to a manager; `seen_at` is the instant of an activity that is told of later."""

    action: Action
    cause: Cause
    seen_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.cause not in CAUSES[self.action]:
            raise ValueError(f"{self.action} cannot be caused by {self.cause}")


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state: rows to write and an event to send."""

    before: Presence
    after: Presence
    what: What
    cause: Cause
    at: datetime  # after the transition that came last


@dataclass(frozen=True, slots=True)
class Refused:
    """No change, and why."""

    reason: Reason


Guard = Callable[[ShiftState, Event, Policy, datetime], Reason | None]


def manual_mode(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    return Reason.MANUAL_MODE if policy.mode is Mode.MANUAL else None


def automatic_mode(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    """The manager's own button; a supervisor, the API and the service itself may."""
    is_own = event.cause is Cause.BUTTON
    return Reason.AUTOMATIC_MODE if is_own and policy.mode is Mode.AUTOMATIC else None


def long_past(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    """An activity that came so late that inactivity would pause at once."""
    seen_at = event.seen_at or now
    return Reason.LONG_PAST if seen_at + policy.pause_after <= now else None


def ended_by_hand(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    """Ended by hand on the same local day as the activity, or later (F34)."""
    if state.cause not in HAND or state.since is None:
        return None
    seen_on = (event.seen_at or now).astimezone(policy.zone).date()
    return Reason.ENDED_BY_HAND if seen_on <= state.since.astimezone(policy.zone).date() else None


def paused_by_hand(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    return Reason.PAUSED_BY_HAND if state.cause in HAND else None


def pause_by_hand_stands(
    state: ShiftState, event: Event, policy: Policy, now: datetime
) -> Reason | None:
    if policy.inactivity_ends_hand_pause:
        return None
    return paused_by_hand(state, event, policy, now)


def not_due(state: ShiftState, event: Event, policy: Policy, now: datetime) -> Reason | None:
    due_at = inactivity_due_at(state, policy)
    return Reason.NOT_DUE if due_at is None or now < due_at else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One arrow of the machine; the first guard that objects refuses it."""

    before: Presence
    action: Action
    after: Presence
    what: What
    guards: tuple[Guard, ...] = ()


_TICK = timedelta(microseconds=1)  # PostgreSQL's grain
_ON, _PAUSED, _OFF = Presence.ONLINE, Presence.PAUSED, Presence.OFFLINE

RULES = (
    Rule(_OFF, Action.START, _ON, What.STARTED),
    Rule(_OFF, Action.ACTIVITY, _ON, What.STARTED, (manual_mode, long_past, ended_by_hand)),
    Rule(_ON, Action.PAUSE, _PAUSED, What.PAUSED, (automatic_mode,)),
    Rule(_ON, Action.INACTIVE_PAUSE, _PAUSED, What.PAUSED, (manual_mode, not_due)),
    Rule(_ON, Action.END, _OFF, What.ENDED, (automatic_mode,)),
    Rule(_PAUSED, Action.RESUME, _ON, What.RESUMED),
    # Start in a pause means "I am back": the shift goes on, no second one begins.
    Rule(_PAUSED, Action.START, _ON, What.RESUMED),
    Rule(_PAUSED, Action.ACTIVITY, _ON, What.RESUMED, (manual_mode, long_past, paused_by_hand)),
    Rule(_PAUSED, Action.END, _OFF, What.ENDED, (automatic_mode,)),
    Rule(
        _PAUSED, Action.INACTIVE_END, _OFF, What.ENDED, (manual_mode, pause_by_hand_stands, not_due)
    ),
)

# What stays as it is, whatever the settings.
STANDING: dict[tuple[Presence, Action], Reason] = {
    (_ON, Action.START): Reason.ALREADY,
    (_ON, Action.RESUME): Reason.ALREADY,
    (_ON, Action.ACTIVITY): Reason.ALREADY,
    (_ON, Action.INACTIVE_END): Reason.NOT_DUE,  # only a pause ends by inactivity
    (_PAUSED, Action.PAUSE): Reason.ALREADY,
    (_PAUSED, Action.INACTIVE_PAUSE): Reason.ALREADY,
    (_OFF, Action.END): Reason.ALREADY,
    (_OFF, Action.PAUSE): Reason.NOT_ON_SHIFT,
    (_OFF, Action.RESUME): Reason.NOT_ON_SHIFT,
    (_OFF, Action.INACTIVE_PAUSE): Reason.NOT_ON_SHIFT,
    (_OFF, Action.INACTIVE_END): Reason.ALREADY,
}

# What an arrow is called depends on its ends alone.
_ENDS_OF = {
    What.STARTED: {(_OFF, _ON)},
    What.PAUSED: {(_ON, _PAUSED)},
    What.RESUMED: {(_PAUSED, _ON)},
    What.ENDED: {(_ON, _OFF), (_PAUSED, _OFF)},
}


def transition(
    state: ShiftState, event: Event, policy: Policy, now: datetime
) -> Transition | Refused:
    """Return what `event` does to a manager who stands at `state`, at the aware instant `now`.

    Each transition is later than the one before by a microsecond at least, even where the clock
    lags behind (another process wrote it): a manager's history has one order.
    """
    rule = _RULE_OF.get((state.presence, event.action))
    if rule is None:
        return Refused(STANDING[state.presence, event.action])
    for guard in rule.guards:
        reason = guard(state, event, policy, now)
        if reason is not None:
            return Refused(reason)
    at = max(now, state.since + _TICK) if state.since else now
    return Transition(state.presence, rule.after, rule.what, event.cause, at)


def inactivity_due_at(state: ShiftState, policy: Policy) -> datetime | None:
    """Return when inactivity will move the manager on, or None if it never will.

    Online: `pause_after` from the last activity or transition. Paused by inactivity:
    `offline_after` more. Paused by hand: both together, and only if the account says so.
    """
    if policy.mode is Mode.MANUAL or state.presence is Presence.OFFLINE or state.since is None:
        return None
    quiet_since = max(state.since, state.last_seen_at or state.since)
    if state.presence is Presence.ONLINE:
        return quiet_since + policy.pause_after
    if state.cause not in HAND:
        return quiet_since + policy.offline_after
    if policy.inactivity_ends_hand_pause:
        return quiet_since + policy.pause_after + policy.offline_after
    return None


def validate(rules: Iterable[Rule], standing: dict[tuple[Presence, Action], Reason]) -> None:
    """Raise ValueError unless each state answers each action exactly once and every state is reached."""
    rules = tuple(rules)
    pairs = [(rule.before, rule.action) for rule in rules] + list(standing)
    for presence in Presence:
        for action in Action:
            if pairs.count((presence, action)) != 1:
                times = pairs.count((presence, action))
                raise ValueError(f"{presence} answers {action} {times} times instead of once")
    for rule in rules:
        if (rule.before, rule.after) not in _ENDS_OF[rule.what]:
            raise ValueError(f"{rule.before} to {rule.after} is not called {rule.what}")
    unreached = set(Presence) - {rule.after for rule in rules}
    if unreached:
        raise ValueError(f"no rule leads to {', '.join(sorted(unreached))}")


validate(RULES, STANDING)
_RULE_OF = {(rule.before, rule.action): rule for rule in RULES}
