"""Real processes that die: workers by kill -9 every few hundred milliseconds, the web once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Account
from tests.functional.processes.service import NURSERY, Service, every, running_service

LEADS = int(os.environ.get("KILLED_LEADS", "1000"))
KILL_EVERY_SECONDS = 0.3
LEASE_SECONDS = 5  # short: every worker that dies over the account holds it up for so long


@pytest.mark.slow
@pytest.mark.feature("F2")
@pytest.mark.feature("N5")
@pytest.mark.feature("F103")
def test_workers_killed_all_the_time_lose_and_double_nothing(tmp_path: Path) -> None:
    quick = {"KOMMO_TIMEOUT_SECONDS": "1", "VALKEY_URL": ""}
    with running_service("kills", tmp_path, **quick) as service:
        service.start_of_stage("sandbox", "web")
        nursery = service.start(
            "nursery", [*NURSERY, "--workers", "3", "--lease", str(LEASE_SECONDS)]
        )
        service.open_account(duplicate=0.3, jitter=1.0)
        service.script.stream(LEADS, 60, 1)
        _arm(service)
        assert nursery.stdin is not None
        began = time.monotonic()

        def kill_one() -> None:
            nursery.stdin.write(b"kill\n")  # type: ignore[union-attr]
            nursery.stdin.flush()  # type: ignore[union-attr]

        half = LEADS / 60 / 2
        kills = every(KILL_EVERY_SECONDS, lambda: time.monotonic() > began + half, kill_one)
        service.kill("web")
        service.start_of_stage("web")
        kills += every(KILL_EVERY_SECONDS, lambda: time.monotonic() > began + 3 * half, kill_one)
        service.crm.tell("faults", clear=True)
        # Kommo gives a webhook up after a hundred bad answers: let the quarter of an hour be over
        # after which the subscription is looked at, and leads are compared.
        Account.objects.update(hook_checked_at=None, reconciled_at=None)
        service.wait_for_rest(LEADS, 120)
        seconds = time.monotonic() - began
        outcome = service.outcome()
        print(
            f"{kills} kills in {seconds:.0f} s", outcome.figures, f"redundant {outcome.redundant}"
        )
        outcome.check(LEADS)
        assert service.mirror_differs() == []
        assert kills > 20


def _arm(service: Service) -> None:
    for kind, probability in (
        ("drop_after_commit", 0.04),
        ("drop_before_commit", 0.02),
        ("too_many_requests", 0.03),
        ("server_error", 0.02),
        ("gateway_timeout_after_commit", 0.01),
    ):
        service.crm.tell("faults", kind=kind, probability=probability, seconds=1)


@pytest.mark.slow
def test_lost_database_connections_lose_nothing(tmp_path: Path) -> None:
    with running_service("cut", tmp_path, VALKEY_URL="redis://127.0.0.1:1/0") as service:
        name = service.stage.env["DATABASE_URL"].rsplit("/", 1)[1]
        service.start_of_stage("sandbox", "web", "pump")
        service.open_account(duplicate=0.3)
        service.script.stream(200, 40, 1)
        end = time.monotonic() + 6
        cuts = every(0.5, lambda: time.monotonic() > end, lambda: _cut(name))
        service.wait_for_rest(200, 90)
        print(f"{cuts} times every connection was cut")
        service.outcome().check(200)


def _cut(name: str) -> None:
    """End every connection of the service's processes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [name],
        )
