"""The page "Registers": the ledgers of fairness, credits and skips, resets, and their policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.forms.registers import (
    CreditForm,
    NameForm,
    PolicyForm,
    ReasonForm,
    RegisterForm,
)
from distribution.labels.registers import RESET_WARNING, SHARES_TAKE_TIME
from distribution.models import Register
from distribution.operations import registers as operations
from distribution.queries.registers import registers_of, sheet_of
from distribution.views.registers_page import list_rows, name_of, people_of, sheet_for
from peresmenka.lib.clock import read_clock
from peresmenka.lib.numbers import number_from


@require_GET
@console_page(Role.SUPERVISOR)
def registers(request: HttpRequest) -> HttpResponse:
    """Show all registers: the named ones, then each trigger's own."""
    rows = registers_of(account_of(request))
    zone, now = zone_of(request), read_clock()
    context = {
        "named": list_rows([one for one in rows if one.register.own_of_id is None], zone, now),
        "own": list_rows([one for one in rows if one.register.own_of_id is not None], zone, now),
        "shares_take_time": SHARES_TAKE_TIME,
    }
    return render(request, "distribution/registers.html", context)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def create(request: HttpRequest) -> HttpResponse:
    """Ask for a name; POST creates a register and goes to it."""
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = operations.create_register(
                account_of(request),
                name=form.cleaned_data["name"],
                actor=viewer_of(request),
                now=read_clock(),
            )
        except operations.RegisterError as error:
            form.refuse(error)
        else:
            messages.success(
                request,
                _("%(name)s is there. Choose it in the triggers that are to share it.")
                % {"name": made.name},
            )
            return _go(request, reverse("distribution:register", args=[made.pk]))
    return _question(request, "create", None, form)


@require_GET
@console_page(Role.SUPERVISOR)
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one register."""
    row = _register(request, pk)
    context = {**_context(request, row), "policy": PolicyForm.of(row)}
    return render(request, "distribution/register.html", context)


@require_GET
@console_page(Role.SUPERVISOR)
def ledger(request: HttpRequest, pk: int) -> HttpResponse:
    """Return one register's ledger as it stands."""
    return render(request, "distribution/_register.html", _context(request, _register(request, pk)))


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for another name; POST gives it."""
    row = _register(request, pk)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": row.name})
    if form.is_valid():
        name = form.cleaned_data["name"]
        if _done(form, lambda: operations.rename_register(row, name=name, **_by(request))):
            messages.success(request, _("The register has its new name."))
            return _go(request, reverse("distribution:register", args=[pk]))
    return _question(request, "rename", row, form)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to delete a register; POST does it."""
    row = _register(request, pk)
    form = RegisterForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _done(form, lambda: operations.delete_register(row, **_by(request))):
        messages.success(request, _("%(name)s is deleted.") % {"name": row.name})
        return _go(request, reverse("distribution:registers"))
    return _question(request, "delete", row, form)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whom to credit, or whom to skip, and why; POST does it."""
    row = _register(request, pk)
    people = people_of(sheet_of(row, read_clock()))
    wanted = {"what": "credit", "leads": 1, "manager": number_from(request.GET.get("manager", ""))}
    posted = request.POST if request.method == "POST" else None
    form = CreditForm(posted, people=people, initial=wanted)
    if form.is_valid():
        values = form.cleaned_data
        given = {"leads": form.signed, "reason": values["reason"]}
        if _done(form, lambda: operations.credit(row, values["manager"], **given, **_by(request))):
            messages.success(
                request,
                _("Noted for %(name)s. It counts from the next lead on.")
                % {"name": dict(people)[values["manager"]]},
            )
            return _ledger_again(request, row)
    return _question(request, "credit", row, form)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Warn of what a reset does and ask why; POST does it."""
    row = _register(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if _done(form, lambda: operations.reset(row, reason=reason, **_by(request))):
            messages.success(request, _("A new epoch begins: everybody stands at zero."))
            return _ledger_again(request, row)
    return _question(request, "reset", row, form)


@require_POST
@console_page(Role.SUPERVISOR)
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    """Save how a register treats totals, absence and newcomers."""
    row, form = _register(request, pk), PolicyForm(request.POST)
    is_saved = form.is_valid() and _done(
        form, lambda: operations.set_policy(row, form.policy(), **_by(request))
    )
    if is_saved:
        messages.success(request, _("Saved."))
        if not is_partial(request):
            return redirect("distribution:register", pk=pk)
        row.refresh_from_db()
        form = PolicyForm.of(row)
    context = {**_context(request, row), "policy": form}
    page = "_register_policy.html" if is_partial(request) else "register.html"
    context["is_answer_to_click"] = is_partial(request)
    return render(request, f"distribution/{page}", context, status=200 if is_saved else 422)


# -- what the views have in common


def _register(request: HttpRequest, pk: int) -> Register:
    rows = Register.objects.for_account(account_of(request))
    found: Register = get_object_or_404(
        rows.select_related("account", "own_of__template", "own_of__group"), pk=pk
    )
    return found


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": viewer_of(request), "now": read_clock()}


def _done(form: RegisterForm, do: Callable[[], object]) -> bool:
    """Do it; where it is refused, say so in the form and return False."""
    try:
        do()
    except operations.RegisterError as error:
        form.refuse(error)
        return False
    return True


def _context(request: HttpRequest, row: Register) -> dict[str, Any]:
    now = read_clock()
    return {
        "sheet": sheet_for(sheet_of(row, now), zone_of(request), now),
        "shares_take_time": SHARES_TAKE_TIME,
    }


def _ledger_again(request: HttpRequest, row: Register) -> HttpResponse:
    if not is_partial(request):
        return redirect("distribution:register", pk=row.pk)
    context = {**_context(request, row), "is_answer_to_click": True}
    return render(request, "distribution/_register.html", context)


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Go to a page, from a dialog or from a page of its own."""
    if is_partial(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _question(
    request: HttpRequest, name: str, row: Register | None, form: RegisterForm
) -> HttpResponse:
    """Render a question, in a dialog or as a page of its own; one with errors goes back into the dialog."""
    question = f"distribution/_register_{name}.html"
    context = {
        "register": row,
        "name": name_of(row) if row else "",
        "form": form,
        "question": question,
        "warning": RESET_WARNING,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    if not is_partial(request):
        page = "distribution/register_question.html"
        return render(request, page, context, status=status)
    response = render(request, question, context, status=status)
    if status != 200:
        response.headers["HX-Retarget"] = "#dialog"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
