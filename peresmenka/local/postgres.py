"""One embedded PostgreSQL: its cluster, its start, its stop. Unix socket only, passwords always."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from peresmenka.local.places import Place
from peresmenka.local.processes import command_line, end_process, is_running, read_pid, wait_until

PORT = 5432  # only a part of the socket's name: TCP is off
ROLE = "peresmenka"
START_SECONDS = 60.0
START_TRIES = 4
HARSH = ((signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "client_connection_check_interval": "500ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
}


class ServerFailed(Exception):
    """An embedded server did not start; the message has the end of its log."""


@dataclass(frozen=True)
class Postgres:
    """A cluster in `instance`/pg with its socket in `sockets`."""

    bin: Path
    place: Place
    instance: Path
    sockets: Path
    durable: bool

    @property
    def cluster(self) -> Path:
        return self.instance / "pg"

    @property
    def log(self) -> Path:
        return self.instance / "postgres.log"

    @property
    def url(self) -> str:
        """The value for DATABASE_URL; the socket's folder stands percent-encoded in the host's place."""
        return (
            f"postgres://{ROLE}:{self._password(ROLE)}@{quote(str(self.sockets), safe='')}/{ROLE}"
        )

    def start(self) -> None:
        """Start the server unless it runs, after clearing what a crash left; make the role and the database."""
        self._make_cluster()
        if not self._is_ready():
            self._clear_leftovers()
            self._launch()
        self._make_database()

    def stop(self, *, orderly: bool) -> None:
        """Stop the server: with a checkpoint when `orderly`, else at once."""
        pid = self._pid()
        if pid is not None:
            gentle = [(signal.SIGINT, 20.0)] if orderly else []
            end_process(pid, str(self.cluster), [*gentle, *HARSH])

    def is_running(self) -> bool:
        """Tell whether the server's process lives."""
        pid = self._pid()
        return pid is not None and is_running(pid, str(self.cluster))

    def _pid(self) -> int | None:
        return read_pid(self.cluster / "postmaster.pid")

    def _is_ready(self) -> bool:
        """Read the state that the server itself keeps on the eighth line of its pid file."""
        if not self.is_running():
            return False
        lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _clear_leftovers(self) -> None:
        """End a server that lives but is not ready; drop a pid file whose number a stranger has got since.

        Any other pid file is left to PostgreSQL, which also looks whether children of a killed server live on.
        """
        pid = self._pid()
        if pid is None or not command_line(pid):
            return
        if self.is_running():
            end_process(pid, str(self.cluster), HARSH)
        else:
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            (self.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _launch(self) -> None:
        """Start the server; a few tries, since the children of a killed one need a moment to let go of its memory."""
        for _ in range(START_TRIES):
            server = spawn([str(self.bin / "postgres"), *self._arguments()], self.place, self.log)
            wait_until(lambda: self._is_ready() or server.poll() is not None, START_SECONDS)  # noqa: B023 - used at once
            if self._is_ready():
                return
            time.sleep(1.0)
        raise ServerFailed(f"PostgreSQL did not start:\n{tail(self.log)}")

    def _arguments(self) -> list[str]:
        settings = SETTINGS | (DURABLE if self.durable else THROW_AWAY)
        settings |= {"unix_socket_directories": str(self.sockets)}
        return [
            "-D",
            str(self.cluster),
            *(word for pair in settings.items() for word in ("-c", "=".join(pair))),
        ]

    def _make_cluster(self) -> None:
        """Run initdb in a folder that gets its name only when it is complete."""
        if self.cluster.is_dir():
            self._check_version()
            return
        half_made = self.place.make_private(self.instance / "pg.half-made")
        for left in half_made.iterdir():
            remove(left)
        password_file = self.sockets / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password("postgres"))
        self.place.hand_over(password_file)
        arguments = [
            "-D",
            str(half_made),
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
            f"--pwfile={password_file}",
        ]
        arguments += [
            "-E",
            "UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        try:
            made = spawn(
                [str(self.bin / "initdb"), *arguments, *([] if self.durable else ["-N"])],
                self.place,
                self.log,
            )
            if made.wait(timeout=START_SECONDS * 2) != 0:
                raise ServerFailed(f"initdb failed:\n{tail(self.log)}")
        finally:
            password_file.unlink()
        half_made.rename(self.cluster)

    def _check_version(self) -> None:
        """Refuse a cluster of another major version: an upgrade is never made silently."""
        have = (self.cluster / "PG_VERSION").read_text().strip()
        shown = subprocess.run(
            [self.bin / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"\d+", shown)
        if found is None or found.group() != have:
            raise ServerFailed(
                f"{self.cluster} was made by PostgreSQL {have}, installed is {shown.strip()}: run `make clean`."
            )

    def _make_database(self) -> None:
        """Make the service's role (no superuser, may make databases and roles) and its database, once."""
        with psycopg.connect(
            host=str(self.sockets),
            port=PORT,
            user="postgres",
            password=self._password("postgres"),
            autocommit=True,
        ) as connection:
            if (
                connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
                is None
            ):
                make_role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}")
                connection.execute(
                    make_role.format(sql.Identifier(ROLE), sql.Literal(self._password(ROLE)))
                )
            if (
                connection.execute("SELECT FROM pg_database WHERE datname = %s", [ROLE]).fetchone()
                is None
            ):
                connection.execute(
                    sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(ROLE))
                )

    def _password(self, role: str) -> str:
        """Return the generated password of `role`, kept in a file that only the starting user can read."""
        return kept_secret(self.instance / f"{role}.password", lambda: secrets.token_urlsafe(24))


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in file `path` (0600), made when it is first asked for."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
    return path.read_text()


def spawn(argv: list[str], place: Place, log: Path) -> subprocess.Popen[bytes]:
    """Start `argv` as the servers' user in a session of its own (a Ctrl-C is not for it), output appended to `log`."""
    user = place.server_user
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
            umask=0o077,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def tail(log: Path, lines: int = 20) -> str:
    """Return the last `lines` of `log`."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
