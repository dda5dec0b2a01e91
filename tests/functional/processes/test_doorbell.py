"""Celery with its beat suffices, the pump suffices: the doorbell may be missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.processes.service import running_service

LEADS = 150


@pytest.mark.slow
def test_without_valkey_the_pump_does_everything(tmp_path: Path) -> None:
    with running_service("pump", tmp_path, VALKEY_URL="redis://127.0.0.1:1/0") as service:
        service.start_of_stage("sandbox", "web", "pump")
        service.open_account(duplicate=0.3)
        service.script.stream(LEADS, 40, 1)
        service.wait_for_rest(LEADS, 60)
        service.outcome().check(LEADS)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("VALKEY_URL"), reason="needs VALKEY_URL")
def test_without_a_pump_celery_does_everything(tmp_path: Path) -> None:
    base = os.environ["VALKEY_URL"].split("?")[0]
    with running_service("celery", tmp_path, VALKEY_URL=f"{base}?db=7") as service:
        service.start_of_stage("sandbox", "web", "worker", "beat")
        service.open_account(duplicate=0.3)
        service.script.stream(LEADS, 40, 1)
        service.wait_for_rest(LEADS, 90)
        service.outcome().check(LEADS)
