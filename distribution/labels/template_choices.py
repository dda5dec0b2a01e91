"""What can be chosen in a template's settings, in words: value, name, and what it means."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

Choice = tuple[str, Any, Any]  # value of the body, name, help

CHOICES: dict[str, tuple[Choice, ...]] = {
    "strategy": (
        ("even", _("Evenly, in turn"), _("All get the same number of leads.")),
        (
            "weighted",
            _("By coefficient"),
            _("Leads are shared in proportion, such as 40 : 60. Set the coefficients under Who."),
        ),
        (
            "least_loaded",
            _("To the least loaded"),
            _("Whoever has the fewest open leads, measured by their limit, is next."),
        ),
    ),
    "off_hours": (
        ("wait", _("waits for the opening"), _("First come, first dealt.")),
        ("leave", _("stays where it is"), _("It is not dealt later, either.")),
    ),
    "gates.shift": (
        ("off", _("not looked at"), _("People off shift receive leads, too.")),
        ("require", _("must be on shift"), _("Whoever is off shift or on pause gets none.")),
    ),
    "gates.presence": (
        ("off", _("not looked at"), _("Whether Kommo is open does not matter.")),
        (
            "prefer",
            _("people online first"),
            _("If nobody who could take the lead is online, it goes to the others."),
        ),
        ("require", _("must be online"), _("Only who has Kommo open right now gets leads.")),
    ),
    "gates.schedule": (
        ("off", _("not looked at"), _("Leads come at any hour.")),
        ("personal", _("their own"), _("Only who is in service by their schedule gets leads.")),
        ("named", _("a named one"), _("One pattern’s hours count for everybody.")),
    ),
    "limits.counts": (
        ("all", _("all open leads"), _("In every stage but the closed ones.")),
        ("tracked", _("in watched stages"), _("In stages that a trigger watches.")),
        ("chosen", _("in chosen stages"), _("Only in the stages that you tick.")),
    ),
    "sticky.by": (
        ("off", _("does not matter"), _("Every lead is dealt.")),
        ("contact", _("the contact’s"), _("The lead goes to the manager of its main contact.")),
        ("company", _("the company’s"), _("The lead goes to the manager of its company.")),
        ("both", _("the contact’s, else the company’s"), _("The contact is looked at first.")),
    ),
    "sticky.owner_away": (
        ("give", _("gets it all the same"), _("The lead lies there until they come.")),
        ("wait", _("wait for a time, then deal it"), _("The lead waits so long in the queue.")),
        ("distribute", _("deal it at once"), _("The lead goes to somebody who is there.")),
    ),
    "skills.mode": (
        ("off", _("not looked at"), _("Anybody gets any lead.")),
        ("soft", _("preferred"), _("If nobody with the skill can take it, somebody else does.")),
        ("hard", _("required"), _("Only people with the skill get such a lead.")),
    ),
    "nobody.then": (
        ("wait", _("it waits in the queue"), _("Until somebody can take it.")),
        (
            "ignore_presence",
            _("it goes to people offline, too"),
            _("Schedule, switched-off people and limits still count."),
        ),
        ("duty", _("the duty person gets it"), _("One person who takes what is left over.")),
        ("move_stage", _("it moves to another stage"), _("Where somebody looks after it.")),
    ),
    "acceptance.accepted_by": (
        ("stage", _("its stage was changed"), ""),
        ("field", _("a field was filled"), ""),
        ("touch", _("the customer was answered or called"), ""),
        ("click", _("the manager clicked “Accept”"), ""),
    ),
    "linked": (
        ("contacts", _("its contacts"), ""),
        ("companies", _("its companies"), ""),
        ("customers", _("its customers"), _("Where customers are switched on in Kommo.")),
        ("lead_tasks", _("open tasks of the lead"), ""),
        ("linked_tasks", _("open tasks of contacts and companies"), ""),
        ("company_leads", _("open leads of the company"), ""),
        ("contact_leads", _("open leads of the main contact"), ""),
    ),
}


def choice_name(path: str, value: str) -> str:
    """Return the name of a choice; the value itself where there is none."""
    names = {key: str(name) for key, name, _help in CHOICES[path]}
    return names.get(value, value)
