"""Conflicts of the settings in words: what works against what, and where it is mended (N6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distribution.core.conflicts import MINUTES, Conflict
from distribution.models import Template, Trigger
from distribution.queries.conflicts import Findings
from distribution.queries.registers import trigger_name

SEVERITIES = {
    "error": gettext_lazy("Error"),
    "warning": gettext_lazy("Warning"),
    "hint": gettext_lazy("Hint"),
}
MOST_NAMED = 5
TONES = {"error": "bad", "warning": "warn", "hint": ""}


@dataclass(frozen=True, slots=True)
class Link:
    """Where something is mended."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A conflict as a page shows it."""

    kind: str
    severity: str  # its code
    level: str  # the same in words
    tone: str  # of the banner
    title: str
    text: str
    links: tuple[Link, ...]


def said_of(conflicts: Iterable[Conflict], findings: Findings) -> list[Said]:
    """Return conflicts in words, in their order."""
    return [_said(one, findings) for one in conflicts]


def count_text(number: int) -> str:
    """Return how many errors and warnings there are; "" for none."""
    if not number:
        return ""
    said = ngettext("%(number)s conflict", "%(number)s conflicts", number)
    return said % {"number": number}


def unplanned_of(pks: Iterable[int], findings: Findings) -> list[Said]:
    """Return, for each policy of these templates, who in it has no hours next week (R16)."""
    wanted = set(pks)
    return [
        _unplanned(policy, users, findings)
        for policy, users in findings.unplanned.items()
        if findings.templates[policy].pk in wanted
    ]


def _unplanned(policy: int, users: Sequence[int], findings: Findings) -> Said:
    number = len(users)
    words = {
        "number": number,
        "name": findings.names[policy],
        "people": ", ".join(findings.managers[user] for user in users[:MOST_NAMED])
        + ("…" if number > MOST_NAMED else ""),
    }
    title = ngettext(
        "%(number)s member has no schedule next week: “%(name)s”",
        "%(number)s members have no schedule next week: “%(name)s”",
        number,
    )
    text = _(
        "%(people)s. Only who has working hours gets leads here. Whoever joins a group is in the list"
        " at once, but has no schedule until somebody plans it."
    )
    schedule = Link(reverse("shifts:schedule"), _("Schedule"))
    links = (template_link(findings.templates[policy]), schedule)
    level = str(SEVERITIES["warning"])
    return Said("unplanned", "warning", level, "warn", title % words, text % words, links)


def _said(one: Conflict, findings: Findings) -> Said:
    title, text = _WORDS[one.kind](one, findings)
    is_good = one.kind == "recommended_pair"
    return Said(
        one.kind,
        one.severity,
        _("As recommended") if is_good else str(SEVERITIES[one.severity]),
        "good" if is_good else TONES[one.severity],
        title,
        text,
        tuple(_links(one, findings)),
    )


# -- each kind: a title, and a text with the next step


def _same_stage(one: Conflict, findings: Findings) -> tuple[str, str]:
    first, second = (findings.triggers[pk] for pk in one.triggers)
    words = {
        "first": trigger_name(first),
        "second": trigger_name(second),
        "stage": _place(one, findings),
        "when": _times(one),
    }
    title = _("“%(first)s” and “%(second)s” stand on one stage") % words
    if one.severity == "warning":
        text = _(
            "Both are open on “%(stage)s” %(when)s. The upper one in the list, “%(first)s”, takes"
            " the leads; “%(second)s” gets none of them then. If that is meant, leave it; otherwise"
            " give them different stages, or templates with running times that do not overlap."
        )
    elif first.kind == second.kind:
        text = _(
            "Both are open on “%(stage)s” %(when)s and have the same place in the order: which one"
            " takes a lead is chance. Move one of them up or down, or give them different stages."
        )
    else:
        text = _(
            "Both are open on “%(stage)s” %(when)s. They are of different kinds, so nothing orders"
            " them: whichever comes first takes the lead. Take the stage out of one of them."
        )
    return title, text % words


