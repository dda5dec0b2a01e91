"""`python -m tests.functional.processes.nursery`: worker processes that are killed and born again.

The parent has Django loaded and forks, so that a new worker is there within milliseconds. Commands
on standard input: `kill` ends one worker with SIGKILL and forks another; the end of input stops all.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from itertools import cycle

import django


def main() -> None:
    """Fork the workers and obey."""
    found = argparse.ArgumentParser()
    found.add_argument("--workers", type=int, default=3)
    found.add_argument("--lease", type=int, default=30, help="seconds of a lease")
    options = found.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peresmenka.settings")
    django.setup()
    from distribution.operations import lanes

    lanes.LEASE_SECONDS = options.lease
    workers = [_fork() for _ in range(options.workers)]
    print("ready", flush=True)
    places = cycle(range(options.workers))
    for line in sys.stdin:
        if line.strip() == "kill":
            place = next(places)
            os.kill(workers[place], signal.SIGKILL)
            os.waitpid(workers[place], 0)
            workers[place] = _fork()
            print("killed", flush=True)
    for pid in workers:
        os.kill(pid, signal.SIGTERM)
    for pid in workers:
        os.waitpid(pid, 0)


def _fork() -> int:
    """Return the process id of a new worker."""
    pid = os.fork()
    if pid:
        return pid
    from django.core.management import call_command

    status = 1
    try:
        sys.stdin.close()
        call_command("pump", threads=1)
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
