"""What every handler gets, and the shapes that all lists and batches share (KOMMO.md §3)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.leads import Actor
from sandbox.model import User
from sandbox.wire import (
    Answer,
    Call,
    Problem,
    Query,
    as_json,
    bad_request,
    fault,
    invalid,
    no_content,
    problem,
    read_json,
    with_page,
)

T = TypeVar("T")
MOST_PER_PAGE = 250
USUAL_PER_PAGE = 50
EVERYONE = "A"


@dataclass(slots=True)
class Context:
    """One authorised call: the account, the user whose rights count, the parsed query."""

    crm: Crm
    account: Account
    user: User
    call: Call
    query: Query
    client_id: str

    @property
    def actor(self) -> Actor:
        """Return who acts."""
        return Actor(self.user.id, is_api=True)

    def link(self, path: str) -> dict[str, Any]:
        """Return a `_links` block that points to a path of this account."""
        return {"self": {"href": f"{self.call.base}{path}"}}

    def wants(self, name: str) -> bool:
        """Say whether `with` names this part."""
        return name in self.query.words("with")

    def may(self, right: str, owner: int, group_id: int) -> bool:
        """Say whether the user has a right (leads.view) on a row with this owner and group."""
        letter = EVERYONE if self.user.is_admin else self.user.rights.get(right, EVERYONE)
        if letter == "G":
            return group_id == self.user.group_id
        return letter == EVERYONE or (letter == "M" and owner == self.user.id)


@dataclass(slots=True)
class Faults:
    """Collects validation errors of a batch: request id -> faults."""

    found: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, request_id: str, code: str, path: str, detail: str) -> None:
        """Note one fault."""
        self.found.setdefault(request_id, []).append(fault(code, path, detail))

    def settle(self) -> None:
        """Raise a 400 Problem if anything was noted; then nothing of the batch is written."""
        if self.found:
            raise Problem(invalid(self.found))


def batch_of(context: Context, most: int = MOST_PER_PAGE) -> list[dict[str, Any]]:
    """Return the JSON array of a batch; 400 for another shape, 422 for too many (KOMMO.md §3)."""
    value = read_json(context.call)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Problem(bad_request("Request body must be an array of objects"))
    if len(value) > most:
        raise Problem(problem(422, "Unprocessable Entity", f"Limit {most} per page"))
    return value


def single_of(context: Context) -> dict[str, Any]:
    """Return the JSON object of a PATCH by id."""
    value = read_json(context.call)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise Problem(bad_request("Request body must be an object"))
    return value


def request_id_of(item: dict[str, Any], index: int) -> str:
    """Return the request_id of a batch's item: given, or its index."""
    return str(item.get("request_id", index))


def page_of(context: Context) -> tuple[int, int]:
    """Return (page from 1, limit 1..250); a limit above 250 is a 400."""
    page = max(1, context.query.number("page", 1))
    limit = context.query.number("limit", USUAL_PER_PAGE)
    if not 1 <= limit <= MOST_PER_PAGE:
        raise Problem(bad_request(f"limit must be between 1 and {MOST_PER_PAGE}"))
    return page, limit


def paged(
    context: Context, name: str, rows: Iterable[T], show: Callable[[T], dict[str, Any]]
) -> Answer:
    """Answer one page of rows under `_embedded[name]`; 204 when it is empty (KOMMO.md §3)."""
    page, limit = page_of(context)
    start = (page - 1) * limit
    shown = list(islice(rows, start, start + limit + 1))
    if not shown:
        return no_content()
    path = f"{context.call.base}{context.call.path}"
    links = {"self": {"href": f"{path}?{with_page(context.query, page)}"}}
    if len(shown) > limit:
        links["next"] = {"href": f"{path}?{with_page(context.query, page + 1)}"}
    if page > 1:
        links["prev"] = {"href": f"{path}?{with_page(context.query, page - 1)}"}
    listed = [show(row) for row in shown[:limit]]
    return as_json(200, {"_page": page, "_links": links, "_embedded": {name: listed}})


def whole(context: Context, name: str, listed: list[dict[str, Any]]) -> Answer:
    """Answer an unpaged list."""
    links = context.link(context.call.path)
    value = {"_total_items": len(listed), "_links": links, "_embedded": {name: listed}}
    return as_json(200, value)


def thin(context: Context, name: str, made: Iterable[tuple[str, int, int | None]]) -> Answer:
    """Answer a POST or PATCH of a batch with (request_id, id, updated_at) only."""
    listed = []
    for request_id, number, updated_at in made:
        item: dict[str, Any] = {"id": number}
        if updated_at is not None:
            item["updated_at"] = updated_at
        path = f"/api/v4/{name}/{number}"
        listed.append({**item, "request_id": request_id, "_links": context.link(path)})
    links = context.link(f"/api/v4/{name}")
    return as_json(200, {"_links": links, "_embedded": {name.split("/")[-1]: listed}})


def span(context: Context, key: str) -> tuple[int, int] | None:
    """Return the closed range [from, to] of filter[key], None when it is not filtered by."""
    keys = [f"filter[{key}]{end}" for end in ("", "[from]", "[to]")]
    if not any(name in context.query.values for name in keys):
        return None
    exact = context.query.number(keys[0], 0)
    start = context.query.number(keys[1], exact)
    return start, context.query.number(keys[2], exact or 2**53)


def chosen(context: Context, key: str) -> set[int] | None:
    """Return the ids of filter[key][], None when it is not filtered by."""
    name = f"filter[{key}]"
    return set(context.query.numbers(name)) if name in context.query.values else None


def in_order(context: Context, default: str, known: tuple[str, ...]) -> tuple[str, bool]:
    """Return (attribute, is descending) of order[…]."""
    for name in known:
        direction = context.query.one(f"order[{name}]")
        if direction:
            return name, direction.lower() == "desc"
    return default, False


def within(
    rows: Iterable[T], key: Callable[[T], int], bounds: tuple[int, int] | None
) -> Iterator[T]:
    """Yield the rows whose key lies in the closed range; all without one."""
    for row in rows:
        if bounds is None or bounds[0] <= key(row) <= bounds[1]:
            yield row
