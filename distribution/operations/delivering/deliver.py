"""The delivering lane: effects coalesced into batched writes, delivered until settled.

Nothing here runs inside a transaction while Kommo is asked. An ambiguous answer is settled by
reading back; completion is fenced by the lane's token.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from accounts.kommo.client import KommoClient, OwnerChange
from accounts.kommo.connection import connect
from accounts.kommo.errors import (
    InvalidRequest,
    KommoError,
    TooLarge,
)
from accounts.kommo.payloads import Lead, OwnerEvent
from accounts.models import Account, Lane
from distribution.core.delivery import (
    Outcome,
    SeenLead,
    judge,
    needs_read_back,
    was_overruled,
)
from distribution.models import Effect
from distribution.operations import lanes
from distribution.operations.deciding.absorb import is_dealt_with
from distribution.operations.delivering.effects import (
    ClaimedEffect,
    Settlement,
    claim_effects,
    open_kinds,
    own_steps,
    parted,
    write_settlement,
)
from distribution.operations.delivering.send_bots import send_bots
from distribution.operations.delivering.send_linked import send_linked
from distribution.operations.delivering.send_links import send_links
from distribution.operations.delivering.send_notes import send_notes
from distribution.operations.delivering.send_stages import send_stages
from distribution.operations.lanes import LaneLease, may_send
from distribution.queries.config import config_of

log = logging.getLogger(__name__)

LARGEST_BATCH = 250
ROUNDS = 8
CALLS_A_ROUND = 2  # a read and a write, as a rule
OwnerStep = tuple[int | None, int | None]
Sender = Callable[[KommoClient, Settlement], bool]
_SENDERS: dict[str, Sender] = {
    Effect.Kind.BOT: send_bots,
    Effect.Kind.STAGE: send_stages,
    Effect.Kind.NOTE: send_notes,
    Effect.Kind.LINKS: send_links,
    Effect.Kind.CONTACT: partial(send_linked, kind=Effect.Kind.CONTACT),
    Effect.Kind.COMPANY: partial(send_linked, kind=Effect.Kind.COMPANY),
    Effect.Kind.CUSTOMER: partial(send_linked, kind=Effect.Kind.CUSTOMER),
    Effect.Kind.TASK: partial(send_linked, kind=Effect.Kind.TASK),
}
# Learnt in this process: how many items Kommo takes at once, by account.
_batch_size: dict[int, int] = {}


def deliver(*, account_id: int | None = None, slow: bool = True) -> int | None:
    """Serve the delivering lane longest unserved; return its account, None without work."""
    lease = lanes.claim_lane(kind=Lane.Kind.DELIVER, account_id=account_id, slow=slow)
    if lease is None:
        return None
    try:
        _serve(lease)
    except Exception:
        # Effects in hand stay "sending"; the next lease reads them back.
        log.exception("account %s: delivery failed", lease.account_id)
        lanes.release_lane(lease, wait_seconds=1.0)
    return lease.account_id


def _serve(lease: LaneLease) -> None:
    client = connect(Account(pk=lease.account_id))
    was_slow = False
    follows: set[str] = set()  # kinds of effects that the last round has made
    for _ in range(ROUNDS):
        effects = claim_effects(lease, "owner", _size(lease.account_id))
        settlement = Settlement(lease)
        began = time.monotonic()
        if effects:
            _deliver_owners(client, effects, settlement)
        elif not _send_others(client, settlement, follows or open_kinds(lease.account_id)):
            break
        follows = _following(effects)
        was_slow = was_slow or time.monotonic() - began > CALLS_A_ROUND * lanes.SLOW_CALL_SECONDS
        settlement.was_slow = was_slow
        last_round = settlement.wait_seconds is not None or not may_send(lease)
        write_settlement(settlement, release=last_round or _is_last(effects, settlement))
        if settlement.is_released:
            return
    lanes.release_lane(lease, was_slow=was_slow)


def _following(effects: Sequence[ClaimedEffect]) -> set[str]:
    """Return the kinds of effects that changes of owner bring with them."""
    notes = {Effect.Kind.NOTE.value} if any(effect.note for effect in effects) else set()
    links = {Effect.Kind.LINKS.value} if any("links" in one.payload for one in effects) else set()
    return notes | links


def _send_others(client: KommoClient, settlement: Settlement, kinds: Collection[str]) -> bool:
    """Send what follows or stands beside changes of owner, one kind a round; False = nothing is open."""
    return any(kind in kinds and send(client, settlement) for kind, send in _SENDERS.items())


def _is_last(effects: Sequence[ClaimedEffect], settlement: Settlement) -> bool:
    """Say whether nothing can be left: a short batch without notes to follow."""
    account_id = settlement.lease.account_id
    return 0 < len(effects) < _size(account_id) and not settlement.makes_more_work


def _size(account_id: int) -> int:
    return _batch_size.get(account_id, LARGEST_BATCH)


def _deliver_owners(
    client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement
) -> None:
    now = settlement.lease.clock()
    stale: list[ClaimedEffect] = []
    ready: list[ClaimedEffect] = []
    for effect in effects:
        (stale if needs_read_back(effect.facts, now) else ready).append(effect)
    if stale:
        try:
            ready += _read_back(client, stale, settlement)
        except KommoError as error:
            settlement.put_back(stale)
            settlement.wait_for(error)
            return settlement.put_back(ready)
    ready = settlement.without_deadly(ready)
    if ready:
        _patch(client, ready, settlement)
    return None


def _read_back(
    client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement
) -> list[ClaimedEffect]:
    """Settle what a read settles; return the effects that are still to be sent."""
    leads = {lead.id: lead for lead in client.leads_by_ids([one.lead_id for one in effects])}
    ready, doubtful = [], []
    for effect in effects:
        lead = leads.get(effect.lead_id)
        seen = SeenLead(lead.owner_id or None, lead.updated_at, lead.is_deleted) if lead else None
        outcome = judge(effect.facts, seen)
        if outcome is Outcome.SEND:
            ready.append(effect)
        elif outcome is Outcome.ASK_EVENTS:
            doubtful.append(effect)
        elif outcome is Outcome.DONE:
            settlement.done(effect, lead.updated_at if lead else 0, "read back")
        else:
            settlement.ended(effect, outcome, seen.owner_id if seen else None)
    return ready + _not_overruled(client, _still_dealt(doubtful, leads, settlement), settlement)


def _still_dealt(
    effects: Sequence[ClaimedEffect], leads: Mapping[int, Lead], settlement: Settlement
) -> list[ClaimedEffect]:
    """End the effects of leads that have left dealing since we decided; return the others."""
    config = config_of(settlement.lease.account_id) if effects else None
    kept = []
    for effect in effects:
        lead = leads[effect.lead_id]
        is_where_sent = effect.payload.get("at") == [lead.pipeline_id, lead.status_id]
        if config is None or is_dealt_with(config, lead, is_sent=is_where_sent):
            kept.append(effect)
        else:
            settlement.ended(effect, Outcome.LEFT, effect.facts.expected_from)
    return kept


def _not_overruled(
    client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement
) -> list[ClaimedEffect]:
    """Look at the owner's history of leads that changed but kept their owner (10 a call)."""
    ready = []
    own = own_steps(settlement.lease.account_id, [one.lead_id for one in effects])
    for start in range(0, len(effects), 10):
        part = effects[start : start + 10]
        since = min(effect.facts.read_version for effect in part)
        events = client.owner_events([effect.lead_id for effect in part], since)
        for effect in part:
            steps = [
                (event.from_id or None, event.to_id or None)
                for event in events
                if event.lead_id == effect.lead_id
                and _is_later(event, effect, own.get(effect.lead_id, set()))
            ]
            if was_overruled(steps, own.get(effect.lead_id, set())):
                settlement.ended(effect, Outcome.SUPERSEDED, effect.facts.expected_from)
            else:
                ready.append(effect)
    return ready


