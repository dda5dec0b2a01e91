"""Builders for tests of the sandbox: a world in virtual time and a session that is plugged into it."""

from typing import Any

import requests

from sandbox.account import Account
from sandbox.adapter import SandboxAdapter, plug_in
from sandbox.clock import VirtualClock
from sandbox.control import Control
from sandbox.leads import Actor, LeadDraft, add_leads
from sandbox.model import Integration, Lead, User
from sandbox.seed import Plan, open_account
from sandbox.world import World

CLIENT_ID = "11111111-1111-4111-8111-111111111111"
SECRET = "integration secret of the tests, long enough for what HS512 asks of a key"
REDIRECT = "https://app.example/oauth/kommo"
HOOK = "https://app.example/hooks/secret"
BASE = "https://acme.kommo.com"
LEAD_HOOKS = ["add_lead", "update_lead", "status_lead", "responsible_lead", "delete_lead",
              "restore_lead", "note_lead"]  # fmt: skip


class Sandbox:
    """A world of one account with everything that most tests need."""

    def __init__(self, **plan: object) -> None:
        self.clock = VirtualClock()
        self.world = World(self.clock, 7)
        self.crm = self.world.crm
        self.control = Control(self.world)
        values = {"calls_per_second": 0, **plan}
        self.account: Account = open_account(self.crm, Plan(**values))
        self.gateway = self.world.gateway
        integration = Integration(CLIENT_ID, SECRET, REDIRECT, widget_api="https://app.example/w")
        self.integration = integration
        self.crm.integrations[CLIENT_ID] = integration

    def tell(self, command: str, **form: object) -> dict[str, Any]:
        """Give a command of the control API."""
        return self._run("POST", command, form)

    def ask(self, what: str, **form: object) -> dict[str, Any]:
        """Ask the control API."""
        return self._run("GET", what, form)

    def _run(self, method: str, name: str, form: dict[str, object]) -> dict[str, Any]:
        status, answer = self.control.run(method, name, {"host": self.account.host, **form})
        assert status == 200, answer
        return answer

    def get(self, path: str) -> requests.Response:
        """Ask API v4 as Vera."""
        return self.session().get(f"{BASE}/api/v4{path}")

    def embedded(self, path: str, name: str) -> list[dict[str, Any]]:
        """Return the rows of a list of API v4; none for a 204."""
        answer = self.get(path)
        return [] if answer.status_code == 204 else answer.json()["_embedded"][name]

    def stages(self) -> tuple[int, int, int]:
        """Return (pipeline, first stage, second stage) of the main pipeline."""
        pipeline = next(iter(self.account.pipelines.values()))
        ordinary = [stage.id for stage in pipeline.stages.values() if stage.type == 0]
        return pipeline.id, ordinary[0], ordinary[1]

    def user(self, name: str) -> User:
        """Return a user by name."""
        return next(user for user in self.account.users.values() if user.name == name)

    def token_form(self, grant_type: str, **more: str) -> dict[str, str]:
        """Return a body for the token endpoint."""
        fixed = {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT}
        return {**fixed, "grant_type": grant_type, **more}

    def code(self, name: str = "Vera") -> str:
        """Return a fresh authorization code of a user."""
        return self.crm.grants.issue_code(
            self.account.id, self.user(name).id, CLIENT_ID, self.crm.now()
        )

    def session(self, name: str | None = "Vera", **adapter: float) -> requests.Session:
        """Return a session with a user's token; without a name, with none."""
        found = plug_in(requests.Session(), SandboxAdapter(self.gateway, **adapter))
        if name is not None:
            form = self.token_form("authorization_code", code=self.code(name))
            pair = found.post(f"{BASE}/oauth2/access_token", json=form).json()
            found.headers["Authorization"] = f"Bearer {pair['access_token']}"
        return found

    def subscribe(self, *settings: str) -> None:
        """Subscribe HOOK to settings codes, to all of leads when none is named."""
        body = {"destination": HOOK, "settings": list(settings) or LEAD_HOOKS}
        assert self.session().post(f"{BASE}/api/v4/webhooks", json=body).status_code == 201

    def leads(self, count: int = 1, **values: object) -> list[Lead]:
        """Create leads of Vera in the first stage."""
        pipeline = next(iter(self.account.pipelines.values()))
        place = {"pipeline_id": pipeline.id, "status_id": pipeline.first_stage().id}
        place["responsible_user_id"] = self.user("Vera").id
        drafts = [LeadDraft(**{"name": f"Lead {n}", **place, **values}) for n in range(count)]
        return add_leads(self.crm, self.account, drafts, Actor(0))

    def hooks(self) -> list[dict[str, str]]:
        """Take out and settle what is due; return each body as key -> value."""
        found = self.crm.due_deliveries(self.crm.now())
        for delivery in found:
            self.crm.settle_delivery(delivery, 204)
        return [dict(delivery.pairs) for delivery in found]
