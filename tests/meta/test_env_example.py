"""`.env.example` lists exactly the variables that the settings read, with their defaults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def _variables_of_settings() -> dict[str, ast.Call]:
    """Return each call `env.<kind>("NAME", …)` of the settings by the variable's name."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "peresmenka/settings.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    return {
        call.args[0].value: call
        for call in calls
        if _is_env(call.func) and isinstance(call.args[0], ast.Constant)
    }


def _is_env(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "env"
    )


def _lines_of_example() -> dict[str, tuple[bool, str]]:
    """Return for each variable whether its line is commented out, and the value shown."""
    return {
        name: (bool(mark), value)
        for mark, name, value in LINE.findall((ROOT / ".env.example").read_text())
    }


def test_the_example_lists_exactly_the_variables_of_the_settings() -> None:
    assert set(_lines_of_example()) == set(_variables_of_settings())


@pytest.mark.parametrize(
    "name", [name for name, (commented, _) in _lines_of_example().items() if commented]
)
def test_a_line_commented_out_shows_the_default(name: str) -> None:
    call = _variables_of_settings()[name]
    default = (
        *call.args[1:],
        *(keyword.value for keyword in call.keywords if keyword.arg == "default"),
    )
    assert default, f"{name} has no default: its line must not be commented out"
    if isinstance(default[0], ast.Constant):
        value = default[0].value
        shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        assert _lines_of_example()[name][1] == shown
