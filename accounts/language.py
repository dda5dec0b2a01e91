"""The language of a console page: the manager's, else the account's, else the browser's."""

from __future__ import annotations

from django.middleware.locale import LocaleMiddleware


class ConsoleLanguageMiddleware(LocaleMiddleware):
    """Django's own choice until the console sets more."""
