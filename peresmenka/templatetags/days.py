"""Days in templates as everywhere else: `{{ on|short_day }}` is Tue 24 Nov."""

from __future__ import annotations

from django import template

from peresmenka.lib import moments

register = template.Library()
for _function in (moments.bare_day, moments.day_text, moments.short_day):
    register.filter(_function.__name__, _function)
