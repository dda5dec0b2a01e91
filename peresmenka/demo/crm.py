"""The demo's hand on the sandbox: its control API over HTTP."""

from __future__ import annotations

from typing import Any

import requests

HOST = "acme.kommo.com"
TIMEOUT_SECONDS = 30


class Crm:
    """The sandbox's control API for the demo's account."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def answers(self) -> bool:
        """Say whether the sandbox is up."""
        try:
            return self._session.get(f"{self.url}/", timeout=1).status_code < 500
        except requests.RequestException:
            return False

    def tell(self, command: str, **form: Any) -> dict[str, Any]:
        """Give a command about the demo's account; raise for a refusal."""
        return self._post(command, {"host": HOST, **form})

    def _post(self, command: str, form: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.url}/_sandbox/{command}"
        answer = self._session.post(url, json=form, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, what: str, **query: Any) -> dict[str, Any]:
        """Ask for something."""
        answer = self._session.get(
            f"{self.url}/_sandbox/{what}", params={"host": HOST, **query}, timeout=TIMEOUT_SECONDS
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def open_account(self, *, client_id: str, secret: str, service: str, managers: int) -> None:
        """Create the account and its team, register the integration, install the widget."""
        self.tell("accounts", managers=managers)
        integration = {
            "client_id": client_id,
            "client_secret": secret,
            "name": "Peresmenka",
            "redirect_uri": f"{service}/oauth/kommo",
            "revoked_hook_url": f"{service}/oauth/kommo/revoked",
            "widget_api": f"{service}/widget/v1",
        }
        self._post("integrations", integration)
        self.tell("install")

    def shift(self, user_id: int, action: str) -> None:
        """Press a manager's shift button in Kommo."""
        answer = self.tell("shift", user_id=user_id, action=action)
        if answer["status"] != 200:
            raise RuntimeError(f"shift {action} of {user_id}: {answer}")

    def leads(self) -> list[dict[str, Any]]:
        """Return all leads with owner histories and notes."""
        found: list[dict[str, Any]] = self.ask("state")["leads"]
        return found
