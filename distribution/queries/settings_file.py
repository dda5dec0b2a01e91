"""An account's settings as one document: what a settings file holds, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accounts.models import Account
from distribution.core.policy import read_body, to_json
from distribution.core.policy.file import FORMAT
from distribution.models import Register, Template, Trigger
from distribution.queries.settings import settings_of

Json = dict[str, Any]


def document_of_account(account: Account) -> Json:
    """Return the account's settings, JSON-ready; equal settings give equal documents."""
    values = settings_of(account).values
    groups = values.pop("groups")
    return {
        "format": FORMAT,
        "settings": values,
        "groups": [
            {
                "group": entry["group"],
                "stages": [[pipeline, None] for pipeline in entry["pipelines"]] + entry["stages"],
            }
            for entry in groups
        ],
        "registers": _registers_of(account),
        "templates": _templates_of(account),
    }


def _registers_of(account: Account) -> list[Json]:
    fields = ("name", "strict_totals", "catch_up_percent", "catch_up_leads", "ramp")
    rows = Register.objects.for_account(account).filter(own_of=None).order_by("name")
    return list(rows.values(*fields))


def _templates_of(account: Account) -> list[Json]:
    triggers = Trigger.objects.for_account(account).select_related("register")
    found: dict[int, list[Json]] = {}
    for row in triggers.order_by("priority", "pk"):
        is_shared = row.register is not None and row.register.own_of_id is None
        found.setdefault(row.template_id, []).append(
            {
                "kind": row.kind,
                "name": row.name,
                "stages": row.stages,
                "register": row.register.name if is_shared and row.register else "",
                "delay_minutes": row.delay_minutes,
                "priority": row.priority,
            }
        )
    templates = Template.objects.for_account(account).filter(is_simple=False).order_by("name")
    return [
        {
            "name": row.name,
            "is_enabled": row.is_enabled,
            "is_shadow": row.is_shadow,
            "body": to_json(read_body(row.body)[0]),
            "triggers": found.get(row.pk, []),
        }
        for row in templates
    ]


def differences_of(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, before, after) of all that differs; what is not there is None.

    Lists of named rows are compared by name, other lists as a whole.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            place = f"{path}.{name}" if path else str(name)
            yield from differences_of(before.get(name), after.get(name), place)
    elif _is_named(before) and _is_named(after):
        yield from differences_of(_by_name(before), _by_name(after), path)
    elif before != after:
        yield path, before, after


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) and "name" in row for row in value)


def _by_name(rows: list[Json]) -> Json:
    return {f"[{_mark(row)}]": row for row in rows}


def _mark(row: Json) -> str:
    return row["name"] if "kind" not in row else f"{row['kind']} {row['name']}".strip()
