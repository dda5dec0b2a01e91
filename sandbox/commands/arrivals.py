"""Commands about incoming leads, and about what people do with a lead."""

import dataclasses
from typing import Any

from sandbox import incoming
from sandbox.account import Account
from sandbox.activity import add_notes, add_tasks, change_tasks, send_message
from sandbox.incoming import CATEGORIES, IncomingDraft
from sandbox.leads import Actor, LeadChange, change_leads
from sandbox.lookups import Form, Lookups, Refused
from sandbox.model import Incoming, Lead, User
from sandbox.names import client_name, lead_name
from sandbox.people import PersonDraft, add_people

TOUCHES = ("message", "call", "sms", "note", "task", "move")


class ArrivalCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def incoming(self, form: Form) -> Form:
        """Let incoming leads come in, each with a contact of its own (`contacts`: 0 without)."""
        with self.world.lock:
            account, crm = self.account_of(form), self.world.crm
            place = self.place_of(account, form)
            category = str(form.get("category", "forms"))
            if category not in CATEGORIES:
                raise Refused(400, f"category is one of {', '.join(CATEGORIES)}")
            names = [str(name) for name in form.get("names") or ()]
            drafts = []
            for index in range(int(form.get("count") or len(names) or 1)):
                draft = IncomingDraft(
                    names[index] if index < len(names) else lead_name(crm.random),
                    place.pipeline_id,
                    place.responsible_user_id,
                    category,
                    str(form.get("source_name", "Site form")),
                )
                if form.get("contacts", True):
                    person = PersonDraft(client_name(crm.random), place.responsible_user_id)
                    made = add_people(crm, account, "contacts", [person], Actor(0))
                    draft.contact_ids = [made[0].id]
                drafts.append(draft)
            rows = incoming.add_incoming(crm, account, drafts)
            return {"uids": [r.uid for r in rows], "lead_ids": [r.lead_id for r in rows]}

    def incoming_of(self, account: Account, form: Form) -> Incoming:
        """Return the open incoming lead named by uid."""
        found = account.incoming.get(str(form["uid"]))
        if found is None or not incoming.is_open(account, found):
            raise Refused(404, f"no open incoming lead {form['uid']} in {account.host}")
        return found

    def accept_incoming(self, form: Form) -> Form:
        """Let a human accept an incoming lead, into the first stage unless one is named."""
        with self.world.lock:
            account = self.account_of(form)
            row, user = self.incoming_of(account, form), self.user_of(account, form)
            place = self.place_of(account, {**form, "pipeline_id": row.pipeline_id})
            lead = incoming.accept(self.world.crm, account, row, user.id, place.status_id)
            return {"lead_id": lead.id}

    def decline_incoming(self, form: Form) -> Form:
        """Let a human decline an incoming lead."""
        with self.world.lock:
            account = self.account_of(form)
            row, user = self.incoming_of(account, form), self.user_of(account, form)
            return {"lead_id": incoming.decline(self.world.crm, account, row, user.id).id}

    def incomings(self, form: Form) -> Form:
        """Show incoming leads."""
        with self.world.lock:
            rows = self.account_of(form).incoming.values()
            return {"incoming": [dataclasses.asdict(row) for row in rows]}

    def touch(self, form: Form) -> Form:
        """Let a user work on a lead: message, call, sms, note, task (completed) or move."""
        kind = form.get("kind")
        if kind not in TOUCHES:
            raise Refused(400, f"kind is one of {', '.join(TOUCHES)}")
        with self.world.lock:
            account = self.account_of(form)
            lead, user = self.leads_of(account, form)[0], self.user_of(account, form)
            if kind == "message":
                return {"id": self._message(account, lead, user, form)}
            if kind == "move":
                return {"id": self._moved(account, lead, user, form)}
            if kind == "task":
                return {"id": self._task_done(account, lead, user, form)}
            note_type, params = _note(str(kind), user, form)
            draft = {"entity_id": lead.id, "note_type": note_type, "params": params}
            (note,) = add_notes(self.world.crm, account, "leads", [draft], Actor(user.id))
            return {"id": note.id}

    def _message(self, account: Account, lead: Lead, user: User, form: Form) -> str:
        direction = str(form.get("direction", "outgoing"))
        if direction not in ("outgoing", "incoming"):
            raise Refused(400, "direction is outgoing or incoming")
        words = str(form.get("text", "Hello"))
        return send_message(self.world.crm, account, lead, words, direction, user)

    def _moved(self, account: Account, lead: Lead, user: User, form: Form) -> int:
        place = self.place_of(account, {"pipeline_id": lead.pipeline_id, **form})
        values = {"pipeline_id": place.pipeline_id, "status_id": place.status_id}
        change_leads(self.world.crm, account, [LeadChange(lead, values)], Actor(user.id))
        return lead.id

    def _task_done(self, account: Account, lead: Lead, user: User, form: Form) -> int:
        """Complete the user's oldest open task of the lead; one is made where there is none."""
        crm, actor = self.world.crm, Actor(user.id)
        rows = (account.tasks[number] for number in account.tasks_of_lead(lead.id))
        mine = [t for t in rows if not t.is_completed and t.responsible_user_id == user.id]
        if not mine:
            draft = {"text": "Call back", "complete_till": int(crm.now()) + 3_600,
                     "entity_type": "leads", "entity_id": lead.id}  # fmt: skip
            mine = add_tasks(crm, account, [draft], actor)
        done = {"is_completed": True, "result": str(form.get("text", "Done"))}
        change_tasks(crm, account, [(mine[0], done)], actor)
        return mine[0].id


def _note(kind: str, user: User, form: Form) -> tuple[str, dict[str, Any]]:
    """Return (note type, params) of a call, an SMS or a plain note."""
    phone, words = str(form.get("phone", "+34600000001")), str(form.get("text", "Hello"))
    direction = "in" if form.get("direction") == "incoming" else "out"
    if kind == "call":
        params = {"uniq": f"call-{user.id}", "duration": int(form.get("duration", 60)),
                  "source": "sandbox", "link": "https://example.com/call.mp3", "phone": phone}  # fmt: skip
        return f"call_{direction}", params
    if kind == "sms":
        return f"sms_{direction}", {"text": words, "phone": phone}
    return "common", {"text": words}
