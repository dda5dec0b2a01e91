"""The pages of swaps: all of them for supervisors, one's own with the form that asks for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.models import Manager
from accounts.viewer import account_of, viewer_of
from peresmenka.lib.clock import read_clock
from shifts.forms.fields import mark_errors
from shifts.forms.swaps import SwapForm
from shifts.labels.refusals import refusal_text
from shifts.labels.swaps import swap_line
from shifts.models import Swap
from shifts.operations import swaps as operations
from shifts.operations.period import ScheduleError
from shifts.queries.people import present_managers
from shifts.queries.schedule import settings_of
from shifts.queries.swaps import OwnDay, all_swaps, open_swaps, own_days, swaps_of

WRONG = HTTPStatus.UNPROCESSABLE_ENTITY


@require_GET
@console_page(Role.SUPERVISOR)
def swaps(request: HttpRequest) -> HttpResponse:
    """Show the open swaps, or the latest of all."""
    return _show(request)


def _show(request: HttpRequest, status: int = HTTPStatus.OK) -> HttpResponse:
    account, now = account_of(request), read_clock()
    shows_all = request.GET.get("show") == "all"
    lines = all_swaps(account, now) if shows_all else open_swaps(account, now)
    context = {
        "lines": [swap_line(line, viewer_of(request), now) for line in lines],
        "shows_all": shows_all,
        "needs_approval": settings_of(account).swaps_need_approval,
    }
    return render(request, "shifts/swaps.html", context, status=status)


@require_POST
@console_page(Role.SUPERVISOR)
def swap_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, refuse or cancel a swap."""
    row, own, now = _swap(request, pk), viewer_of(request), read_clock()
    decide: dict[str, tuple[Callable[[], Swap], str]] = {
        "approve": (
            lambda: operations.decide_swap(row, own, True, now),
            _("Approved: the hours have moved."),
        ),
        "refuse": (
            lambda: operations.decide_swap(row, own, False, now),
            _("Refused: everything stays as it was."),
        ),
        "cancel": (
            lambda: operations.cancel_swap(row, own, now),
            _("Cancelled: the hours are back where they were."),
        ),
    }
    return _carry_out(request, decide, "shifts:swaps", _show)


@require_POST
@console_page(Role.SUPERVISOR)
def swap_settings(request: HttpRequest) -> HttpResponse:
    """Say whether a supervisor approves swaps."""
    is_needed = "swaps_need_approval" in request.POST
    operations.set_approval(
        account_of(request), is_needed=is_needed, by=viewer_of(request), now=read_clock()
    )
    text = (
        _("Saved. A swap that both agree on waits for a supervisor.")
        if is_needed
        else _("Saved. A swap counts as soon as both agree on it.")
    )
    messages.success(request, text)
    return redirect("shifts:swaps")


@require_GET
@console_page()
def my_swaps(request: HttpRequest) -> HttpResponse:
    """Show one's own swaps, and the form that asks for one."""
    return _show_own(request)


def _show_own(
    request: HttpRequest, status: int = HTTPStatus.OK, form: SwapForm | None = None
) -> HttpResponse:
    now = read_clock()
    form = form or _form(request, now)
    mark_errors(form)
    context = {**my_swaps_context(request, now), "form": form}
    return render(request, "shifts/my_swaps.html", context, status=status)


