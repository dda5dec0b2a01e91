"""Commands that show the state: what the page and the tests read."""

from sandbox import views
from sandbox.lookups import Form, Lookups


class ShowCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def state(self, form: Form) -> Form:
        """Show leads with owner histories and notes; `from_id` and `limit` narrow it."""
        with self.world.lock:
            limit = int(form["limit"]) if form.get("limit") else None
            return views.state(self.account_of(form), int(form.get("from_id") or 0), limit)

    def calls(self, form: Form) -> Form:
        """Show the log of API calls; `last` (1,000) says how many are listed."""
        with self.world.lock:
            return views.calls(self.account_of(form), int(form.get("last") or 1_000))

    def webhooks(self, form: Form) -> Form:
        """Show delivery statistics."""
        with self.world.lock:
            return views.webhooks(self.world.crm, self.account_of(form))

    def board(self, form: Form) -> Form:
        """Show what the account's page shows."""
        with self.world.lock:
            return views.board(self.world.crm, self.account_of(form))

    def overview(self, form: Form) -> Form:
        """List the accounts."""
        with self.world.lock:
            crm = self.world.crm
            return {
                "now": crm.now(),
                "integrations": [
                    {"client_id": i.client_id, "name": i.name} for i in crm.integrations.values()
                ],
                "accounts": [
                    {"id": a.id, "host": a.host, "name": a.name, **views.counts(a)}
                    for a in crm.each_account()
                ],
            }
