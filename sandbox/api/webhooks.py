"""Webhook subscriptions (KOMMO.md §3.11), and continuing a Salesbot (§6)."""

from typing import Any

from sandbox import bots
from sandbox.api.context import Context
from sandbox.model import Subscription
from sandbox.wire import (
    Answer,
    Problem,
    as_json,
    bad_request,
    fault,
    invalid,
    no_content,
    not_found,
    read_json,
)

MOST_SUBSCRIPTIONS = 100
MOST_HANDLERS, LONGEST_SHOWN, MOST_BUTTONS = 10, 80, 25  # KOMMO.md §6
_ACTIONS = ("add", "update", "delete", "restore", "responsible", "note")
DOCUMENTED = {
    *(f"{action}_{entity}" for action in _ACTIONS for entity in ("lead", "contact", "company")),
    *("status_lead", "add_task", "delete_task", "responsible_task"),
    *("add_talk", "add_message", "add_chat_template_review"),
}
UNCONFIRMED = {
    *("update_task", "update_talk", "add_unsorted", "update_unsorted", "delete_unsorted"),
    *(f"{action}_customer" for action in _ACTIONS),
    *(f"{action}_catalog" for action in ("add", "update", "delete")),
}


def listing(context: Context) -> Answer:
    """Answer GET /webhooks."""
    asked = context.query.one("filter[destination]")
    rows = [
        _subscription(context, row)
        for row in context.account.subscriptions.values()
        if asked in ("", row.destination)
    ]
    if not rows:
        return no_content()
    links = context.link("/api/v4/webhooks")
    return as_json(200, {"_links": links, "_embedded": {"webhooks": rows}})


def _subscription(context: Context, row: Subscription) -> dict[str, Any]:
    return {
        "id": row.id,
        "destination": row.destination,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "account_id": context.account.id,
        "created_by": row.created_by,
        "sort": row.sort,
        "disabled": row.disabled,
        "settings": row.settings,
    }


def _body(context: Context) -> dict[str, Any]:
    value = read_json(context.call)
    if not isinstance(value, dict) or not isinstance(value.get("destination"), str):
        raise Problem(invalid({"0": [fault("FieldMissing", "destination", "Missing field.")]}))
    return value


def _settings(context: Context, value: dict[str, Any]) -> list[str]:
    allowed = DOCUMENTED | (UNCONFIRMED if context.account.accepts_unconfirmed_hooks else set())
    given = value.get("settings")
    if not isinstance(given, list) or not given:
        raise Problem(invalid({"0": [fault("FieldMissing", "settings", "Missing field.")]}))
    faults = [
        fault("NotSupportedChoice", f"settings.{index}", "The value is not a valid choice.")
        for index, code in enumerate(given)
        if code not in allowed
    ]
    if faults:
        raise Problem(invalid({"0": faults}))
    return [str(code) for code in given]


def subscribe(context: Context) -> Answer:
    """Answer POST /webhooks; a known destination gets the new settings and is enabled again."""
    value = _body(context)
    settings, destination = _settings(context, value), value["destination"]
    if not destination.startswith(("http://", "https://")):
        raise Problem(invalid({"0": [fault("InvalidUrl", "destination", "Not a valid URL.")]}))
    account, now = context.account, int(context.crm.now())
    row = next((s for s in account.subscriptions.values() if s.destination == destination), None)
    if row is None:
        if len(account.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise Problem(bad_request("Limit of 100 webhooks is reached"))
        number, sort = context.crm.next_id("subscription", 1_056_001), int(value.get("sort") or 1)
        row = Subscription(number, destination, settings, sort, context.user.id, now, now)
        account.subscriptions[number] = row
    row.settings, row.updated_at, row.disabled = settings, now, False
    row.bad_answers.clear()
    return as_json(201, _subscription(context, row))


def unsubscribe(context: Context) -> Answer:
    """Answer DELETE /webhooks."""
    destination, account = _body(context)["destination"], context.account
    gone = [n for n, row in account.subscriptions.items() if row.destination == destination]
    if not gone:
        return not_found()
    for number in gone:
        del account.subscriptions[number]
    return no_content()


def continue_bot(context: Context, bot_id: int, continue_id: int) -> Answer:
    """Answer POST /salesbot/{bot}/continue/{id}: 202, 400, or 404 where nothing waits."""
    wait = context.account.bots.get(continue_id)
    if wait is None or wait.bot_id != bot_id or wait.answer is not None:
        return not_found()
    value = read_json(context.call)
    wrong = _wrong_continuing(value)
    if wrong:
        return bad_request(wrong)
    bots.resume(context.crm, context.account, wait, value)
    return Answer(202)


def _wrong_continuing(value: Any) -> str:
    """Return what is wrong with the body of a continue call, "" when nothing is."""
    if not isinstance(value, dict) or not isinstance(value.get("data", {}), dict):
        return "an object with data and execute_handlers is expected"
    handlers = value.get("execute_handlers", [])
    if not isinstance(handlers, list) or len(handlers) > MOST_HANDLERS:
        return f"execute_handlers must be at most {MOST_HANDLERS} handlers"
    for handler in handlers:
        params = handler.get("params") if isinstance(handler, dict) else None
        if not isinstance(params, dict) or handler.get("handler") not in ("show", "goto"):
            return "a handler is show or goto with params"
        if len(str(params.get("value", ""))) > LONGEST_SHOWN:
            return f"value must not exceed {LONGEST_SHOWN} characters"
        if len(params.get("buttons") or ()) > MOST_BUTTONS:
            return f"at most {MOST_BUTTONS} buttons"
        if handler["handler"] == "goto" and not isinstance(params.get("step"), int):
            return "goto needs a step"
    return ""
