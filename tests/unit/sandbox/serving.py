"""A real sandbox server for tests: its own process, a free port below the ephemeral range."""

import contextlib
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).parents[3]
START_SECONDS = 20.0


def free_port() -> int:
    """Return a port below 32768 that nobody listens on."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port between 20000 and 32000")


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Run `python -m sandbox` until the block ends; yield its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--demo", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield answering(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def answering(base: str, process: subprocess.Popen[bytes]) -> str:
    """Wait until the server answers; return its base URL."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            requests.get(f"{base}/_sandbox/overview", timeout=2).raise_for_status()
            return base
        time.sleep(0.05)
    raise RuntimeError(f"the sandbox did not start: exit code {process.poll()}")


def until(answers, seconds: float = 10.0):
    """Call `answers` until it returns something true; return that."""
    ends_at = time.monotonic() + seconds
    while True:
        found = answers()
        if found or time.monotonic() > ends_at:
            return found
        time.sleep(0.02)