def _recommended_pair(one: Conflict, findings: Findings) -> tuple[str, str]:
    first, second = (findings.triggers[pk] for pk in one.triggers)
    if first.delay_minutes > second.delay_minutes:
        first, second = second, first
    minutes = second.delay_minutes - first.delay_minutes
    words = {"first": trigger_name(first), "second": trigger_name(second), "number": minutes}
    text = ngettext(
        "%(number)s minute later the second one looks whether the first has done its work: if so,"
        " it does nothing, otherwise it deals the lead. Leave both as they are.",
        "%(number)s minutes later the second one looks whether the first has done its work: if so,"
        " it does nothing, otherwise it deals the lead. Leave both as they are.",
        minutes,
    )
    return _("“%(first)s” and “%(second)s” are a good pair") % words, text % words


def _unreachable(one: Conflict, findings: Findings) -> tuple[str, str]:
    name, *before = (trigger_name(findings.triggers[pk]) for pk in one.triggers)
    words = {"name": name, "before": _quoted(before)}
    title = _("“%(name)s” never gets a lead") % words
    text = _(
        "Whenever it is open, on every stage of it another trigger is asked first and is open, too:"
        " %(before)s. Move it up, change its stages, or change the running time of one of the templates."
    )
    return title, text % words


def _no_members(one: Conflict, findings: Findings) -> tuple[str, str]:
    (policy,) = one.templates
    words = {"name": findings.names[policy]}
    title = _("Nobody takes part in “%(name)s”") % words
    if findings.templates[policy].is_simple:
        text = _(
            "Nobody in this group takes part, so its leads wait. Choose who takes part on the page"
            " Team, or take the group out."
        )
    else:
        text = _(
            "Its leads wait. Choose managers or groups in the template; whoever is to receive also"
            " has to take part on the page Team, and to have a coefficient above 0 where they count."
        )
    return title, text


def _nobody_at(one: Conflict, findings: Findings) -> tuple[str, str]:
    (policy,) = one.templates
    words: dict[str, Any] = {
        "name": findings.names[policy],
        "skill": one.facts["skill"],
        "moment": moment_text(int(one.facts["minute"])),
        "hours": _hours(int(one.facts["minutes"])),
    }
    is_named = findings.templates[policy].body.get("gates", {}).get("schedule") == "named"
    if words["skill"]:
        title = _("Nobody who knows “%(skill)s” is there at some hours: “%(name)s”") % words
        text = _(
            "Next week it is open for %(hours)s while nobody with this skill is there; the first time"
            " is %(moment)s. Leads that ask for it wait. Give somebody the skill on the page Team, give"
            " those who have it more hours, or let the skill be waived after some time."
        )
    elif is_named:
        title = _("Nobody is there at some hours: “%(name)s”") % words
        text = _(
            "Next week it is open for %(hours)s that lie outside of its schedule; the first time is"
            " %(moment)s. Leads wait then. Change the running time or the schedule."
        )
    else:
        title = _("Nobody is there at some hours: “%(name)s”") % words
        text = _(
            "Next week it is open for %(hours)s while nobody in it has working hours; the first time is"
            " %(moment)s. Leads wait then. Change the running time, or plan somebody for these hours."
        )
    return title, text % words


def _overlapping(one: Conflict, findings: Findings) -> tuple[str, str]:
    number = int(one.facts["managers"])
    words = {
        "names": _quoted(findings.names[policy] for policy in one.templates),
        "manager": findings.managers[int(one.facts["manager"])],
        "number": number - 1,
    }
    title = _("The same people are in several templates: %(names)s") % words
    if number == 1:
        who = _("%(manager)s receives from each of them.") % words
    else:
        who = (
            ngettext(
                "%(manager)s and %(number)s more manager receive from each of them.",
                "%(manager)s and %(number)s more managers receive from each of them.",
                number - 1,
            )
            % words
        )
    text = _(
        "Each trigger counts by itself, so one person can get more than a fair share of everything."
        " If all together is to be even, let the triggers share one register."
    )
    return title, f"{who} {text}"


