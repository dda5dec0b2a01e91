"""The pages of triggers: their order, one trigger's form, its key, and what conflicts with what."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, is_partial, viewer_of, zone_of
from distribution.forms.triggers import NEW, TriggerForm
from distribution.labels.triggers import error_text
from distribution.models import Register, Trigger
from distribution.operations.policies import triggers as operations
from distribution.operations.policies.trigger_order import move_trigger
from distribution.operations.registers import RegisterError, create_register
from distribution.queries.conflicts import findings_of
from distribution.queries.registers import trigger_name
from distribution.queries.triggers import choices_for, lines_of
from distribution.views.templates import template_or_404
from distribution.views.triggers_page import conflict_panel, form_page, list_rows, setup_of
from peresmenka.lib.clock import read_clock

PAGE = "distribution:triggers"


@require_GET
@console_page(Role.SUPERVISOR)
def triggers(request: HttpRequest) -> HttpResponse:
    """Show all triggers of the account in the order in which they are asked."""
    return render(request, "distribution/triggers.html", _line(request))


@require_GET
@console_page(Role.SUPERVISOR)
def of_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the triggers of one template, a part of its page."""
    template = template_or_404(request, pk)
    context = _line(request, only=template.pk)
    return render(request, "distribution/_triggers.html", {**context, "template": template})


@require_GET
@console_page(Role.SUPERVISOR)
def conflicts_of_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Return what works against one template, a part of its page."""
    template = template_or_404(request, pk)
    findings = findings_of(account_of(request), read_clock(), also=template.pk)
    panel = conflict_panel(findings.of_template(template.pk), findings, [template.pk])
    context = {"panel": panel, "template": template}
    return render(request, "distribution/_conflicts.html", context)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def create(request: HttpRequest) -> HttpResponse:
    """Ask what sends leads into which template; POST makes the trigger."""
    asked = request.GET.get("template", "")
    start = {"kind": Trigger.Kind.WATCH, "template": asked, "delay_minutes": 0}
    choices = choices_for(account_of(request))
    form = TriggerForm(
        request.POST if request.method == "POST" else None, choices=choices, initial=start
    )
    made = _saved(request, form, None) if form.is_valid() else None
    if made is None:
        return _form(request, form, None)
    if made.kind == Trigger.Kind.WATCH:
        messages.success(request, _("The watch is on: new leads of its stages come in."))
        return redirect(PAGE)
    messages.success(request, _("The trigger is there. Its key is below: paste it in Kommo."))
    return redirect("distribution:trigger", made.pk)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def trigger(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one trigger's form; POST saves it. A group's watch is edited on its own page."""
    row = _trigger(request, pk)
    if row.group_id is not None:
        return redirect("distribution:settings")
    choices = choices_for(account_of(request))
    form = TriggerForm(
        request.POST if request.method == "POST" else None, choices=choices, trigger=row
    )
    if not form.is_valid() or _saved(request, form, row) is None:
        return _form(request, form, row)
    messages.success(request, _("Saved. It counts from the next lead on."))
    return redirect("distribution:trigger", pk)


@require_POST
@console_page(Role.SUPERVISOR)
def move(request: HttpRequest, pk: int, *, by: int) -> HttpResponse:
    """Move a trigger up or down in the order."""
    row = _trigger(request, pk)
    try:
        move_trigger(row, by=by, actor=viewer_of(request), now=read_clock())
    except operations.TriggerError as error:
        return _refuse(request, error)
    if not is_partial(request):
        return redirect(PAGE)
    return render(request, "distribution/_trigger_line.html", _line(request))


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether a trigger is to go, saying what stops; POST deletes it."""
    row = _trigger(request, pk)
    if request.method == "GET":
        return _question(request, "delete", row)
    name = trigger_name(row)
    try:
        operations.delete_trigger(row, actor=viewer_of(request), now=read_clock())
    except operations.TriggerError as error:
        return _refuse(request, error)
    messages.success(request, _("%(name)s is deleted.") % {"name": name})
    return _go(request, reverse(PAGE))


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def new_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether the trigger is to have a new key, saying what stops; POST makes it."""
    row = _trigger(request, pk)
    if request.method == "GET" and row.kind != Trigger.Kind.WATCH and row.group_id is None:
        return _question(request, "key", row)
    try:
        operations.rotate_key(row, actor=viewer_of(request), now=read_clock())
    except operations.TriggerError as error:
        return _refuse(request, error)
    messages.success(request, _("The key is new. Paste it in Kommo; the old one sends no leads."))
    return _go(request, reverse("distribution:trigger", args=[pk]))


# -- what the views have in common


def _trigger(request: HttpRequest, pk: int) -> Trigger:
    rows = Trigger.objects.for_account(account_of(request))
    found: Trigger = get_object_or_404(
        rows.select_related("account", "template", "group", "register"), pk=pk
    )
    return found


def _line(request: HttpRequest, *, only: int | None = None) -> dict[str, Any]:
    """Return the triggers in order, all or those of one template, with what conflicts."""
    account, now = account_of(request), read_clock()
    findings = findings_of(account, now)
    lines = [one for one in lines_of(account) if only in (None, one.trigger.template_id)]
    return {
        "rows": list_rows(lines, findings, zone_of(request), now),
        "panel": conflict_panel(
            findings.conflicts, findings, {one.pk for one in findings.templates.values()}
        ),
        "has_templates": bool(choices_for(account).templates) if not lines else True,
    }


def _saved(request: HttpRequest, form: TriggerForm, row: Trigger | None) -> Trigger | None:
    """Save what the form says, with the register that it makes; None where that is refused."""
    by: dict[str, Any] = {"actor": viewer_of(request), "now": read_clock()}
    try:
        with transaction.atomic():
            values = form.values(_register(request, form, by))
            if row is not None:
                operations.save_trigger(row, changes=values, **by)
                return row
            template = values.pop("template")
            kind = form.cleaned_data["kind"]
            return operations.create_trigger(template, kind=kind, **values, **by)
    except (operations.TriggerError, RegisterError) as error:
        form.refuse(error)
        return None


def _register(request: HttpRequest, form: TriggerForm, by: dict[str, Any]) -> Register | None:
    if form.cleaned_data["register"] == NEW:
        name = form.cleaned_data["new_register"]
        return create_register(account_of(request), name=name, **by)
    return form.named_register()


def _form(request: HttpRequest, form: TriggerForm, row: Trigger | None) -> HttpResponse:
    context = form_page(form, row)
    if row is not None:
        findings = findings_of(account_of(request), read_clock(), also=row.template_id)
        context["panel"] = conflict_panel(findings.of_trigger(row.pk), findings)
        context["setup"] = setup_of(row)
    status = 422 if form.is_bound else 200
    return render(request, "distribution/trigger.html", context, status=status)


def _question(request: HttpRequest, name: str, row: Trigger) -> HttpResponse:
    """Render a question, in a dialog or as a page of its own."""
    question = f"distribution/_trigger_{name}.html"
    context = {
        "trigger": row,
        "name": trigger_name(row),
        "question": question,
        "is_own": row.register is not None and row.register.own_of_id == row.pk,
    }
    page = question if is_partial(request) else "distribution/trigger_question.html"
    return render(request, page, context)


def _refuse(request: HttpRequest, error: operations.TriggerError) -> HttpResponse:
    """Say why nothing was done, and go back to the list."""
    messages.error(request, error_text(error))
    return _go(request, reverse(PAGE))


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Go to a page, from a dialog or from a page of its own."""
    if is_partial(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)
