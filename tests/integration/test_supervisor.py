"""The supervisor with real child processes."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from peresmenka.local.supervisor import Child, ChildFailed, Supervisor, free_port

ROOT = Path(__file__).parents[2]


def _shell(name: str, script: str, **rest: object) -> Child:
    return Child(name, ["sh", "-c", script], **rest)  # type: ignore[arg-type]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_the_child_that_ends_is_named_and_the_others_are_stopped(tmp_path: Path) -> None:
    out = io.StringIO()
    children = [
        _shell("lasting", "echo $$; exec sleep 60"),
        _shell("dying", "sleep 0.2; echo bye; exit 3"),
    ]
    with Supervisor(children, tmp_path, out=out) as supervisor:
        supervisor.start()
        dead = supervisor.wait()
        assert dead is not None
        assert dead.name == "dying"
    assert "  dying | bye" in out.getvalue()
    assert "dying has ended with status 3" in out.getvalue()
    assert not _is_alive(int((tmp_path / "lasting.log").read_text()))


def test_a_child_starts_when_the_one_before_is_ready(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    children = [
        _shell("first", f"sleep 0.3; touch {flag}; exec sleep 60", ready=flag.exists),
        _shell("second", f"test -e {flag} && echo late; exec sleep 60"),
    ]
    log = tmp_path / "second.log"
    with Supervisor(children, tmp_path, out=io.StringIO()) as supervisor:
        supervisor.start()
        supervisor.wait(until=lambda: log.exists() and log.read_text() == "late\n")


def test_a_child_that_fails_or_is_late_is_named_and_all_are_stopped(tmp_path: Path) -> None:
    failing = _shell("broken", "exit 4", ready=lambda: False)
    late = _shell("late", "exec sleep 60", ready=lambda: False, ready_seconds=0.2)
    for child, said in ((failing, "broken has ended with status 4"), (late, "late was not ready")):
        lasting = _shell(
            "lasting", "echo $$; exec sleep 60", ready=(tmp_path / "lasting.log").exists
        )
        supervising = Supervisor([lasting, child], tmp_path, out=io.StringIO())
        with supervising as supervisor, pytest.raises(ChildFailed, match=said):
            supervisor.start()
    for pid in (tmp_path / "lasting.log").read_text().split():
        assert not _is_alive(int(pid))


def test_a_child_that_ignores_the_signal_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = (
        "trap '' TERM; sh -c \"trap '' TERM; echo \\$\\$; while :; do sleep 0.05; done\" & wait"
    )
    log = tmp_path / "stubborn.log"
    with Supervisor(
        [_shell("stubborn", stubborn)], tmp_path, quiet=True, grace_seconds=0.3
    ) as supervisor:
        supervisor.start()
        supervisor.wait(until=lambda: log.exists() and log.read_text().strip().isdigit())
    time.sleep(0.05)
    assert not _is_alive(int(log.read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all(tmp_path: Path, number: signal.Signals) -> None:
    code = f"""
from pathlib import Path
from peresmenka.local.supervisor import Child, Supervisor
child = Child("child", ["sh", "-c", "echo $$; exec sleep 60"])
with Supervisor([child], Path({str(tmp_path)!r})) as supervisor:
    supervisor.start()
    print("stopped by itself" if supervisor.wait() else "asked to stop")
"""
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    pid = int(running.stdout.readline().split("|")[1])
    running.send_signal(number)
    out, _ = running.communicate(timeout=20)
    assert "asked to stop" in out
    assert not _is_alive(pid)


def test_a_free_port_can_be_bound_and_is_below_the_systems_own() -> None:
    port = free_port()
    assert port < 32768
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
