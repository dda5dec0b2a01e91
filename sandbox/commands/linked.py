"""Commands about contacts, companies, customers, their links, and tasks."""

import json
from typing import Any

from sandbox.account import Account
from sandbox.activity import add_tasks, change_tasks, delete_tasks
from sandbox.api.activity import TASK_ENTITIES, has_entity
from sandbox.api.context import Faults
from sandbox.api.people import checked_person
from sandbox.leads import Actor
from sandbox.lookups import Form, Lookups, Refused
from sandbox.model import Person, Task
from sandbox.names import client_name
from sandbox.people import PersonDraft, add_people, change_people, join, join_lead
from sandbox.stream import usual_place

KINDS = ("contacts", "companies", "customers")


class LinkedCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def people(self, form: Form) -> Form:
        """Create contacts (of a company, if named) or companies."""
        kind = form.get("kind", "contacts")
        if kind not in KINDS[:2]:
            raise Refused(400, "kind is contacts or companies")
        return self._add_people(kind, form)

    def customers(self, form: Form) -> Form:
        """Create customers linked to contacts and companies."""
        with self.world.lock:
            if not self.account_of(form).has_customers:
                raise Refused(400, "customers are off: POST /_sandbox/account with customers_mode")
        return self._add_people("customers", form)

    def _add_people(self, kind: str, form: Form) -> Form:
        with self.world.lock:
            account, crm = self.account_of(form), self.world.crm
            names = [str(name) for name in form.get("names") or ()]
            owner = int(form.get("responsible_user_id") or usual_place(account).responsible_user_id)
            companies = [int(n) for n in form.get("company_ids") or [form.get("company_id")] if n]
            contacts = [int(n) for n in form.get("contact_ids") or ()]
            for plural, ids in (("companies", companies), ("contacts", contacts)):
                for number in ids:
                    self.person_of(account, plural, number)
            drafts = [
                PersonDraft(
                    names[index] if index < len(names) else client_name(crm.random),
                    owner,
                    company_id=companies[0] if companies and kind != "companies" else None,
                    contact_ids=contacts if kind != "contacts" else [],
                )
                for index in range(int(form.get("count") or len(names) or 1))
            ]
            made = add_people(crm, account, kind, drafts, Actor(0))
            for row in made if kind == "customers" else ():
                for number in companies[1:]:
                    join(row, account.people["companies"][number])
            return {"ids": [row.id for row in made]}

    def person_of(self, account: Account, plural: str, number: object) -> Person:
        """Return a contact, company or customer."""
        found = account.people[plural].get(int(str(number)))
        if found is None:
            raise Refused(404, f"no {plural} {number} in {account.host}")
        return found

    def link(self, form: Form) -> Form:
        """Link each pair of the lead, contact, company and customer that are named."""
        with self.world.lock:
            account = self.account_of(form)
            named = (
                ("contacts", "contact_id"), ("companies", "company_id"), ("customers", "customer_id")
            )  # fmt: skip
            rows = [self.person_of(account, kind, form[key]) for kind, key in named if key in form]
            for index, row in enumerate(rows):
                for other in rows[:index]:
                    join(row, other)
            for lead in self.leads_of(account, form) if "lead_id" in form else ():
                for row in rows:
                    if row.kind != "customer":
                        join_lead(lead, row, is_main=bool(form.get("is_main")))
            return {}

    def edit_linked(self, form: Form) -> Form:
        """Let a human change a contact, company or customer: `changes` as in PATCH by id."""
        with self.world.lock:
            account, faults, kind = self.account_of(form), Faults(), form["kind"]
            if kind not in KINDS:
                raise Refused(400, f"kind is one of {', '.join(KINDS)}")
            person = self.person_of(account, kind, form["id"])
            context = self.context_of(account)
            change = checked_person(context, kind, person, form["changes"], faults, "0")
            if faults.found:
                raise Refused(400, json.dumps(faults.found))
            actor = Actor(self.user_of(account, form).id)
            change_people(self.world.crm, account, [change], actor)
            return {"id": person.id}

    def task(self, form: Form) -> Form:
        """Let a human create tasks of a lead, contact, company or customer."""
        with self.world.lock:
            account, crm = self.account_of(form), self.world.crm
            plural = "leads" if "lead_id" in form else str(form["entity_type"])
            number = int(form["lead_id"] if "lead_id" in form else form["entity_id"])
            if plural not in TASK_ENTITIES or not has_entity(account, plural, number):
                raise Refused(404, f"no {plural} {number} in {account.host}")
            user = self.user_of(account, form)
            due_at = int(crm.now() + float(form.get("due_in", 3_600)))
            draft = {
                "text": str(form.get("text", "Call back")),
                "complete_till": due_at,
                "responsible_user_id": int(form.get("responsible_user_id") or user.id),
                "entity_type": plural,
                "entity_id": number,
            }
            drafts = [dict(draft) for _ in range(int(form.get("count", 1)))]
            made = add_tasks(crm, account, drafts, Actor(user.id))
            return {"task_ids": [task.id for task in made]}

    def complete_task(self, form: Form) -> Form:
        """Let a human complete tasks."""
        result = str(form.get("result", "Done"))
        return self._change_tasks(form, {"is_completed": True, "result": result})

    def reassign_task(self, form: Form) -> Form:
        """Let a human give tasks to another."""
        return self._change_tasks(form, {"responsible_user_id": int(form["responsible_user_id"])})

    def _change_tasks(self, form: Form, values: dict[str, Any]) -> Form:
        with self.world.lock:
            account = self.account_of(form)
            changes = [(task, dict(values)) for task in self.tasks_of(account, form)]
            actor = Actor(self.user_of(account, form).id)
            change_tasks(self.world.crm, account, changes, actor)
            return {"task_ids": [task.id for task, _ in changes]}

    def delete_task(self, form: Form) -> Form:
        """Let a human delete tasks."""
        with self.world.lock:
            account = self.account_of(form)
            gone = self.tasks_of(account, form)
            delete_tasks(self.world.crm, account, gone, Actor(self.user_of(account, form).id))
            return {"task_ids": [task.id for task in gone]}

    def tasks_of(self, account: Account, form: Form) -> list[Task]:
        """Return the tasks named by task_id or task_ids."""
        ids = form.get("task_ids") or [form["task_id"]]
        missing = [number for number in ids if number not in account.tasks]
        if missing:
            raise Refused(404, f"no tasks {missing} in {account.host}")
        return [account.tasks[number] for number in ids]
