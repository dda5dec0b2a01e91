"""Calls about what hangs on leads: contacts, companies, customers, tasks.

One method is one HTTP call unless its docstring says otherwise. Every method raises the KommoErrors
of `errors`. Sources: Kommo's reference pages on contacts, companies, customers and tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from accounts.kommo import payloads
from accounts.kommo.calls import PAGE, Calls, batches_of_ids, has_next, span
from accounts.kommo.linked import Linked, Task
from accounts.kommo.payloads import Json

LinkedKind = Literal["contacts", "companies", "customers"]
OwnedKind = Literal["contacts", "companies", "customers", "tasks"]
EntityType = Literal["leads", "contacts", "companies", "customers"]
# What `with` takes of each kind; other links are in every answer, or in none.
_WITH: dict[LinkedKind, frozenset[EntityType]] = {
    "contacts": frozenset({"leads", "customers"}),
    "companies": frozenset({"leads", "contacts", "customers"}),
    "customers": frozenset({"contacts", "companies"}),
}


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """One item of a PATCH: `lead_id` (or the id of a linked entity) shall belong to `owner_id`."""

    lead_id: int
    owner_id: int


@dataclass(frozen=True, slots=True)
class TasksPage:
    """One page of a list of tasks."""

    tasks: list[Task]
    has_next: bool


class LinkedCalls(Calls):
    """The part of an account's API that is about linked entities and tasks."""

    def linked_by_ids(
        self, kind: LinkedKind, ids: Sequence[int], *, with_links: Sequence[EntityType] = ()
    ) -> list[Linked]:
        """Return the contacts, companies or customers of `ids` that exist. One call a 240 ids.

        `with_links` names the links wanted. Customers exist only where the account has them
        enabled: NotFound, Forbidden or InvalidRequest elsewhere.
        """
        wanted = [one for one in dict.fromkeys(with_links) if one in _WITH[kind]]
        extra: list[tuple[str, str | int]] = [("with", ",".join(wanted))] if wanted else []
        found: list[Json] = []
        for part in batches_of_ids(f"/api/v4/{kind}", ids, extra):
            found += payloads.embedded(self._get(f"/api/v4/{kind}", part), kind)
        return payloads.read_each(payloads.read_linked, found)

    def open_tasks(self, entity_type: EntityType, ids: Sequence[int]) -> list[Task]:
        """Return the open tasks of the entities. One call a 200 entities and a 250 tasks."""
        extra: list[tuple[str, str | int]] = [
            ("filter[entity_type]", entity_type),
            ("filter[is_completed]", 0),
            ("order[id]", "asc"),
        ]
        found: list[Json] = []
        for part in batches_of_ids("/api/v4/tasks", ids, extra, key="filter[entity_id][]"):
            found += self._all("/api/v4/tasks", "tasks", [one for one in part if one[0] != "limit"])
        return payloads.read_each(payloads.read_task, found)

    def tasks_by_ids(self, ids: Sequence[int]) -> list[Task]:
        """Return the tasks of `ids`, open and completed; deleted ones are missing. One call a 240."""
        found: list[Json] = []
        for part in batches_of_ids("/api/v4/tasks", ids, []):
            found += payloads.embedded(self._get("/api/v4/tasks", part), "tasks")
        return payloads.read_each(payloads.read_task, found)

    def tasks_page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        updated_from: int | None = None,
        only_open: bool = False,
    ) -> TasksPage:
        """Return one page of the account's tasks by id. `updated_from` is unix seconds, inclusive."""
        query: list[tuple[str, str | int]] = [("page", page), ("limit", limit)]
        if only_open:
            query.append(("filter[is_completed]", 0))
        query += span("filter[updated_at]", updated_from, None)
        found = self._get("/api/v4/tasks", [*query, ("order[id]", "asc")])
        tasks = payloads.read_each(payloads.read_task, payloads.embedded(found, "tasks"))
        return TasksPage(tasks, has_next(found))

    def patch_linked_owners(
        self, kind: OwnedKind, changes: Sequence[OwnerChange]
    ) -> dict[int, int]:
        """Give contacts, companies, customers or tasks their owners in one call (at most 250).

        Returns id -> updated_at; what the answer leaves out was not confirmed: read it.
        """
        return self._patch(kind, [change_of_owner(one) for one in changes])


def change_of_owner(change: OwnerChange) -> dict[str, int]:
    """Return the change as an item of a PATCH's body."""
    return {"id": change.lead_id, "responsible_user_id": change.owner_id}
