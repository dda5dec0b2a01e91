"""What to do with a change of owner after reading the lead: pure, see DESIGN "deliver until settled"."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FRESH_FOR = timedelta(seconds=5)


class Outcome(StrEnum):
    """What a read of the lead means for its effect."""

    DONE = "done"  # the target has it already
    SEND = "send"  # nobody has touched it since we decided
    ASK_EVENTS = "ask_events"  # same owner, but something changed: was the owner changed and back?
    SUPERSEDED = "superseded"  # somebody else has it: a human's change always wins
    GONE = "gone"  # the lead is deleted
    LEFT = "left"  # closed, moved to a stage of no group or excluded since we decided


@dataclass(frozen=True, slots=True)
class OwnerEffect:
    """A change of owner on its way."""

    expected_from: int | None  # whose the lead was when we decided; None: nobody's
    target: int
    read_version: int  # Kommo's updated_at when we decided, unix seconds
    read_at: datetime  # when that was read
    attempts: int  # this one included


@dataclass(frozen=True, slots=True)
class SeenLead:
    """The lead as it was just read."""

    owner_id: int | None
    updated_at: int  # unix seconds
    is_deleted: bool = False


def needs_read_back(effect: OwnerEffect, now: datetime) -> bool:
    """Say whether the lead must be read before the write: after any try, or if the read is old."""
    return effect.attempts > 1 or now - effect.read_at > FRESH_FOR


def judge(effect: OwnerEffect, seen: SeenLead | None) -> Outcome:
    """Say what the read means for the effect."""
    if seen is None or seen.is_deleted:
        return Outcome.GONE
    if seen.owner_id == effect.target:
        return Outcome.DONE
    if seen.owner_id != effect.expected_from:
        return Outcome.SUPERSEDED
    return Outcome.SEND if seen.updated_at == effect.read_version else Outcome.ASK_EVENTS


def was_overruled(
    steps: list[tuple[int | None, int | None]], own: set[tuple[int | None, int | None]]
) -> bool:
    """Say whether among the owner changes (from, to) since the decision one was not ours."""
    return any(step not in own for step in steps)
