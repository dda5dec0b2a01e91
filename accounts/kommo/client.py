"""Kommo's API v4 as typed calls; one method is one HTTP call unless its docstring says otherwise.

Every method raises the KommoErrors of `errors`. Sources: KOMMO's reference pages, API v4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.kommo import payloads
from accounts.kommo.payloads import (
    AccountFacts,
    Json,
    Lead,
    LeadField,
    Linked,
    Note,
    OwnerEvent,
    Pipeline,
    Subscription,
    Task,
    User,
)
from accounts.kommo.wire import Query, Request, Transport, read_reply

PAGE = 250  # rows a page, and items a batch: Kommo's maximum
IDS_A_READ = 240
LONGEST_TARGET = 7_500  # bytes of path and query; common servers take 8 KiB
EVENT_ENTITIES = 10  # filter[entity_id] of /events takes no more
LONGEST_LIST = 200  # pages of one list; what is beyond is left out rather than read for ever
# Collapsible, written in the service's name and not in a user's; Kommo recommends it to integrations.
NOTE_TYPE = "extended_service_message"
NOTE_SERVICE = "Peresmenka"
ROBOT = 0  # updated_by of our own changes, so that nobody seems to have acted
LinkedKind = Literal["contacts", "companies"]
OwnedKind = Literal["contacts", "companies", "tasks"]


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """One item of a PATCH: `lead_id` (or the id of a linked entity) shall belong to `owner_id`."""

    lead_id: int
    owner_id: int


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to write on a lead."""

    lead_id: int
    text: str


@dataclass(frozen=True, slots=True)
class LeadsPage:
    """One page of a list of leads."""

    leads: list[Lead]
    has_next: bool


