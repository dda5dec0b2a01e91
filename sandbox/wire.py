"""Plain values on the wire: a call, its answer, and the query with PHP's bracket keys. No I/O."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

HAL = "application/hal+json"
PROBLEM = "application/problem+json"
LONGEST_URL = (
    8_192  # bytes; nginx's usual large_client_header_buffers, Kommo's own figure is unknown
)
_INDEX = re.compile(r"\[\d*\]$")


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request that has reached a Kommo host."""

    method: str
    host: str  # acme.kommo.com, whatever way the account was reached
    path: str  # without query and without a host prefix
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    remote_ip: str = "127.0.0.1"
    base: str = ""  # what links start with: https://acme.kommo.com or http://127.0.0.1:8010/acme…


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response; `delay_seconds` is waited before it is sent, `is_dropped` sends nothing."""

    status: int
    body: bytes = b""
    content_type: str = HAL
    headers: tuple[tuple[str, str], ...] = ()
    delay_seconds: float = 0.0
    is_dropped: bool = False


class Problem(Exception):
    """Raised by a handler to answer with an error; it carries the whole answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Query:
    """A query string: `values` maps a key without its last list index to all its values in order."""

    def __init__(self, raw: str) -> None:
        self.values: dict[str, list[str]] = {}
        for key, value in parse_qsl(raw, keep_blank_values=True):
            plain = key[:-2] if key.endswith("[]") else _INDEX.sub("", key)
            self.values.setdefault(plain, []).append(value)

    def one(self, key: str, default: str = "") -> str:
        """Return the last value of `key`, or `default`."""
        found = self.values.get(key)
        return found[-1] if found else default

    def words(self, key: str) -> list[str]:
        """Return all values of `key`, comma lists split, empty ones left out."""
        return [word for value in self.values.get(key, ()) for word in value.split(",") if word]

    def numbers(self, key: str) -> list[int]:
        """Return `words` as integers; a word that is none raises a 400 Problem."""
        try:
            return [int(word) for word in self.words(key)]
        except ValueError:
            raise Problem(bad_request(f"{key} must be a list of integers")) from None

    def number(self, key: str, default: int) -> int:
        """Return the last value of `key` as an integer, or `default`."""
        found = self.numbers(key)
        return found[-1] if found else default


def as_json(status: int, value: object, content_type: str = HAL) -> Answer:
    """Answer `status` with `value` as compact JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, content_type)


def problem(status: int, title: str, detail: str, **more: object) -> Answer:
    """Answer an error the way KOMMO.md §8 shows: problem+json with title, type, status, detail."""
    value = {"title": title, "type": f"https://httpstatus.es/{status}", "status": status}
    return as_json(status, {**more, **value, "detail": detail}, PROBLEM)


def bad_request(detail: str, **more: object) -> Answer:
    """Answer 400."""
    return problem(400, "Bad Request", detail, **more)


def not_found(detail: str = "Entity not found") -> Answer:
    """Answer 404."""
    return problem(404, "Not Found", detail)


def no_content() -> Answer:
    """Answer 204: an empty list, an empty page or a missing entity (KOMMO.md §3)."""
    return Answer(204)


def invalid(errors: Mapping[str, list[dict[str, str]]]) -> Answer:
    """Answer 400 with `validation-errors`; `errors` maps a request_id to its faults (KOMMO.md §8)."""
    listed = [{"request_id": key, "errors": faults} for key, faults in errors.items()]
    return bad_request("Request validation failed", **{"validation-errors": listed})


def fault(code: str, path: str, detail: str) -> dict[str, str]:
    """Build one entry of a validation error."""
    return {"code": code, "path": path, "detail": detail}


def read_json(call: Call) -> Any:
    """Return the JSON body; a broken one raises a 400 Problem."""
    try:
        return json.loads(call.body or b"null")
    except ValueError:
        raise Problem(bad_request("Request body is not valid JSON")) from None


def with_page(query: Query, page: int) -> str:
    """Return the query string for another page of the same list."""
    pairs: list[tuple[str, str]] = []
    for key, values in query.values.items():
        if key != "page":
            name = f"{key}[]" if len(values) > 1 else key
            pairs += [(name, value) for value in values]
    return urlencode([*pairs, ("page", str(page))])
