"""Commands about the digital pipeline and Salesbot."""

import dataclasses

from sandbox import outbound
from sandbox.commands.forms import parsed
from sandbox.lookups import Form, Lookups
from sandbox.model import Trigger


class PipelineCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def trigger(self, form: Form) -> Form:
        """Put the widget's action on a stage of the digital pipeline."""
        with self.world.lock:
            account = self.account_of(form)
            number = self.world.crm.next_id("trigger", 5_001)
            settings = {str(key): str(value) for key, value in form.get("settings", {}).items()}
            place = self.place_of(account, form)
            account.triggers[number] = Trigger(
                number, place.pipeline_id, place.status_id, form["url"], settings
            )
            return {"id": number}

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

    def bots(self, form: Form) -> Form:
        """Show which bots wait and what continued the others."""
        with self.world.lock:
            return {
                "bots": [dataclasses.asdict(bot) for bot in self.account_of(form).bots.values()]
            }
