"""Worker processes, and what the machine did meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def running_workers(count: int, **env: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start worker processes, wait until all are ready, stop them at the end."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.worker"],
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(15)


def seconds_until(done: Callable[[], bool], patience: float = 300.0) -> float:
    """Return how long it took until `done`; raise when it takes too long."""
    began = time.perf_counter()
    while not done():
        if time.perf_counter() - began > patience:
            raise TimeoutError(f"not done after {patience:.0f} s")
        time.sleep(0.01)
    return time.perf_counter() - began


def is_settled(leads: int) -> bool:
    """Say whether so many changes of owner are done, in all accounts together."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM distribution_effect WHERE kind = 'owner' AND state = 'done'"
        )
        return bool(cursor.fetchone()[0] >= leads)


class Busy:
    """How busy the machine's cores were between two moments, 0 to 1."""

    def __init__(self) -> None:
        self._before = _ticks()

    def share(self) -> float:
        """Return the share of core time spent working since the beginning."""
        idle, total = (after - before for after, before in zip(_ticks(), self._before, strict=True))
        return round(1 - idle / max(1, total), 2)


def _ticks() -> tuple[int, int]:
    with open("/proc/stat") as file:
        numbers = [int(word) for word in file.readline().split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
