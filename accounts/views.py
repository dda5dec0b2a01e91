"""Pages of signing in and installing: Kommo's redirect, its revocation hook, sign-in and sign-out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import signin
from accounts.identity import known_manager, safe_next, sign_in, sign_out
from accounts.kommo.connection.sessions import base_url
from accounts.kommo.hosts import CONSENT_HOST, account_host
from accounts.kommo.payloads import whole
from accounts.language import choose_language
from accounts.models import Authorization
from accounts.operations.grants import exchange_authorization, keep_authorization
from accounts.operations.leaving import keep_revocation
from peresmenka.lib.clock import read_clock
from peresmenka.lib.enqueue import ring

LONGEST_CODE = 4_096


@never_cache
@require_GET
def begin_sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to Kommo's consent page with a state of this session."""
    state = signin.begin(request.session, safe_next(request.GET.get("next")))
    query = {"client_id": settings.KOMMO_CLIENT_ID, "state": state, "mode": "popup"}
    return HttpResponseRedirect(f"{base_url(CONSENT_HOST)}/oauth?{urlencode(query)}")


@never_cache
@require_GET
def receive_code(request: HttpRequest) -> HttpResponse:
    """Take an authorisation code: store it before anything else, 200 for a widget's installation.

    The host is checked before anything: our secret is posted there.
    """
    if request.GET.get("error"):
        signin.take(request.session, request.GET.get("state", ""))
        return _say(request, _("Kommo did not give access: the request was refused there."), 403)
    host, code = account_host(request.GET.get("referer")), request.GET.get("code", "")
    if host is None or not 0 < len(code) <= LONGEST_CODE or _is_foreign(request):
        return _say(request, _("This is no answer of Kommo's."), 400)
    if "state" in request.GET:
        return _return_from_consent(request, host, code)
    if not request.GET.get("from_widget"):
        return _say(request, _("This sign-in was not begun in this browser. Begin again."), 400)
    keep_authorization(code=code, host=host, from_widget=True, now=read_clock())
    ring()
    return HttpResponse("ok", content_type="text/plain")


def _is_foreign(request: HttpRequest) -> bool:
    return request.GET.get("client_id", settings.KOMMO_CLIENT_ID) != settings.KOMMO_CLIENT_ID


def _return_from_consent(request: HttpRequest, host: str, code: str) -> HttpResponse:
    """Exchange at once and let the user in; a page waits where Kommo is slow."""
    begun = signin.take(request.session, request.GET["state"])
    if begun is None:
        return _say(request, _("This sign-in was not begun in this browser. Begin again."), 400)
    now = read_clock()
    row, is_new = keep_authorization(code=code, host=host, from_widget=False, now=now)
    if not is_new:
        return _say(request, _("This sign-in was used already. Begin again."), 400)
    request.session[signin.WAITING_KEY] = {"id": row.pk, "next": begun.next_path}
    exchange_authorization(authorization_id=row.pk, now=now)
    return redirect("accounts:wait")


@never_cache
@require_GET
def wait_for_exchange(request: HttpRequest) -> HttpResponse:
    """Let the user in once the code that this browser brought has been exchanged."""
    waiting = request.session.get(signin.WAITING_KEY)
    row = Authorization.objects.filter(pk=waiting["id"]).first() if waiting else None
    if waiting is None or row is None:
        return redirect("accounts:signin")
    if row.state == Authorization.State.FAILED:
        request.session.pop(signin.WAITING_KEY)
        return _say(request, _("Kommo did not let you in: %(reason)s") % {"reason": row.error}, 403)
    manager = (
        known_manager(account_id=row.account_id, kommo_id=row.user_id)
        if row.state == Authorization.State.DONE
        else None
    )
    if manager is None:  # not exchanged yet, or the first sync has not read the managers
        return render(request, "accounts/wait.html", {"account": row.account}, status=202)
    request.session.pop(signin.WAITING_KEY)
    sign_in(request, manager)
    return HttpResponseRedirect(safe_next(waiting["next"]))


@never_cache
@require_GET
def receive_revocation(request: HttpRequest) -> HttpResponse:
    """Keep a signed access-revoked hook; both spellings of the client's parameter."""
    client_id = request.GET.get("client_uuid") or request.GET.get("client_id", "")
    kept = keep_revocation(
        client_id=client_id,
        kommo_id=whole(request.GET.get("account_id")),
        signature=request.GET.get("signature", ""),
        now=read_clock(),
    )
    if kept:
        ring()
    return HttpResponse(status=204 if kept else 403)


@require_POST
def end_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    sign_out(request)
    return HttpResponseRedirect("/")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the console for this session and go back."""
    if not choose_language(request, request.POST.get("language", "")):
        return HttpResponse(status=400)
    return HttpResponseRedirect(safe_next(request.POST.get("next")))


def _say(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return render(request, "accounts/signin_failed.html", {"text": text}, status=status)
