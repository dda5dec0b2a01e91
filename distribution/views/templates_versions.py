"""A template's versions: who changed what and when, one version in words, restore and undo (B17)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, viewer_of, zone_of
from distribution.core.policy import read_body
from distribution.labels.template_changes import changes_between
from distribution.labels.template_summary import sentences_of
from distribution.operations.policies import templates as operations
from distribution.queries.templates import choices_of, version_of, versions_of
from distribution.views.templates import offer_undo, refuse, template_or_404
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import clock


@require_GET
@console_page(Role.SUPERVISOR)
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the versions, the latest first, each with what it changed."""
    template = template_or_404(request, pk)
    choices, now = choices_of(account_of(request)), read_clock()
    rows = [
        {
            "version": row.version,
            "at": clock(row.version.at, zone_of(request), now),
            "author": row.author,
            "changes": changes_between(row.before, row.version.document, choices)
            if row.before
            else [],
            "is_first": row.before is None,
            "is_current": row.version.version == template.version,
        }
        for row in versions_of(template, choices)
    ]
    context = {"template": template, "rows": rows}
    return render(request, "distribution/template_versions.html", context)


@require_GET
@console_page(Role.SUPERVISOR)
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Show one version: what it means, and how it differs from the present settings."""
    template = template_or_404(request, pk)
    kept = version_of(template, number)
    if kept is None:
        raise Http404
    choices = choices_of(account_of(request))
    body = read_body(kept.document["body"])[0]
    context = {
        "template": template,
        "kept": kept,
        "at": clock(kept.at, zone_of(request), read_clock()),
        "author": choices.person_name(kept.actor_id) if kept.actor_id else "",
        "said": sentences_of(body, choices),
        "changes": changes_between(operations.document_of(template), kept.document, choices),
        "is_current": number == template.version,
    }
    return render(request, "distribution/template_version.html", context)


@require_POST
@console_page(Role.SUPERVISOR)
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Make a version's settings the present ones."""
    return _restore(request, pk, number)


@require_POST
@console_page(Role.SUPERVISOR)
def undo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Restore the version before the latest; refused when something was saved since."""
    template = template_or_404(request, pk)
    if template.version != number + 1:
        return refuse(request, operations.NoSuchVersion())
    return _restore(request, pk, number)


def _restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    template = template_or_404(request, pk)
    try:
        saved = operations.restore_version(
            template,
            version=number,
            reason=_("Shadow mode was switched off"),
            actor=viewer_of(request),
            now=read_clock(),
        )
    except operations.TemplateError as error:
        return refuse(request, error)
    said = _("Restored: the settings are those of version %(number)s again.") % {"number": number}
    offer_undo(request, said, saved, template.version)
    return redirect("distribution:template", pk)
