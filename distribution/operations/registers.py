"""Writes of registers: credits and skips by hand, resets, policies; applied by the account's lane."""

from __future__ import annotations

from typing import Any

from distribution.operations.work_state import TurnWork

Json = dict[str, Any]


def absorb_register(work: TurnWork, payload: Json) -> None:
    """Apply what a page has asked of a register, before anything of this turn is dealt by it.

    payload: {"register": id, "what": "credit" | "reset", ...}
    """
