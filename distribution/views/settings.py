"""The page "Shift distribution": shows the settings, explains them while they are edited, saves them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.models import Manager
from accounts.viewer import account_of, viewer_of
from distribution.forms.settings import SettingsForm
from distribution.operations.policies.settings import SettingsChanged, save_settings
from distribution.queries.settings import (
    Catalogue,
    CurrentSettings,
    Values,
    catalogue_of,
    saves_after,
    settings_of,
    without_schedule,
)
from distribution.views.settings_page import difference_lines, group_cards
from distribution.views.summary import gate_warning, leave_sentence, summary_of, warnings_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.numbers import number_from


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show the settings; POST saves them or moves a group up or down."""
    current, catalogue = settings_of(account_of(request)), catalogue_of(account_of(request))
    if request.method == "GET":
        form = SettingsForm(initial=current.values, catalogue=catalogue)
        return _render(request, form, current, current.version)
    form = SettingsForm(request.POST, initial=current.values, catalogue=catalogue)
    if "move" in request.POST:
        _move_group(form.groups, request.POST["move"])
        return _render(request, form, current, _version(request), is_dirty=True)
    if not form.is_valid():
        return _render(request, form, current, _version(request), is_dirty=True, status=422)
    return _save(request, form, catalogue)


def _save(request: HttpRequest, form: SettingsForm, catalogue: Catalogue) -> HttpResponse:
    version = _version(request)
    try:
        save_settings(
            account_of(request),
            actor=viewer_of(request),
            changes=form.values(),
            version=version,
            now=read_clock(),
        )
    except SettingsChanged as conflict:
        return _show_both(request, form.values(), conflict.current, catalogue, version)
    messages.success(request, _("Saved. The settings count from the next lead on."))
    return redirect("distribution:settings")


def _show_both(
    request: HttpRequest,
    mine: Values,
    current: CurrentSettings,
    catalogue: Catalogue,
    version: int,
) -> HttpResponse:
    """Show the form again: what only the other changed is taken over, real conflicts show both values."""
    later = saves_after(account_of(request), version)
    merged = dict(mine)
    conflicts = []
    for name, before in later.before.items():
        if mine.get(name) == before:
            merged[name] = current.values[name]
        elif mine.get(name) != current.values[name]:
            conflicts.append(name)
    form = SettingsForm(initial=merged, catalogue=catalogue)
    taken = [name for name in later.before if name not in conflicts and name in merged]
    extra = {
        "other": later.actor_name,
        "conflicts": difference_lines(form, conflicts, mine, current.values),
        "taken": difference_lines(form, taken, merged, current.values),
        "is_dirty": True,
        **_meaning(request, merged, catalogue),
    }
    return _render(request, form, current, current.version, status=409, **extra)


@require_POST
@console_page(Role.SUPERVISOR)
def settings_preview(request: HttpRequest) -> HttpResponse:
    """Say what the form's present state means; nothing is saved. 204 while a field is unfinished."""
    current, catalogue = settings_of(account_of(request)), catalogue_of(account_of(request))
    form = SettingsForm(request.POST, initial=current.values, catalogue=catalogue)
    form.is_valid()
    values = {**current.values, **{name: form.values()[name] for name in form.cleaned_data}}
    values["groups"] = form.groups
    if set(form.errors) - {"__all__"}:
        return HttpResponse(status=204)
    return render(request, "distribution/_preview.html", _meaning(request, values, catalogue))


def _meaning(request: HttpRequest, values: Values, catalogue: Catalogue) -> dict[str, Any]:
    groups = [entry["group"] for entry in values["groups"]]
    names = Manager.objects.for_account(account_of(request)).filter(
        group__kommo_id__in=groups, is_licensed=True, is_active_in_kommo=True
    )
    name = names.order_by("pk").values_list("name", flat=True).first() or _("a manager")
    return {
        "values": values,
        "summary": summary_of(values, catalogue, account_of(request).zone, name),
        "warnings": warnings_of(values, catalogue) if values["is_enabled"] else [],
        "gate_warning": gate_warning(values, _unplanned(request, values)),
        "leave_sentence": leave_sentence(values, name),
    }


def _unplanned(request: HttpRequest, values: Values) -> int:
    if not values["schedule_gate"]:
        return 0
    groups = [entry["group"] for entry in values["groups"]]
    return without_schedule(account_of(request), groups, read_clock())


def _render(
    request: HttpRequest,
    form: SettingsForm,
    current: CurrentSettings,
    version: int,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {
        "form": form,
        "version": version,
        "is_saved_on": current.values["is_enabled"],
        "cards": group_cards(form.groups, form.catalogue),
        "zone": account_of(request).zone,
        **_meaning(request, current.values, form.catalogue),
        **extra,
    }
    return render(request, "distribution/settings.html", context, status=status)


def _version(request: HttpRequest) -> int:
    return number_from(request.POST.get("version", "")) or 0


def _move_group(groups: list[dict[str, Any]], wish: str) -> None:
    """Move a group one place: "up:12" or "down:12"; without effect at the ends."""
    direction, _sep, group = wish.partition(":")
    places = {str(entry["group"]): place for place, entry in enumerate(groups)}
    if group not in places:
        return
    place = places[group]
    other = place + (-1 if direction == "up" else 1)
    if 0 <= other < len(groups):
        groups[place], groups[other] = groups[other], groups[place]
