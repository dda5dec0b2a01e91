"""The table of API v4: method and path -> handler, and which need an admin's rights."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.api import activity, leads, people, structure, unsorted, webhooks
from sandbox.wire import Answer

Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table; `pattern` has one group an id or uid."""

    method: str
    pattern: re.Pattern[str]
    kinds: str  # of the ids: # is a number, @ a uid
    handler: Handler
    needs_admin: bool


def _route(method: str, path: str, handler: Handler, *, needs_admin: bool = False) -> Route:
    pattern = re.compile("/api/v4" + path.replace("#", r"(\d+)").replace("@", r"(\w+)") + "/?")
    kinds = "".join(letter for letter in path if letter in "#@")
    return Route(method, pattern, kinds, handler, needs_admin)


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
    _route("GET", "/leads/unsorted", unsorted.listing),
    _route("GET", "/leads/unsorted/@", unsorted.one),
    _route("POST", "/leads/unsorted/@/accept", unsorted.accept),
    _route("DELETE", "/leads/unsorted/@/decline", unsorted.decline),
    *(route for plural in ("leads", "contacts", "companies") for route in _noted(plural)),
    *(route for plural in ("contacts", "companies", "customers") for route in _people(plural)),
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
    _route("POST", "/salesbot/#/continue/#", webhooks.continue_bot, needs_admin=True),
]


def find(method: str, path: str) -> tuple[Route, tuple[int | str, ...]] | int:
    """Return (route, ids), or the status to answer: 404 for no such path, 405 for no such method."""
    status = 404
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            found = zip(route.kinds, match.groups(), strict=True)
            return route, tuple(int(group) if kind == "#" else group for kind, group in found)
        if match:
            status = 405
    return status
