"""Reasons in words: from the core's codes and facts to sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from distribution.core.reasons import Fact, Reason, Refusal, Waiting
from peresmenka.lib.moments import clock

_PLAIN: dict[Reason, str] = {
    Reason.NOT_IN_GROUP: gettext_noop("not in a group that takes part"),
    Reason.LEAVING: gettext_noop("the shift has ended and the leads are being moved"),
    Reason.UNLICENSED: gettext_noop("does not take part: no licence"),
    Reason.INACTIVE_IN_KOMMO: gettext_noop("deactivated in Kommo"),
    Reason.FORCED_OFF: gettext_noop("switched off by a supervisor"),
    Reason.PARTICIPATION_OFF: gettext_noop("switched off by themselves"),
    Reason.NO_WEIGHT: gettext_noop("has the coefficient 0"),
    Reason.OFFLINE: gettext_noop("not on shift"),
    Reason.PAUSED: gettext_noop("on pause"),
    Reason.ALREADY_TRIED: gettext_noop("has already had this lead"),
    Reason.NOT_IN_LEADS_GROUP: gettext_noop("not in the group that this lead belongs to"),
    Reason.LEAD_EXCLUDED: gettext_noop("the lead’s exclusion field is filled"),
    Reason.STAGE_NOT_TRACKED: gettext_noop("the lead is not in a tracked stage"),
    Reason.OUTSIDE_HOURS: gettext_noop("outside working hours"),
    Reason.NOT_OUR_TRANSFEREE: gettext_noop("the lead has moved on to somebody else since"),
    Reason.OWNER_CHANGED_BY_HAND: gettext_noop("a person has changed the manager since"),
    Reason.STAGE_ADVANCED: gettext_noop("the colleague has moved the lead to another stage"),
}

_WAITING: dict[Waiting, str] = {
    Waiting.OUTSIDE_HOURS: gettext_noop("outside working hours"),
    Waiting.NO_MEMBERS: gettext_noop("the group has no members who could take it"),
    Waiting.NOBODY_TAKES_PART: gettext_noop("nobody in the group takes part"),
    Waiting.NOBODY_IN_SERVICE: gettext_noop("nobody is in service by their schedule"),
    Waiting.NOBODY_ON_SHIFT: gettext_noop("nobody is on shift"),
    Waiting.START_DELAY: gettext_noop("everybody’s shift has only just begun"),
    Waiting.ALL_AT_LIMIT: gettext_noop("everybody has reached the limit"),
    Waiting.ALL_TRIED: gettext_noop("everybody has already had this lead"),
}


def _start_delay(facts: Mapping[str, Fact]) -> str:
    minutes = -(-int(facts.get("seconds", 0)) // 60)
    return ngettext(
        "the shift has only just begun: no new leads in its first %(minutes)s minute",
        "the shift has only just begun: no new leads in its first %(minutes)s minutes",
        minutes,
    ) % {"minutes": minutes}


_OFF_SCHEDULE = {
    "start_at": gettext_noop("the working hours by the schedule have not begun"),
    "completed": gettext_noop("the working hours by the schedule are over for today"),
    "day_off": gettext_noop("has a day off by the schedule"),
    "empty": gettext_noop("has no schedule for today"),
}


def _off_schedule(facts: Mapping[str, Fact]) -> str:
    return _(_OFF_SCHEDULE.get(str(facts.get("state")), _OFF_SCHEDULE["empty"]))


def _at_limit(facts: Mapping[str, Fact]) -> str:
    return _("has reached the limit: %(actual)s of %(limit)s leads") % {
        "actual": facts.get("actual", "?"),
        "limit": facts.get("limit", "?"),
    }


_WITH_FACTS: dict[Reason, Callable[[Mapping[str, Fact]], str]] = {
    Reason.OFF_SCHEDULE: _off_schedule,
    Reason.START_DELAY: _start_delay,
    Reason.AT_LIMIT: _at_limit,
}


def refusal_text(refusal: Refusal) -> str:
    """Return one rule's objection as a phrase that goes after "no, because"."""
    known = _WITH_FACTS.get(refusal.reason)
    return known(refusal.facts) if known else _(_PLAIN[refusal.reason])


def code_text(code: str) -> str:
    """Return a stored code (of Reason or Waiting) as a phrase; an unknown one as it is."""
    if code in Reason.__members__.values():
        return refusal_text(Refusal(Reason(code)))
    if code in Waiting.__members__.values():
        return _(_WAITING[Waiting(code)])
    return _("Kommo refused the manager") if code == "refused_by_kommo" else code


def waiting_text(code: str) -> str:
    """Return why a lead waits; a wait without a code is one that no turn has looked at yet."""
    if code in Waiting.__members__.values():
        return _(_WAITING[Waiting(code)])
    return code_text(code) if code else _("not looked at yet")


@dataclass(frozen=True, slots=True)
class Receives:
    """The line "Receives now: yes" or "no, because …, until …"."""

    yes: bool
    because: str = ""  # empty when yes
    until: str = ""  # by the account's clock; empty when it does not end by itself


def receives(refusals: tuple[Refusal, ...], zone: tzinfo, now: datetime) -> Receives:
    """Return the line for a manager with these objections, the hardest first."""
    if not refusals:
        return Receives(yes=True)
    ends = [refusal.until for refusal in refusals if refusal.until]
    until = clock(max(ends), zone, now) if len(ends) == len(refusals) else ""
    return Receives(False, refusal_text(refusals[0]), until)


def presence_text(presence: str) -> str:
    """Return the name of one of the three states."""
    names = {
        "online": pgettext("state of a manager", "Online"),
        "paused": pgettext("state of a manager", "Paused"),
        "offline": pgettext("state of a manager", "Offline"),
    }
    return names.get(presence, presence)
