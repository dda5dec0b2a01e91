"""Real processes use databases of their own, never the test's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def real_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let the test use Django's connection without a transaction around it."""
    with django_db_blocker.unblock():
        yield