def _is_later(event: OwnerEvent, effect: ClaimedEffect, own: set[OwnerStep]) -> bool:
    """Say whether an owner change came after the read; times have a grain of a second.

    One of the same second that made the owner from whom one of our changes went out had been read.
    """
    if event.at == effect.facts.read_version:
        return (event.to_id or None) not in {before for before, _after in own}
    return event.at > effect.facts.read_version


def _patch(client: KommoClient, effects: Sequence[ClaimedEffect], settlement: Settlement) -> None:
    """Send the batch; what the answer leaves open is read back before it is sent again."""
    if not may_send(settlement.lease):
        return settlement.put_back(effects)
    changes = [OwnerChange(effect.lead_id, effect.facts.target) for effect in effects]
    try:
        versions = client.patch_owners(changes)
    except InvalidRequest as error:
        return _refused(client, effects, settlement, error)
    except KommoError as error:
        if isinstance(error, TooLarge):
            size = _size(settlement.lease.account_id)
            _batch_size[settlement.lease.account_id] = max(1, size // 2)
        for effect in effects:
            settlement.again(effect, error.is_ambiguous, str(error))
        return settlement.wait_for(error)
    _grow(settlement.lease.account_id)
    for effect in effects:
        if effect.lead_id in versions:
            settlement.done(effect, versions[effect.lead_id], "sent")
        else:
            settlement.again(effect, True, "the answer left it out")
    return None


def _grow(account_id: int) -> None:
    if account_id in _batch_size:
        _batch_size[account_id] = min(LARGEST_BATCH, _batch_size[account_id] * 2)


def _refused(
    client: KommoClient,
    effects: Sequence[ClaimedEffect],
    settlement: Settlement,
    error: InvalidRequest,
) -> None:
    """Kommo refused the body and wrote nothing: find the bad items, send the others again."""
    bad, parts = parted(effects, error)
    for effect in bad:
        settlement.refused(effect, str(error))
    for part in parts:
        _patch(client, part, settlement)
