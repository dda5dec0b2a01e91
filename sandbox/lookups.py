"""Finding what a control call names: account, user, integration, leads, place."""

from typing import Any

from sandbox.account import Account
from sandbox.api.context import Context
from sandbox.model import Integration, Lead, User
from sandbox.stream import Place, usual_place
from sandbox.wire import Call, Query
from sandbox.world import World

Form = dict[str, Any]


class Refused(Exception):
    """Raised when a control call asks for what is not there; `status` is 400 or 404."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Lookups:
    """Reads a control call's form; everything that is missing raises Refused."""

    def __init__(self, world: World) -> None:
        self.world = world

    def account_of(self, form: Form) -> Account:
        """Return the account at form's host."""
        account = self.world.crm.account_at(str(form.get("host", "")))
        if account is None:
            raise Refused(404, f"no account at host {form.get('host')!r}")
        return account

    def user_of(self, account: Account, form: Form) -> User:
        """Return the user named by user_id, the first admin when none is named."""
        if form.get("user_id") is None:
            return next(user for user in account.users.values() if user.is_admin)
        user = account.users.get(int(form["user_id"]))
        if user is None:
            raise Refused(404, f"no user {form['user_id']} in {account.host}")
        return user

    def integration_of(self, form: Form) -> Integration:
        """Return the integration named by client_id, the first when none is named."""
        known = self.world.crm.integrations
        found = (
            known.get(form["client_id"])
            if "client_id" in form
            else next(iter(known.values()), None)
        )
        if found is None:
            raise Refused(404, "no such integration: POST /_sandbox/integrations first")
        return found

    def leads_of(self, account: Account, form: Form) -> list[Lead]:
        """Return the leads named by lead_id or lead_ids."""
        ids = form.get("lead_ids") or [form["lead_id"]]
        missing = [number for number in ids if number not in account.leads]
        if missing:
            raise Refused(404, f"no leads {missing} in {account.host}")
        return [account.leads[number] for number in ids]

    def place_of(self, account: Account, form: Form) -> Place:
        """Return where new leads go: what the form names, else the usual place."""
        usual = usual_place(account)
        pipeline_id = int(form.get("pipeline_id") or usual.pipeline_id)
        pipeline = account.pipelines.get(pipeline_id)
        if pipeline is None:
            raise Refused(404, f"no pipeline {pipeline_id}")
        status_id = int(form.get("status_id") or pipeline.first_stage().id)
        owner = int(form.get("responsible_user_id") or usual.responsible_user_id)
        if status_id not in pipeline.stages or owner not in account.users:
            raise Refused(404, "no such stage in the pipeline, or no such user")
        return Place(pipeline_id, status_id, owner)

    def context_of(self, account: Account) -> Context:
        """Return what a checker of the API needs, with an admin's rights."""
        admin = next(user for user in account.users.values() if user.is_admin)
        call = Call("PATCH", account.host, "/")
        return Context(self.world.crm, account, admin, call, Query(""), "")
