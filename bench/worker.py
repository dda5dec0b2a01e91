"""A worker process of a benchmark: serves accounts until it is told to stop. `python -m bench.worker`."""

from __future__ import annotations

import signal
import sys
import threading

import django


def main() -> None:
    """Serve until SIGTERM; the pause without work is short, as the pump's is after work."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    django.setup()
    from distribution.operations.work import work_once

    print("ready", flush=True)
    while not stop.is_set():
        if not work_once():
            stop.wait(0.005)


if __name__ == "__main__":
    sys.exit(main())
