"""The pages of patterns: the list, the editor with its preview, who follows a pattern and from when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity import Role, console_page
from accounts.viewer import account_of, viewer_of
from peresmenka.lib.clock import read_clock
from peresmenka.lib.moments import day_text
from shifts.forms.fields import PeopleChoice, mark_errors
from shifts.forms.patterns import FollowForm, PatternForm
from shifts.labels.patterns import cycle_text, hours_text, period_text, replaced_lines
from shifts.labels.refusals import refusal_text
from shifts.models import PatternPreset, SchedulePattern, StandingPattern
from shifts.operations import patterns as operations
from shifts.operations.patterns import Replaced
from shifts.operations.period import (
    EndsBeforeStart,
    NobodyChosen,
    NotInAccount,
    ScheduleError,
    TooFarAway,
)
from shifts.queries.patterns import Follower, followers_of, patterns_of, preview_of
from shifts.queries.schedule import account_today

PREVIEW_DAYS = 14
WRONG = HTTPStatus.UNPROCESSABLE_ENTITY


@require_GET
@console_page(Role.SUPERVISOR)
def patterns(request: HttpRequest) -> HttpResponse:
    """Show the patterns with those who follow them, and what a new one may start from."""
    context = {
        "rows": [
            {
                "pattern": use.pattern,
                "days": cycle_text(use.pattern.cycle, use.pattern.anchor_on),
                "followers": [_follower(one) for one in use.followers],
            }
            for use in patterns_of(account_of(request), read_clock())
        ],
        "presets": PatternPreset.objects.all(),
    }
    return render(request, "shifts/patterns.html", context)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def pattern_new(request: HttpRequest) -> HttpResponse:
    """Show the editor with a preset or a blank week; POST writes the new pattern."""
    now = read_clock()
    today = account_today(account_of(request), now)
    if request.method == "GET":
        return _show_editor(request, _form_of_preset(request, today), today)
    form = PatternForm(request.POST, today=today)
    if form.is_valid() and form.pattern is not None:
        try:
            row = operations.create_pattern(
                account_of(request),
                name=form.cleaned_data["name"],
                cycle=form.pattern.cycle,
                anchor_on=form.pattern.anchor_on,
                actor=viewer_of(request),
                now=now,
            )
        except ScheduleError as error:
            _add_error(form, error)
        else:
            messages.success(request, _("The pattern is saved. Choose who follows it."))
            return redirect("shifts:pattern", row.pk)
    return _show_editor(request, form, today, status=WRONG)


def _form_of_preset(request: HttpRequest, today: date) -> PatternForm:
    presets = {row.code: row for row in PatternPreset.objects.all()}
    preset = presets.get(request.GET.get("preset", ""))
    if preset is None:
        return PatternForm(today=today)
    monday = today - timedelta(days=today.weekday())
    begins = monday if len(preset.cycle) == operations.WEEK else today
    return PatternForm(today=today, name=preset.name, cycle=preset.cycle, anchor_on=begins)


def _show_editor(
    request: HttpRequest, form: PatternForm, today: date, status: int = HTTPStatus.OK
) -> HttpResponse:
    mark_errors(form)
    context = {"form": form, "preview": _preview(request, form, today)}
    return render(request, "shifts/pattern_new.html", context, status=status)


@require_http_methods(["GET", "POST"])
@console_page(Role.SUPERVISOR)
def pattern(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a pattern with those who follow it; POST saves the editor."""
    row, now = _pattern(request, pk), read_clock()
    today = account_today(row.account, now)
    form = _form_of(row, today, request)
    if request.method == "GET":
        return _show(request, row, now, form=form)
    if form.is_valid() and form.pattern is not None:
        try:
            operations.edit_pattern(
                row,
                name=form.cleaned_data["name"],
                cycle=form.pattern.cycle,
                anchor_on=form.pattern.anchor_on,
                actor=viewer_of(request),
                now=now,
            )
        except ScheduleError as error:
            _add_error(form, error)
        else:
            messages.success(
                request, _("Saved. Whoever follows the pattern is planned anew from today on.")
            )
            return redirect("shifts:pattern", row.pk)
    return _show(request, row, now, form=form, status=WRONG)


