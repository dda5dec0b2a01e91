"""Salesbot: small programs that run on a lead, ask a widget and wait until they are continued (KOMMO.md §6)."""

import json
import re
from collections.abc import Callable
from typing import Any

from sandbox import outbound
from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.hook_items import form_pairs
from sandbox.leads import Actor, LeadChange, change_leads
from sandbox.model import ROBOT, Bot, BotRun, BotWait, Integration, Lead

MOST_STEPS = 1_000  # between two waits; a program that takes more circles
LEAD_WORDS = ("id", "name", "price", "responsible_user_id", "status_id", "pipeline_id")
ENDED = ("done", "stopped", "circling")
_PLACE = re.compile(r"\{\{(lead|json)\.([\w.]+)\}\}")


class BotError(ValueError):
    """Raised when a program has a step that is no step."""


def check(steps: list[dict[str, Any]]) -> None:
    """Raise BotError for a step that no bot can take."""
    for number, step in enumerate(steps):
        if not isinstance(step, dict) or step.get("do") not in STEPS:
            raise BotError(f"step {number}: do is one of {', '.join(STEPS)}")


def start(crm: Crm, account: Account, program: Bot, lead: Lead) -> BotRun:
    """Start a bot on a lead and run it to its first wait; return the run."""
    run = BotRun(crm.next_id("run", 701), program.id, lead.id, crm.now())
    account.runs[run.id] = run
    account.runs_of.setdefault(lead.id, []).append(run)
    _go_on(crm, account, run, crm.now())
    return run


def stop(crm: Crm, account: Account, run: BotRun) -> None:
    """End a run from outside."""
    if run.state not in ENDED:
        _end(crm, account, run, "stopped")


def resume(crm: Crm, account: Account, wait: BotWait, value: dict[str, Any]) -> None:
    """Continue a waiting bot: later steps read `data`, handlers are executed first."""
    wait.answer = value
    run = account.runs.get(wait.run_id)
    if run is None or run.state != "waiting":
        return
    found = value.get("data")
    run.json = found if isinstance(found, dict) else {}
    for handler in value.get("execute_handlers") or ():
        params = handler.get("params") or {}
        if handler.get("handler") == "show":
            run.shown.append(str(params.get("value", "")))
        elif handler.get("handler") == "goto":
            run.position = int(params.get("step", run.position))
    if account.bots_block and is_held_up(account, run):
        run.state = "blocked"
    else:
        _go_on(crm, account, run, crm.now())


def is_held_up(account: Account, run: BotRun) -> bool:
    """Say whether an older bot is still running on the same lead."""
    return any(
        other.id < run.id and other.state not in ENDED for other in account.runs_of[run.lead_id]
    )


def waits_for_us(account: Account) -> list[BotRun]:
    """Return the runs that hang until somebody continues them, or the bot before them."""
    return [run for run in account.runs.values() if run.state in ("waiting", "blocked")]


def _end(crm: Crm, account: Account, run: BotRun, state: str) -> None:
    run.state, run.ended_at = state, crm.now()
    for other in list(account.runs_of[run.lead_id]):
        if other.state == "blocked" and not is_held_up(account, other):
            _go_on(crm, account, other, crm.now())


def _go_on(crm: Crm, account: Account, run: BotRun, at: float) -> None:
    """Take steps until the run waits or ends; `at` is when it went on (unix seconds)."""
    run.state = "running"
    program, lead = account.programs[run.bot_id], account.leads[run.lead_id]
    for _ in range(MOST_STEPS):
        if lead.is_deleted or run.position >= len(program.steps):
            return _end(crm, account, run, "stopped" if lead.is_deleted else "done")
        step = program.steps[run.position]
        run.position += 1
        STEPS[step["do"]](Turn(crm, account, run, program, lead, at), step)
        if run.state != "running":
            return None
    return _end(crm, account, run, "circling")


