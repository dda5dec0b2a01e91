"""The demo's hand on the sandbox: its control API over HTTP."""

from __future__ import annotations

from typing import Any

import requests

HOST = "acme.kommo.com"
TIMEOUT_SECONDS = 300  # a benchmark asks for many leads at once


class ControlApi:
    """The control API of a sandbox; a refusal raises requests.HTTPError."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def answers(self) -> bool:
        """Say whether the sandbox is up."""
        try:
            return self.session.get(f"{self.url}/", timeout=1).status_code < 500
        except requests.RequestException:
            return False

    def tell(self, command: str, **form: Any) -> dict[str, Any]:
        """Give a command."""
        return self._json("POST", command, json=form)

    def ask(self, what: str, **query: Any) -> dict[str, Any]:
        """Ask for something."""
        return self._json("GET", what, params=query)

    def _json(self, method: str, name: str, **values: Any) -> dict[str, Any]:
        url = f"{self.url}/_sandbox/{name}"
        answer = self.session.request(method, url, timeout=TIMEOUT_SECONDS, **values)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


class Crm:
    """The demo's account in a sandbox."""

    def __init__(self, url: str) -> None:
        self._api = ControlApi(url)

    def answers(self) -> bool:
        """Say whether the sandbox is up."""
        return self._api.answers()

    def tell(self, command: str, **form: Any) -> dict[str, Any]:
        """Give a command about the demo's account."""
        return self._api.tell(command, host=HOST, **form)

    def ask(self, what: str, **query: Any) -> dict[str, Any]:
        """Ask for something about the demo's account."""
        return self._api.ask(what, host=HOST, **query)

    def open_account(self, *, client_id: str, secret: str, service: str, managers: int) -> None:
        """Create the account and its team, register the integration, install the widget."""
        self.tell("accounts", managers=managers)
        self._api.tell(
            "integrations",
            client_id=client_id,
            client_secret=secret,
            name="Peresmenka",
            redirect_uri=f"{service}/oauth/kommo",
            revoked_hook_url=f"{service}/oauth/kommo/revoked",
            widget_api=f"{service}/widget/v1",
        )
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
