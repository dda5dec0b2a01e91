"""The control API: what the demo, the tests and the bench tell the sandbox to do. Not part of Kommo."""

from collections.abc import Callable

from sandbox.commands.accounts import AccountCommands
from sandbox.commands.arrivals import ArrivalCommands
from sandbox.commands.leads import LeadCommands
from sandbox.commands.linked import LinkedCommands
from sandbox.commands.pipeline import PipelineCommands
from sandbox.commands.shows import ShowCommands
from sandbox.commands.weather import WeatherCommands
from sandbox.lookups import Form, Refused
from sandbox.world import World

WRITES = (
    *("accounts", "integrations", "install", "shift", "token", "revoke", "account", "user"),
    *("leads", "stream", "edit", "delete_lead", "restore_lead"),
    *("people", "customers", "link", "edit_linked"),
    *("task", "complete_task", "reassign_task", "delete_task"),
    *("trigger", "delete_trigger", "apply_trigger", "salesbot", "bot", "run_bot", "stop_bot"),
    *("incoming", "accept_incoming", "decline_incoming", "touch"),
    *("faults", "weather", "limits", "clock", "reset"),
)
READS = {
    **{name: name for name in ("state", "calls", "webhooks", "board", "overview", "bots")},
    **{name: name for name in ("streams", "armed", "triggers")},
    "stream": "streams",
    "incoming": "incomings",
    "faults": "armed",
    "accounts": "overview",
}


class Control(
    AccountCommands, LeadCommands, LinkedCommands, PipelineCommands, ArrivalCommands,
    WeatherCommands, ShowCommands,
):  # fmt: skip
    """The table of commands: name -> method. They lock by themselves."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._writes: dict[str, Callable[[Form], Form]] = {n: getattr(self, n) for n in WRITES}
        self._reads = {name: getattr(self, method) for name, method in READS.items()}

    def run(self, method: str, name: str, form: Form) -> tuple[int, Form]:
        """Run a command; return (status, JSON object)."""
        command = (self._reads if method == "GET" else self._writes).get(name)
        if command is None:
            return 404, {"error": f"there is no {method} /_sandbox/{name}"}
        try:
            return 200, command(form)
        except Refused as refused:
            return refused.status, {"error": str(refused)}
        except (KeyError, TypeError, ValueError) as wrong:
            return 400, {"error": f"{type(wrong).__name__}: {wrong}"}
