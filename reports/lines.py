"""Decisions in words: one line in the log, the candidates' table, the timeline of a lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distribution.core.ledger import LEAD
from distribution.core.reasons import Because
from distribution.labels.reasons import code_text, presence_text, refusal_text
from distribution.models import Decision, Effect
from peresmenka.lib.moments import clock
from reports.queries import DecisionDetails

Kind = Decision.Kind
_LATE = (Effect.State.FAILED, Effect.State.DEAD)


def what_happened(decision: Decision, names: Mapping[int, str]) -> str:
    """Return the decision as one sentence."""
    who = {
        "manager": names.get(decision.chosen_id or 0, _("an unknown person")),
        "previous": names.get(decision.previous_owner_id or 0, _("an unknown person")),
    }
    if decision.reason == "overwrote_person":
        return _("Our change to %(manager)s overwrote a person’s change to %(previous)s") % who
    if decision.kind == Kind.MANUAL:
        return _("A person gave it to %(manager)s") % who
    if decision.chosen_id is None:
        return _not_given(decision) % who
    if decision.is_shadow:
        return _("Would have gone to %(manager)s") % who
    if decision.kind == Kind.LINKED:
        return _("Followed another lead to %(manager)s") % who
    if decision.kind == Kind.UNDO:
        return _("Given back to %(manager)s") % who
    if decision.kind == Kind.REDISTRIBUTION:
        return _("Moved from %(previous)s to %(manager)s") % who
    if decision.kind == Kind.RETURN:
        return _("Returned to %(manager)s") % who
    return _("Given to %(manager)s") % who


def _not_given(decision: Decision) -> str:
    if decision.kind == Kind.RETURN:
        return _("Stays with %(previous)s, not returned")
    if decision.kind == Kind.UNDO:
        return _("Stays with %(previous)s, not given back")
    if decision.reason == Because.TO_STAGE:
        return _("Goes to another stage")
    if decision.reason in ("lead_excluded", "stage_not_tracked", "incoming_stage"):
        return _("Left alone")
    if decision.is_shadow:
        return _("Would wait")
    if decision.reason == "cap_reached":
        return _("Stays with %(previous)s, not passed on any more")
    if decision.kind == Kind.REDISTRIBUTION:
        return _("Waits for a colleague of %(previous)s")
    return _("Waits")


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """A candidate as the table shows them."""

    name: str
    is_chosen: bool
    is_eligible: bool
    verdict: str
    others: tuple[str, ...]  # further objections
    presence: str
    load: int
    lag: str
    last_lead: str


def candidate_lines(
    details: DecisionDetails,
    names: Mapping[int, str],
    zone: tzinfo,
    now: datetime,
) -> list[CandidateLine]:
    """Return the candidates; a manager sees those of colleagues, too."""
    lines = []
    for row in details.candidates:
        phrases = tuple(
            _with_end(refusal_text(refusal), refusal.until, zone, now)
            for refusal in row.verdict.refusals
        )
        is_chosen = row.user_id == details.decision.chosen_id
        lines.append(
            CandidateLine(
                name=names.get(row.user_id, str(row.user_id)),
                is_chosen=is_chosen,
                is_eligible=row.verdict.eligible,
                verdict=_verdict(is_chosen, phrases),
                others=phrases[1:],
                presence=presence_text(row.presence),
                load=row.load,
                lag=number_format(row.lag / LEAD, 2, force_grouping=False),
                last_lead=clock(row.last_lead_at, zone, now) if row.last_lead_at else "–",
            )
        )
    return lines


def _verdict(is_chosen: bool, phrases: tuple[str, ...]) -> str:
    if is_chosen:
        return _("got the lead")
    return phrases[0] if phrases else _("could have taken it; others were ahead")


def _with_end(phrase: str, until: datetime | None, zone: tzinfo, now: datetime) -> str:
    if until is None:
        return phrase
    return _("%(phrase)s, until %(time)s") % {"phrase": phrase, "time": clock(until, zone, now)}


def policy_line(policy: Mapping[str, Any]) -> str:
    """Return by what was chosen."""
    if not policy:
        return ""
    if policy["strategy"] == "least_loaded":
        return _("The fewest open leads win; among equals, whoever is owed most by the register.")
    return _("Whoever is owed most by the register wins.")


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened to the lead."""

    at: str
    text: str
    detail: str
    decision_id: int | None
    is_here: bool


def timeline_lines(
    decisions: Sequence[Decision],
    effects: Sequence[Effect],
    names: Mapping[int, str],
    zone: tzinfo,
    now: datetime,
    here: int,
) -> list[TimelineLine]:
    """Return what was decided about a lead and what came of it in Kommo, oldest first."""
    found: list[tuple[datetime, int, TimelineLine]] = []
    for row in decisions:
        why = code_text(row.reason) if row.reason else ""
        line = TimelineLine(
            clock(row.decided_at, zone, now), what_happened(row, names), why, row.pk, row.pk == here
        )
        found.append((row.decided_at, 0, line))
    for effect in effects:
        at = effect.settled_at or effect.sent_at or effect.created_at
        line = TimelineLine(
            clock(at, zone, now), _effect(effect, names), _fate(effect), None, False
        )
        found.append((at, 1, line))
    return [line for _at, _place, line in sorted(found, key=lambda item: item[:2])]


def _effect(effect: Effect, names: Mapping[int, str]) -> str:
    if effect.kind == Effect.Kind.NOTE:
        return _("Note in Kommo: %(state)s") % {"state": effect.get_state_display()}
    if effect.kind != Effect.Kind.OWNER:
        return _("Kommo, %(what)s: %(state)s") % {
            "what": effect.get_kind_display(),
            "state": effect.get_state_display(),
        }
    return _("Kommo, change to %(manager)s: %(state)s") % {
        "manager": names.get(effect.target or 0, _("an unknown person")),
        "state": effect.get_state_display(),
    }


def _fate(effect: Effect) -> str:
    """Return what an operator would ask next: how often it was tried, and what Kommo said."""
    tries = ngettext("%(number)s attempt", "%(number)s attempts", effect.attempts) % {
        "number": effect.attempts
    }
    if effect.state in _LATE and effect.result:
        return f"{tries} · {effect.result}"
    return tries if effect.attempts > 1 else ""
