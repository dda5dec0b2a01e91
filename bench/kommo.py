"""The sandbox as a process of its own, and its control API."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peresmenka.demo.crm import ControlApi

CLIENT_ID = "bench-client"
SECRET = "-".join(["bench"] * 8)  # at least 32 bytes, known to nobody but this benchmark


class Kommo(ControlApi):
    """A running sandbox, with what a benchmark asks of it."""

    def open(self, host: str, managers: int, calls_per_second: int) -> dict[str, Any]:
        """Create an account; return its card."""
        made = self.tell(
            "accounts", host=host, managers=managers, calls_per_second=calls_per_second
        )
        card: dict[str, Any] = made["accounts"][0]
        return card

    def grant(self, card: dict[str, Any]) -> dict[str, Any]:
        """Install the integration in an account; return Kommo's token answer.

        The redirect goes nowhere: the code is taken from the address it would have gone to.
        """
        admin = next(user["id"] for user in card["users"] if user["is_admin"])
        installed = self.tell("install", host=card["host"], user_id=admin)
        code = installed["url"].split("code=")[1].split("&")[0]
        answer = self.session.post(
            f"{self.url}/{card['host']}/oauth2/access_token",
            json={
                "client_id": CLIENT_ID,
                "client_secret": SECRET,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": "http://127.0.0.1:9/oauth/kommo",
            },
            timeout=30,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def running_kommo(port: int) -> Iterator[Kommo]:
    """Start the sandbox and stop it at the end."""
    argv = [sys.executable, "-m", "sandbox", "--port", str(port), "--hook-threads", "4"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=os.environ)
    kommo = Kommo(f"http://127.0.0.1:{port}")
    try:
        _wait(kommo)
        kommo.tell(
            "integrations",
            client_id=CLIENT_ID,
            client_secret=SECRET,
            redirect_uri="http://127.0.0.1:9/oauth/kommo",
        )
        yield kommo
    finally:
        process.terminate()
        process.wait(10)


def _wait(kommo: Kommo) -> None:
    for _ in range(100):
        if kommo.answers():
            return
        time.sleep(0.1)
    raise RuntimeError("the sandbox does not answer")
