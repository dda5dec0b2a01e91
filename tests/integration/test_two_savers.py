"""The page "Shift distribution" and the switch of its template's shadow, used at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from accounts.models import Account
from distribution.models import Template, TemplateVersion
from distribution.operations.policies.settings import save_settings, settings_for
from distribution.operations.policies.templates import set_shadow
from distribution.queries.settings import settings_of

NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


def _in_thread(do: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            do()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failed


@pytest.mark.feature("N8", "B17")
@pytest.mark.django_db(transaction=True)
def test_a_save_of_the_page_keeps_the_shadow_that_is_set_meanwhile() -> None:
    account = Account.objects.create(kommo_id=1, host="a.kommo.com", installed_at=NOW)
    settings_for(account)
    template = Template.objects.get(account=account, is_simple=True)
    version = settings_of(account).version
    with transaction.atomic():
        set_shadow(template, is_shadow=True, reason="test", actor=None, now=NOW)
        thread, failed = _in_thread(
            lambda: save_settings(
                account, actor=None, changes={"strategy": "even"}, version=version, now=NOW
            )
        )
        with connection.cursor() as cursor:
            while thread.is_alive():
                cursor.execute(_WAITING)
                if cursor.fetchone()[0]:
                    break
    thread.join()
    assert failed == []
    template.refresh_from_db()
    assert (template.is_shadow, template.body["strategy"]) == (True, "even")
    versions = TemplateVersion.objects.filter(template=template).order_by("version")
    assert list(versions.values_list("version", flat=True)) == [1, 2, 3]