def _form_of(row: SchedulePattern, today: date, request: HttpRequest | None) -> PatternForm:
    data = request.POST if request is not None and request.method == "POST" else None
    return PatternForm(data, today=today, name=row.name, cycle=row.cycle, anchor_on=row.anchor_on)


def _show(
    request: HttpRequest,
    row: SchedulePattern,
    now: datetime,
    *,
    form: PatternForm | None = None,
    follow: FollowForm | None = None,
    people: PeopleChoice | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    today = account_today(row.account, now)
    form = form or _form_of(row, today, None)
    follow = follow or FollowForm(today=today)
    mark_errors(form)
    mark_errors(follow)
    context = {
        "pattern": row,
        "form": form,
        "is_weekly": operations.is_weekly(row.cycle, row.anchor_on),
        "preview": _preview(request, form, today),
        "followers": [_follower(one) for one in followers_of(row, now)],
        "follow": follow,
        "people": people or PeopleChoice(row.account),
        "today": today.isoformat(),
    }
    return render(request, "shifts/pattern.html", context, status=status)


@require_POST
@console_page(Role.SUPERVISOR)
def pattern_days(request: HttpRequest) -> HttpResponse:
    """Return the fields of the days that the editor's mode and length ask for; nothing is saved."""
    form = PatternForm(request.POST, today=account_today(account_of(request), read_clock()))
    form.is_valid()
    mark_errors(form)
    return render(request, "shifts/_pattern_days.html", {"form": form})


@require_POST
@console_page(Role.SUPERVISOR)
def pattern_preview(request: HttpRequest) -> HttpResponse:
    """Show how the editor's present state comes out on the next two weeks; nothing is saved."""
    today = account_today(account_of(request), read_clock())
    form = PatternForm(request.POST, today=today)
    form.is_valid()
    problems = [
        f"{field.label}: {text}" for field in form if field.name != "name" for text in field.errors
    ]
    context = {"problems": problems, "preview": _preview(request, form, today)}
    return render(request, "shifts/_pattern_preview.html", context)


def _preview(request: HttpRequest, form: PatternForm, today: date) -> list[dict[str, Any]]:
    """Return the next two weeks by the form; nothing while it is wrong."""
    shown = form.pattern
    if shown is None:
        return []
    days = preview_of(account_of(request), shown, today, PREVIEW_DAYS)
    return [
        {"on": day.on, "hours": hours_text(day.hours), "works": day.hours, "holiday": day.holiday}
        for day in days
    ]


@require_POST
@console_page(Role.SUPERVISOR)
def pattern_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a copy of a pattern and open it."""
    row = _pattern(request, pk)
    try:
        copy = operations.duplicate_pattern(
            row, copy=_("copy"), actor=viewer_of(request), now=read_clock()
        )
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return redirect("shifts:patterns")
    messages.success(request, _("This is a copy; give it a name of its own."))
    return redirect("shifts:pattern", copy.pk)


@require_POST
@console_page(Role.SUPERVISOR)
def pattern_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a pattern; with "ends_for_all" it ends today for all who follow it."""
    row, now = _pattern(request, pk), read_clock()
    try:
        people = operations.delete_pattern(
            row, ends_for_all="ends_for_all" in request.POST, actor=viewer_of(request), now=now
        )
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
        return _show(request, row, now, status=WRONG)
    text = _("“%(name)s” is deleted.") % {"name": row.name}
    if people:
        text += " " + ngettext(
            "%(people)s person follows it no longer, from today.",
            "%(people)s people follow it no longer, from today.",
            people,
        ) % {"people": people}
    messages.success(request, text)
    return redirect("shifts:patterns")


@require_POST
@console_page(Role.SUPERVISOR)
def pattern_follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the ticked people follow a pattern in a period."""
    row, now = _pattern(request, pk), read_clock()
    follow, people = _follow_form(request, row, now)
    if follow.is_valid():
        try:
            _assign(request, row, follow, people, now, dry_run=False)
        except ScheduleError as error:
            _add_follow_error(follow, people, error)
        else:
            text = ngettext(
                "%(people)s person follows “%(name)s” from %(date)s.",
                "%(people)s people follow “%(name)s” from %(date)s.",
                len(people.managers),
            ) % {
                "people": len(people.managers),
                "name": row.name,
                "date": day_text(follow.cleaned_data["starts_on"]),
            }
            messages.success(request, text)
            return redirect("shifts:pattern", row.pk)
    return _show(request, row, now, follow=follow, people=people, status=WRONG)


@require_POST
@console_page(Role.SUPERVISOR)
def follow_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the ticked people and days would change; nothing is saved."""
    row, now = _pattern(request, pk), read_clock()
    follow, people = _follow_form(request, row, now)
    context: dict[str, Any] = {"chosen": len(people.managers)}
    if follow.is_valid() and people.managers:
        try:
            replaced = _assign(request, row, follow, people, now, dry_run=True)
            names = dict(SchedulePattern.objects.for_account(row.account).values_list("pk", "name"))
            context["lines"] = replaced_lines(replaced, names)
        except ScheduleError as error:
            context["problem"] = refusal_text(error)
    elif follow.errors:
        context["problem"] = " ".join(
            str(text) for texts in follow.errors.values() for text in texts
        )
    return render(request, "shifts/_follow_preview.html", context)


@require_POST
@console_page(Role.SUPERVISOR)
def standing_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one person's standing pattern from a day on."""
    rows = StandingPattern.objects.for_account(account_of(request))
    row = get_object_or_404(rows.select_related("manager", "pattern", "account"), pk=pk)
    wish = forms.DateField(required=True)
    try:
        from_on = wish.clean(request.POST.get("from_on", ""))
        operations.end_standing(row, from_on=from_on, actor=viewer_of(request), now=read_clock())
    except forms.ValidationError:
        messages.error(request, _("Not a day of the calendar. Choose one."))
    except ScheduleError as error:
        messages.error(request, refusal_text(error))
    else:
        values = {"person": row.manager.name, "name": row.pattern.name, "date": day_text(from_on)}
        text = _("%(person)s no longer follows “%(name)s” from %(date)s.")
        messages.success(request, text % values)
        return redirect("shifts:pattern", row.pattern_id)
    return _show(request, row.pattern, read_clock(), status=WRONG)


def _pattern(request: HttpRequest, pk: int) -> SchedulePattern:
    rows = SchedulePattern.objects.for_account(account_of(request)).select_related("account")
    row: SchedulePattern = get_object_or_404(rows, pk=pk)
    return row


def _follow_form(
    request: HttpRequest, row: SchedulePattern, now: datetime
) -> tuple[FollowForm, PeopleChoice]:
    today = account_today(row.account, now)
    return FollowForm(request.POST, today=today), PeopleChoice(row.account, request.POST)


def _assign(
    request: HttpRequest,
    row: SchedulePattern,
    follow: FollowForm,
    people: PeopleChoice,
    now: datetime,
    *,
    dry_run: bool,
) -> list[Replaced]:
    return operations.assign_pattern(
        row,
        people.managers,
        starts_on=follow.cleaned_data["starts_on"],
        ends_on=follow.cleaned_data["ends_on"],
        anchor_on=follow.cleaned_data["anchor_on"],
        actor=viewer_of(request),
        now=now,
        dry_run=dry_run,
    )


def _follower(one: Follower) -> dict[str, Any]:
    row = one.standing
    return {
        "standing": row,
        "name": row.manager.name,
        "has_begun": one.has_begun,
        "period": period_text(row.starts_on, row.ends_on, one.today),
        "anchor": "" if row.anchor_on == row.pattern.anchor_on else day_text(row.anchor_on),
        "end_from": max(one.today, row.starts_on).isoformat(),
    }


def _add_error(form: PatternForm, error: ScheduleError) -> None:
    form.add_error("anchor_on" if isinstance(error, TooFarAway) else "name", refusal_text(error))


def _add_follow_error(follow: FollowForm, people: PeopleChoice, error: ScheduleError) -> None:
    if isinstance(error, NobodyChosen | NotInAccount):
        people.error = refusal_text(error)
        return
    field = "ends_on" if isinstance(error, EndsBeforeStart) else "starts_on"
    if isinstance(error, TooFarAway):
        days = {name: value for name, value in follow.cleaned_data.items() if value}
        field = max(days, key=lambda name: days[name])
    follow.add_error(field, refusal_text(error))
