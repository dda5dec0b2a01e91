"""The form of the page "Shift distribution": from a request's fields to the settings' values."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distribution.models import DistributionSettings
from distribution.queries.settings import Catalogue, Values
from shifts.models import ShiftSettings

MINUTES_OF_A_DAY = 24 * 60


def _hour(label: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        input_formats=["%H:%M", "%H:%M:%S"],
        error_messages={"invalid": _("Not a time. Write it as 09:00.")},
    )


def _minutes(label: Any, *, least: int = 0, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=required,
        min_value=least,
        max_value=MINUTES_OF_A_DAY,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": _("Empty. Write a number of minutes."),
            "invalid": _("Not a number. Write whole minutes, such as 15."),
            "min_value": _("Too small. The least is %(limit_value)s."),
            "max_value": _("More than a day. The most is %(limit_value)s."),
        },
    )


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect)


def _tick(label: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False)


class SettingsForm(forms.Form):
    """All settings but the groups, which are read by `groups_from`."""

    shift_mode = _choice(_("Shift mode"), ShiftSettings.Mode.choices)
    is_enabled = _tick(_("Distribution is on"))
    mode = _choice(_("Distribution mode"), DistributionSettings.Mode.choices)
    strategy = _choice(
        _("Who gets the lead"),
        [("least_loaded", _("To the least loaded")), ("even", _("Evenly, in turn"))],
    )
    hours_from = _hour(_("New leads from"))
    hours_to = _hour(_("New leads until"))
    schedule_gate = _tick(_("Schedules count"))
    start_delay_minutes = _minutes(_("Distribution delay"))
    pause_after_minutes = _minutes(_("Inactivity pause"), least=1)
    offline_after_minutes = _minutes(_("Offline after the pause"), least=1)
    inactivity_ends_hand_pause = _tick(_("Inactivity also ends a pause made by hand"))
    shows_activity = _tick(_("Managers see their participation"))
    users_may_change_activity = _tick(_("Managers may change their own participation"))
    redistribution_enabled = _tick(_("Redistribution is on"))
    redistribution_from = _hour(_("Redistribution from"))
    redistribution_to = _hour(_("Redistribution until"))
    redistribution_delay_minutes = _minutes(_("Redistribution delay"))
    transfer_minutes = _minutes(_("Transferring leads to colleagues"), required=False)
    exclusion_field_id = forms.TypedChoiceField(
        label=_("Exclusion field"),
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": _("Kommo no longer has this field. Choose another.")},
    )
    return_enabled = _tick(_("Lead return"))
    return_only_untouched = _tick(_("Only if the stage has not moved on"))
    notes_enabled = _tick(_("Event notes"))

    def __init__(self, *args: Any, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.catalogue = catalogue
        choices = [("", gettext("None"))]
        choices += [(str(field.kommo_id), field.name) for field in catalogue.fields]
        self.fields["exclusion_field_id"].choices = choices  # type: ignore[attr-defined]
        data = self.data if isinstance(self.data, QueryDict) else None
        self.groups = groups_from(data, catalogue) if data is not None else self.initial["groups"]

    def clean(self) -> dict[str, Any]:
        """Refuse what would deal nothing although it is switched on."""
        cleaned = super().clean() or {}
        if not cleaned.get("is_enabled"):
            return cleaned
        if not self.groups:
            self.add_error(
                None,
                _("Distribution is on, but no group is selected. Select a group or switch it off."),
            )
        names = {group.kommo_id: group.name for group in self.catalogue.groups}
        for entry in self.groups:
            if not entry["pipelines"] and not entry["stages"]:
                text = _("The group “%(group)s” has no stages. Select a pipeline or stages for it.")
                self.add_error(None, text % {"group": names[entry["group"]]})
        return cleaned

    def values(self) -> Values:
        """Return the settings' values, JSON-ready; only of a valid form."""
        values = {
            name: value.strftime("%H:%M") if isinstance(value, time) else value
            for name, value in self.cleaned_data.items()
        }
        return {**values, "groups": self.groups}


def groups_from(data: QueryDict, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the ticked groups, in the order in which the page sent them; unknown ids are left out."""
    known = {str(group.kommo_id) for group in catalogue.groups}
    chosen = dict.fromkeys(value for value in data.getlist("groups") if value in known)
    return [_group_from(data, group, catalogue) for group in chosen]


def _group_from(data: QueryDict, group: str, catalogue: Catalogue) -> dict[str, Any]:
    whole = set(data.getlist(f"pipelines-{group}"))
    single = set(data.getlist(f"stages-{group}"))
    pipelines = [row.kommo_id for row in catalogue.pipelines if str(row.kommo_id) in whole]
    stages = [
        [row.kommo_id, stage.kommo_id]
        for row in catalogue.pipelines
        if row.kommo_id not in pipelines
        for stage in row.stages
        if f"{row.kommo_id}:{stage.kommo_id}" in single
    ]
    return {"group": int(group), "pipelines": sorted(pipelines), "stages": sorted(stages)}
