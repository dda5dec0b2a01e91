"""Runs several child processes as one: shows their output, stops all when one dies or a signal comes.

with Supervisor([Child("web", argv, ready=answers), Child("worker", argv)], log_folder) as supervisor:
    supervisor.start()
    dead = supervisor.wait()  # a Child that ended by itself, or None after Ctrl-C or SIGTERM
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self, TextIO

from peresmenka.local.places import PROJECT

LOG_FOLDER = PROJECT / ".data" / "log"
READY_SECONDS = 60.0
GRACE_SECONDS = 10.0
PAUSE_SECONDS = 0.05
LOWEST_PORT, FIRST_EPHEMERAL_PORT = 20000, 32768
COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildFailed(Exception):
    """A child ended, or was not ready in time, before all had started; the message says which and where its log is."""


@dataclass(frozen=True)
class Child:
    """One process to run."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # added to our own environment
    ready: Callable[[], bool] | None = None  # asked until true before the next child starts
    ready_seconds: float = READY_SECONDS


class Supervisor:
    """Starts children in order, each in a process group of its own; restarts none.

    As a context manager it takes over SIGINT, SIGTERM and SIGHUP (main thread only) and stops all on leaving.
    """

    def __init__(
        self,
        children: Sequence[Child],
        log_folder: Path = LOG_FOLDER,
        *,
        out: TextIO | None = None,  # None: sys.stdout
        quiet: bool = False,  # output goes to the log files alone
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._children = list(children)
        self._log_folder = log_folder
        self._out = out or sys.stdout
        self._quiet = quiet
        self._grace_seconds = grace_seconds
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._readers: list[threading.Thread] = []
        self._write = threading.Lock()
        self._stop_asked = threading.Event()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in STOPPING:
            self._handlers[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    @property
    def stop_asked(self) -> bool:
        """Whether Ctrl-C, a signal or another thread has asked for the end."""
        return self._stop_asked.is_set()

    def ask_to_stop(self) -> None:
        """Make `start` and `wait` return soon; callable from any thread."""
        self._stop_asked.set()

    def start(self) -> None:
        """Start all children, each when the one before is ready; when one fails, stop all and raise ChildFailed."""
        self._log_folder.mkdir(parents=True, exist_ok=True)
        for child in self._children:
            if self.stop_asked:
                return
            self._start(child)
            try:
                self._await_ready(child)
            except ChildFailed:
                self.stop()
                raise

    def wait(self, until: Callable[[], bool] | None = None) -> Child | None:
        """Return the first child that ends by itself; None once a stop is asked for or `until` is true."""
        while not self.stop_asked and not (until is not None and until()):
            dead = self._first_dead()
            if dead is not None:
                self._print(f"supervisor: {self._ending(dead)}, stopping all")
                return dead
            time.sleep(PAUSE_SECONDS)
        return None

    def stop(self) -> None:
        """Stop all children in reverse order of their start; kill their process groups after the grace."""
        started = list(reversed(self._running.values()))
        for process in started:
            _signal_group(process, signal.SIGTERM)
        end = time.monotonic() + self._grace_seconds
        while any(process.poll() is None for process in started) and time.monotonic() < end:
            time.sleep(PAUSE_SECONDS)
        for process in started:
            _signal_group(
                process, signal.SIGKILL
            )  # the rest of the group too: nothing stays behind
            process.wait()
        for reader in self._readers:
            reader.join(timeout=2)
        self._running.clear()
        self._readers.clear()

    def _start(self, child: Child) -> None:
        process = subprocess.Popen(
            list(child.argv),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **child.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running[child.name] = process
        reader = threading.Thread(target=self._read, args=(child, process.stdout), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _await_ready(self, child: Child) -> None:
        end = time.monotonic() + child.ready_seconds
        while child.ready is not None and not self.stop_asked and not child.ready():
            dead = self._first_dead()
            if dead is not None:
                raise ChildFailed(f"{self._ending(dead)}, see {self._log(dead)}")
            if time.monotonic() > end:
                raise ChildFailed(
                    f"{child.name} was not ready in {child.ready_seconds:g} s, see {self._log(child)}"
                )
            time.sleep(PAUSE_SECONDS)

    def _first_dead(self) -> Child | None:
        started = (child for child in self._children if child.name in self._running)
        return next(
            (child for child in started if self._running[child.name].poll() is not None), None
        )

    def _ending(self, dead: Child) -> str:
        return f"{dead.name} has ended with status {self._running[dead.name].returncode}"

    def _read(self, child: Child, output: IO[bytes]) -> None:
        """Copy the child's output, line by line, to its log file and with a prefix to ours."""
        colour = COLOURS[self._children.index(child) % len(COLOURS)]
        width = max(len(each.name) for each in self._children)
        prefix = f"{child.name:>{width}} | "
        if self._out.isatty():
            prefix = f"\033[{colour}m{prefix}\033[0m"
        with self._log(child).open("ab") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                if not self._quiet:
                    self._print(prefix + line.decode(errors="replace").rstrip("\r\n"))

    def _log(self, child: Child) -> Path:
        return self._log_folder / f"{child.name}.log"

    def _print(self, line: str) -> None:
        with self._write:
            try:
                self._out.write(line + "\n")
                self._out.flush()
            except (OSError, ValueError):
                self._quiet = True  # our own reader has gone: the log files go on

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked.set()


def free_port() -> int:
    """Return a free port of 127.0.0.1, below those that the system hands out by itself."""
    for port in random.sample(range(LOWEST_PORT, FIRST_EPHEMERAL_PORT), 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port was found")


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send `number` to the process group of a child; its own id names the group."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
