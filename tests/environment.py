"""The settings of a test run, loaded as a pytest plugin before Django reads its own (see `addopts`)."""

from __future__ import annotations

import os

import pytest

VARIABLES = {
    "SECRET_KEY": "only-for-tests",
    "PUBLIC_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "KOMMO_CLIENT_ID": "test-client",
    "KOMMO_CLIENT_SECRET": "test-secret",
    "ENCRYPTION_KEYS": "test:dGVzdC1rZXktb2YtMzItYnl0ZXMtZm9yLXRlc3RzISE=",
}

os.environ.update(VARIABLES)  # whatever the shell has: every run of the tests sees the same
os.environ.setdefault("LOG_LEVEL", "WARNING")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Stop with an advice where there is no database to test with."""
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "DATABASE_URL is not set. Run `make test`, or one part of it:\n"
            "  .venv/bin/python -m peresmenka.local run --fresh -- .venv/bin/python -m pytest tests/unit"
        )
