"""The table of API v4: method and path -> handler, and which need an admin's rights."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.api import activity, leads, people, structure, webhooks
from sandbox.wire import Answer

Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table; `pattern` has one group an id."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    needs_admin: bool


def _route(method: str, path: str, handler: Handler, *, needs_admin: bool = False) -> Route:
    pattern = re.compile("/api/v4" + path.replace("#", r"(\d+)") + "/?")
    return Route(method, pattern, handler, needs_admin)


def _people(plural: str) -> list[Route]:
    return [
        _route("GET", f"/{plural}", people.listing(plural)),
        _route("POST", f"/{plural}", people.create(plural)),
        _route("PATCH", f"/{plural}", people.patch_many(plural)),
        _route("GET", f"/{plural}/#", people.one(plural)),
        _route("PATCH", f"/{plural}/#", people.patch_one(plural)),
    ]


def _noted(plural: str) -> list[Route]:
    return [
        _route("GET", f"/{plural}/custom_fields", structure.fields(plural)),
        _route("GET", f"/{plural}/notes", activity.notes(plural)),
        _route("POST", f"/{plural}/notes", activity.create_notes(plural)),
        _route("GET", f"/{plural}/notes/#", activity.one_note(plural)),
        _route("GET", f"/{plural}/#/notes", activity.notes(plural)),
        _route("POST", f"/{plural}/#/notes", activity.create_notes(plural)),
        _route("GET", f"/{plural}/#/notes/#", activity.one_note(plural)),
    ]


ROUTES = [
    _route("GET", "/leads", leads.listing),
    _route("POST", "/leads", leads.create),
    _route("PATCH", "/leads", leads.patch_many),
    _route("GET", "/leads/#", leads.one),
    _route("PATCH", "/leads/#", leads.patch_one),
    _route("POST", "/leads/complex", leads.create_complex),
    _route("GET", "/leads/pipelines", structure.pipelines),
    _route("GET", "/leads/pipelines/#", structure.one_pipeline),
    _route("GET", "/leads/pipelines/#/statuses", structure.stages),
    _route("GET", "/leads/pipelines/#/statuses/#", structure.one_stage),
    *(route for plural in ("leads", "contacts", "companies") for route in _noted(plural)),
    *(route for plural in ("contacts", "companies") for route in _people(plural)),
    _route("GET", "/account", structure.account),
    _route("GET", "/users", structure.users, needs_admin=True),
    _route("GET", "/users/#", structure.one_user, needs_admin=True),
    _route("GET", "/roles", structure.roles, needs_admin=True),
    _route("GET", "/tasks", activity.tasks),
    _route("POST", "/tasks", activity.create_tasks),
    _route("PATCH", "/tasks", activity.patch_tasks),
    _route("GET", "/tasks/#", activity.one_task),
    _route("PATCH", "/tasks/#", activity.patch_task),
    _route("GET", "/events", activity.events),
    _route("GET", "/events/types", activity.event_types),
    _route("GET", "/webhooks", webhooks.listing, needs_admin=True),
    _route("POST", "/webhooks", webhooks.subscribe, needs_admin=True),
    _route("DELETE", "/webhooks", webhooks.unsubscribe, needs_admin=True),
    _route("POST", "/salesbot/#/continue/#", webhooks.continue_bot),
]


def find(method: str, path: str) -> tuple[Route, tuple[int, ...]] | int:
    """Return (route, ids), or the status to answer: 404 for no such path, 405 for no such method."""
    status = 404
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route, tuple(int(group) for group in match.groups())
        if match:
            status = 405
    return status
