"""The embedded servers as a newcomer meets them: `python -m peresmenka.local` in a process of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from peresmenka.local.places import LONGEST_SOCKET_PATH, Place, base_of_checkout, socket_folder

ROOT = Path(__file__).parents[2]
ASK_BOTH = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    print(*connection.execute("SELECT lower('ПРИВЕТ'), current_setting('listen_addresses') = ''").fetchone())
print(redis.Redis.from_url(os.environ["VALKEY_URL"]).ping())
"""
RUN_STATEMENT = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    ran = connection.execute(sys.argv[1])
    print(ran.fetchall() if ran.description else "")
"""


@dataclass(frozen=True)
class Checkout:
    """A project folder of a user's own; the commands run as that user."""

    folder: Path
    uid: int | None  # None: whoever runs the tests

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "peresmenka.local", "--project", str(self.folder), *words]

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "VALKEY_URL"}
        }
        return subprocess.Popen(
            [*self._as_user(), *self.command(*words)],
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables},
            cwd="/",
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _as_user(self) -> list[str]:
        """Become the user, with the right to read everything: Python itself may lie in root's home."""
        if self.uid is None:
            return []
        words = [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={pwd.getpwuid(self.uid).pw_gid}",
            "--clear-groups",
        ]
        return [*words, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]

    def run(self, *words: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*words, **variables)
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error

    def ask(self, *options: str) -> tuple[int, str, str]:
        return self.run("run", *options, "--", sys.executable, "-c", ASK_BOTH)

    def query(self, statement: str) -> str:
        """Run one statement on the lasting servers."""
        status, out, error = self.run("run", "--", sys.executable, "-c", RUN_STATEMENT, statement)
        assert status == 0, error
        return out.strip()

    @property
    def data(self) -> Path:
        return self.folder / ".data" if self.uid or os.geteuid() else base_of_checkout(self.folder)

    def processes(self) -> list[int]:
        """The ids of the processes that name the data folder in their command line, our own commands not counted."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            if os.fsencode(self.data) in line and b"peresmenka.local" not in line:
                found.append(int(path.parent.name))
        return found

    def sockets(self) -> list[Path]:
        return (
            [path for path in self.data.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
            if self.data.exists()
            else []
        )


def _made_checkout(uid: int | None) -> Iterator[Checkout]:
    folder = Path(tempfile.mkdtemp(prefix="checkout-", dir="/tmp"))
    if uid is not None:
        os.chown(folder, uid, -1)
    checkout = Checkout(folder, uid)
    yield checkout
    for pid in checkout.processes():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(checkout.data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    yield from _made_checkout(None)


@pytest.fixture(params=["me", "an ordinary user"])
def anyones_checkout(request: pytest.FixtureRequest) -> Iterator[Checkout]:
    """A checkout of whoever runs the tests and, where that is root, one of an ordinary user as well."""
    if request.param == "me":
        yield from _made_checkout(None)
        return
    if os.geteuid() != 0:
        pytest.skip("whoever runs the tests is an ordinary user already")
    yield from _made_checkout(pwd.getpwnam("nobody").pw_uid)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_command_gets_both_servers_and_nothing_is_left_behind(anyones_checkout: Checkout) -> None:
    status, out, error = anyones_checkout.ask("--fresh")
    assert (status, out.split()) == (0, ["привет", "True", "True"]), error
    assert anyones_checkout.processes() == []
    assert list(anyones_checkout.data.glob("fresh-*")) == []


def test_lasting_servers_keep_their_data_and_leave_no_socket(anyones_checkout: Checkout) -> None:
    anyones_checkout.query("CREATE TABLE kept AS SELECT 41 AS answer")
    assert anyones_checkout.processes() == []
    assert anyones_checkout.sockets() == []
    assert anyones_checkout.query("SELECT answer FROM kept") == "[(41,)]"


def test_the_exit_status_of_the_command_is_handed_on(checkout: Checkout) -> None:
    assert checkout.run("run", "--fresh", "--", "sh", "-c", "exit 7")[0] == 7
    assert checkout.run("run", "--fresh", "--", "sh", "-c", "kill -9 $$")[0] == 128 + 9
    assert checkout.run("run", "--fresh", "--", "/no/such/program")[0] == 127


def test_no_folder_above_changes_its_permissions(checkout: Checkout) -> None:
    above = [checkout.folder, *checkout.folder.parents, *checkout.data.parents]
    before = [path.stat().st_mode for path in above]
    assert checkout.ask("--fresh")[0] == 0
    assert [path.stat().st_mode for path in above] == before


def test_with_servers_named_in_the_environment_nothing_is_started(checkout: Checkout) -> None:
    named = {"DATABASE_URL": "postgres://a:b@db.example/c", "VALKEY_URL": "redis://valkey.example"}
    status, out, _ = checkout.run(
        "run", "--", "sh", "-c", "echo $DATABASE_URL $VALKEY_URL", **named
    )
    assert (status, out.split()) == (0, list(named.values()))
    assert not checkout.data.exists()


def test_passwords_and_sockets_are_for_the_owner_alone(checkout: Checkout) -> None:
    look = f"find {checkout.data} -name '*.password' -o -name run | xargs stat -c %a"
    status, out, error = checkout.run("run", "--", "sh", "-c", look)
    assert (status, sorted(out.split())) == (0, ["600", "600", "700"]), error


def test_two_runs_share_the_lasting_servers_until_the_last_one_leaves(checkout: Checkout) -> None:
    first = checkout.start("serve", "--env-file", str(checkout.folder / "env"))
    _wait((checkout.folder / "env").exists)
    servers = set(checkout.processes())
    assert checkout.ask()[0] == 0
    assert servers <= set(checkout.processes())
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 128 + signal.SIGTERM
    assert checkout.processes() == []
    assert not (checkout.folder / "env").exists()


def test_throw_away_servers_of_two_runs_do_not_meet(checkout: Checkout) -> None:
    runs = [
        checkout.start("run", "--fresh", "--", "sh", "-c", "echo $DATABASE_URL; sleep 0.5")
        for _ in range(2)
    ]
    urls = {run.communicate(timeout=60)[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert len(urls) == 2
    assert checkout.processes() == []


def test_everything_killed_at_once_does_not_hinder_the_next_run(checkout: Checkout) -> None:
    checkout.query("CREATE TABLE kept AS SELECT 41 AS answer")
    serving = checkout.start("serve", "--env-file", str(checkout.folder / "env"))
    _wait((checkout.folder / "env").exists)
    for pid in [serving.pid, *checkout.processes()]:
        os.kill(pid, signal.SIGKILL)
    serving.wait()
    assert checkout.query("SELECT answer FROM kept") == "[(41,)]"
    assert checkout.processes() == []


def test_the_next_run_ends_throw_away_servers_whose_run_was_killed(checkout: Checkout) -> None:
    serving = checkout.start("serve", "--fresh", "--env-file", str(checkout.folder / "env"))
    _wait((checkout.folder / "env").exists)
    serving.kill()
    serving.wait()
    assert checkout.processes() != []
    assert checkout.ask("--fresh")[0] == 0
    assert checkout.processes() == []
    assert list(checkout.data.glob("fresh-*")) == []


def test_a_signal_reaches_the_command_and_the_servers_stop(checkout: Checkout) -> None:
    waits = "trap 'echo told; exit 5' TERM; touch $0; while :; do sleep 0.05; done"
    ready = checkout.folder / "ready"
    running = checkout.start("run", "--fresh", "--", "sh", "-c", waits, str(ready))
    _wait(ready.exists)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=30)
    assert (running.returncode, out.strip()) == (5, "told")
    assert checkout.processes() == []


def test_clean_removes_the_data_but_not_those_in_use(checkout: Checkout) -> None:
    serving = checkout.start("serve", "--env-file", str(checkout.folder / "env"))
    _wait((checkout.folder / "env").exists)
    assert "in use" in checkout.run("clean")[2]
    assert checkout.processes() != []
    serving.terminate()
    serving.wait(timeout=30)
    assert checkout.run("clean") == (0, "", "")
    assert not checkout.data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(checkout: Checkout) -> None:
    base = base_of_checkout(checkout.folder)
    base.mkdir()
    os.chown(base, pwd.getpwnam("nobody").pw_uid, -1)
    status, _, error = checkout.ask("--fresh")
    assert status == 1
    assert "belongs to user" in error
    assert list(base.iterdir()) == []


def test_a_long_path_gets_a_short_folder_for_its_sockets(tmp_path: Path) -> None:
    instance = tmp_path / ("long-" * 20)
    sockets = socket_folder(Place(tmp_path, None), instance)
    try:
        assert len(str(sockets / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET_PATH
        assert stat.S_IMODE(sockets.parent.stat().st_mode) == 0o700
    finally:
        sockets.parent.rmdir()
