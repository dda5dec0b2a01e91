"""The web process of the benchmarks: granian, WSGI, as in production."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from peresmenka.local.supervisor import free_port


@contextmanager
def running_web(*, workers: int, app: str = "peresmenka.wsgi:application") -> Iterator[str]:
    """Start the server, wait until it answers, stop it at the end; yields its URL."""
    port = free_port()
    argv = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", "4", "--no-ws"),
        *("--log-level", "error", app),
    ]
    process = subprocess.Popen(argv, env=os.environ)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                requests.get(f"{url}/healthz", timeout=1)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(15)
