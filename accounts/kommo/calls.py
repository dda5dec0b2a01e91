"""How calls to API v4 are made: answers read, lists paged, batches kept within Kommo's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from accounts.kommo import payloads
from accounts.kommo.payloads import Json
from accounts.kommo.wire import Query, Request, Transport, read_reply

T = TypeVar("T")
PAGE = 250  # rows a page, and items a batch: Kommo's maximum
IDS_A_READ = 240
LONGEST_TARGET = 7_500  # bytes of path and query; common servers take 8 KiB
LONGEST_LIST = 200  # pages of one list; what is beyond is left out rather than read for ever
ROBOT = 0  # updated_by of our own changes, so that nobody seems to have acted


class Calls:
    """What every group of calls stands on. The transport knows host, token and budget."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

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
            if not has_next(answer):
                break
        return found

    def _patch(self, kind: str, items: Sequence[dict[str, int]]) -> dict[int, int]:
        """Write the items in one call, in the robot's name; return id -> updated_at."""
        body = [{**one, "updated_by": ROBOT} for one in bounded(items)]
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


def bounded(items: Sequence[T]) -> Sequence[T]:
    """Return `items`. Raises ValueError for more than Kommo takes in one call."""
    if len(items) > PAGE:
        raise ValueError(f"at most {PAGE} items a call")
    return items


def span(name: str, start: int | None, end: int | None) -> list[tuple[str, str | int]]:
    """Return the query of a period, both ends inclusive, unix seconds; None = open."""
    bounds = (("from", start), ("to", end))
    return [(f"{name}[{word}]", value) for word, value in bounds if value is not None]


def has_next(found: Json) -> bool:
    """Say whether a page names another one. Its URL is never followed."""
    links = payloads.mapping(found.get("_links"))
    return bool(payloads.text(payloads.mapping(links.get("next")).get("href")))
