"""The page Team: who takes part, who supervises, the four statuses, limits, skills, clocks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.models import Group, Manager
from accounts.operations import team as operations
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.forms.team import LimitForm, PersonForm, StatusForm
from distribution.operations.policies.profiles import ProfileError, save_person, set_limit
from distribution.queries.team import member_of, team_of
from distribution.views.team_page import LICENCES, group_choices, row_of, sections_of, wish_from
from peresmenka.lib.clock import read_clock
from peresmenka.lib.numbers import number_from
from shifts.core.participation import Status
from shifts.labels.participation import error_text, status_name
from shifts.models import Participation
from shifts.operations import participation

PAGE = "distribution:team"


@require_GET
@console_page(Role.SUPERVISOR)
def team(request: HttpRequest) -> HttpResponse:
    """Show the whole page."""
    return render(request, "distribution/team.html", _context(request, request.GET))


@require_GET
@console_page(Role.SUPERVISOR)
def listing(request: HttpRequest) -> HttpResponse:
    """Return the people whom the filter admits; the address bar follows."""
    context = _context(request, request.GET)
    response = render(request, "distribution/_team.html", context)
    query = context["wish"].query
    response.headers["HX-Replace-Url"] = f"{reverse(PAGE)}?{query}" if query else reverse(PAGE)
    return response


@require_POST
@console_page(Role.ADMIN)
def confirm(request: HttpRequest) -> HttpResponse:
    """Note that an admin has chosen who takes part."""
    account, now = account_of(request), read_clock()
    operations.confirm_team(account, now=now)
    account.team_chosen_at = account.team_chosen_at or now
    messages.success(request, _("Confirmed. You can change who takes part at any time."))
    return _answer(request)


@require_POST
@console_page(Role.ADMIN)
def licence(request: HttpRequest, *, is_on: bool) -> HttpResponse:
    """Let the chosen managers take part, or no longer."""
    changed = operations.set_licence(
        account_of(request),
        _chosen(request),
        is_licensed=is_on,
        actor=viewer_of(request),
        now=read_clock(),
    )
    said = (
        ngettext("%(number)s manager takes part.", "%(number)s managers take part.", len(changed))
        if is_on
        else ngettext(
            "%(number)s manager no longer takes part; a running shift ends.",
            "%(number)s managers no longer take part; running shifts end.",
            len(changed),
        )
    )
    return _tell(request, changed, said)


@require_POST
@console_page(Role.ADMIN)
def supervisor(request: HttpRequest, *, is_on: bool) -> HttpResponse:
    """Name the chosen managers supervisors, or take the role away."""
    changed = operations.set_supervisor(
        account_of(request),
        _chosen(request),
        is_supervisor=is_on,
        actor=viewer_of(request),
        now=read_clock(),
    )
    said = (
        ngettext("%(number)s new supervisor.", "%(number)s new supervisors.", len(changed))
        if is_on
        else ngettext(
            "%(number)s manager is no longer a supervisor.",
            "%(number)s managers are no longer supervisors.",
            len(changed),
        )
    )
    return _tell(request, changed, said)


@require_POST
@console_page(Role.SUPERVISOR)
def newcomers(request: HttpRequest, group_id: int, *, is_on: bool) -> HttpResponse:
    """Say whether who joins the group in Kommo takes part at once."""
    group = get_object_or_404(Group.objects.for_account(account_of(request)), kommo_id=group_id)
    operations.set_newcomers(
        group, licenses_newcomers=is_on, actor=viewer_of(request), now=read_clock()
    )
    return _answer(request)


@require_POST
@console_page(Role.SUPERVISOR)
def limit(request: HttpRequest) -> HttpResponse:
    """Give the chosen managers a limit of open leads."""
    form, chosen = LimitForm(request.POST), _chosen(request)
    if not form.is_valid():
        messages.error(request, _sentences(form))
        return _answer(request)
    changed = set_limit(
        account_of(request),
        chosen,
        limit=form.cleaned_data["limit"],
        actor=viewer_of(request),
        now=read_clock(),
    )
    said = ngettext(
        "The limit of %(number)s manager is saved.",
        "The limits of %(number)s managers are saved.",
        len(changed),
    )
    return _tell(request, changed, said)


@require_POST
@console_page(Role.SUPERVISOR)
def status(request: HttpRequest) -> HttpResponse:
    """Give the chosen managers a status."""
    form, chosen = StatusForm(request.POST), _chosen(request)
    if not form.is_valid() or not _give_status(request, form, chosen):
        messages.error(request, _sentences(form))
    return _answer(request)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def member_status(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask for a manager's status with its end and a note; POST sets it."""
    manager = _manager(request, user_id)
    if request.method == "POST":
        form = StatusForm(request.POST)
        if form.is_valid() and _give_status(request, form, [manager]):
            return _answer(request)
        return _dialog(request, "status", manager, form, 422)
    standing = member_of(manager, read_clock()).standing
    until = standing.until and standing.until.astimezone(zone_of(request)).replace(tzinfo=None)
    initial = {"status": standing.status.value, "until": until, "note": standing.note}
    return _dialog(request, "status", manager, StatusForm(initial=initial))


@require_POST
@console_page(Role.SUPERVISOR)
def absent(request: HttpRequest, user_id: int) -> HttpResponse:
    """Exclude a manager until the day is over by their clock."""
    manager = _manager(request, user_id)
    former = participation.mark_absent_today(manager, now=read_clock(), by=viewer_of(request))
    if former.entry is not None:
        text = _("%(name)s is absent today: no new leads until midnight.")
        _offer_undo(request, text % {"name": manager.name}, former.entry)
    return _answer(request)


