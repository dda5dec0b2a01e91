"""The page "First touch": who touched leads in time, as a page and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.identity import Role, console_page, has_role
from accounts.viewer import account_of, viewer_of, zone_of
from distribution.models import Template
from distribution.queries.board import manager_names
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import midnight
from peresmenka.lib.numbers import number_from
from reports.touch_lines import file_head, file_row, totals_line, touch_line
from reports.touches import TouchFilter, all_touches, totals_of, touch_page
from shifts.exchange.template import harmless

FILTERS = ("manager", "from", "to")
USUAL_DAYS = 30


@require_GET
@console_page()
def first_touch(request: HttpRequest) -> HttpResponse:
    """Show the clocks of a period and what they come to; managers see their own."""
    account, zone, now = account_of(request), zone_of(request), read_clock()
    sees_all = has_role(viewer_of(request), Role.SUPERVISOR)
    asked = _asked(request, now)
    wish = _wish(request, asked)
    names = manager_names(account)
    page = touch_page(account, wish, request.GET.get("after", ""))
    totals = totals_of(account, wish, now)
    rows = Template.objects.for_account(account).filter(is_enabled=True)
    context = {
        "rows": [touch_line(row, names, zone, now) for row in page.rows],
        "totals": [totals_line(row, names) for row in totals],
        "people": sorted(names.items(), key=lambda pair: pair[1]) if sees_all else [],
        "asked": asked,
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "has_clock": rows.filter(body__first_touch__minutes__gt=0).exists(),
        "file": urlencode(asked),
        "older": urlencode({**asked, "after": page.older}) if page.older else "",
        "newest": urlencode(asked) if request.GET.get("after") else None,
    }
    return render(request, "reports/first_touch.html", context)


@require_GET
@console_page()
def first_touch_file(request: HttpRequest) -> HttpResponse:
    """Return the same as a CSV file."""
    account, zone, now = account_of(request), zone_of(request), read_clock()
    wish = _wish(request, _asked(request, now))
    names = manager_names(account)
    rows = (file_row(row, names, zone, now) for row in all_touches(account, wish))
    response = HttpResponse(_csv([file_head(), *rows]), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="first-touch.csv"'
    return response


def _csv(rows: Iterable[list[str]]) -> bytes:
    """Return a file that Excel reads as UTF-8, by its mark, and in which no text is a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _asked(request: HttpRequest, now: datetime) -> dict[str, str]:
    """Return the filter's values; the last thirty days unless a period is given."""
    asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
    if not asked["from"] and not asked["to"]:
        today = timezone.localtime(now, zone_of(request)).date()
        asked["from"] = (today - timedelta(days=USUAL_DAYS)).isoformat()
    return asked


def _wish(request: HttpRequest, asked: dict[str, str]) -> TouchFilter:
    own = viewer_of(request)
    return TouchFilter(
        since=midnight(asked["from"], zone_of(request)),
        until=midnight(asked["to"], zone_of(request), days=1),
        user_id=number_from(asked["manager"]),
        only_of=None if has_role(own, Role.SUPERVISOR) else own.kommo_id,
    )