class Turn:
    """What one step works with."""

    def __init__(
        self, crm: Crm, account: Account, run: BotRun, program: Bot, lead: Lead, at: float
    ) -> None:
        self.crm, self.account, self.run = crm, account, run
        self.program, self.lead, self.at = program, lead, at

    def filled(self, value: Any) -> Any:
        """Return a value with {{lead.…}} and {{json.…}} filled in, at any depth."""
        if isinstance(value, dict):
            return {key: self.filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        if isinstance(value, str):
            return _PLACE.sub(lambda found: self._word(*found.groups()), value)
        return value

    def _word(self, kind: str, name: str) -> str:
        if kind == "json":
            return str(self.run.json.get(name, ""))
        if name.startswith("cf."):
            values = self.lead.fields.get(int(name.removeprefix("cf.")), [])
            return str(values[0].get("value", "")) if values else ""
        return str(getattr(self.lead, name)) if name in LEAD_WORDS else ""

    def change(self, values: dict[str, Any], fields: dict[int, Any] | None = None) -> None:
        """Change the lead as a robot."""
        change = LeadChange(self.lead, values, fields or {})
        change_leads(self.crm, self.account, [change], Actor(ROBOT))


def _ask(turn: Turn, step: dict[str, Any]) -> None:
    """Ask a widget and wait, however it answers: no time-out is documented."""
    crm, account, run = turn.crm, turn.account, turn.run
    wait = outbound.new_wait(crm, account, turn.lead, run.bot_id, run.id)
    body = outbound.bot_body(
        crm, account, turn.lead, _integration(turn), wait, turn.filled(step.get("data", {}))
    )
    run.state = "waiting"
    raw = None if step.get("encoding") == "form" else json.dumps(body).encode()

    def settled(attempt: int, status: int | None) -> float | None:
        run.statuses.append(status)
        return None

    crm.post.put(
        account, 0, step["url"], form_pairs(body), crm.now(), json_body=raw, settled=settled
    )


def _integration(turn: Turn) -> Integration:
    known = turn.crm.integrations
    return known.get(turn.program.client_id) or next(iter(known.values()))


def _sleep(turn: Turn, step: dict[str, Any]) -> None:
    run, until = turn.run, turn.at + float(step["minutes"]) * 60
    run.state = "sleeping"

    def wake(at: float) -> None:
        if run.state == "sleeping":
            _go_on(turn.crm, turn.account, run, at)

    turn.crm.agenda.put(until, wake)


def _branch(turn: Turn, step: dict[str, Any]) -> None:
    """Go to "then" or "else", to the next step where it is not given."""
    if "field" in step:
        found: Any = turn.filled("{{lead.cf." + str(step["field"]) + "}}")
    elif "json" in step:
        found = turn.filled("{{json." + str(step["json"]) + "}}")
    else:
        found = turn.filled(step["value"])
    is_met = str(found) == str(step["equals"]) if "equals" in step else found != ""
    target = step.get("then" if is_met else "else")
    if target is not None:
        turn.run.position = int(target)


def _goto(turn: Turn, step: dict[str, Any]) -> None:
    turn.run.position = int(step["step"])


def _set_field(turn: Turn, step: dict[str, Any]) -> None:
    value = turn.filled(step.get("value"))
    filled = None if value in (None, "") else [{"value": value}]
    turn.change({}, {int(step["field_id"]): filled})


def _change_responsible(turn: Turn, step: dict[str, Any]) -> None:
    named = str(turn.filled(step["user_id"]))
    if named.isdigit() and int(named) in turn.account.users:
        turn.change({"responsible_user_id": int(named)})


def _move(turn: Turn, step: dict[str, Any]) -> None:
    place = (int(step.get("pipeline_id") or turn.lead.pipeline_id), int(step["status_id"]))
    if turn.account.stage(*place) is not None:
        turn.change({"pipeline_id": place[0], "status_id": place[1]})


def _exit(turn: Turn, step: dict[str, Any]) -> None:
    turn.run.exit = str(step.get("code", ""))
    _end(turn.crm, turn.account, turn.run, "done")


STEPS: dict[str, Callable[[Turn, dict[str, Any]], None]] = {
    "widget_request": _ask,
    "wait": _sleep,
    "condition": _branch,
    "goto": _goto,
    "set_field": _set_field,
    "change_responsible": _change_responsible,
    "move": _move,
    "exit": _exit,
}
