"""Reading the forms of control calls and writing what they say into records."""

import dataclasses
import json
from typing import Any

from sandbox.lookups import Form


def parsed(text: str) -> Any:
    """Return a JSON answer as a value, any other as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text[:2_000]


def changed(row: Any, form: Form) -> Form:
    """Set the named fields of a record; an unknown name raises ValueError."""
    known = {field.name for field in dataclasses.fields(row)}
    for name, value in form.items():
        if name == "host":
            continue
        if name not in known:
            raise ValueError(f"no setting {name}; there are {', '.join(sorted(known))}")
        setattr(row, name, value)
    return dataclasses.asdict(row)