def _stage_loop(one: Conflict, findings: Findings) -> tuple[str, str]:
    words = {
        "stage": _place(one, findings),
        "names": _quoted(dict.fromkeys(findings.names[policy] for policy in one.templates)),
    }
    if one.severity == "warning":
        title = _("The move to “%(stage)s” moves nothing") % words
        text = _(
            "%(names)s gets leads from this stage and moves them to the same one, so they stay."
            " Choose another stage for the move."
        )
    else:
        title = _("Leads go round in a circle through “%(stage)s”") % words
        text = _(
            "%(names)s: each moves leads to a stage from which they come back. A lead that nobody"
            " takes would go round until the guard against loops stops it. Choose another stage for"
            " one of the moves, or take its trigger off that stage."
        )
    return title, text % words


_WORDS: dict[str, Callable[[Conflict, Findings], tuple[str, str]]] = {
    "same_stage": _same_stage,
    "recommended_pair": _recommended_pair,
    "unreachable": _unreachable,
    "no_members": _no_members,
    "nobody_at": _nobody_at,
    "overlapping_members": _overlapping,
    "stage_loop": _stage_loop,
}


# -- parts of sentences


def moment_text(minute: int) -> str:
    """Return a minute of the week as "Tuesday, 14:00"."""
    day, rest = divmod(minute, 24 * 60)
    return f"{WEEKDAYS[day]}, {rest // 60:02}:{rest % 60:02}"


def _times(one: Conflict) -> str:
    if int(one.facts["minutes"]) >= MINUTES:
        return _("all week")
    words = {
        "hours": _hours(int(one.facts["minutes"])),
        "moment": moment_text(int(one.facts["minute"])),
    }
    return _("for %(hours)s a week (the first time: %(moment)s)") % words


def _hours(minutes: int) -> str:
    """Return a length in hours; less than one in minutes."""
    if minutes < 60:
        said = ngettext("%(number)s minute", "%(number)s minutes", minutes)
        return said % {"number": minutes}
    hours = round(minutes / 60)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}


def _place(one: Conflict, findings: Findings) -> str:
    pipeline, stage = int(one.facts["pipeline"]), int(one.facts["stage"])
    return findings.places.get((pipeline, stage), f"{pipeline}: {stage}")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(_("“%(name)s”") % {"name": name} for name in names)


# -- links


def trigger_link(trigger: Trigger) -> Link:
    """Return where a trigger is edited: a group's watch on the page "Shift distribution"."""
    name = trigger_name(trigger)
    if trigger.group_id is not None:
        return Link(reverse("distribution:settings"), name)
    return Link(reverse("distribution:trigger", args=[trigger.pk]), name)


def template_link(template: Template) -> Link:
    """Return where a template is edited."""
    if template.is_simple:
        return Link(reverse("distribution:settings"), _("Shift distribution"))
    return Link(reverse("distribution:template", args=[template.pk]), template.name)


def _links(one: Conflict, findings: Findings) -> Iterable[Link]:
    """Return each place where the conflict can be mended, once; a good pair needs none."""
    if one.kind == "recommended_pair":
        return ()
    found = [trigger_link(findings.triggers[pk]) for pk in one.triggers]
    if one.kind != "same_stage" or one.severity == "warning":
        found += [template_link(findings.templates[policy]) for policy in one.templates]
    if one.kind == "nobody_at":
        skill = bool(one.facts["skill"])
        found.append(
            Link(reverse("distribution:team"), _("Team"))
            if skill
            else Link(reverse("shifts:schedule"), _("Schedule"))
        )
    elif one.kind == "no_members":
        found.append(Link(reverse("distribution:team"), _("Team")))
    elif one.kind == "overlapping_members":
        found.append(Link(reverse("distribution:triggers"), _("Triggers")))
    return tuple({link.address: link for link in found}.values())
