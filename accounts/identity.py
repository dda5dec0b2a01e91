"""Who is looking at a console page: the manager signed in with Kommo, kept in the session."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from accounts.models import Account, Manager

SESSION_KEY = "console_manager"
P = ParamSpec("P")
_GONE = (Account.State.LEFT, Account.State.CLOSING)


class Role(IntEnum):
    """What a manager may do; each role includes those below it."""

    MANAGER = 1
    SUPERVISOR = 2
    ADMIN = 3


def role_of(manager: Manager) -> Role:
    """Return the manager's role: Kommo's admins are admins, supervisors are named by them."""
    if manager.is_admin:
        return Role.ADMIN
    return Role.SUPERVISOR if manager.is_supervisor else Role.MANAGER


def has_role(manager: Manager | None, role: Role) -> bool:
    """Say whether somebody is there and has at least `role`."""
    return manager is not None and role_of(manager) >= role


def known_manager(**which: Any) -> Manager | None:
    """Return the manager with their account, if both still take part in Kommo and here."""
    rows = Manager.objects.select_related("account").filter(is_active_in_kommo=True, **which)
    found: Manager | None = rows.exclude(account__state__in=_GONE).first()
    return found


class ConsoleIdentityMiddleware:
    """Sets `request.manager` and `request.account` (None without a session)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        pk = request.session.get(SESSION_KEY)
        set_identity(request, known_manager(pk=pk) if pk else None)
        return self.get_response(request)


def set_identity(request: HttpRequest, manager: Manager | None) -> None:
    """Let the rest of the request know who asks."""
    request.manager = manager  # type: ignore[attr-defined]
    request.account = manager.account if manager else None  # type: ignore[attr-defined]


def sign_in(request: HttpRequest, manager: Manager) -> None:
    """Keep the manager in the session, under a new session key."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = manager.pk
    set_identity(request, manager)


def sign_out(request: HttpRequest) -> None:
    """Forget the session with all that it holds."""
    request.session.flush()
    set_identity(request, None)


Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def console_page(role: Role = Role.MANAGER) -> Callable[[Page[P]], Page[P]]:
    """Let only managers with `role` see a page.

    Nobody signed in: pages go to sign-in and come back, everything else gets 401. Own account
    without the role: 403. Objects of other accounts are 404, by `for_account`.
    """

    def wrap(view: Page[P]) -> Page[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            manager: Manager | None = getattr(request, "manager", None)
            if manager is None:
                return _to_sign_in(request)
            if not has_role(manager, role):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]  # the wrapper names its first argument

    return wrap


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    is_part = "HX-Request" in request.headers or request.path.startswith("/api/")
    if request.method not in {"GET", "HEAD"} or is_part:
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("accounts:signin")})
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('accounts:signin')}?{query}")


def safe_next(value: str | None) -> str:
    """Return `value` if it is a path of this site, else the front page."""
    is_safe = value and value.startswith("/") and url_has_allowed_host_and_scheme(value, None)
    return str(value) if is_safe else "/"


def console_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the console's shell needs on every page."""
    manager: Manager | None = getattr(request, "manager", None)
    return {
        "manager": manager,
        "account": manager.account if manager else None,
        "is_supervisor": has_role(manager, Role.SUPERVISOR),
        "is_admin": has_role(manager, Role.ADMIN),
    }
