"""What a template's settings mean, in whole sentences, section by section: the live summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distribution.core.policy import Body, Hours
from distribution.labels.template_choices import choice_name
from distribution.labels.template_people import limit_sentences, listed, who_sentences
from distribution.queries.templates import Choices

ALL_WEEK = 7


def sentences_of(body: Body, choices: Choices) -> dict[str, list[str]]:
    """Return the sentences by the editor's sections, in the order of reading."""
    return {
        "who": list(who_sentences(body, choices)),
        "way": list(_way(body)),
        "when": list(_when(body)),
        "gates": list(_gates(body)),
        "limits": list(limit_sentences(body, choices)),
        "sticky": list(_sticky(body, choices)),
        "skills": list(_skills(body, choices)),
        "nobody": list(_nobody(body, choices)),
        "acceptance": list(_acceptance(body, choices)),
        "first_touch": list(_first_touch(body)),
        "departure": list(_departure(body)),
        "linked": list(_linked(body)),
    }


def hints_of(body: Body) -> list[str]:
    """Return what may surprise although it is allowed (F109, F113)."""
    hints = []
    is_weighted = body.strategy == "weighted"
    if is_weighted and (body.acceptance.minutes or body.gates.presence != "off"):
        hints.append(
            _(
                "Shares will not be exact: redistribution by time and looking at who is online both "
                "change who can be next. Switch them off where exact shares matter."
            )
        )
    if is_weighted:
        hints.append(
            _(
                "Shares are kept over many leads, those already dealt included. After a handful of "
                "leads they cannot be exact yet."
            )
        )
    if body.sticky.by != "off" and body.sticky.excluded and body.acceptance.minutes:
        hints.append(
            _(
                "Leads of recurring customers stay with their manager: the time to accept is not for them."
            )
        )
    return hints


def days_text(days: Sequence[int]) -> str:
    """Return weekdays as "Mon–Fri" or "Mon, Wed"."""
    names = [str(WEEKDAYS_ABBR[day]) for day in days]
    is_run = len(days) > 2 and days[-1] - days[0] == len(days) - 1
    return f"{names[0]}–{names[-1]}" if is_run else ", ".join(names)


def hours_text(hours: Hours) -> str:
    """Return hours as a few words: "around the clock", "Mon–Fri 09:00–18:00"."""
    is_daily = len(hours.weekdays) == ALL_WEEK
    if hours.start == hours.end:
        return _("around the clock") if is_daily else days_text(hours.weekdays)
    span = f"{hours.start}–{hours.end}"
    return span if is_daily else f"{days_text(hours.weekdays)} {span}"


def _minutes(number: int) -> str:
    return ngettext("%(minutes)s minute", "%(minutes)s minutes", number) % {"minutes": number}


def _way(body: Body) -> Iterator[str]:
    if body.strategy == "least_loaded":
        yield _("Whoever has the fewest open leads, measured by their limit, is next.")
    elif body.strategy == "even":
        yield _("Whoever is furthest behind the others is next, so that all get the same number.")
    else:
        yield _("Whoever is furthest behind their share is next.")


def _when(body: Body) -> Iterator[str]:
    hours, is_daily = body.hours, len(body.hours.weekdays) == ALL_WEEK
    if hours.start == hours.end and is_daily:
        yield _("Leads are dealt around the clock.")
        return
    names = {"start": hours.start, "end": hours.end, "days": days_text(hours.weekdays)}
    if hours.start == hours.end:
        yield _("Leads are dealt all day on %(days)s.") % names
    elif is_daily:
        yield _("Leads are dealt from %(start)s to %(end)s every day.") % names
    else:
        yield _("Leads are dealt from %(start)s to %(end)s on %(days)s.") % names
    if body.off_hours == "wait":
        yield _("What comes outside these hours waits for the opening.")
    else:
        yield _("What comes outside these hours is left alone, later, too.")


def _gates(body: Body) -> Iterator[str]:
    gates = body.gates
    if gates.shift == "require":
        yield _("Only who is on shift and not on pause gets leads.")
    if gates.presence == "require":
        yield _("Only who has Kommo open gets leads.")
    elif gates.presence == "prefer":
        yield _(
            "People who have Kommo open come first; if there is nobody, the others get the lead."
        )
    if gates.schedule == "personal":
        yield _("Only who is in service by their own schedule gets leads.")
    elif gates.schedule == "named":
        yield _("Leads are given only during the hours of the schedule “%(name)s”.") % {
            "name": gates.pattern
        }
    if gates.start_delay_minutes:
        yield ngettext(
            "In the first %(minutes)s minute of a shift the manager gets no new leads.",
            "In the first %(minutes)s minutes of a shift the manager gets no new leads.",
            gates.start_delay_minutes,
        ) % {"minutes": gates.start_delay_minutes}
    if body.keep_owner:
        yield _("A lead whose present manager could get it now stays with them.")
    if gates.shift == gates.presence == gates.schedule == "off":
        yield _("Shift, schedule and presence are not looked at: leads come at any time.")


