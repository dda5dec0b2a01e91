"""Commands about accounts, integrations, users, and what their widget sends."""

from sandbox import outbound, views
from sandbox.commands.forms import changed, parsed
from sandbox.lookups import Form, Lookups, Refused
from sandbox.model import Integration
from sandbox.seed import DEMO_HOST, Plan, open_account

SWITCHES = ("is_paid", "accepts_unconfirmed_hooks", "bots_block", "incoming_adds_lead",
            "accept_makes_responsible")  # fmt: skip
CUSTOMERS_MODES = ("unavailable", "disabled", "segments", "periodicity", "dynamic")
SHIFT_ACTIONS = ("start", "pause", "resume", "end")


class AccountCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def accounts(self, form: Form) -> Form:
        """Create accounts: Plan's fields, and `count` with {n} in the host for many."""
        count, fields = int(form.pop("count", 1)), dict(form)
        for name in ("pipelines", "groups"):
            if name in fields:
                fields[name] = tuple(fields[name])
        host, first = fields.pop("host", DEMO_HOST), fields.pop("id", None)
        if count > 1 and "{n}" not in host:
            raise Refused(400, "the host of many accounts needs {n}")
        with self.world.lock:
            made = [
                open_account(
                    self.world.crm,
                    Plan(host=host.replace("{n}", str(index + 1)),
                         id=None if first is None else first + index, **fields),
                )
                for index in range(count)
            ]  # fmt: skip
            return {"accounts": [views.account_card(account) for account in made]}

    def integrations(self, form: Form) -> Form:
        """Register an integration, or change one."""
        with self.world.lock:
            self.world.crm.integrations[form["client_id"]] = Integration(**form)
        return {"client_id": form["client_id"]}

    def install(self, form: Form) -> Form:
        """Install the widget: GET redirect_uri from server to server, once."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user = self.user_of(account, form)
            outgoing = outbound.install(self.world.crm, account, user, integration)
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": text[:2_000]}

    def shift(self, form: Form) -> Form:
        """Press a user's shift button in the widget; return the service's answer."""
        if form.get("action") not in SHIFT_ACTIONS:
            raise Refused(400, f"action is one of {', '.join(SHIFT_ACTIONS)}")
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user, action = self.user_of(account, form), form["action"]
            outgoing = outbound.shift(self.world.crm, account, user, integration, action)
        if not integration.widget_api:
            raise Refused(400, "the integration has no widget_api")
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": parsed(text)}

    def token(self, form: Form) -> Form:
        """Mint a one-time token."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            user = self.user_of(account, form)
            return {"token": outbound.widget_token(self.world.crm, account, user, integration)}

    def revoke(self, form: Form) -> Form:
        """Uninstall, or revoke one user's grant (user_id), and send the access-revoked hook."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            outgoing = outbound.revoke(
                self.world.crm, account, integration, form.get("user_id"),
                str(form.get("spelling", "client_uuid")),
            )  # fmt: skip
        if outgoing is None or form.get("silent"):
            return {"status": None}
        status, text = self.world.send(outgoing)
        return {"url": outgoing.url, "status": status, "answer": text[:2_000]}

    def account(self, form: Form) -> Form:
        """Change an account: rename (a host), customers_mode, the switches, has_grace (of all)."""
        with self.world.lock:
            account = self.account_of(form)
            for name in SWITCHES:
                if name in form:
                    setattr(account, name, bool(form[name]))
            if form.get("customers_mode", "disabled") not in CUSTOMERS_MODES:
                raise Refused(400, f"customers_mode is one of {', '.join(CUSTOMERS_MODES)}")
            account.customers_mode = form.get("customers_mode", account.customers_mode)
            account.customers_refusal = int(
                form.get("customers_refusal", account.customers_refusal)
            )
            if "has_grace" in form:
                self.world.crm.grants.has_grace = bool(form["has_grace"])
            if "rename" in form:
                self.world.crm.rename(account, str(form["rename"]))
            return views.account_card(account)

    def user(self, form: Form) -> Form:
        """Change a user: User's fields."""
        with self.world.lock:
            account = self.account_of(form)
            user = self.user_of(account, form)
            return changed(user, {k: v for k, v in form.items() if k != "user_id"})
