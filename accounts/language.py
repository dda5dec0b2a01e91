"""The language of a console page: chosen here, else the manager's, the account's, the browser's."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

SESSION_KEY = "language"


def language_of(request: HttpRequest) -> str:
    """Return the code of the language to answer in."""
    manager, account = getattr(request, "manager", None), getattr(request, "account", None)
    wishes = (
        request.session.get(SESSION_KEY, "") if hasattr(request, "session") else "",
        manager.language if manager else "",
        account.language if account else "",
    )
    known = dict(settings.LANGUAGES)
    chosen = next((code for code in wishes if code in known), "")
    return chosen or translation.get_language_from_request(request)


def choose_language(request: HttpRequest, code: str) -> bool:
    """Keep a language for the session; return False for one that we do not speak."""
    if code not in dict(settings.LANGUAGES):
        return False
    request.session[SESSION_KEY] = code
    return True


class ConsoleLanguageMiddleware:
    """Activates the language for the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request)):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        patch_vary_headers(response, ("Accept-Language",))
        return response