def _sticky(body: Body, choices: Choices) -> Iterator[str]:
    sticky = body.sticky
    if sticky.by == "off":
        return
    yield {
        "contact": _("A recurring customer goes to the manager of the contact."),
        "company": _("A recurring customer goes to the manager of the company."),
        "both": _("A recurring customer goes to the manager of the contact, else of the company."),
    }[sticky.by]
    if sticky.owner_away == "give":
        yield _("That manager gets the lead even while away.")
    elif sticky.owner_away == "distribute":
        yield _("If that manager cannot take leads now, the lead is dealt at once.")
    else:
        yield ngettext(
            "If that manager cannot take leads now, the lead waits %(minutes)s minute for them.",
            "If that manager cannot take leads now, the lead waits %(minutes)s minutes for them.",
            sticky.wait_minutes,
        ) % {"minutes": sticky.wait_minutes}
    if sticky.always_distribute:
        names = [choices.person_name(user) for user in sticky.always_distribute]
        yield _("Customers of %(names)s are dealt like new ones.") % {"names": listed(names)}
    if sticky.excluded:
        yield _("Leads of recurring customers are never redistributed.")
    if sticky.counts:
        yield _("Leads of recurring customers count in the statistics like all others.")


def _skills(body: Body, choices: Choices) -> Iterator[str]:
    skills = body.skills
    if skills.mode == "off":
        return
    names = {"field": choices.field_name(skills.field_id) if skills.field_id is not None else "…"}
    if skills.mode == "soft":
        yield _("Who has the skill named in the field “%(field)s” comes first.") % names
        return
    yield _("Only who has the skill named in the field “%(field)s” gets the lead.") % names
    if skills.relax_minutes is not None:
        yield _("After %(span)s without such a person, anybody gets it.") % {
            "span": _minutes(skills.relax_minutes)
        }


def _nobody(body: Body, choices: Choices) -> Iterator[str]:
    nobody = body.nobody
    after = _minutes(nobody.after_minutes)
    if nobody.then == "wait":
        yield _("A lead that nobody can take waits in the queue.")
    elif nobody.then == "ignore_presence":
        yield (
            _("If nobody can take a lead for %(span)s, it goes to people who are offline.")
            % {"span": after}
            if nobody.after_minutes
            else _("If nobody can take a lead, it goes to people who are offline.")
        )
    elif nobody.then == "duty":
        names = {
            "span": after,
            "name": choices.person_name(nobody.duty) if nobody.duty is not None else "…",
        }
        yield (
            _("If nobody can take a lead for %(span)s, %(name)s gets it.") % names
            if nobody.after_minutes
            else _("If nobody can take a lead, %(name)s gets it.") % names
        )
    else:
        names = {"span": after, "stage": choices.place_name(*nobody.stage) if nobody.stage else "…"}
        yield (
            _("If nobody can take a lead for %(span)s, it moves to “%(stage)s”.") % names
            if nobody.after_minutes
            else _("If nobody can take a lead, it moves to “%(stage)s”.") % names
        )
    if nobody.widen_minutes and len({row.tier for row in body.members}) > 1:
        yield _("Each further tier is asked only after %(span)s more.") % {
            "span": _minutes(nobody.widen_minutes)
        }


def _acceptance(body: Body, choices: Choices) -> Iterator[str]:
    accept = body.acceptance
    if not accept.minutes:
        return
    ways = [choice_name("acceptance.accepted_by", one) for one in accept.accepted_by]
    yield ngettext(
        "A lead that is not accepted within %(minutes)s minute goes to the next person.",
        "A lead that is not accepted within %(minutes)s minutes goes to the next person.",
        accept.minutes,
    ) % {"minutes": accept.minutes}
    if ways:
        yield _("Accepted means: %(ways)s.") % {"ways": listed(ways, is_choice=True)}
    if hours_text(accept.hours) != hours_text(Hours("00:00", "00:00")):
        yield _("The time runs only %(hours)s.") % {"hours": hours_text(accept.hours)}
    yield ngettext(
        "A lead is passed on %(number)s time at most.",
        "A lead is passed on %(number)s times at most.",
        accept.cap,
    ) % {"number": accept.cap}
    if accept.cap_stage:
        yield _("Then it moves to “%(stage)s”, once.") % {
            "stage": choices.place_name(*accept.cap_stage)
        }
    if accept.pause_after:
        yield ngettext(
            "Whoever misses %(number)s lead in a row is switched off.",
            "Whoever misses %(number)s leads in a row is switched off.",
            accept.pause_after,
        ) % {"number": accept.pause_after}


def _first_touch(body: Body) -> Iterator[str]:
    touch = body.first_touch
    if not touch.minutes:
        return
    yield _("A new lead is to be touched within %(span)s of working time.") % {
        "span": _minutes(touch.minutes)
    }
    if touch.warn_minutes:
        yield _("The manager is warned %(span)s before.") % {"span": _minutes(touch.warn_minutes)}


def _departure(body: Body) -> Iterator[str]:
    if body.departure.moves:
        yield _("When a shift ends, the open leads go to colleagues.")
    else:
        yield _("When a shift ends, the leads stay with their manager.")


def _linked(body: Body) -> Iterator[str]:
    if body.linked:
        names = [choice_name("linked", one) for one in body.linked]
        yield _("With the lead also change manager: %(names)s.") % {"names": listed(names)}
