"""A worker process of a benchmark: serves accounts until it is told to stop. `python -m bench.worker`."""

from __future__ import annotations

import signal
import threading

import django


def main() -> None:
    """Serve until SIGTERM, with the pump's pauses."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    django.setup()
    from distribution.management.commands.pump import LONGEST_SLEEP, repeat
    from distribution.operations.work import work_once

    print("ready", flush=True)
    repeat(work_once, stop, LONGEST_SLEEP)


if __name__ == "__main__":
    main()
