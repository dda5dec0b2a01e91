"""Bodies from JSON and back: everything wrong with a document is told at once, nothing is guessed."""

from __future__ import annotations

from dataclasses import Field, dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from distribution.core.policy.body import Body

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, and a stable code with what the schema asks for."""

    path: str  # "limits.leads", "members.2.weight"
    code: str  # of schema.py, or "unknown_field", "not_an_object", and the codes of `objections_to`
    asks: str = ""  # what would be right


def read_body(document: Any) -> tuple[Body, list[Problem]]:
    """Return the body and everything that is wrong with the document; wrong parts have defaults."""
    problems: list[Problem] = []
    body: Body = _read(Body, document, "", problems)
    return body, problems + objections_to(body)


def read_section(section: type[T], document: Any) -> tuple[T, list[Problem]]:
    """Return any section of a schema, read like a body, and what is wrong with the document."""
    problems: list[Problem] = []
    found: T = _read(section, document, "", problems)
    return found, problems


def to_json(value: Any) -> Any:
    """Return a body (or a part) JSON-ready: every field, in the schema's order."""
    if is_dataclass(value):
        return {one.name: to_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    return value


def schema_rows(section: Any = Body, path: str = "") -> list[tuple[str, Any, str]]:
    """Return (path, default, what is allowed) of every field: the documented schema is held to it."""
    rows: list[tuple[str, Any, str]] = []
    hints = get_type_hints(section)
    for one in fields(section):
        place, kind = f"{path}{one.name}", hints[one.name]
        if "rows" in one.metadata:
            rows += schema_rows(one.metadata["rows"], f"{place}[].")
        elif is_dataclass(kind):
            rows += schema_rows(kind, f"{place}.")
        else:
            rows.append((place, to_json(one.default), one.metadata["says"]))
    return rows


def _read(section: type[Any], document: Any, path: str, problems: list[Problem]) -> Any:
    if not isinstance(document, dict):
        problems.append(Problem(path.rstrip("."), "not_an_object"))
        return section()
    known = {one.name: one for one in fields(section)}
    problems += [
        Problem(f"{path}{str(name)[:80]}", "unknown_field")
        for name in document
        if name not in known
    ]
    hints = get_type_hints(section)
    values = {
        name: _read_field(known[name], hints[name], value, f"{path}{name}", problems)
        for name, value in document.items()
        if name in known
    }
    return section(**values)


def _read_field(one: Field[Any], kind: Any, value: Any, path: str, problems: list[Problem]) -> Any:
    if "rows" in one.metadata:
        return _read_rows(one.metadata["rows"], value, path, problems)
    if is_dataclass(kind):
        return _read(kind, value, f"{path}.", problems)  # type: ignore[arg-type]  # a class
    try:
        return one.metadata["read"](value)
    except ValueError as error:
        problems.append(Problem(path, str(error), one.metadata["says"]))
        return one.default


def _read_rows(
    section: type[Any], value: Any, path: str, problems: list[Problem]
) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        problems.append(Problem(path, "not_a_list"))
        return ()
    return tuple(
        _read(section, row, f"{path}.{place}.", problems) for place, row in enumerate(value)
    )


def objections_to(body: Body) -> list[Problem]:
    """Return what cannot go together, although each value is fine on its own."""
    touch, accept = body.first_touch, body.acceptance
    rules = (
        ("nobody.duty", "missing", body.nobody.then == "duty" and body.nobody.duty is None),
        ("nobody.stage", "missing", body.nobody.then == "move_stage" and body.nobody.stage is None),
        ("gates.pattern", "missing", body.gates.schedule == "named" and not body.gates.pattern),
        ("skills.field_id", "missing", body.skills.mode != "off" and body.skills.field_id is None),
        ("limits.stages", "missing", body.limits.counts == "chosen" and not body.limits.stages),
        (
            "acceptance.field_id",
            "missing",
            bool(accept.minutes) and "field" in accept.accepted_by and accept.field_id is None,
        ),
        ("acceptance.accepted_by", "empty", bool(accept.minutes) and not accept.accepted_by),
        (
            "first_touch.warn_minutes",
            "not_before",
            bool(touch.minutes and touch.warn_minutes and touch.warn_minutes >= touch.minutes),
        ),
    )
    return [Problem(path, code) for path, code, is_wrong in rules if is_wrong]
