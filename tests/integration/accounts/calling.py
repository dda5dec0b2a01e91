"""A process that calls an HTTP server as fast as the budget lets it; see test_budget."""

from __future__ import annotations

import http.client
import sys
import time

import django
from django.conf import settings


def call_for(seconds: float, accounts: list[str], port: int) -> None:
    """Call /account for each account in turn until the time is up."""
    from accounts.kommo.connection import budget
    from accounts.kommo.errors import BudgetExhausted

    server = http.client.HTTPConnection("127.0.0.1", port)
    end = time.time() + seconds
    while time.time() < end:
        for account in accounts:
            try:
                with budget.one_call(int(account)):
                    server.request("GET", f"/{account}")
                    server.getresponse().read()
            except BudgetExhausted as refusal:
                wait = refusal.retry_at.timestamp() - time.time() - 1
                time.sleep(min(max(0.01, wait), max(0.01, end - time.time())))
                continue


if __name__ == "__main__":
    database, limit, ip_limit, port, seconds, *accounts = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = database
    settings.KOMMO_CALLS_PER_SECOND, settings.KOMMO_IP_CALLS_PER_SECOND = int(limit), int(ip_limit)
    django.setup()
    call_for(float(seconds), accounts, int(port))
