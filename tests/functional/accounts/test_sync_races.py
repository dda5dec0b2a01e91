"""A refresh from Kommo and a click on the page Team at once: neither breaks the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction

from accounts.models import Account, AuditEntry, Manager
from accounts.operations.sync import refresh_crm_data
from sandbox.control import Control
from tests.functional.accounts.conftest import ACME, user_id

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""
MOST_LOOKS = 100_000


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        for _ in range(MOST_LOOKS):
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return True
    return False


def refresh(acme: Account, now: datetime) -> bool:
    try:
        return refresh_crm_data(acme, now=now)
    finally:
        connection.close()


@pytest.mark.feature("F24")
def test_a_refresh_waits_for_a_click_that_writes_the_same_manager(
    acme: Account, kommo: Control, now: datetime
) -> None:
    oleg = user_id(kommo, ACME, "Oleg")
    kommo.user({"host": ACME, "user_id": oleg, "name": "Oleg the new"})
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # the click: the manager's row first, then the entry about it
            rows = Manager.objects.for_account(acme).filter(kommo_id=oleg)
            list(rows.select_for_update(no_key=True))
            refreshed = pool.submit(refresh, acme, now)
            assert somebody_waits()
            rows.update(is_supervisor=True)
            AuditEntry.objects.create(account=acme, at=now, action="supervisor")
        assert refreshed.result(timeout=20) is True
    row = rows.get()
    assert (row.name, row.is_supervisor) == ("Oleg the new", True)


@pytest.mark.feature("F24")
def test_a_refresh_and_a_click_take_managers_in_the_same_order(
    acme: Account, kommo: Control, now: datetime
) -> None:
    managers = Manager.objects.for_account(acme).order_by("pk")
    first, *others = managers
    Manager.objects.filter(pk=first.pk).update(name="moved behind the others on disk")
    for row in others:
        kommo.user({"host": ACME, "user_id": row.kommo_id, "name": f"{row.name} the new"})
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # a click on all of them, half way through
            list(managers.filter(pk=first.pk).select_for_update(no_key=True))
            refreshed = pool.submit(refresh, acme, now)
            assert somebody_waits()
            list(managers.select_for_update(no_key=True))
        assert refreshed.result(timeout=20) is True
    assert managers.filter(name__endswith="the new").count() == len(others)
