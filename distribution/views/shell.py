"""The console's shell: where a visit begins, the progress of the first sync, language and appearance."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page, has_role
from accounts.language import choose_language
from accounts.models import Account, Manager
from accounts.viewer import account_of

YEAR = 365 * 24 * 3600
THEMES = ("auto", "light", "dark")


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show strangers what this is and how to sign in; send the others to their own page."""
    manager: Manager | None = getattr(request, "manager", None)
    if manager is None:
        return render(request, "welcome.html")
    if manager.is_admin and manager.account.team_chosen_at is None:
        return redirect("distribution:team")  # after the installation: who takes part?
    return redirect(
        "distribution:board" if has_role(manager, Role.SUPERVISOR) else "distribution:me"
    )


@require_GET
@console_page()
def sync(request: HttpRequest) -> HttpResponse:
    """Return the first sync's banner as it stands; when it is done the page loads anew."""
    if account_of(request).sync_state in (Account.SyncState.DONE, Account.SyncState.FAILED):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "distribution/_sync.html")


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Remember a language (session, cookie, and the manager's row) or an appearance; go back."""
    wish = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(wish, {request.get_host()}, request.is_secure())
    response = HttpResponseRedirect(wish if allowed and wish.startswith("/") else "/")
    language = request.POST.get("language", "")
    if choose_language(request, language):
        _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
        manager: Manager | None = getattr(request, "manager", None)
        if manager is not None:
            manager.language = language
            manager.save(update_fields=["language"])
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        _remember(response, "theme", theme)
    return response


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax"
    )
