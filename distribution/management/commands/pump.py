"""`manage.py pump`: does all the work by polling; needs neither Celery nor Valkey."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connection

from accounts.operations.housekeeping import do_housekeeping
from distribution.operations.delivering.deliver import deliver
from distribution.operations.purge import purge
from distribution.operations.reconcile import reconcile_due
from distribution.operations.work import work_once
from peresmenka.lib.clock import read_clock
from shifts.operations.plan import keep_plans

log = logging.getLogger(__name__)

SHORTEST_SLEEP = 0.01  # seconds, after a round without work; doubles up to the longest
LONGEST_SLEEP = 0.25
HOUSEKEEPING_SLEEP = 2.0
PURGE_SLEEP = 3600.0
AFTER_ERROR_SLEEP = 2.0


class Command(BaseCommand):
    """Polls for work until it is told to stop."""

    help = "Serve all accounts by polling: turns, deliveries, housekeeping."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=3, help="threads that serve accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        threads = [
            threading.Thread(target=repeat, args=(step, stop, longest), daemon=True)
            for step, longest in _steps(options["threads"])
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join(timeout=10)


def _steps(threads: int) -> list[tuple[Callable[[], bool], float]]:
    """Return what each thread does, and how long it sleeps at most."""
    serving = [(lambda: work_once(slow=False), LONGEST_SLEEP) for _ in range(max(1, threads))]
    return [
        *serving,
        (lambda: work_once(slow=True), LONGEST_SLEEP),  # the one that slow accounts may hold up
        (lambda: deliver(slow=True) is not None, LONGEST_SLEEP),
        (keep_house, HOUSEKEEPING_SLEEP),
        (lambda: purge(read_clock()) > 0, PURGE_SLEEP),
    ]


def keep_house() -> bool:
    """Do a round of what keeps accounts alive between leads; return whether there was work."""
    now = read_clock()
    found = [do_housekeeping(now), keep_plans(now) > 0, reconcile_due(now)]
    return any(found)


def repeat(step: Callable[[], bool], stop: threading.Event, longest: float) -> None:
    """Repeat a step; after work at once, else after a growing pause."""
    pause = SHORTEST_SLEEP
    while not stop.is_set():
        try:
            close_old_connections()
            found = step()
        except DatabaseError as error:
            log.error("the database does not answer: %s", type(error).__name__)
            connection.close()
            stop.wait(AFTER_ERROR_SLEEP)
            continue
        except Exception:
            log.exception("a step of the pump failed")
            stop.wait(AFTER_ERROR_SLEEP)
            continue
        if found:
            pause = SHORTEST_SLEEP
        else:
            stop.wait(pause)
            pause = min(longest, pause * 2)
    connection.close()
