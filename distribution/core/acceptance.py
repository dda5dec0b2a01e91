"""Timed redistribution: what happens to a lead when the time to accept it is over. Pure.

The clock itself (open minutes of a window) is `shifts.core.windows.open_until`; who is eligible is
the engine's to say. Nothing here is stored: a step carries the state after it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

MOST_MOVES = 100  # F139

Detector = Literal["stage", "field", "touch", "click"]
Stop = Literal["by_hand", "gone", "excluded", "sticky"]
Outcome = Literal["accepted", "missed", "neither"]
Touch = Literal["open", "warned", "breached", "touched_in_time", "touched_late"]


@dataclass(frozen=True, slots=True)
class AcceptPolicy:
    """A template's rule of redistribution; any of the chosen detectors accepts (R11)."""

    minutes: int  # open ones, at least 1
    cap: int = MOST_MOVES  # moves after the first assignment (R10)
    by_stage: bool = True
    by_field: bool = False
    by_touch: bool = False
    by_click: bool = False
    has_cap_stage: bool = False  # F140: a stage to which the lead goes once at the cap

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("the time to accept a lead is at least a minute")
        if not 1 <= self.cap <= MOST_MOVES:
            raise ValueError(f"a lead is redistributed 1 to {MOST_MOVES} times")


@dataclass(frozen=True, slots=True)
class Held:
    """A lead in the hands of the one whose time has run out."""

    moves: int = 0  # since the first assignment, or since the stage was changed at the cap
    tried: frozenset[int] = frozenset()  # of this cycle, those before the owner
    owner: int | None = None
    caps_reached: int = 0
    stage_changed: bool = False  # this and the next three: since the owner has it
    field_filled: bool = False
    touched: bool = False
    clicked: bool = False
    is_sticky: bool = False
    is_excluded: bool = False
    is_closed_or_gone: bool = False
    owner_changed_by_hand: bool = False

    @property
    def tried_by_now(self) -> frozenset[int]:
        """Return those who had their turn in this cycle, the owner included."""
        return self.tried if self.owner is None else self.tried | {self.owner}


class StepKind(StrEnum):
    """What to do with the lead."""

    ACCEPTED = "accepted"
    STOP = "stop"
    MOVE = "move"  # to somebody eligible who is not among `tried`
    NEW_CYCLE = "new_cycle"  # the same after all were tried: only the owner counts as tried (R24)
    KEEP = "keep"  # nobody else could take it: the owner's clock starts again
    CAP_STAGE = "cap_stage"  # change the stage, once; its trigger may begin afresh (F140)
    CAP_STOP = "cap_stop"  # stop for good, with a note


_MISSED = {StepKind.MOVE, StepKind.NEW_CYCLE, StepKind.CAP_STAGE, StepKind.CAP_STOP}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the lead's counters once it is done."""

    kind: StepKind
    moves: int
    tried: frozenset[int]
    caps_reached: int
    by: Detector | None = field(default=None, kw_only=True)  # ACCEPTED: what showed it
    reason: Stop | None = field(default=None, kw_only=True)  # STOP: why

    @property
    def outcome(self) -> Outcome:
        """Return what the step says of the owner (B8).

        A lead that only stays where it is counts no miss: the only one at work would be paused for
        a single lead, and nobody would be left.
        """
        if self.kind is StepKind.ACCEPTED:
            return "accepted"
        return "missed" if self.kind in _MISSED else "neither"


def accepted_by(policy: AcceptPolicy, held: Held) -> Detector | None:
    """Return the first of the chosen detectors that saw the lead accepted, or None."""
    if policy.by_stage and held.stage_changed:
        return "stage"
    if policy.by_field and held.field_filled:
        return "field"
    if policy.by_touch and held.touched:
        return "touch"
    if policy.by_click and held.clicked:
        return "click"
    return None


def next_step(
    policy: AcceptPolicy,
    held: Held,
    eligible_besides_tried: bool,
    eligible_besides_owner: bool,
) -> Step:
    """Return what happens when the owner's time is over.

    `eligible_besides_tried`: somebody outside `held.tried_by_now` could take the lead now;
    `eligible_besides_owner`: somebody other than the owner could. A person's change wins over all;
    then what was accepted stays accepted, whatever has become of the lead.
    """
    if held.owner_changed_by_hand:
        return _stay(held, StepKind.STOP, reason="by_hand")
    by = accepted_by(policy, held)
    if by is not None:
        return _stay(held, StepKind.ACCEPTED, by=by)
    stop = _stop(held)
    if stop is not None:
        return _stay(held, StepKind.STOP, reason=stop)
    if held.moves >= policy.cap:
        return _at_cap(policy, held)
    tried = held.tried_by_now
    if eligible_besides_tried:
        return Step(StepKind.MOVE, held.moves + 1, tried, held.caps_reached)
    if eligible_besides_owner:
        only_owner = frozenset() if held.owner is None else frozenset({held.owner})
        return Step(StepKind.NEW_CYCLE, held.moves + 1, only_owner, held.caps_reached)
    return _stay(held, StepKind.KEEP)


def misses_after(misses: int, outcome: Outcome) -> int:
    """Return the misses in a row after one more timer or offer (B8)."""
    if outcome == "accepted":
        return 0
    return misses + 1 if outcome == "missed" else misses


def is_non_responder(misses: int, k: int | None) -> bool:
    """Say whether so many misses in a row pause a manager; k None: never (B8)."""
    return k is not None and misses >= k


def touch_state(
    now: datetime, due_at: datetime, warn_at: datetime | None, touched_at: datetime | None
) -> Touch:
    """Return how the first-touch clock stands (B13); the time allowed ends before `due_at`."""
    if touched_at is not None:
        return "touched_in_time" if touched_at < due_at else "touched_late"
    if now >= due_at:
        return "breached"
    return "warned" if warn_at is not None and now >= warn_at else "open"


def _stay(
    held: Held, kind: StepKind, *, by: Detector | None = None, reason: Stop | None = None
) -> Step:
    return Step(kind, held.moves, held.tried, held.caps_reached, by=by, reason=reason)


def _stop(held: Held) -> Stop | None:
    if held.is_closed_or_gone:
        return "gone"
    if held.is_excluded:
        return "excluded"
    return "sticky" if held.is_sticky else None


def _at_cap(policy: AcceptPolicy, held: Held) -> Step:
    """The cap-th move has happened: the stage, the first time; after that the end."""
    if policy.has_cap_stage and held.caps_reached == 0:
        return Step(StepKind.CAP_STAGE, 0, frozenset(), 1)
    return Step(StepKind.CAP_STOP, held.moves, held.tried, held.caps_reached + 1)
