"""Both encodings of Kommo's hooks, bracketed forms and JSON, as one flat mapping. Never raises.

What the content type says only decides which encoding is tried first: Kommo documents JSON for the
hooks of widgets, and forms were seen in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

LARGEST_BODY = 1024 * 1024
MOST_FIELDS = 1_000  # what follows is not read; the largest hook of a widget has about 70
DEEPEST_PATH = 12
LONGEST_VALUE = 8_192  # characters; longer values are left out
Path = tuple[str, ...]
Fields = dict[Path, str]


def read_fields(body: bytes, content_type: str) -> Iterator[Fields]:
    """Yield the fields of `body` in each encoding that it can be read in, the likelier one first.

    `event[data][id]=5` and `{"event": {"data": {"id": 5}}}` both are {("event", "data", "id"): "5"}.
    Nothing is yielded for more than 1 MiB.
    """
    if len(body) > LARGEST_BODY:
        return
    readers = [_read_form, _read_json]
    if "json" in content_type.lower() or body.lstrip()[:1] == b"{":
        readers.reverse()
    for read in readers:
        if found := read(body):
            yield found


def settings_of(fields: Fields, prefix: Path, *, most: int, longest: int) -> dict[str, str]:
    """Return the fields right below `prefix` by name: the first `most` of at most `longest` each."""
    depth = len(prefix)
    found: dict[str, str] = {}
    for path, value in fields.items():
        if len(path) != depth + 1 or path[:depth] != prefix:
            continue
        if len(found) >= most:
            break
        if max(len(path[-1]), len(value)) <= longest:
            found[path[-1]] = value
    return found


def _read_form(body: bytes) -> Fields:
    found: Fields = {}
    for pair in body.decode("latin-1").split("&", MOST_FIELDS)[:MOST_FIELDS]:
        key, _, value = pair.partition("=")
        if not key or len(key) > LONGEST_VALUE or len(value) > 6 * LONGEST_VALUE:
            continue
        path = _path_of(unquote_plus(key))
        if path and len(plain := _plain(unquote_plus(value))) <= LONGEST_VALUE:
            found[path] = plain
    return found


def _path_of(key: str) -> Path | None:
    """Return ("a", "b") of `a[b]`, None for a key that is not written like this."""
    first, *rest = key.split("[", DEEPEST_PATH)
    if not first or "]" in first or any(not one.endswith("]") for one in rest):
        return None
    path = (first, *(one[:-1] for one in rest))
    return None if any("[" in one or "]" in one for one in path) else tuple(map(_plain, path))


def _read_json(body: bytes) -> Fields:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    found: Fields = {}
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting and len(found) < MOST_FIELDS:
        path, value = waiting.pop()
        if isinstance(value, Mapping) and len(path) < DEEPEST_PATH:
            inner = list(value.items())[:MOST_FIELDS]
            waiting += [((*path, _plain(key)), one) for key, one in reversed(inner)]
        elif path and (word := _word(value)) is not None:
            found[path] = word
    return found


def _word(value: object) -> str | None:
    """Return a scalar as PHP writes it into a form; None for anything else and for what is long."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int | float):
        return None
    try:
        word = _plain(str(value))
    except ValueError:  # an integer of more digits than Python writes
        return None
    return word if len(word) <= LONGEST_VALUE else None


def _plain(value: str) -> str:
    """Return text that PostgreSQL takes: no NUL, no half of a surrogate pair."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()