def my_swaps_context(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what `shifts/_my_swaps.html` shows."""
    own = viewer_of(request)
    lines = [swap_line(line, own, now) for line in swaps_of(own, now)]
    return {
        "open_swaps": [line for line in lines if line.is_open],
        "settled_swaps": [line for line in lines if not line.is_open],
        "needs_approval": settings_of(account_of(request)).swaps_need_approval,
    }


@require_http_methods(["GET", "POST"])
@console_page()
def swap_ask(request: HttpRequest) -> HttpResponse:
    """Ask a colleague for a swap; GET returns the days that the chosen colleague could give."""
    now = read_clock()
    form = _form(request, now)
    if request.method == "GET":
        return render(request, "shifts/_swap_their_day.html", {"form": form})
    if not form.is_valid():
        return _show_own(request, WRONG, form)
    wish = form.cleaned_data
    colleague = _colleague(request, wish["colleague"])
    try:
        operations.ask_swap(
            viewer_of(request),
            date.fromisoformat(wish["asker_on"]),
            colleague or viewer_of(request),
            date.fromisoformat(wish["colleague_on"]) if wish["colleague_on"] else None,
            wish["note"],
            now,
        )
    except ScheduleError as error:
        form.add_error(None, refusal_text(error))
        return _show_own(request, WRONG, form)
    text = _("%(name)s is asked. Nothing changes before the answer.")
    messages.success(request, text % {"name": colleague.name if colleague else ""})
    return redirect("shifts:my_swaps")


@require_POST
@console_page()
def swap_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to a swap or decline it, as the colleague who is asked."""
    row, own, now = _swap(request, pk), viewer_of(request), read_clock()
    if row.colleague_id != own.pk:
        raise PermissionDenied
    agreed = _("Agreed. A supervisor decides now.")
    if not settings_of(row.account).swaps_need_approval:
        agreed = _("Agreed: the hours have moved.")
    answer: dict[str, tuple[Callable[[], Swap], str]] = {
        "agree": (lambda: operations.answer_swap(row, own, True, now), agreed),
        "decline": (
            lambda: operations.answer_swap(row, own, False, now),
            _("Declined: everything stays as it was."),
        ),
    }
    return _carry_out(request, answer, "shifts:my_swaps", _show_own)


@require_POST
@console_page()
def swap_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an open swap back, as the one who asked."""
    row, own, now = _swap(request, pk), viewer_of(request), read_clock()
    if row.asker_id != own.pk:
        raise PermissionDenied
    withdraw: dict[str, tuple[Callable[[], Swap], str]] = {
        "": (lambda: operations.withdraw_swap(row, own, now), _("Withdrawn."))
    }
    return _carry_out(request, withdraw, "shifts:my_swaps", _show_own, action="")


def _carry_out(
    request: HttpRequest,
    actions: dict[str, tuple[Callable[[], Swap], str]],
    page: str,
    show: Callable[[HttpRequest, int], HttpResponse],
    action: str | None = None,
) -> HttpResponse:
    """Do what the pressed button says; a refusal shows the page again with its reason."""
    wish = request.POST.get("action", "") if action is None else action
    if wish not in actions:
        messages.error(request, _("The page sent something unknown. Reload it and try again."))
        return show(request, WRONG)
    operation, done = actions[wish]
    try:
        operation()
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return show(request, WRONG)
    messages.success(request, done)
    return redirect(page)


def _form(request: HttpRequest, now: datetime) -> SwapForm:
    own, account = viewer_of(request), account_of(request)
    data = request.POST if request.method == "POST" else None
    wish = request.POST if data is not None else request.GET
    chosen = _colleague(request, wish.get("colleague", ""))
    theirs: list[OwnDay] = own_days(chosen, account, now) if chosen else []
    return SwapForm(
        data,
        mine=own_days(own, account, now),
        colleagues=_colleagues(request),
        theirs=theirs,
        initial={"colleague": str(chosen.kommo_id) if chosen else "", **_day_of(wish)},
    )


def _day_of(wish: Any) -> dict[str, str]:
    return {"asker_on": wish.get("day", "")} if wish.get("day") else {}


def _colleagues(request: HttpRequest) -> list[Manager]:
    own = viewer_of(request)
    rows = [row for row in present_managers(account_of(request)) if row.pk != own.pk]
    return sorted(rows, key=lambda row: (row.group_id != own.group_id, row.name))


def _colleague(request: HttpRequest, user: str) -> Manager | None:
    return next((row for row in _colleagues(request) if str(row.kommo_id) == user), None)


def _swap(request: HttpRequest, pk: int) -> Swap:
    rows = Swap.objects.for_account(account_of(request))
    row: Swap = get_object_or_404(rows.select_related("asker", "colleague", "account"), pk=pk)
    return row