class KommoClient:
    """One account's API. The transport knows the host, the token and the budget of calls."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # --- the account --------------------------------------------------------------------------

    def account(self) -> AccountFacts:
        """Return the account with its user groups and zone."""
        found = self._get("/api/v4/account", [("with", "users_groups,datetime_settings")])
        return payloads.read_account(found)

    def users(self) -> list[User]:
        """Return all users (one call a 250). Raises Forbidden unless an admin granted the token."""
        found = self._all("/api/v4/users", "users", [("with", "role,group")])
        return payloads.read_each(payloads.read_user, found)

    def user(self, user_id: int) -> User | None:
        """Return one user, None where there is none."""
        return payloads.read_user(
            self._get(f"/api/v4/users/{int(user_id)}", [("with", "role,group")])
        )

    def pipelines(self) -> list[Pipeline]:
        """Return all pipelines with their stages."""
        found = payloads.embedded(self._get("/api/v4/leads/pipelines"), "pipelines")
        return payloads.read_each(payloads.read_pipeline, found)

    def lead_fields(self) -> list[LeadField]:
        """Return the custom fields of leads (one call a 250)."""
        found = self._all("/api/v4/leads/custom_fields", "custom_fields")
        return payloads.read_each(payloads.read_lead_field, found)

    # --- leads --------------------------------------------------------------------------------

    def leads_by_ids(self, ids: Sequence[int], *, with_contacts: bool = False) -> list[Lead]:
        """Return the leads of `ids` that exist: deleted ones are missing. One call a 240 ids."""
        extra: list[tuple[str, str | int]] = [("with", "contacts")] if with_contacts else []
        found: list[Json] = []
        for part in batches_of_ids("/api/v4/leads", ids, extra):
            found += payloads.embedded(self._get("/api/v4/leads", part), "leads")
        return payloads.read_each(payloads.read_lead, found)

    def leads_page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        pipeline_ids: Sequence[int] = (),
        stage: tuple[int, int] | None = None,
        updated_from: int | None = None,
        updated_to: int | None = None,
        owner_ids: Sequence[int] = (),
        order: tuple[str, str] = ("id", "asc"),
        with_contacts: bool = False,
    ) -> LeadsPage:
        """Return one page of leads. `stage` is (pipeline id, status id): Kommo takes one a call.

        `updated_from` and `updated_to` are unix seconds, both inclusive; `order` is one of id,
        created_at, updated_at with asc or desc.
        """
        query: list[tuple[str, str | int]] = [("page", page), ("limit", limit)]
        query += [("filter[pipeline_id][]", one) for one in pipeline_ids]
        query += [("filter[responsible_user_id][]", one) for one in owner_ids]
        if stage is not None:
            query.append(("filter[statuses][0][pipeline_id]", stage[0]))
            query.append(("filter[statuses][0][status_id]", stage[1]))
        query += _span("filter[updated_at]", updated_from, updated_to)
        query.append((f"order[{order[0]}]", order[1]))
        if with_contacts:
            query.append(("with", "contacts"))
        found = self._get("/api/v4/leads", query)
        leads = payloads.read_each(payloads.read_lead, payloads.embedded(found, "leads"))
        return LeadsPage(leads, _has_next(found))

    def patch_owners(self, changes: Sequence[OwnerChange]) -> dict[int, int]:
        """Give each lead its owner in one call (at most 250); return lead id -> updated_at.

        A lead that the answer leaves out was not confirmed: read it.
        """
        return self._patch("leads", changes)

    # --- notes and events -----------------------------------------------------------------------

    def add_notes(self, notes: Sequence[NewNote]) -> list[int]:
        """Write the notes in one call (at most 250); return their ids in the same order."""
        body = [
            {
                "entity_id": note.lead_id,
                "note_type": NOTE_TYPE,
                "params": {"service": NOTE_SERVICE, "text": note.text},
                "request_id": str(index),
                "is_need_to_trigger_digital_pipeline": False,
            }
            for index, note in enumerate(_bounded(notes))
        ]
        found = payloads.embedded(self._call("POST", "/api/v4/leads/notes", body=body), "notes")
        found.sort(key=lambda row: payloads.whole(row.get("request_id")))
        return [payloads.whole(row.get("id")) for row in found]

    def notes_since(self, note_type: str, updated_from: int) -> list[Note]:
        """Return notes of a type on any lead, changed since `updated_from` (one call a 250)."""
        query = [
            ("filter[note_type][]", note_type),
            *_span("filter[updated_at]", updated_from, None),
        ]
        found = self._all("/api/v4/leads/notes", "notes", query)
        return payloads.read_each(payloads.read_note, found)

    def owner_events(self, lead_ids: Sequence[int], since: int) -> list[OwnerEvent]:
        """Return changes of owner of at most 10 leads since `since` (unix seconds), oldest first."""
        if len(lead_ids) > EVENT_ENTITIES:
            raise ValueError(f"at most {EVENT_ENTITIES} leads a call")
        query: list[tuple[str, str | int]] = [
            ("filter[type]", "entity_responsible_changed"),
            ("filter[entity]", "lead"),
            *(("filter[entity_id][]", one) for one in lead_ids),
            *_span("filter[created_at]", since, None),
        ]
        found = self._all("/api/v4/events", "events", query, limit=100)
        return sorted(payloads.read_each(payloads.read_owner_event, found), key=lambda one: one.at)

    # --- linked entities ------------------------------------------------------------------------

    def linked_by_ids(self, kind: LinkedKind, ids: Sequence[int]) -> list[Linked]:
        """Return the contacts or companies of `ids` that exist. One call a 240 ids."""
        found: list[Json] = []
        for part in batches_of_ids(f"/api/v4/{kind}", ids, []):
            found += payloads.embedded(self._get(f"/api/v4/{kind}", part), kind)
        return payloads.read_each(payloads.read_linked, found)

    def open_tasks(self, lead_ids: Sequence[int]) -> list[Task]:
        """Return the open tasks of the leads. One call a 200 leads and a 250 tasks."""
        extra: list[tuple[str, str | int]] = [
            ("filter[entity_type]", "leads"),
            ("filter[is_completed]", 0),
        ]
        found: list[Json] = []
        for part in batches_of_ids("/api/v4/tasks", lead_ids, extra, key="filter[entity_id][]"):
            found += self._all("/api/v4/tasks", "tasks", [one for one in part if one[0] != "limit"])
        return payloads.read_each(payloads.read_task, found)

    def patch_linked_owners(
        self, kind: OwnedKind, changes: Sequence[OwnerChange]
    ) -> dict[int, int]:
        """Give contacts, companies or tasks their owners in one call; return id -> updated_at."""
        return self._patch(kind, changes)

    # --- webhooks -------------------------------------------------------------------------------

    def subscriptions(self, destination: str | None = None) -> list[Subscription]:
        """Return the account's webhook subscriptions, or only those of one destination."""
        query = [("filter[destination]", destination)] if destination else []
        found = payloads.embedded(self._get("/api/v4/webhooks", query), "webhooks")
        return payloads.read_each(payloads.read_subscription, found)

    def subscribe(self, url: str, settings: Sequence[str]) -> None:
        """Ask for webhooks to `url`; `settings` are Kommo's codes such as add_lead."""
        self._call(
            "POST", "/api/v4/webhooks", body={"destination": url, "settings": list(settings)}
        )

    def unsubscribe(self, url: str) -> None:
        """End the subscription of `url`. Raises NotFound where there is none."""
        self._call("DELETE", "/api/v4/webhooks", body={"destination": url})

    # --- how it is done -------------------------------------------------------------------------

    def _call(self, method: str, path: str, *, query: Query = (), body: Any = None) -> Json:
        request = Request(method, path, query, body)
        return read_reply(request, self._transport.send(request))

    def _get(self, path: str, query: Query = ()) -> Json:
        return self._call("GET", path, query=query)

    def _all(self, path: str, key: str, query: Query = (), limit: int = PAGE) -> list[Json]:
        found: list[Json] = []
        for page in range(1, LONGEST_LIST + 1):
            answer = self._get(path, [*query, ("page", page), ("limit", limit)])
            found += payloads.embedded(answer, key)
            if not _has_next(answer):
                break
        return found

    def _patch(self, kind: str, changes: Sequence[OwnerChange]) -> dict[int, int]:
        body = [
            {"id": one.lead_id, "responsible_user_id": one.owner_id, "updated_by": ROBOT}
            for one in _bounded(changes)
        ]
        answer = self._call("PATCH", f"/api/v4/{kind}", body=body)
        return dict(payloads.read_changed(payloads.embedded(answer, kind)))


def batches_of_ids(
    path: str, ids: Sequence[int], extra: Query, *, key: str = "filter[id][]"
) -> Iterator[list[tuple[str, str | int]]]:
    """Yield queries for at most 240 ids each whose URL stays within LONGEST_TARGET."""
    head: list[tuple[str, str | int]] = [*extra, ("limit", PAGE)]
    room = LONGEST_TARGET - len(Request("GET", path, head).target)
    longest = max((len(str(one)) for one in ids), default=1)
    cost = len(Request("GET", "", [(key, "")]).target) + longest
    size = min(IDS_A_READ, room // cost)
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), size):
        yield [*head, *((key, one) for one in unique[start : start + size])]


def _bounded(items: Sequence[Any]) -> Sequence[Any]:
    if len(items) > PAGE:
        raise ValueError(f"at most {PAGE} items a call")
    return items


def _span(name: str, start: int | None, end: int | None) -> list[tuple[str, str | int]]:
    bounds = (("from", start), ("to", end))
    return [(f"{name}[{word}]", value) for word, value in bounds if value is not None]


def _has_next(found: Json) -> bool:
    links = payloads.mapping(found.get("_links"))
    return bool(payloads.text(payloads.mapping(links.get("next")).get("href")))
