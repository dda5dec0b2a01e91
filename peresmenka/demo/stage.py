"""The demo's processes: sandbox, web, worker, beat and pump, with the settings that join them."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass

import requests

from peresmenka.demo.crm import Crm
from peresmenka.local.supervisor import Child, free_port

CLIENT_ID = "00000000-0000-4000-8000-00000000d3a0"


@dataclass(frozen=True)
class Stage:
    """Where everything listens, and the environment that the processes share."""

    web_url: str
    sandbox_url: str
    secret: str
    env: dict[str, str]

    def children(self, seed: int) -> list[Child]:
        """Return the processes in the order in which they start."""
        return [
            Child("sandbox", self._sandbox(seed), self.env, ready=Crm(self.sandbox_url).answers),
            Child("web", self._web(), self.env, ready=self._web_answers),
            Child("pump", [sys.executable, "manage.py", "pump"], self.env),
            *self._celery(),
        ]

    def _sandbox(self, seed: int) -> list[str]:
        port = self.sandbox_url.rsplit(":", 1)[1]
        return [sys.executable, "-m", "sandbox", "--port", port, "--seed", str(seed)]

    def _web(self) -> list[str]:
        port = self.web_url.rsplit(":", 1)[1]
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--port", port),
            *("--blocking-threads", "4", "--workers", "1", "--no-ws", "--log-level", "error"),
            "peresmenka.wsgi:application",
        ]

    def _celery(self) -> list[Child]:
        """Return worker and beat; without Valkey the pump works alone."""
        if not self.env["VALKEY_URL"]:
            return []
        celery = [sys.executable, "-m", "celery", "-A", "peresmenka"]
        worker = [*celery, "worker", "--concurrency", "1", "--loglevel", "WARNING"]
        beat = [*celery, "beat", "--loglevel", "WARNING"]
        return [Child("worker", worker, self.env), Child("beat", beat, self.env)]

    def _web_answers(self) -> bool:
        try:
            return requests.get(f"{self.web_url}/healthz", timeout=1).status_code == 200
        except requests.RequestException:
            return False


def build_stage(*, database_url: str, port: int | None) -> Stage:
    """Choose ports and make the settings of a demo: its own Kommo, its own client."""
    web = f"http://127.0.0.1:{port or free_port()}"
    sandbox = f"http://127.0.0.1:{free_port()}"
    secret = secrets.token_urlsafe(32)
    env = {
        "DATABASE_URL": database_url,
        "VALKEY_URL": os.environ.get("VALKEY_URL", ""),
        "DEBUG": "no",
        "PUBLIC_URL": web,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "KOMMO_CLIENT_ID": CLIENT_ID,
        "KOMMO_CLIENT_SECRET": secret,
        "KOMMO_URL_TEMPLATE": sandbox + "/{host}",
        "OPERATOR_SECOND_FACTOR": "no",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
    }
    return Stage(web, sandbox, secret, env)
