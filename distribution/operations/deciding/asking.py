"""Triggers of the digital pipeline and Salesbot steps: what they ask, and what bots are answered."""

from __future__ import annotations

import logging
from typing import Any

from django.db.models.functions import Greatest

from distribution.models import Effect, Trigger
from distribution.operations import registers
from distribution.operations.deciding.acceptance import pass_on
from distribution.operations.deciding.bots import (
    GONE,
    NO_TEMPLATE,
    NOBODY_ELSE,
    NOT_DEALT,
    SHADOW,
    SWITCHED_OFF,
    answer,
)
from distribution.operations.deciding.bulk import DecisionRow, EffectRow
from distribution.operations.deciding.notes import BOT_AGAIN
from distribution.operations.deciding.rows import LeadRow
from distribution.operations.deciding.work_state import TurnWork, WaitingBot
from distribution.queries.config import TriggerConfig

Json = dict[str, Any]
CARD_SAVED = "card_saved"  # why an epoch has ended: the trigger's card was saved anew (F111)
log = logging.getLogger(__name__)


def absorb_trigger(work: TurnWork, payload: Json) -> None:
    """A trigger has sent a lead (F88).

    payload: {"trigger": id, "lead": id, "pipeline": id, "status": id, "card_version": n, "keep": bool}
    """
    trigger = work.config.trigger(payload["trigger"])
    if trigger is None:
        log.info(
            "account %s: trigger %s has sent lead %s, but its template is off or gone",
            work.config.account_id,
            payload["trigger"],
            payload["lead"],
        )
        return
    _note_card(work, trigger, payload["card_version"], keeps=payload["keep"])
    place = (payload["pipeline"], payload["status"])
    sent = work.asked.setdefault(payload["lead"], {})
    sent.setdefault(trigger.trigger_id, set()).add(place if all(place) else None)


def _note_card(work: TurnWork, trigger: TriggerConfig, version: int, *, keeps: bool) -> None:
    """A card that was saved anew begins its own register anew, unless "keep" is ticked (F111, R12)."""
    known = work.cards.get(trigger.trigger_id, trigger.card_version)
    if version <= known:
        return
    work.cards[trigger.trigger_id] = version
    rows = Trigger.objects.for_account(work.config.account_id).filter(pk=trigger.trigger_id)
    rows.update(card_version=Greatest("card_version", version))
    if known and not keeps and trigger.register.is_own:
        registers.start_epoch(work, trigger.register.register_id, CARD_SAVED, None)


def absorb_bot(work: TurnWork, payload: Json) -> None:
    """A Salesbot waits at our step (F92).

    payload: {"trigger": id or null, "lead": id, 0 = none, "bot": id, "continue": id}
    """
    trigger = work.config.trigger(payload["trigger"])
    row = work.rows.get(payload["lead"])
    trigger_id = trigger.trigger_id if trigger else None
    work.bots.append(
        WaitingBot(
            payload["lead"],
            payload["bot"],
            payload["continue"],
            trigger_id,
            is_again=row is not None and trigger_id in row.cycle.asked,
            entry=row.stage_entry if row else 0,
        )
    )
    if trigger_id is not None:
        work.asked.setdefault(payload["lead"], {}).setdefault(trigger_id, set()).add(None)


def answer_bots(work: TurnWork) -> None:
    """Let every bot of this turn go on, whatever has become of its lead."""
    passed: set[int] = set()  # two bots on one lead pass it on once
    for bot in work.bots:
        owner, reason = _outcome(work, bot, passed)
        decision = _latest(work, bot.lead_id)
        work.written.effects.append(
            EffectRow(
                bot.lead_id,
                decision.id if decision else None,
                None,
                None,
                0,
                work.now,
                kind=Effect.Kind.BOT.value,
                payload=answer(
                    bot.bot_id,
                    bot.continue_id,
                    manager="" if owner is None else work.names[owner],
                    reason=reason,
                ),
            )
        )


def _outcome(work: TurnWork, bot: WaitingBot, passed: set[int]) -> tuple[int | None, str]:
    """Return who has the lead by this step, and why the bot fails; "" = it does not."""
    trigger, row = work.config.trigger(bot.trigger_id), work.rows.get(bot.lead_id)
    if trigger is None:
        return None, NO_TEMPLATE
    if not work.config.is_enabled:
        return None, SWITCHED_OFF
    if row is None or row.is_deleted:
        return None, GONE
    if trigger.template.is_shadow:
        return row.owner_id, SHADOW
    if row.in_queue:
        return row.owner_id, row.waiting_reason or NOT_DEALT
    decision = _latest(work, row.lead_id)
    if decision is not None and decision.chosen_id is None:
        return row.owner_id, decision.reason or NOT_DEALT
    if decision is None and _is_to_pass_on(bot, row, passed):
        passed.add(row.lead_id)
        if not pass_on(work, row, reason=BOT_AGAIN):
            return row.owner_id, NOBODY_ELSE
    is_dealt = row.dealt_entry == row.stage_entry and row.owner_id is not None
    return row.owner_id, "" if is_dealt else NOT_DEALT


def _is_to_pass_on(bot: WaitingBot, row: LeadRow, passed: set[int]) -> bool:
    """Say whether a bot has come back with a lead that its manager has not taken up (R23, F142).

    Whom a person has chosen keeps the lead, and so does whoever has accepted it.
    """
    is_held = row.cycle.given != 0 and not row.cycle.accepted
    is_same_entry = bot.is_again and bot.entry == row.stage_entry == row.dealt_entry
    return is_same_entry and is_held and row.lead_id not in passed


def _latest(work: TurnWork, lead_id: int) -> DecisionRow | None:
    """Return the last that this turn has decided about a lead."""
    found = (one for one in reversed(work.written.decisions) if one.lead_id == lead_id)
    return next(found, None)
