"""Commands about leads: new ones, streams of them, and what humans do with them."""

import json
from random import Random

from sandbox.account import Account
from sandbox.api.context import Faults
from sandbox.api.leads import checked_change
from sandbox.leads import Actor, change_leads, delete_leads, restore_leads
from sandbox.lookups import Form, Lookups, Refused
from sandbox.stream import Linked, Stream, new_leads


class LeadCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def leads(self, form: Form) -> Form:
        """Create leads at once, from nobody."""
        with self.world.lock:
            account, crm = self.account_of(form), self.world.crm
            made = new_leads(
                crm,
                account,
                self.place_of(account, form),
                int(form.get("count", 1)),
                Random(form["seed"]) if "seed" in form else crm.random,
                contacts=form.get("contacts"),
                linked=self._linked(account, form),
                is_bulk=bool(form.get("bulk", False)),
                names=[str(name) for name in form.get("names") or ()],
            )
            return {"lead_ids": [lead.id for lead in made]}

    def _linked(self, account: Account, form: Form) -> Linked:
        """Return what new leads are linked to: contact_ids, company_id and source_id."""
        contacts = form.get("contact_ids")
        company_id = form.get("company_id")
        is_known = all(number in account.people["contacts"] for number in contacts or ())
        if not is_known or not (company_id is None or company_id in account.people["companies"]):
            raise Refused(404, "no such contact or company")
        return Linked(contacts, company_id, form.get("source_id"))

    def stream(self, form: Form) -> Form:
        """Start a background stream of leads."""
        with self.world.lock:
            account, streams = self.account_of(form), self.world.streams
            number = len(streams.running) + 1
            streams.running[number] = Stream(
                number,
                account.id,
                self.place_of(account, form),
                int(form.get("count", 100)),
                float(form.get("per_second", 1)),
                self.world.crm.now(),
                Random(form.get("seed", number)),
            )
        return {"id": number}

    def streams(self, form: Form) -> Form:
        """Show the progress of streams, of one account if a host is named."""
        with self.world.lock:
            only = self.account_of(form).id if form.get("host") else None
            rows = [s for s in self.world.streams.running.values() if only in (None, s.account_id)]
            return {
                "streams": [
                    {"id": s.id, "account_id": s.account_id, "count": s.count, "made": s.made,
                     "is_done": s.made >= s.count}
                    for s in rows
                ]
            }  # fmt: skip

    def edit(self, form: Form) -> Form:
        """Let a human change leads: `changes` is a body of PATCH /leads/{id}."""
        with self.world.lock:
            account, faults = self.account_of(form), Faults()
            actor = Actor(self.user_of(account, form).id)
            changes = []
            for lead in self.leads_of(account, form):
                key = str(lead.id)
                changes.append(
                    checked_change(self.context_of(account), lead, form["changes"], faults, key)
                )
            if faults.found:
                raise Refused(400, json.dumps(faults.found))
            change_leads(self.world.crm, account, changes, actor)
            return {"lead_ids": [change.lead.id for change in changes]}

    def delete_lead(self, form: Form) -> Form:
        """Let a human delete leads."""
        with self.world.lock:
            account = self.account_of(form)
            leads = [lead for lead in self.leads_of(account, form) if not lead.is_deleted]
            delete_leads(self.world.crm, account, leads, Actor(self.user_of(account, form).id))
            return {"lead_ids": [lead.id for lead in leads]}

    def restore_lead(self, form: Form) -> Form:
        """Let a human restore leads."""
        with self.world.lock:
            account = self.account_of(form)
            leads = [lead for lead in self.leads_of(account, form) if lead.is_deleted]
            restore_leads(self.world.crm, account, leads, Actor(self.user_of(account, form).id))
            return {"lead_ids": [lead.id for lead in leads]}
