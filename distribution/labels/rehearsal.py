"""A test run's answer in words: who would get the lead, why, and of everybody else why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from distribution.core.decisions import Kind
from distribution.core.ledger import LEAD
from distribution.core.reasons import Refusal
from distribution.labels.reasons import code_text, presence_text, refusal_text, waiting_text
from distribution.operations.rehearsal import NEW_LEAD, Chance, NoAnswer, Rehearsal
from peresmenka.lib.moments import clock

ERROR_TEXTS = {
    "unknown_lead": gettext_noop(
        "This lead is not known: it is in no stage that a template takes leads from, or it was"
        " deleted. Choose a stage or a trigger instead."
    ),
    "unknown_trigger": gettext_noop(
        "There is no such trigger, or its template is off. Choose another trigger, or switch the"
        " template on."
    ),
    "no_trigger": gettext_noop(
        "No template that is on takes leads of this stage by itself. Choose a trigger, or add a"
        " watch of this stage to a template."
    ),
    "nothing_asked": gettext_noop("Name a lead, a stage or a trigger."),
}
_STRATEGIES = {
    "even": gettext_noop("Whoever is owed most by the register wins."),
    "weighted": gettext_noop("Whoever is owed most by the register wins; shares are weighted."),
    "least_loaded": gettext_noop(
        "The fewest open leads win; among equals, whoever is owed most by the register."
    ),
}


def error_text(error: NoAnswer) -> str:
    """Return why there is no answer, and what to do."""
    return _(ERROR_TEXTS[error.code])


def answer_text(found: Rehearsal, names: Mapping[int, str]) -> str:
    """Return what would become of the lead, as a sentence without an end."""
    if found.decided.chosen is not None:
        who = names.get(found.decided.chosen, str(found.decided.chosen))
        if found.trigger.template.is_shadow:
            return _("It would be noted for %(manager)s: the template is in shadow") % {
                "manager": who
            }
        return _("It would go to %(manager)s") % {"manager": who}
    if found.decided.kind is Kind.LEFT_ALONE:
        return _("It would be left alone")
    if found.decided.kind is Kind.TO_STAGE:
        return _("It would go to another stage")
    return _("It would wait")


def why_text(found: Rehearsal) -> str:
    """Return why, as a phrase; of a lead that the strategy gives, among how many."""
    reason = found.recorded.reason
    if found.decided.chosen is None:
        return waiting_text(reason)
    if reason:
        return code_text(reason)
    return ngettext(
        "one of %(number)s who could", "one of %(number)s who could", found.recorded.eligible
    ) % {"number": found.recorded.eligible}


def policy_text(found: Rehearsal) -> str:
    """Return by what the strategy chooses; empty where it was not asked."""
    if found.decided.tier is None:
        return ""
    return _(_STRATEGIES[found.policy["strategy"]])


def relaxed_texts(found: Rehearsal) -> list[str]:
    """Return the objections that did not count, since nobody else was left."""
    return [refusal_text(Refusal(reason)) for reason in found.decided.relaxed]


def subject(found: Rehearsal) -> str:
    """Return of which lead it was asked."""
    if found.lead_id == NEW_LEAD:
        return _("A new lead")
    return found.lead_name or str(found.lead_id)


@dataclass(frozen=True, slots=True)
class ChanceLine:
    """A candidate as the answer's table shows them."""

    user_id: int
    name: str
    is_chosen: bool
    could: bool
    verdict: str
    others: tuple[str, ...]  # further objections
    presence: str
    tier: int
    load_before: int
    load_after: int
    limit: int | None
    lag_before: str
    lag_after: str
    last_lead: str


def chance_lines(
    found: Rehearsal, names: Mapping[int, str], zone: tzinfo, now: datetime
) -> list[ChanceLine]:
    """Return the candidates, the chosen one first."""
    return [_line(one, found, names, zone, now) for one in found.chances]


def _line(
    one: Chance, found: Rehearsal, names: Mapping[int, str], zone: tzinfo, now: datetime
) -> ChanceLine:
    facts, user_id = one.before, one.before.manager_id
    phrases = reason_texts(one, zone, now)
    is_chosen = user_id == found.decided.chosen
    return ChanceLine(
        user_id=user_id,
        name=names.get(user_id, str(user_id)),
        is_chosen=is_chosen,
        could=is_chosen or one.is_among or not phrases,
        verdict=_verdict(one, is_chosen, phrases),
        others=phrases if is_chosen or one.is_among else phrases[1:],
        presence=presence_text(facts.presence),
        tier=facts.tier,
        load_before=facts.load,
        load_after=one.after.load,
        limit=facts.limit,
        lag_before=_leads(facts.lag),
        lag_after=_leads(one.after.lag),
        last_lead=clock(facts.last_lead_at, zone, now) if facts.last_lead_at else "–",
    )


def reason_texts(one: Chance, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    """Return every objection to a candidate, with the time until which it holds where it ends."""
    return tuple(
        _("%(phrase)s, until %(time)s")
        % {"phrase": refusal_text(refusal), "time": clock(refusal.until, zone, now)}
        if refusal.until
        else refusal_text(refusal)
        for refusal in one.verdict.refusals
    )


def _verdict(one: Chance, is_chosen: bool, phrases: tuple[str, ...]) -> str:
    if is_chosen:
        return _("would get the lead")
    if one.is_among or not phrases:
        return _("could take it; others are ahead")
    return phrases[0]


def _leads(lag: int) -> str:
    return str(number_format(lag / LEAD, 2, force_grouping=False))
