"""Waves in words: what happened, the way of each lead, and what an undo did about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from distribution.labels.reasons import code_text
from distribution.models import Decision, Wave
from distribution.queries.waves import WaveLead

Names = Mapping[int, str]

ERROR_TEXTS = {
    "WaveUndone": gettext_noop(
        "This wave has been taken back already. Its page says what became of each lead."
    ),
    "NotUndoable": gettext_noop(
        "What was taken back cannot be taken back once more. Move single leads in Kommo."
    ),
    "WaveRunning": gettext_noop("This wave still moves leads. Take it back when it is over."),
}


def error_text(error: Exception) -> str:
    """Return why a wave is not taken back, and what to do."""
    return _(ERROR_TEXTS[type(error).__name__])


def name_in(names: Names, user_id: int | None) -> str:
    """Return a person's name; a word for nobody and for whom the account does not know."""
    if user_id is None:
        return _("nobody")
    return names.get(user_id, _("an unknown person"))


def wave_text(wave: Wave, names: Names) -> str:
    """Return a wave as a sentence."""
    who = {"name": name_in(names, wave.user_id)}
    if wave.kind == Wave.Kind.RETURN:
        return _("%(name)s came back, the leads returned") % who
    if wave.kind == Wave.Kind.UNDO:
        return _("A wave of %(name)s was taken back") % who
    return _("%(name)s left, the leads moved on") % who


@dataclass(frozen=True, slots=True)
class WaveLine:
    """A lead of a wave as its page shows it."""

    lead_id: int
    name: str
    decision_id: int
    before: str
    after: str  # empty: it did not move
    why_not: str  # why it did not
    now: str  # who has it now
    is_on_its_way: bool
    is_back: bool  # the undo has given it back
    undo: str  # what the undo did about it; empty: nothing yet, or there is none


def wave_line(lead: WaveLead, names: Names) -> WaveLine:
    """Return a lead's line."""
    decision, row, undone = lead.decision, lead.lead, lead.undone
    is_moved = decision.chosen_id is not None
    return WaveLine(
        lead_id=decision.lead_id,
        name=(row.name if row else "") or str(decision.lead_id),
        decision_id=decision.pk,
        before=name_in(names, decision.previous_owner_id),
        after=name_in(names, decision.chosen_id) if is_moved else "",
        why_not=code_text(decision.reason) if decision.reason and not is_moved else "",
        now=_now(lead, names),
        is_on_its_way=row is not None and row.owner_id != row.confirmed_owner_id,
        is_back=undone is not None and undone.chosen_id is not None,
        undo=_undo(undone, is_moved),
    )


def _now(lead: WaveLead, names: Names) -> str:
    if lead.lead is None or lead.lead.is_deleted:
        return _("deleted in Kommo")
    return name_in(names, lead.lead.owner_id)


def _undo(undone: Decision | None, is_moved: bool) -> str:
    if undone is None:
        return ""
    if undone.chosen_id is None:
        return code_text(undone.reason)
    return _("given back") if is_moved else _("stays")
