"""Changes of stage on their way to Kommo: a person's move wins (R4, F140)."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.kommo.client import KommoClient, LeadChange
from accounts.kommo.errors import InvalidRequest, KommoError
from distribution.core.delivery import FRESH_FOR, Outcome
from distribution.operations.delivering.effects import ClaimedEffect, Settlement, claim_effects
from distribution.operations.lanes import may_send

STAGES_A_CALL = 250


def send_stages(client: KommoClient, settlement: Settlement) -> bool:
    """Move the lane's leads to their stages, at most one batch; False = there are none."""
    claimed = claim_effects(settlement.lease, "stage", STAGES_A_CALL)
    if not claimed:
        return False
    settlement.makes_more_work = len(claimed) == STAGES_A_CALL
    effects = _one_a_lead(settlement.without_deadly(claimed), settlement)
    now = settlement.lease.clock()
    doubtful = [one for one in effects if one.attempts > 1 or now - one.read_at > FRESH_FOR]
    ready = [one for one in effects if one not in doubtful]
    if doubtful:
        try:
            ready += _read_back(client, doubtful, settlement)
        except KommoError as error:
            settlement.put_back(effects)
            settlement.wait_for(error)
            return True
    _send(client, ready, settlement)
    return True


def _one_a_lead(claimed: Sequence[ClaimedEffect], settlement: Settlement) -> list[ClaimedEffect]:
    """Keep the order of a lead's moves: the second waits until the first is settled."""
    first = {one.lead_id: one for one in reversed(claimed)}
    later = [one for one in claimed if first[one.lead_id] is not one]
    if later:
        settlement.put_back(later)
        settlement.makes_more_work = True
    return list(first.values())


def _read_back(
    client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement
) -> list[ClaimedEffect]:
    """Settle what a read settles; return the effects that are still to be sent."""
    leads = {lead.id: lead for lead in client.leads_by_ids([one.lead_id for one in effects])}
    ready = []
    for effect in effects:
        lead = leads.get(effect.lead_id)
        if lead is None or lead.is_deleted:
            settlement.ended(effect, Outcome.GONE, None)
            continue
        place = [lead.pipeline_id, lead.status_id]
        if place == effect.payload["to"]:
            settlement.done(effect, lead.updated_at, "read back")
        elif place == effect.payload["from"]:
            ready.append(effect)
        else:
            settlement.overtaken(effect, "a person moved the lead")
    return ready


def _send(client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement) -> None:
    if not effects:
        return
    if not may_send(settlement.lease):  # another worker may have them by now
        settlement.put_back(effects)
        return
    try:
        versions = client.patch_leads([_change(effect) for effect in effects])
    except InvalidRequest as error:
        if len(effects) > 1:
            half = len(effects) // 2
            _send(client, effects[:half], settlement)
            _send(client, effects[half:], settlement)
        else:
            settlement.unmoved(effects[0], str(error))
        return
    except KommoError as error:
        for effect in effects:
            settlement.again(effect, error.is_ambiguous or effect.attempts > 1, str(error))
        settlement.wait_for(error)
        return
    for effect in effects:
        if effect.lead_id in versions:
            settlement.done(effect, versions[effect.lead_id], "sent")
        else:
            settlement.again(effect, True, "the answer left it out")


def _change(effect: ClaimedEffect) -> LeadChange:
    pipeline, status = effect.payload["to"]
    return LeadChange(effect.lead_id, stage=(pipeline, status))
