"""The page Templates: the list, and what is done to a template with one click."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, viewer_of, zone_of
from distribution.labels.conflicts import count_text
from distribution.labels.template_choices import choice_name
from distribution.labels.template_starts import STARTS
from distribution.labels.template_summary import sentences_of
from distribution.models import Template
from distribution.operations.policies import templates as operations
from distribution.queries.conflicts import findings_of
from distribution.queries.settings import settings_of
from distribution.queries.templates import (
    TemplateRow,
    choices_of,
    own_registers,
    templates_of,
    triggers_of,
)
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock

PAGE = "distribution:templates"


@require_GET
@console_page(Role.SUPERVISOR)
def templates(request: HttpRequest) -> HttpResponse:
    """Show the account's templates, the simple one first."""
    account, now = account_of(request), read_clock()
    choices = choices_of(account)
    rows = templates_of(account, choices, now)
    conflicts = findings_of(account, now).by_template
    context = {
        "rows": [
            {
                "row": row,
                "said": sentences_of(row.body, choices)["who"][0],
                "strategy": choice_name("strategy", row.body.strategy),
                "opening": _opening(request, row, now),
                "conflicts": count_text(conflicts.get(row.template.pk, 0)),
            }
            for row in rows
        ],
        "own": sum(not row.template.is_simple for row in rows),
        "starts": STARTS.values(),
        "is_dealing": settings_of(account).values["is_enabled"],
    }
    return render(request, "distribution/templates.html", context)


@require_GET
@console_page(Role.SUPERVISOR)
def ways(request: HttpRequest) -> HttpResponse:
    """Explain pushing and offering, and lead from what matters to a starting point (F10)."""
    return render(request, "distribution/template_ways.html")


@require_POST
@console_page(Role.SUPERVISOR)
def switch(request: HttpRequest, pk: int, *, is_on: bool) -> HttpResponse:
    """Switch dealing by a template on or off."""
    template = template_or_404(request, pk)
    try:
        saved = operations.switch_template(
            template, is_on=is_on, actor=viewer_of(request), now=read_clock()
        )
    except operations.TemplateError as error:
        return refuse(request, error)
    said = (
        _("%(name)s is on: leads of its triggers are dealt.")
        if is_on
        else _("%(name)s is off: its triggers deal nothing until it is on again.")
    )
    return _done(request, template, saved, said)


@require_POST
@console_page(Role.SUPERVISOR)
def shadow(request: HttpRequest, pk: int, *, is_on: bool) -> HttpResponse:
    """Let a template only decide and record, or write to Kommo again."""
    template = template_or_404(request, pk)
    try:
        saved = operations.set_shadow(
            template,
            is_shadow=is_on,
            reason=_("Shadow mode was switched off"),
            actor=viewer_of(request),
            now=read_clock(),
        )
    except operations.TemplateError as error:
        return refuse(request, error)
    said = (
        _("%(name)s works in shadow: it decides and records, and writes nothing to Kommo.")
        if is_on
        else _(
            "%(name)s writes to Kommo from the next lead on. The statistics of its triggers begin "
            "anew; people with small shares may wait for some time."
        )
    )
    return _done(request, template, saved, said)


@require_POST
@console_page(Role.SUPERVISOR)
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a template with the same settings; triggers are not copied."""
    template = template_or_404(request, pk)
    account = account_of(request)
    try:
        made = operations.create_template(
            account,
            name=free_name(request, _("Copy of %(name)s") % {"name": template.name}),
            body=operations.document_of(template)["body"],
            actor=viewer_of(request),
            now=read_clock(),
        )
    except operations.TemplateError as error:
        return refuse(request, error)
    messages.success(
        request,
        _("Copied. No trigger sends leads here yet; give it a name and change what differs."),
    )
    return redirect("distribution:template", made.pk)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether a template is to go, saying what goes with it; POST deletes it."""
    template = template_or_404(request, pk)
    if request.method == "GET":
        context = {
            "template": template,
            "triggers": triggers_of(template, choices_of(account_of(request))),
            "registers": own_registers(template),
        }
        return render(request, "distribution/template_delete.html", context)
    try:
        operations.delete_template(template, actor=viewer_of(request), now=read_clock())
    except operations.TemplateError as error:
        return refuse(request, error)
    messages.success(request, _("%(name)s is deleted.") % {"name": template.name})
    return redirect(PAGE)


# -- what the views of templates have in common


def template_or_404(request: HttpRequest, pk: int) -> Template:
    """Return the template of the viewer's account; 404 for a stranger's."""
    rows = Template.objects.for_account(account_of(request)).select_related("account")
    found: Template = get_object_or_404(rows, pk=pk)
    return found


def free_name(request: HttpRequest, wish: str) -> str:
    """Return the wished name, with a number where another template has it."""
    taken = set(Template.objects.for_account(account_of(request)).values_list("name", flat=True))
    most = operations.LONGEST_NAME
    names = [wish[:most], *(f"{wish[: most - 4]} {number}" for number in range(2, 202))]
    return next(name for name in names if name not in taken)


def refuse(request: HttpRequest, error: operations.TemplateError) -> HttpResponse:
    """Say why nothing was done, and go back to the list."""
    messages.error(request, error_text(error))
    return redirect(PAGE)


def error_text(error: operations.TemplateError) -> str:
    """Return an error of the operations in words."""
    texts = {
        operations.NameTaken: _("Another template has this name. Choose a different one."),
        operations.BadName: _("A name has 1 to 64 characters. Choose one."),
        operations.TooManyTemplates: _(
            "There are 200 templates already. Delete those that no trigger uses."
        ),
        operations.IsSimple: _(
            "This template belongs to the page Shift distribution. Change it there; it cannot be deleted."
        ),
        operations.NoSuchVersion: _("This version is not kept. Choose another one from the list."),
        operations.TemplateGone: _(
            "Somebody has deleted this template meanwhile. Make a new one or copy another."
        ),
        operations.BadBody: _(
            "The settings of this version no longer fit. Open it, and change the present ones by hand."
        ),
    }
    return texts.get(type(error), _("Nothing was changed. Load the page anew and try again."))


def offer_undo(request: HttpRequest, text: str, template: Template, version: int) -> None:
    """Tell what was done, with a button that restores the version before."""
    address = reverse("distribution:template_undo", args=[template.pk, version])
    messages.success(request, text, extra_tags=address)


def _done(request: HttpRequest, before: Template, saved: Template, said: str) -> HttpResponse:
    """Tell what was done, with undo where something was; go back to where it was asked from."""
    text = said % {"name": _("Shift distribution") if saved.is_simple else saved.name}
    if saved.version == before.version:
        messages.success(request, _("Nothing was changed."))
    elif saved.is_simple:
        messages.success(request, text)
    else:
        offer_undo(request, text, saved, before.version)
    if request.POST.get("from") == "editor":
        return redirect("distribution:template", saved.pk)
    return redirect(PAGE)


def _opening(request: HttpRequest, row: TemplateRow, now: datetime) -> dict[str, Any]:
    """Return whether the template is open, and until or from when, by the account's clock."""
    at = clock(row.turns_at, zone_of(request), now) if row.turns_at else ""
    return {"is_open": row.is_open, "at": at}
