"""Open tasks of managers, counted for templates that limit them (F122–F124)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from accounts.kommo.payloads import Task
from distribution.operations.work_state import TurnWork


def absorb_tasks(
    work: TurnWork, asked: Collection[int], tasks: Sequence[Task], observed_at: datetime
) -> None:
    """Bring the mirror of tasks up to what was read; the owners' counts follow."""
