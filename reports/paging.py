"""Pages of a list ordered by a moment, the newest first: found by a key, so that they cost the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet


def page_of(rows: QuerySet[Any], by: str, after: str, size: int) -> tuple[tuple[Any, ...], str]:
    """Return the rows that follow the key `after` ("" = the newest), and the key of the next page.

    `by` is the field of the moment. The key is empty at the end; one that is not understood is "".
    """
    key = _key_from(after)
    if key is not None:
        at, pk = key
        rows = rows.filter(Q(**{f"{by}__lt": at}) | Q(**{by: at, "pk__lt": pk}))
        rows = rows.filter(**{f"{by}__lte": at})  # by this alone the index is entered at the key
    found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
    older = _key_of(found[size - 1], by) if len(found) > size else ""
    return tuple(found[:size]), older


def _key_of(row: Any, by: str) -> str:
    return f"{getattr(row, by).isoformat()}_{row.pk}"


def _key_from(text: str) -> tuple[datetime, int] | None:
    moment, _sep, pk = text.rpartition("_")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, int(pk)) if pk.isdecimal() and len(pk) < 19 and at.tzinfo else None
