"""Webhook subscriptions (KOMMO.md §3.11), and continuing a Salesbot (§6)."""

from typing import Any

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
    """Answer POST /salesbot/{bot}/continue/{id}: 202, or 404 where nothing waits."""
    wait = context.account.bots.get(continue_id)
    if wait is None or wait.bot_id != bot_id or wait.answer is not None:
        return not_found()
    value = read_json(context.call)
    handlers = value.get("execute_handlers", []) if isinstance(value, dict) else None
    if not isinstance(handlers, list) or len(handlers) > 10:
        return bad_request("data or at most 10 execute_handlers are expected")
    wait.answer = value
    return Answer(202)
