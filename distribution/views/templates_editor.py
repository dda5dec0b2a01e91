"""A template's editor: shows the settings, explains them while they are edited, saves them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, viewer_of
from distribution.core.policy import read_body, to_json
from distribution.forms.template import TemplateForm
from distribution.labels.template_changes import (
    label_of,
    paths_between,
    put_at,
    value_at,
    value_text,
)
from distribution.labels.template_starts import STARTS
from distribution.labels.template_summary import hints_of, sentences_of
from distribution.models import Template
from distribution.operations.policies import templates as operations
from distribution.queries.templates import Choices, choices_of, triggers_of, version_of
from distribution.views.settings_page import Difference
from distribution.views.templates import (
    free_name,
    offer_undo,
    refuse,
    template_or_404,
)
from distribution.views.templates_page import sections_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.numbers import number_from

Json = dict[str, Any]


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def new(request: HttpRequest) -> HttpResponse:
    """Show the editor over a starting point; POST makes the template."""
    choices = choices_of(account_of(request))
    start = STARTS.get(request.GET.get("from", ""), STARTS["blank"])
    body = read_body(start.body(choices))[0]
    if request.method == "GET":
        name = free_name(request, str(start.name))
        return _render(request, TemplateForm(name=name, body=body, choices=choices), None)
    form = TemplateForm(request.POST, name="", body=body, choices=choices)
    if not form.is_valid():
        return _render(request, form, None, status=422)
    try:
        made = operations.create_template(
            account_of(request),
            name=form.name,
            body=form.document(),
            actor=viewer_of(request),
            now=read_clock(),
        )
    except operations.TemplateError as error:
        form.refuse(error)
        return _render(request, form, None, status=422)
    messages.success(request, _("Saved. Now say by a trigger which leads come here."))
    return redirect("distribution:template", made.pk)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def editor(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a template's settings; POST saves them. The simple one is edited on its own page."""
    template = template_or_404(request, pk)
    if template.is_simple:
        return redirect("distribution:settings")
    choices = choices_of(account_of(request))
    form = TemplateForm(
        request.POST if request.method == "POST" else None,
        name=template.name,
        body=read_body(template.body)[0],
        choices=choices,
    )
    if request.method == "GET":
        return _render(request, form, template)
    version = number_from(request.POST.get("version", "")) or 0
    if not form.is_valid():
        return _render(request, form, template, version=version, status=422)
    return _save(request, template, form, version)


def _save(
    request: HttpRequest, template: Template, form: TemplateForm, version: int
) -> HttpResponse:
    try:
        saved = operations.save_template(
            template,
            name=form.name,
            body=form.document(),
            version=version,
            actor=viewer_of(request),
            now=read_clock(),
        )
    except operations.TemplateChanged as conflict:
        return _show_both(request, conflict.current, form, version)
    except operations.TemplateGone as error:
        return refuse(request, error)
    except operations.TemplateError as error:
        form.refuse(error)
        return _render(request, form, template, version=version, status=422)
    if saved.version != template.version:
        said = _("Saved. The settings count from the next lead on.")
        offer_undo(request, said, saved, template.version)
    else:
        messages.success(request, _("Nothing was changed."))
    return redirect("distribution:template", template.pk)


def _show_both(
    request: HttpRequest, current: Template, form: TemplateForm, version: int
) -> HttpResponse:
    """Show the form again: what only the other changed is taken over, real conflicts show both values."""
    kept, choices = version_of(current, version), form.choices
    saved = operations.document_of(current)
    mine = {**deepcopy(saved), "name": form.name, "body": to_json(form.body)}
    theirs = paths_between(kept.document, saved) if kept else paths_between(mine, saved)
    merged, conflicts, taken = deepcopy(mine), [], []
    for path in theirs:
        own, other = value_at(mine, path), value_at(saved, path)
        if own == other:
            continue
        if kept and own == value_at(kept.document, path):
            put_at(merged, path, deepcopy(other))
            taken.append(_difference(path, own, other, choices))
        else:
            conflicts.append(_difference(path, own, other, choices))
    again = TemplateForm(name=merged["name"], body=read_body(merged["body"])[0], choices=choices)
    author = version_of(current, current.version)
    extra: Json = {
        "other": choices.person_name(author.actor_id) if author and author.actor_id else "",
        "conflicts": conflicts,
        "taken": taken,
        "is_dirty": True,
    }
    return _render(request, again, current, status=409, **extra)


@require_POST
@console_page(Role.SUPERVISOR)
def preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Say what the form's present state means, and what is still to correct; nothing is saved."""
    template = template_or_404(request, pk) if pk is not None else None
    form = TemplateForm(
        request.POST,
        name=template.name if template else "",
        body=read_body(template.body if template else {})[0],
        choices=choices_of(account_of(request)),
    )
    form.is_valid()
    said = sentences_of(form.body, form.choices)
    context = {
        "form": form,
        "said": said,
        "hints": hints_of(form.body),
        "sections": sections_of(form, said),
        "is_preview": True,
    }
    return render(request, "distribution/_template_preview.html", context)


def _render(
    request: HttpRequest,
    form: TemplateForm,
    template: Template | None,
    *,
    version: int | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    said = sentences_of(form.body, form.choices)
    context = {
        "form": form,
        "template": template,
        "version": version if version is not None else template.version if template else 0,
        "said": said,
        "hints": hints_of(form.body),
        "sections": sections_of(form, said),
        "triggers": triggers_of(template, form.choices) if template else [],
        "zone": account_of(request).zone,
        "is_dirty": status != 200 or template is None,
        **extra,
    }
    return render(request, "distribution/template.html", context, status=status)


def _difference(path: str, mine: Any, saved: Any, choices: Choices) -> Difference:
    return Difference(
        label_of(path), value_text(path, mine, choices), value_text(path, saved, choices)
    )
