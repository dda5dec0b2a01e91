"""Continuations of Salesbots on their way to Kommo: a bot waits until it is told to go on (F92)."""

from __future__ import annotations

import logging

from accounts.kommo.client import KommoClient
from accounts.kommo.errors import Forbidden, InvalidRequest, KommoError, NotFound
from distribution.models import Effect
from distribution.operations.delivering.effects import ClaimedEffect, Settlement, claim_effects
from distribution.operations.lanes import may_send

BOTS_A_ROUND = 20  # a call each
MOST_REFUSALS = 50  # of a right that an admin may give back; an hour, about
log = logging.getLogger(__name__)


def send_bots(client: KommoClient, settlement: Settlement) -> bool:
    """Let the bots of the lane's account go on, at most one batch; False = none waits."""
    claimed = claim_effects(settlement.lease, Effect.Kind.BOT.value, BOTS_A_ROUND)
    settlement.makes_more_work = len(claimed) == BOTS_A_ROUND
    bots = settlement.without_deadly(claimed)
    for place, bot in enumerate(bots):
        if settlement.wait_seconds is not None or not may_send(settlement.lease):
            settlement.put_back(bots[place:])
            break
        _continue(client, bot, settlement)
    return bool(claimed)


def _continue(client: KommoClient, bot: ClaimedEffect, settlement: Settlement) -> None:
    told = bot.payload
    try:
        client.continue_bot(told["bot"], told["continue"], told["data"])
    except NotFound as error:
        if bot.attempts > 1:  # an earlier call was carried out, its answer lost
            settlement.done(bot, 0, "nothing waits any more")
        else:
            _drop(bot, settlement, error)
    except InvalidRequest as error:
        _drop(bot, settlement, error)
    except KommoError as error:
        if isinstance(error, Forbidden) and bot.attempts > MOST_REFUSALS:
            settlement.bury(bot, str(error))
            return
        # What was refused counts as tried, too, so that refusals have an end.
        is_tried = error.is_ambiguous or bot.attempts > 1 or isinstance(error, Forbidden)
        settlement.again(bot, is_tried, str(error))
        settlement.wait_for(error)
    else:
        settlement.done(bot, 0, "sent")


def _drop(bot: ClaimedEffect, settlement: Settlement, error: KommoError) -> None:
    """Nothing can be done for the bot: it was stopped, or Kommo does not take our words."""
    log.warning(
        "account %s: bot %s of lead %s does not go on: %s",
        settlement.lease.account_id,
        bot.payload["bot"],
        bot.lead_id,
        error,
    )
    settlement.drop(bot, str(error))
