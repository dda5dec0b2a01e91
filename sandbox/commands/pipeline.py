"""Commands about the digital pipeline and Salesbot."""

import dataclasses
from typing import Any

from sandbox import bots, outbound, triggers
from sandbox.account import Account
from sandbox.commands.forms import parsed
from sandbox.lookups import Form, Lookups, Refused
from sandbox.model import Bot, BotRun, Conditions, Trigger

CHOICES = {
    "execution": tuple(triggers.EVENT_TYPES),
    "encoding": ("form", "json"),
    "direction": triggers.ENTERING,
}
PLAIN = ("url", "execution", "delay_seconds", "encoding", "direction", "tells_leaving",
         "fires_after_leaving", "retries", "bot_id", "is_on")  # fmt: skip


class PipelineCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def trigger(self, form: Form) -> Form:
        """Put the widget's action on a stage of the digital pipeline, or change one (`id`)."""
        with self.world.lock:
            account = self.account_of(form)
            values = _checked(form)
            if form.get("id"):
                row = self.trigger_of(account, form)
            else:
                place = self.place_of(account, form)
                number = self.world.crm.next_id("trigger", 5_001)
                row = Trigger(number, place.pipeline_id, place.status_id, "", {})
            if "pipeline_id" in form or "status_id" in form:
                here = {"pipeline_id": row.pipeline_id, **form}
                moved = self.place_of(account, here)
                row.pipeline_id, row.status_id = moved.pipeline_id, moved.status_id
            for name, value in values.items():
                setattr(row, name, value)
            if not row.url and row.bot_id not in account.programs:
                raise Refused(400, "a trigger needs a url, or the bot_id of a bot")
            account.triggers[row.id] = row
            return {"id": row.id}

    def trigger_of(self, account: Account, form: Form) -> Trigger:
        """Return the trigger named by id."""
        found = account.triggers.get(int(form["id"]))
        if found is None:
            raise Refused(404, f"no trigger {form['id']} in {account.host}")
        return found

    def delete_trigger(self, form: Form) -> Form:
        """Take a trigger away; what it has delayed does not fire."""
        with self.world.lock:
            account = self.account_of(form)
            del account.triggers[self.trigger_of(account, form).id]
            return {}

    def apply_trigger(self, form: Form) -> Form:
        """Fire a trigger for the leads already in its stage."""
        with self.world.lock:
            account = self.account_of(form)
            row = self.trigger_of(account, form)
            return {"lead_ids": triggers.apply_now(self.world.crm, account, row)}

    def triggers(self, form: Form) -> Form:
        """Show triggers with each time they fired."""
        with self.world.lock:
            rows = self.account_of(form).triggers.values()
            return {"triggers": [dataclasses.asdict(row) for row in rows]}

    def salesbot(self, form: Form) -> Form:
        """Let a bot reach the widget's step for a lead."""
        with self.world.lock:
            account, integration = self.account_of(form), self.integration_of(form)
            lead = self.leads_of(account, form)[0]
            values = form.get("data", {})
            wait, outgoing = outbound.run_bot(
                self.world.crm, account, lead, integration, form["url"], values
            )
        status, text = self.world.send(outgoing)
        return {"continue_id": wait.continue_id, "status": status, "answer": parsed(text)}

    def bot(self, form: Form) -> Form:
        """Write a bot, or change one (`bot_id`)."""
        with self.world.lock:
            account = self.account_of(form)
            bots.check(form["steps"])
            number = int(form.get("bot_id") or self.world.crm.next_id("bot", 321))
            if any(step["do"] == "widget_request" for step in form["steps"]):
                self.integration_of(form)
            account.programs[number] = Bot(
                number, str(form.get("name", f"Bot {number}")), list(form["steps"]),
                str(form.get("client_id", "")),
            )  # fmt: skip
            return {"bot_id": number}

    def run_bot(self, form: Form) -> Form:
        """Start a bot on leads."""
        with self.world.lock:
            account = self.account_of(form)
            program = account.programs.get(int(form["bot_id"]))
            if program is None:
                raise Refused(404, f"no bot {form['bot_id']} in {account.host}")
            leads = self.leads_of(account, form)
            runs = [bots.start(self.world.crm, account, program, lead) for lead in leads]
            return {"run_ids": [run.id for run in runs]}

    def stop_bot(self, form: Form) -> Form:
        """Stop a run."""
        with self.world.lock:
            account = self.account_of(form)
            run = account.runs.get(int(form["run_id"]))
            if run is None:
                raise Refused(404, f"no run {form['run_id']} in {account.host}")
            bots.stop(self.world.crm, account, run)
            return {}

    def bots(self, form: Form) -> Form:
        """Show which bots wait, what continued the others, and which hang."""
        with self.world.lock:
            account = self.account_of(form)
            return {
                "bots": [dataclasses.asdict(wait) for wait in account.bots.values()],
                "programs": [dataclasses.asdict(bot) for bot in account.programs.values()],
                "runs": [_run(account, run) for run in account.runs.values()],
                "hanging": [run.id for run in bots.waits_for_us(account)],
            }


def _run(account: Account, run: BotRun) -> dict[str, Any]:
    """Return a run with what continued it, in order."""
    answers = [wait.answer for wait in account.bots.values() if wait.run_id == run.id]
    return {**dataclasses.asdict(run), "answers": [found for found in answers if found is not None]}


def _checked(form: Form) -> dict[str, Any]:
    """Return the attributes of Trigger that a form names; raises Refused."""
    for name, known in CHOICES.items():
        if form.get(name, known[0]) not in known:
            raise Refused(400, f"{name} is one of {', '.join(known)}")
    if not 0 <= int(form.get("retries", 0)) <= len(triggers.RETRY_SECONDS):
        raise Refused(400, f"retries is 0 to {len(triggers.RETRY_SECONDS)}")
    values: dict[str, Any] = {name: form[name] for name in PLAIN if name in form}
    if "settings" in form:
        values["settings"] = {str(key): str(value) for key, value in form["settings"].items()}
    if "conditions" in form:
        asked = dict(form["conditions"])
        fields = {int(key): value for key, value in asked.pop("fields", {}).items()}
        values["conditions"] = Conditions(**asked, fields=fields)
    return values
