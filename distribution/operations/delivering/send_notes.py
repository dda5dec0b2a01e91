"""Notes on their way to Kommo: read back after an ambiguous answer, so that none is written twice."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.kommo.client import NOTE_TYPE, KommoClient, NewNote
from accounts.kommo.errors import InvalidRequest, KommoError
from distribution.operations.delivering.effects import ClaimedEffect, Settlement, claim_effects
from distribution.operations.lanes import may_send

NOTES_A_CALL = 250
LOOK_BACK_SECONDS = 60  # Kommo's clock and ours may differ


def send_notes(client: KommoClient, settlement: Settlement) -> bool:
    """Write the open notes of the lane's account, at most one batch; False = there are none."""
    notes = claim_effects(settlement.lease, "note", NOTES_A_CALL)
    if not notes:
        return False
    settlement.makes_more_work = len(notes) == NOTES_A_CALL
    notes = settlement.without_deadly(notes)
    doubtful = [note for note in notes if note.attempts > 1]
    try:
        written = _already_written(client, doubtful) if doubtful else set()
    except KommoError as error:
        _try_later(notes, settlement, error, may_have_been_sent=True)
        return True
    for note in doubtful:
        if note.id in written:
            settlement.done(note, 0, "read back")
    _send(client, [note for note in notes if note.id not in written], settlement)
    return True


def _already_written(client: KommoClient, notes: Sequence[ClaimedEffect]) -> set[int]:
    since = int(min(note.created_at for note in notes).timestamp()) - LOOK_BACK_SECONDS
    found = {(note.lead_id, note.text) for note in client.notes_since(NOTE_TYPE, since)}
    return {note.id for note in notes if (note.lead_id, note.note) in found}


def _send(client: KommoClient, notes: Sequence[ClaimedEffect], settlement: Settlement) -> None:
    if not notes:
        return
    if not may_send(settlement.lease):  # another worker may have them by now
        settlement.put_back(notes)
        return
    try:
        client.add_notes([NewNote(note.lead_id, note.note) for note in notes])
    except InvalidRequest as error:
        if len(notes) > 1:
            half = len(notes) // 2
            _send(client, notes[:half], settlement)
            _send(client, notes[half:], settlement)
        else:
            settlement.drop(notes[0], str(error))
        return
    except KommoError as error:
        _try_later(notes, settlement, error, may_have_been_sent=error.is_ambiguous)
        return
    for note in notes:
        settlement.done(note, 0, "sent")


def _try_later(
    notes: Sequence[ClaimedEffect],
    settlement: Settlement,
    error: KommoError,
    *,
    may_have_been_sent: bool,
) -> None:
    for note in notes:
        settlement.again(note, may_have_been_sent or note.attempts > 1, str(error))
    settlement.wait_for(error)