@require_POST
@console_page(Role.SUPERVISOR)
def undo(request: HttpRequest, entry: int) -> HttpResponse:
    """Take a change of status back, for all whom the same click changed."""
    try:
        restored = participation.undo_participation(
            account_of(request), entry=entry, now=read_clock(), by=viewer_of(request)
        )
    except participation.NothingToUndo as error:
        messages.error(request, error_text(error))
        return _answer(request)
    names = ", ".join(sorted(manager.name for manager in restored)[:3])
    more = "" if len(restored) <= 3 else " …"
    messages.success(request, _("Undone: %(names)s") % {"names": names + more})
    return _answer(request)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def member(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask for a manager's limit, skills, clock and language; POST saves them."""
    manager = _manager(request, user_id)
    if request.method == "GET":
        found = member_of(manager, read_clock())
        initial = {
            "limit": found.limit,
            "tasks": found.task_limit,
            "skills": ", ".join(found.skills),
            "zone": manager.zone,
            "language": manager.language,
        }
        return _dialog(request, "member", manager, PersonForm(initial=initial))
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _dialog(request, "member", manager, form, 422)
    try:
        save_person(manager, form.person(), actor=viewer_of(request), now=read_clock())
    except (ProfileError, operations.TeamError) as error:
        form.refuse(error)
        return _dialog(request, "member", manager, form, 422)
    messages.success(request, _("%(name)s: saved.") % {"name": manager.name})
    return _answer(request)


# -- what the views have in common


def _context(request: HttpRequest, query: QueryDict) -> dict[str, Any]:
    groups, now, zone = team_of(account_of(request), read_clock()), read_clock(), zone_of(request)
    wish = wish_from(query)
    return {
        "sections": list(sections_of(groups, wish, zone, now)),
        "wish": wish,
        "group_choices": group_choices(groups),
        "status_choices": Participation.Status.choices,
        "licence_choices": LICENCES,
        "people": sum(len(entry.members) for entry in groups),
    }


def _answer(request: HttpRequest) -> HttpResponse:
    """Return the people anew, under the filter of the page that asked; or go back to that page."""
    told = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not is_partial(request):
        allowed = url_has_allowed_host_and_scheme(told, {request.get_host()}, request.is_secure())
        is_dialog = urlsplit(told).path.startswith(f"{reverse(PAGE)}/")
        return redirect(told if allowed and not is_dialog else PAGE)
    query = QueryDict(urlsplit(told).query if urlsplit(told).path == reverse(PAGE) else "")
    context = {**_context(request, query), "is_answer_to_click": True}
    return render(request, "distribution/_team.html", context)


def _tell(request: HttpRequest, changed: list[Manager], text: str) -> HttpResponse:
    if changed:
        messages.success(request, text % {"number": len(changed)})
    return _answer(request)


def _offer_undo(request: HttpRequest, text: str, entry: int) -> None:
    messages.success(request, text, extra_tags=reverse("distribution:team_undo", args=[entry]))


def _manager(request: HttpRequest, user_id: int) -> Manager:
    rows = Manager.objects.for_account(account_of(request)).select_related("account")
    manager: Manager = get_object_or_404(rows, kommo_id=user_id)
    return manager


def _chosen(request: HttpRequest) -> list[Manager]:
    """Return the managers whom the request names; 404 if one of them is not of the account."""
    named = {number_from(one) for one in request.POST.getlist("managers")}
    if None in named:
        raise Http404
    rows = Manager.objects.for_account(account_of(request)).select_related("account")
    found = list(rows.filter(kommo_id__in=named).order_by("name", "pk"))
    if len(found) != len(named):
        raise Http404
    if not found:
        messages.error(request, _("Nobody is selected. Tick the managers first."))
    return found


def _sentences(form: Form) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def _give_status(request: HttpRequest, form: StatusForm, chosen: list[Manager]) -> bool:
    """Set the form's status and offer to undo it; where it cannot be, say so beside the field."""
    wanted, until = Status(form.cleaned_data["status"]), form.until_by(zone_of(request))
    try:
        entries = participation.set_participation_of(
            account_of(request),
            chosen,
            status=wanted,
            until=until,
            note=form.cleaned_data["note"],
            now=read_clock(),
            by=viewer_of(request),
        )
    except participation.BadUntil as error:
        form.add_error("until", error_text(error))
        return False
    if entries:
        words = {
            "name": chosen[0].name,
            "number": len(entries),
            "status": status_name(wanted),
        }
        text = (
            _("%(name)s: %(status)s.")
            if len(chosen) == 1
            else ngettext(
                "%(status)s: %(number)s manager.", "%(status)s: %(number)s managers.", len(entries)
            )
        )
        _offer_undo(request, text % words, entries[0])
    return True


def _dialog(
    request: HttpRequest,
    name: str,
    manager: Manager,
    form: StatusForm | PersonForm,
    code: int = 200,
) -> HttpResponse:
    """Render a question, in a dialog or as a page of its own; one with errors goes back into the dialog."""
    now = read_clock()
    question = f"distribution/_team_{name}.html"
    context = {
        "person": manager,
        "row": row_of(member_of(manager, now), zone_of(request), now),
        "form": form,
        "question": question,
        "zone": account_of(request).zone,
        "zones": sorted(available_timezones()) if name == "member" else [],
    }
    if not is_partial(request):
        return render(request, "distribution/team_question.html", context, status=code)
    response = render(request, question, context, status=code)
    if code != 200:
        response.headers["HX-Retarget"] = "#dialog"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
