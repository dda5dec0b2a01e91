"""One embedded Valkey on a unix socket: its start and its stop."""

from __future__ import annotations

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from peresmenka.local.places import Place
from peresmenka.local.postgres import ServerFailed, spawn, tail
from peresmenka.local.processes import end_process, is_running, read_pid, wait_until

START_SECONDS = 30.0


@dataclass(frozen=True)
class Valkey:
    """A Valkey that keeps its files in `instance`/valkey and its socket in `sockets`."""

    server: Path
    place: Place
    instance: Path
    sockets: Path
    durable: bool

    @property
    def socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """The value for VALKEY_URL, in redis-py's form."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Start the server unless it runs, after clearing what a crash left."""
        self.place.make_private(self.instance / "valkey")
        if self._answers():
            return
        self.stop()
        log = self.instance / "valkey.log"
        server = spawn([str(self.server), *self._arguments()], self.place, log)
        wait_until(lambda: self._answers() or server.poll() is not None, START_SECONDS)
        if not self._answers():
            raise ServerFailed(f"Valkey did not start:\n{tail(log)}")

    def stop(self) -> None:
        """Stop the server and remove its socket."""
        pid = read_pid(self._pid_file)
        if pid is not None:
            end_process(pid, str(self.socket), [(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)])
        self.socket.unlink(missing_ok=True)
        self._pid_file.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Tell whether the server's process lives."""
        pid = read_pid(self._pid_file)
        return pid is not None and is_running(pid, str(self.socket))

    @property
    def _pid_file(self) -> Path:
        return self.sockets / "valkey.pid"

    def _arguments(self) -> list[str]:
        keep = ["--appendonly", "yes"] if self.durable else ["--appendonly", "no", "--save", ""]
        return [
            *("--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *(
                "--dir",
                str(self.instance / "valkey"),
                "--pidfile",
                str(self._pid_file),
                "--daemonize",
                "no",
            ),
            *keep,
        ]

    def _answers(self) -> bool:
        """Ask the server for a PONG (while it loads its data it answers otherwise)."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2.0)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False
