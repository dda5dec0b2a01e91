"""Reasons in words: from the core's codes and facts to sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, pgettext

from distribution.core.reasons import Because, Fact, Reason, Refusal, Waiting
from peresmenka.lib.moments import clock

_PLAIN: dict[Reason, str] = {
    Reason.NOT_IN_GROUP: gettext_noop("not in a group that takes part"),
    Reason.LEAVING: gettext_noop("the shift has ended and the leads are being moved"),
    Reason.UNLICENSED: gettext_noop("does not take part: no licence"),
    Reason.INACTIVE_IN_KOMMO: gettext_noop("deactivated in Kommo"),
    Reason.FORCED_OFF: gettext_noop("switched off by a supervisor"),
    Reason.PARTICIPATION_OFF: gettext_noop("switched off by themselves"),
    Reason.OFFLINE: gettext_noop("not on shift"),
    Reason.NOT_ONLINE: gettext_noop("does not have Kommo open"),
    Reason.PAUSED: gettext_noop("on pause"),
    Reason.ALREADY_TRIED: gettext_noop("has already had this lead"),
    Reason.NOT_IN_LEADS_GROUP: gettext_noop("not in the group that this lead belongs to"),
    Reason.LEAD_EXCLUDED: gettext_noop("the lead’s exclusion field is filled"),
    Reason.STAGE_NOT_TRACKED: gettext_noop("the lead is not in a tracked stage"),
    Reason.OUTSIDE_HOURS: gettext_noop("outside working hours"),
    Reason.INCOMING_STAGE: gettext_noop(
        "the lead is among Incoming leads: accept it in Kommo first"
    ),
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
    Waiting.NOBODY_ONLINE: gettext_noop("nobody has Kommo open"),
    Waiting.NOBODY_SKILLED: gettext_noop("nobody has the skills that the lead asks for"),
    Waiting.ALL_AT_PACE: gettext_noop("everybody has had as many leads as they may for now"),
    Waiting.OWNER_AWAY: gettext_noop("waiting for the manager whose customer it is"),
}

_BECAUSE: dict[Because, str] = {
    Because.STICKY: gettext_noop("the customer is this manager’s"),
    Because.KEPT: gettext_noop("the manager who had it keeps it"),
    Because.DUTY: gettext_noop("nobody could take it, so the duty person has it"),
    Because.TO_STAGE: gettext_noop("nobody could take it, so it goes to another stage"),
}

# Codes that are not the engine's: what made a lead move, or kept it where it is.
_OTHER: dict[str, str] = {
    "refused_by_kommo": gettext_noop("Kommo refused the manager"),
    "not_accepted": gettext_noop("the manager did not accept it in time"),
    "cap_reached": gettext_noop("it has been passed on as often as it may be"),
    "bot_again": gettext_noop("sent again by a Salesbot"),
    "linked": gettext_noop("follows a lead of the same customer"),
    "undo": gettext_noop("a move was taken back"),
    "by_test": gettext_noop("a test run: nothing was written"),
    "lead_gone": gettext_noop("the lead was deleted in Kommo"),
    "lead_closed": gettext_noop("the lead is closed"),
    "lead_accepted": gettext_noop("the colleague has accepted the lead"),
    "owner_gone": gettext_noop("whoever had it before is no longer active in Kommo"),
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


def _at_task_limit(facts: Mapping[str, Fact]) -> str:
    return _("has reached the limit: %(actual)s of %(limit)s open tasks") % {
        "actual": facts.get("actual", "?"),
        "limit": facts.get("limit", "?"),
    }


def _at_pace(facts: Mapping[str, Fact]) -> str:
    return ngettext(
        "has had %(actual)s lead within %(minutes)s min, no more for now",
        "has had %(actual)s leads within %(minutes)s min, no more for now",
        int(facts.get("actual", 0)),
    ) % {"actual": facts.get("actual", "?"), "minutes": facts.get("minutes", "?")}


def _missing_skill(facts: Mapping[str, Fact]) -> str:
    if not facts.get("skills"):
        return _("lacks a skill that the lead asks for")
    return _("lacks what the lead asks for: %(skills)s") % {"skills": facts["skills"]}


def _no_weight(facts: Mapping[str, Fact]) -> str:
    if "ramp" in facts:
        return _("is new: their share of leads is still 0")
    return _("has the coefficient 0")


_WITH_FACTS: dict[Reason, Callable[[Mapping[str, Fact]], str]] = {
    Reason.OFF_SCHEDULE: _off_schedule,
    Reason.START_DELAY: _start_delay,
    Reason.AT_LIMIT: _at_limit,
    Reason.AT_TASK_LIMIT: _at_task_limit,
    Reason.AT_PACE: _at_pace,
    Reason.MISSING_SKILL: _missing_skill,
    Reason.NO_WEIGHT: _no_weight,
}


def refusal_text(refusal: Refusal) -> str:
    """Return one rule's objection as a phrase that goes after "no, because"."""
    known = _WITH_FACTS.get(refusal.reason)
    return known(refusal.facts) if known else _(_PLAIN[refusal.reason])


def code_text(code: str) -> str:
    """Return a stored code (of Reason, Waiting, Because or the shell) as a phrase; others as they are."""
    if code in Reason.__members__.values():
        return refusal_text(Refusal(Reason(code)))
    if code in Waiting.__members__.values():
        return _(_WAITING[Waiting(code)])
    if code in Because.__members__.values():
        return _(_BECAUSE[Because(code)])
    return _(_OTHER[code]) if code in _OTHER else code


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
