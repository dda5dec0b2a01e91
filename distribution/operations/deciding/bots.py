"""What a waiting Salesbot is told, and telling one whose call was given up: none is left hanging (F92)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from distribution.models import Effect

Json = dict[str, Any]
LONGEST_NAME = 80  # characters of a value that a bot can show
SUCCESS, FAIL = "success", "fail"  # the exits of the step

# Why a bot goes on by its exit "fail", besides what its lead waits for or is left alone for.
NO_TEMPLATE = "no_template"  # its step names no trigger of ours, or its template is off
SWITCHED_OFF = "switched_off"
SHADOW = "only_in_shadow"
GONE = "gone"
NOBODY_ELSE = "nobody_else"  # everybody has had the lead, or it was passed on often enough
NOT_DEALT = "not_dealt"
NOT_PROCESSED = "not_processed"  # the call was given up after several tries


def answer(bot_id: int, continue_id: int, *, manager: str = "", reason: str = "") -> Json:
    """Return the payload of an effect "bot": its exit is "fail" where there is a reason.

    The bot's later steps read {{json.status}}, {{json.manager}} and {{json.reason}}.
    """
    told = {"status": FAIL if reason else SUCCESS, "manager": manager[:LONGEST_NAME]}
    return {"bot": bot_id, "continue": continue_id, "data": {**told, "reason": reason}}


def let_go_on(account_id: int, call: Json, now: datetime) -> None:
    """Let a bot go on whose call, an event of the inbox, is given up."""
    Effect.objects.create(
        account_id=account_id,
        lead_id=call["lead"],
        kind=Effect.Kind.BOT,
        payload=answer(call["bot"], call["continue"], reason=NOT_PROCESSED),
        read_at=now,
        created_at=now,
    )
