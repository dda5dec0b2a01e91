"""The settings of a template in words: name, help, unit and section of each path of the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

MINUTES = _("minutes")
LEADS = pgettext_lazy("unit after a number", "leads")
TASKS = pgettext_lazy("unit after a number", "tasks")


@dataclass(frozen=True, slots=True)
class Words:
    """How a setting is called and explained; `kind` says by what it is edited."""

    kind: str
    label: Any
    help: Any = ""
    unit: Any = ""
    legend: Any = ""  # of a pair of times


WORDS: dict[str, Words] = {
    "strategy": Words("choice", _("Who is next")),
    "hours.start": Words("clock", _("Open from"), legend=_("Running time")),
    "hours.end": Words("clock", _("Open until")),
    "hours.weekdays": Words("weekdays", _("Open on")),
    "off_hours": Words("choice", _("A new lead outside these hours")),
    "gates.shift": Words("choice", _("Shift")),
    "gates.presence": Words("choice", _("Kommo open")),
    "gates.schedule": Words("choice", _("Schedule")),
    "gates.pattern": Words(
        "pattern",
        _("Named schedule"),
        _("One of the patterns of the page Schedule: its hours count for everybody here."),
    ),
    "gates.start_delay_minutes": Words(
        "whole",
        _("Distribution delay"),
        _("Time after a shift starts without new leads, to get up to speed. Usual: 0."),
        MINUTES,
    ),
    "keep_owner": Words(
        "tick",
        _("Consider the current manager"),
        _(
            "A lead stays with the manager it has, if that manager could be given it now. "
            "Otherwise it is dealt."
        ),
    ),
    "limits.leads": Words(
        "whole",
        _("Open leads at most"),
        _("Whoever has as many gets no further lead. Empty: not looked at."),
        LEADS,
    ),
    "limits.tasks": Words(
        "whole",
        _("Open tasks at most"),
        _("Works alone or together with the limit of leads. Empty: not looked at."),
        TASKS,
    ),
    "limits.counts": Words("choice", _("Which open leads count")),
    "limits.stages": Words("stages", _("Chosen stages")),
    "limits.pace_leads": Words(
        "whole",
        _("New leads at most"),
        _("The pace: so many leads for one person in the period beside. Empty: no pace."),
        LEADS,
    ),
    "limits.pace_minutes": Words(
        "whole", _("Period of the pace"), _("Usual: 60 minutes."), MINUTES
    ),
    "sticky.by": Words("choice", _("Whose customer it is")),
    "sticky.always_distribute": Words(
        "people",
        _("Always distribute leads of"),
        _("Owners who count as nobody: robots, admins, a shared mailbox."),
    ),
    "sticky.excluded": Words(
        "tick",
        _("Never redistribute such a lead"),
        _("It stays with the customer’s manager: no timer and no end of a shift moves it."),
    ),
    "sticky.owner_away": Words("choice", _("If that manager cannot take leads now")),
    "sticky.wait_minutes": Words("whole", _("Wait for the manager"), "", MINUTES),
    "sticky.counts": Words(
        "tick",
        _("Such leads count in the statistics"),
        _("Off: whoever gets a recurring customer does not lose their turn."),
    ),
    "skills.mode": Words("choice", _("How much skills count")),
    "skills.field_id": Words(
        "field",
        _("Lead field that names the skill"),
        _("Its value is compared with the skills of the page Team, such as “Spanish”."),
    ),
    "skills.relax_minutes": Words(
        "whole",
        _("Then anybody"),
        _("After so long without anybody who has the skill. Empty: never."),
        MINUTES,
    ),
    "nobody.then": Words("choice", _("What happens to the lead")),
    "nobody.after_minutes": Words(
        "whole", _("After"), _("So long the lead waits first. 0: at once."), MINUTES
    ),
    "nobody.duty": Words(
        "person", _("Duty person"), _("Gets the lead even without being a member.")
    ),
    "nobody.stage": Words("stage", _("Stage for leads that nobody takes")),
    "nobody.widen_minutes": Words(
        "whole",
        _("Ask the next tier after"),
        _("0: at once, when nobody of the tiers before can take the lead."),
        MINUTES,
    ),
    "departure.moves": Words(
        "tick",
        _("Move open leads when a shift ends"),
        _(
            "They go to colleagues on shift. Hours and delays are those of the page "
            "Shift distribution, where redistribution must be on."
        ),
    ),
    "acceptance.minutes": Words(
        "whole",
        _("Time to accept"),
        _("Whoever does not accept a lead in time loses it to the next. Empty: never."),
        MINUTES,
    ),
    "acceptance.hours.start": Words(
        "clock", _("The time runs from"), legend=_("Hours in which the time runs")
    ),
    "acceptance.hours.end": Words("clock", _("The time runs until")),
    "acceptance.hours.weekdays": Words("weekdays", _("The time runs on")),
    "acceptance.cap": Words(
        "whole",
        _("Redistributions at most"),
        _("So often one lead is passed on; never twice to the same person. At most 100."),
    ),
    "acceptance.accepted_by": Words(
        "picks", _("A lead is accepted when"), _("Any of the ticked ones is enough.")
    ),
    "acceptance.field_id": Words(
        "field",
        _("Field that says “Taken to work”"),
        _("A lead in which it is filled, or ticked, is accepted."),
    ),
    "acceptance.cap_stage": Words(
        "stage",
        _("Then move the lead to"),
        _("After the last redistribution, once. A trigger in that stage may deal it anew."),
    ),
    "acceptance.pause_after": Words(
        "whole",
        _("Switch off after misses in a row"),
        _(
            "Whoever misses so many leads one after another is switched off, and supervisors are "
            "told. Empty: never."
        ),
    ),
    "first_touch.minutes": Words(
        "whole",
        _("First touch within"),
        _("In working time, from the first giving. A later touch is a breach in the reports."),
        MINUTES,
    ),
    "first_touch.warn_minutes": Words(
        "whole",
        _("Warn before that"),
        _("So long before the breach the manager is warned. Empty: no warning."),
        MINUTES,
    ),
    "linked": Words(
        "picks",
        _("Change the manager, too, of"),
        _("Each is changed on its own: one that fails never holds up the lead."),
    ),
}

# The editor's sections in their order; "members" is edited by a table of its own.
SECTIONS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "who": (_("Who"), ("members",)),
    "way": (_("Which way"), ("strategy",)),
    "when": (_("When"), ("hours.start", "hours.end", "hours.weekdays", "off_hours")),
    "gates": (
        _("Who can take a lead"),
        (
            "gates.shift",
            "gates.presence",
            "gates.schedule",
            "gates.pattern",
            "gates.start_delay_minutes",
            "keep_owner",
        ),
    ),
    "limits": (
        _("Limits"),
        (
            "limits.leads",
            "limits.tasks",
            "limits.counts",
            "limits.stages",
            "limits.pace_leads",
            "limits.pace_minutes",
        ),
    ),
    "nobody": (
        _("When nobody can take it"),
        (
            "nobody.then",
            "nobody.after_minutes",
            "nobody.duty",
            "nobody.stage",
            "nobody.widen_minutes",
        ),
    ),
    "acceptance": (
        _("Redistribution by time"),
        (
            "acceptance.minutes",
            "acceptance.accepted_by",
            "acceptance.field_id",
            "acceptance.hours.start",
            "acceptance.hours.end",
            "acceptance.hours.weekdays",
            "acceptance.cap",
            "acceptance.cap_stage",
            "acceptance.pause_after",
        ),
    ),
    "sticky": (
        _("Recurring customers"),
        (
            "sticky.by",
            "sticky.owner_away",
            "sticky.wait_minutes",
            "sticky.always_distribute",
            "sticky.excluded",
            "sticky.counts",
        ),
    ),
    "skills": (_("Skills"), ("skills.mode", "skills.field_id", "skills.relax_minutes")),
    "linked": (_("Linked entities"), ("linked",)),
    "first_touch": (_("First touch"), ("first_touch.minutes", "first_touch.warn_minutes")),
    "departure": (_("When a shift ends"), ("departure.moves",)),
}
