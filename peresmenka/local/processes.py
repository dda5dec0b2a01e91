"""Small questions about processes: is it alive, is it the one that was meant, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PAUSE_SECONDS = 0.02


def command_line(pid: int) -> str:
    """Return the command line of process `pid`, arguments joined by blanks; empty when there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
            )
        except OSError:
            return ""
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def is_running(pid: int, marker: str) -> bool:
    """Tell whether `pid` is a living process with `marker` in its command line (a zombie has none)."""
    _reap(pid)
    return marker in command_line(pid)


def end_process(pid: int, marker: str, signals: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Send `signals` (each with seconds to wait) to `pid` until it is gone; tell whether it is.

    A process without `marker` in its command line is a stranger with a recycled id and is left alone.
    """
    for number, seconds in signals:
        if not is_running(pid, marker):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_running(pid, marker), seconds):
            return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask `condition` until it is true, for `seconds` at most; return its last answer."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def read_pid(path: Path) -> int | None:
    """Return the process id on the first line of file `path`, None when there is none."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _reap(pid: int) -> None:
    """Collect `pid` if it is an ended child of ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except OSError:
        return
