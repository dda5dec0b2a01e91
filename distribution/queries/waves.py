"""Waves as their pages show them: who left or came back, each lead's way and where it is now."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Account, AuditEntry
from distribution.models import Decision, Effect, LeadMirror, Timer, Wave

LATEST = 50
LEADS_SHOWN = 500
TAKEN_BACK = "wave_taken_back"
"""Under this action the audit tells who took a wave back."""


@dataclass(frozen=True, slots=True)
class WaveLead:
    """A lead of a wave."""

    decision: Decision
    lead: LeadMirror | None  # as we believe it to be now
    undone: Decision | None  # what the undo did about it


@dataclass(frozen=True, slots=True)
class WaveDetails:
    """A wave with its leads; with the undo that took it back, or the wave that it takes back."""

    wave: Wave
    leads: tuple[WaveLead, ...]  # at most LEADS_SHOWN
    total: int
    undoable: int  # leads that an undo is about
    undo: Wave | None
    undone_wave: Wave | None  # of an undo: what it takes back
    on_its_way: int  # changes of owner, the undo's or its own, that have not reached Kommo yet
    is_running: bool  # it goes on moving leads
    taken_back_by: int | None  # Kommo user id

    @property
    def undone(self) -> int:
        """Return how many leads the undo has come to, given back or left."""
        return self.undo.moved + self.undo.parked if self.undo else 0

    @property
    def can_be_undone(self) -> bool:
        """Say whether it may be taken back now."""
        return self.wave.kind != Wave.Kind.UNDO and self.undo is None and not self.is_running


def latest_waves(account: Account) -> list[tuple[Wave, bool]]:
    """Return the latest waves, newest first, each with whether it was taken back."""
    rows = list(Wave.objects.for_account(account).order_by("-started_at", "-pk")[:LATEST])
    undone = set(
        Wave.objects.for_account(account)
        .filter(undoes_id__in=[row.pk for row in rows])
        .values_list("undoes_id", flat=True)
    )
    return [(row, row.pk in undone) for row in rows]


def leads_of_wave(account: Account, wave: Wave) -> list[int]:
    """Return the leads that an undo of the wave is about: moved, or still waiting to be moved."""
    rows = Decision.objects.for_account(account).filter(_undoable(wave), wave_id=wave.pk)
    return list(rows.order_by("lead_id").values_list("lead_id", flat=True).distinct())


def _undoable(wave: Wave) -> Q:
    """Return which decisions there is anything to undo of: a lead not returned has not moved."""
    return Q(chosen_id__isnull=False) if wave.kind == Wave.Kind.RETURN else Q()


def is_running(account: Account, wave: Wave) -> bool:
    """Say whether the wave goes on moving leads: a quantum a turn, by its timer."""
    timers = Timer.objects.for_account(account).filter(kind=Timer.Kind.WAVE, subject=wave.user_id)
    return bool(timers.filter(payload__wave=wave.pk).exists())


def wave_details(account: Account, wave: Wave) -> WaveDetails:
    """Return everything that the page of a wave shows."""
    waves = Wave.objects.for_account(account)
    undo = waves.filter(undoes_id=wave.pk).first()
    decisions = Decision.objects.for_account(account).filter(wave_id=wave.pk)
    shown = list(decisions.order_by("pk")[:LEADS_SHOWN])
    return WaveDetails(
        wave=wave,
        leads=_leads(account, shown, undo),
        total=decisions.count(),
        undoable=decisions.filter(_undoable(wave)).count(),
        undo=undo,
        undone_wave=waves.filter(pk=wave.undoes_id).first() if wave.undoes_id else None,
        on_its_way=_on_its_way(account, undo or wave),
        is_running=is_running(account, wave),
        taken_back_by=_taken_back_by(account, undo or wave),
    )


def _leads(account: Account, decisions: list[Decision], undo: Wave | None) -> tuple[WaveLead, ...]:
    ids = [one.lead_id for one in decisions]
    rows = LeadMirror.objects.for_account(account).filter(lead_id__in=ids)
    leads = {row.lead_id: row for row in rows}
    undone: dict[int, Decision] = {}
    if undo is not None:
        found = Decision.objects.for_account(account).filter(wave_id=undo.pk, lead_id__in=ids)
        undone = {one.lead_id: one for one in found}
    return tuple(
        WaveLead(one, leads.get(one.lead_id), undone.get(one.lead_id)) for one in decisions
    )


def _on_its_way(account: Account, wave: Wave) -> int:
    """Return how many of the wave's changes of owner have not reached Kommo yet."""
    decisions = Decision.objects.for_account(account).filter(wave_id=wave.pk).values("pk")
    effects = Effect.objects.for_account(account).filter(
        state__in=Effect.OPEN, kind=Effect.Kind.OWNER, decision_id__in=decisions
    )
    return effects.count()


def _taken_back_by(account: Account, undo: Wave) -> int | None:
    if undo.kind != Wave.Kind.UNDO:
        return None
    entries = AuditEntry.objects.for_account(account).filter(action=TAKEN_BACK, at=undo.started_at)
    return entries.filter(after__undo=undo.pk).values_list("actor_id", flat=True).first()
