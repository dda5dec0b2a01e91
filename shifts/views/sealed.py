"""A plan between its preview and its confirmation: signed, packed, in a hidden field of the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest

from accounts.viewer import viewer_of

FIELD = "plan"
LIVES = timedelta(hours=12)
_SALT = "shifts.import."


class StalePlan(Exception):
    """The preview is too old, or not from this page; upload the file again."""


def seal(request: HttpRequest, kind: str, plan: dict[str, Any]) -> str:
    """Return the plan as a text that only this manager can bring back, unchanged."""
    return signing.dumps({**plan, "by": viewer_of(request).pk}, salt=_SALT + kind, compress=True)


def unseal(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Return the plan that the page has brought back. Raises StalePlan."""
    try:
        plan: dict[str, Any] = signing.loads(
            request.POST.get(FIELD, ""), salt=_SALT + kind, max_age=LIVES
        )
    except signing.BadSignature as error:
        raise StalePlan from error
    if plan.get("by") != viewer_of(request).pk:
        raise StalePlan
    return plan
