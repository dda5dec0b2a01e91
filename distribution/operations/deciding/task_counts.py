"""Open tasks of managers, counted for templates that limit them (F122–F124)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from accounts.kommo.payloads import Task
from distribution.models import ManagerLoad, TaskMirror
from distribution.operations.deciding.work_state import TurnWork


def absorb_tasks(
    work: TurnWork, asked: Collection[int], tasks: Sequence[Task], observed_at: datetime
) -> None:
    """Bring the mirror of tasks up to what was read; the owners' counts follow.

    Completed tasks leave it, and so does what Kommo no longer has.
    """
    found = {task.id: task for task in tasks if not task.is_completed}
    rows = TaskMirror.objects.for_account(work.config.account_id).filter(task_id__in=list(asked))
    known = dict(rows.values_list("task_id", "owner_id"))
    for task_id in sorted(asked):
        task = found.get(task_id)
        owner = task.owner_id or None if task is not None else None
        _count(work, known.get(task_id), -1)
        _count(work, owner, 1)
        if task is not None:
            work.written.tasks.append((task_id, owner, task.updated_at, observed_at))
        elif task_id in known:
            work.written.gone_tasks.append(task_id)


def _count(work: TurnWork, owner: int | None, by: int) -> None:
    if owner is not None:
        work.loads[owner, ManagerLoad.TASKS] += by
