"""The doorbell: tells a worker that there may be work. It names no account and may fail."""

from __future__ import annotations

import logging
from functools import lru_cache

import redis
from django.conf import settings

DOORBELL_KEY = "peresmenka:doorbell"
DOORBELL_HOLD_MS = 250  # one publication covers all rings in this time; a turn clears it
TASK_NAME = "distribution.tasks.work"

log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.VALKEY_URL, socket_timeout=0.2, socket_connect_timeout=0.2, retry=None
    )


def ring() -> None:
    """Publish one `work` task unless another ring did so a moment ago; never raises.

    Work is the existence of rows: whoever misses the bell finds it by polling.
    """
    if not settings.VALKEY_URL:
        return
    try:
        if _valkey().set(DOORBELL_KEY, b"1", nx=True, px=DOORBELL_HOLD_MS):
            _publish()
    except Exception as error:  # noqa: BLE001 - a doorbell must not break what rang it
        log.debug("doorbell not rung: %s", type(error).__name__)


def open_door() -> None:
    """Let the next ring publish again: called by a worker before it looks for work."""
    if not settings.VALKEY_URL:
        return
    try:
        _valkey().delete(DOORBELL_KEY)
    except Exception as error:  # noqa: BLE001
        log.debug("doorbell not reset: %s", type(error).__name__)


def _publish() -> None:
    from celery import current_app

    current_app.send_task(TASK_NAME, retry=False, ignore_result=True, expires=60)
