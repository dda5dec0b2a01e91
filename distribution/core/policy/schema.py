"""The kinds of values that a body holds: each has a default, and reads JSON into itself or objects.

A reader takes the JSON value and returns what is stored, or raises ValueError with a stable code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any

Reader = Callable[[Any], Any]
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_LARGEST_ID = 2**63 - 1


def _spec(read: Reader, default: Any, says: str) -> Any:
    """Return a dataclass field with its reader and what the documented schema says of it."""
    return field(default=default, metadata={"read": read, "says": says})


def choice(default: str, *others: str) -> Any:
    """One of a few words."""
    values = (default, *others)

    def read(value: Any) -> str:
        if value not in values:
            raise ValueError("not_a_choice")
        return str(value)

    return _spec(read, default, " or ".join(f'"{value}"' for value in values))


def tick(default: bool = False) -> Any:
    """True or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("not_a_boolean")
        return value

    return _spec(read, default, "true or false")


def whole(default: int | None, least: int, most: int) -> Any:
    """A whole number within bounds; blank (null) only where the default is blank."""
    is_optional = default is None

    def read(value: Any) -> int | None:
        if value is None and is_optional:
            return None
        return whole_number(value, least, most)

    return _spec(read, default, f"{least} to {most}" + (", or null" if is_optional else ""))


def clock(default: str) -> Any:
    """A time of day, "09:00"."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise ValueError("not_a_clock")
        return value

    return _spec(read, default, 'a time such as "09:00"')


def weekdays() -> Any:
    """Days of the week, Monday is 0; at least one."""

    def read(value: Any) -> tuple[int, ...]:
        days = tuple(sorted({whole_number(one, 0, 6) for one in _list(value)}))
        if not days:
            raise ValueError("empty")
        return days

    return _spec(read, tuple(range(7)), "days of the week, Monday is 0")


def picks(default: tuple[str, ...], *values: str) -> Any:
    """Any of a few words, in the order of the schema."""

    def read(value: Any) -> tuple[str, ...]:
        chosen = _list(value)
        if any(one not in values for one in chosen):
            raise ValueError("not_a_choice")
        return tuple(one for one in values if one in chosen)

    return _spec(read, default, "any of " + ", ".join(f'"{value}"' for value in values))


def ids() -> Any:
    """Kommo ids, each once, in order."""

    def read(value: Any) -> tuple[int, ...]:
        return tuple(sorted({whole_number(one, 0, _LARGEST_ID) for one in _list(value)}))

    return _spec(read, (), "a list of Kommo ids")


def identity() -> Any:
    """One Kommo id, or blank."""

    def read(value: Any) -> int | None:
        return None if value is None else whole_number(value, 0, _LARGEST_ID)

    return _spec(read, None, "a Kommo id, or null")


def words(longest: int = 64) -> Any:
    """A short text, possibly empty."""

    def read(value: Any) -> str:
        # PostgreSQL holds no NUL, in a text or in JSON.
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise ValueError("not_a_text")
        return value

    return _spec(read, "", f"a text of at most {longest} characters")


def stages() -> Any:
    """Stages as [pipeline, status] pairs; status null stands for the whole pipeline."""

    def read(value: Any) -> tuple[tuple[int, int | None], ...]:
        found = {stage_of(one) for one in _list(value)}
        return tuple(sorted(found, key=lambda one: (one[0], one[1] or 0)))

    return _spec(read, (), "a list of [pipeline id, stage id or null for the whole pipeline]")


def stage() -> Any:
    """One stage as [pipeline, status], or blank."""

    def read(value: Any) -> tuple[int, int] | None:
        if value is None:
            return None
        pipeline, status = stage_of(value)
        if status is None:
            raise ValueError("not_a_stage")
        return pipeline, status

    return _spec(read, None, "[pipeline id, stage id], or null")


def rows(section: type[Any]) -> Any:
    """A list of sections of one kind."""
    return field(default=(), metadata={"rows": section})


def percents() -> Any:
    """Percents from 1 to 100, in their order; at most half a year of weeks."""

    def read(value: Any) -> tuple[int, ...]:
        found = tuple(whole_number(one, 1, 100) for one in _list(value))
        if len(found) > 26:
            raise ValueError("out_of_bounds")
        return found

    return _spec(read, (), "at most 26 numbers from 1 to 100")


def whole_number(value: Any, least: int, most: int) -> int:
    """Return a whole number; ValueError where it is none or out of bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not_a_number")
    if not least <= value <= most:
        raise ValueError("out_of_bounds")
    return value


def stage_of(value: Any) -> tuple[int, int | None]:
    """Return (pipeline, status); status None stands for the whole pipeline."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError("not_a_stage")
    pipeline = whole_number(value[0], 1, _LARGEST_ID)
    return pipeline, None if value[1] is None else whole_number(value[1], 1, _LARGEST_ID)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("not_a_list")
    return list(value)
