"""JSON of Kommo's as plain values: tolerant of missing keys, strict about types, never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Json = Mapping[str, Any]
T = TypeVar("T")
_BIGGEST = 2**63 - 1


def whole(value: object, default: int = 0) -> int:
    """Return `value` as a whole number of 64 bits, else `default`. Digits in a string count."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value if -_BIGGEST <= value <= _BIGGEST else default
    if isinstance(value, float) and value.is_integer() and abs(value) <= _BIGGEST:
        return int(value)
    if (
        isinstance(value, str)
        and len(value) <= 20
        and value.isascii()
        and value.lstrip("-").isdigit()
    ):
        try:
            return whole(int(value), default)
        except ValueError:
            return default
    return default


def whole_or_none(value: object) -> int | None:
    """Return `value` as a whole number, or None where it is none."""
    found = whole(value, -_BIGGEST)
    return None if found == -_BIGGEST else found


def text(value: object) -> str:
    """Return a string as it is (without NUL, which PostgreSQL refuses), anything else as ''."""
    return value.replace("\x00", "") if isinstance(value, str) else ""


def mapping(value: object) -> Json:
    """Return a JSON object as it is, anything else (PHP writes [] for an empty one) as {}."""
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> list[Json]:
    """Return the objects of a JSON list; anything else is left out."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def embedded(value: object, key: str) -> list[Json]:
    """Return the objects under `_embedded.key`."""
    return rows(mapping(mapping(value).get("_embedded")).get(key))


def read_each(read: Callable[[Json], T | None], found: list[Json]) -> list[T]:
    """Return `read` of every row, without those that are nothing (no id)."""
    return [value for value in map(read, found) if value is not None]


def ids_of(found: list[Json]) -> tuple[int, ...]:
    """Return the ids of rows in their order; rows without one are left out."""
    return tuple(one for one in (whole(row.get("id")) for row in found) if one > 0)


def contact_ids_of(row: Json) -> tuple[int, ...]:
    """Return the ids under `_embedded.contacts`, the main contact (`is_main`) first."""
    found = embedded(row, "contacts")
    return ids_of(sorted(found, key=lambda one: one.get("is_main") is not True))
