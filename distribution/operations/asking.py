"""Triggers of the digital pipeline and Salesbot steps: what they ask, and what bots are answered."""

from __future__ import annotations

from typing import Any

from distribution.operations.work_state import TurnWork

Json = dict[str, Any]


def absorb_trigger(work: TurnWork, payload: Json) -> None:
    """A trigger has sent a lead (F88).

    payload: {"trigger": id, "lead": id, "pipeline": id, "status": id, "card_version": n, "keep": bool}
    """


def absorb_bot(work: TurnWork, payload: Json) -> None:
    """A Salesbot waits at our step (F92).

    payload: {"trigger": id or null, "lead": id, "bot": id, "continue": id}
    """


def answer_bots(work: TurnWork) -> None:
    """Let every bot of this turn go on, whatever has become of its lead."""
