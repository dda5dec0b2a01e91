"""Fixtures for tests of the sandbox."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAYLOADS = Path(__file__).parents[2] / "kommo_payloads"


@pytest.fixture
def kommo_payload() -> Callable[[str], dict[str, Any]]:
    """Return a reader of captured payloads by file name without suffix."""
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())
