"""Taking a wave back: the leads that nobody has touched since go to whom they had (N4)."""

from __future__ import annotations

from typing import Any

from distribution.operations.work_state import TurnWork

Json = dict[str, Any]


def absorb_undo(work: TurnWork, payload: Json) -> None:
    """Take a wave back.

    payload: {"wave": id, "leads": [ids], "by": user id or null}
    """
