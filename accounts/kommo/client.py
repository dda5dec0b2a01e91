"""Kommo's API v4 as typed calls; one method is one HTTP call unless its docstring says otherwise.

Every method raises the KommoErrors of `errors`. Sources: Kommo's reference pages of API v4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.kommo import payloads
from accounts.kommo.calls import LONGEST_TARGET as LONGEST_TARGET
from accounts.kommo.calls import PAGE as PAGE
from accounts.kommo.calls import batches_of_ids as batches_of_ids
from accounts.kommo.calls import bounded, has_next, span
from accounts.kommo.linked_calls import EntityType as EntityType
from accounts.kommo.linked_calls import LinkedCalls, change_of_owner
from accounts.kommo.linked_calls import LinkedKind as LinkedKind
from accounts.kommo.linked_calls import OwnedKind as OwnedKind
from accounts.kommo.linked_calls import OwnerChange as OwnerChange
from accounts.kommo.linked_calls import TasksPage as TasksPage
from accounts.kommo.payloads import (
    AccountFacts,
    Json,
    Lead,
    LeadField,
    Note,
    OwnerEvent,
    Pipeline,
    Subscription,
    User,
)
from accounts.kommo.wire import Request, error_of

EVENT_ENTITIES = 10  # filter[entity_id] of /events takes no more
# Collapsible, written in the service's name and not in a user's; Kommo recommends it to integrations.
NOTE_TYPE = "extended_service_message"
NOTE_SERVICE = "Peresmenka"


@dataclass(frozen=True, slots=True)
class LeadChange:
    """One item of a PATCH of leads; None = stays as it is. `stage` is (pipeline id, status id)."""

    lead_id: int
    owner_id: int | None = None
    stage: tuple[int, int] | None = None


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


class KommoClient(LinkedCalls):
    """One account's API. The transport knows the host, the token and the budget of calls."""

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
        query += span("filter[updated_at]", updated_from, updated_to)
        query.append((f"order[{order[0]}]", order[1]))
        if with_contacts:
            query.append(("with", "contacts"))
        found = self._get("/api/v4/leads", query)
        leads = payloads.read_each(payloads.read_lead, payloads.embedded(found, "leads"))
        return LeadsPage(leads, has_next(found))

    def patch_owners(self, changes: Sequence[OwnerChange]) -> dict[int, int]:
        """Give each lead its owner in one call (at most 250); return lead id -> updated_at.

        A lead that the answer leaves out was not confirmed: read it.
        """
        return self._patch("leads", [change_of_owner(one) for one in changes])

    def patch_leads(self, changes: Sequence[LeadChange]) -> dict[int, int]:
        """Give leads an owner, a stage or both in one call; return lead id -> updated_at.

        At most 250 leads; what a change leaves None stays as it is. A lead that the answer leaves
        out was not confirmed: read it. Raises ValueError for a change of nothing. Kommo's
        reference page on updating leads.
        """
        return self._patch("leads", [_change_of_lead(one) for one in changes])

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
            for index, note in enumerate(bounded(notes))
        ]
        found = payloads.embedded(self._call("POST", "/api/v4/leads/notes", body=body), "notes")
        found.sort(key=lambda row: payloads.whole(row.get("request_id")))
        return [payloads.whole(row.get("id")) for row in found]

    def notes_since(self, note_type: str, updated_from: int) -> list[Note]:
        """Return notes of a type on any lead, changed since `updated_from` (one call a 250)."""
        query = [
            ("filter[note_type][]", note_type),
            *span("filter[updated_at]", updated_from, None),
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
            *span("filter[created_at]", since, None),
        ]
        found = self._all("/api/v4/events", "events", query, limit=100)
        return sorted(payloads.read_each(payloads.read_owner_event, found), key=lambda one: one.at)

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

    # --- bots -----------------------------------------------------------------------------------

    def continue_bot(self, bot_id: int, continue_id: int, data: Mapping[str, str]) -> None:
        """Let a waiting bot go on; later steps of it read `data` as {{json.KEY}}.

        Raises NotFound where nothing waits (any more): also after a call that was carried out
        though its answer was lost. Kommo's reference page on confirming a Salesbot widget step.
        """
        path = f"/api/v4/salesbot/{int(bot_id)}/continue/{int(continue_id)}"
        request = Request("POST", path, body={"data": dict(data)})
        reply = self._transport.send(request)
        if not 200 <= reply.status < 300:  # whatever a success says beyond its status
            raise error_of(request, reply)


def _change_of_lead(change: LeadChange) -> dict[str, int]:
    item = {"id": change.lead_id}
    if change.owner_id is not None:
        item["responsible_user_id"] = change.owner_id
    if change.stage is not None:
        item["pipeline_id"], item["status_id"] = change.stage
    if len(item) == 1:
        raise ValueError(f"the change of lead {change.lead_id} changes nothing")
    return item
