"""Days and moments as each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils.translation import override

from peresmenka.lib.moments import clock, day_text, short_day

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "24 Nov 2026"),
        ("ru", "24 ноя 2026"),
        ("es", "24 nov 2026"),
        ("pt-br", "24 nov 2026"),
        ("tr", "24 Kas 2026"),
        ("id", "24 Nov 2026"),
    ],
)
def test_a_month_is_small_where_the_language_writes_it_so(language: str, text: str) -> None:
    with override(language):
        assert day_text(NOW) == text
        assert Template("{% load days %}{{ on|day_text }}").render(Context({"on": NOW})) == text


def test_a_moment_of_today_needs_no_date() -> None:
    with override("en"):
        assert clock(NOW, MADRID, NOW) == "12:00"
        assert clock(NOW + timedelta(days=1), MADRID, NOW) == "25 Nov, 12:00"
        assert clock(NOW - timedelta(days=365), MADRID, NOW) == "24 Nov 2025, 12:00"
        assert clock(NOW + timedelta(hours=12), MADRID, NOW) == "25 Nov, 00:00"
        assert short_day(date(2026, 11, 24)) == "Tue 24 Nov"
