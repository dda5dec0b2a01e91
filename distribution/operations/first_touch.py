"""The first-touch clock: until when a dealt lead is to be touched, and when it was (B13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from accounts.kommo.webhook import Touch
from distribution.operations.bulk import DecisionRow
from distribution.operations.rows import LeadRow
from distribution.operations.work_state import TurnWork


def start_touch_clock(work: TurnWork, row: LeadRow, recorded: DecisionRow) -> None:
    """Start the clock of a lead that has just been given, where its template has one."""


def note_touches(work: TurnWork, touches: Sequence[tuple[Touch, datetime]]) -> None:
    """Take in what people did with leads, as webhooks tell it."""
