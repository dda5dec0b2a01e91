"""Passes signals on to a command; before and after it has run they end or spare the caller."""

from __future__ import annotations

import os
import signal
import subprocess
from types import FrameType

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class SignalRelay:
    """From its making on: a signal raises SystemExit, goes to the running command, or is ignored once `closed`."""

    def __init__(self) -> None:
        self._command: subprocess.Popen[bytes] | None = None
        self._closed = False
        for number in PASSED_ON:
            signal.signal(number, self._receive)

    def run(self, argv: list[str], environment: dict[str, str]) -> int:
        """Run `argv` to its end; return its exit status, 128 + n after signal n. Afterwards signals are ignored."""
        try:
            self._command = subprocess.Popen(argv, env=environment)
        except OSError as error:
            print(f"{argv[0]}: {error.strerror}")
            return 127
        try:
            status = self._command.wait()
        finally:
            self.close()
        return status if status >= 0 else 128 - status

    def wait(self) -> None:
        """Sleep until a signal comes."""
        try:
            while True:
                signal.pause()
        finally:
            self.close()

    def close(self) -> None:
        """Ignore signals from now on, so that the servers are stopped in peace."""
        self._closed = True

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self._closed:
            return
        if self._command is None:
            self._closed = True
            raise SystemExit(128 + number)
        if number in (signal.SIGINT, signal.SIGQUIT) and os.isatty(0):
            return  # the terminal has sent it to the command as well
        self._command.send_signal(number)
