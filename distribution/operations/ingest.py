"""Hooks of triggers and calls of bots on their way into the inbox: whose are they, and one INSERT."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.kommo.bot_hook import (
    BadBotToken,
    BotCall,
    BotClaims,
    continuation_of,
    read_bot_token,
)
from accounts.kommo.pipeline_hook import LEAD, PipelineHook
from accounts.kommo.values import whole
from accounts.models import Account, InboxEvent
from accounts.operations.inbox import Ingest, append_event
from accounts.operations.leaving import signing_secrets
from distribution.models import Trigger
from distribution.operations.policies.triggers import key_digest, was_ours

KEY, VERSION, KEEP, TEMPLATE = "key", "version", "keep", "template"
"""What a card or a bot's step echoes: the trigger's key; the card's version and its tick (F111)."""

LARGEST_VERSION = 2**31 - 1
TICKED = frozenset({"1", "true", "on", "yes", "y"})
_GONE = (Account.State.LEFT, Account.State.CLOSING)
_log = logging.getLogger(__name__)


def ingest_pipeline_hook(hook: PipelineHook, now: datetime) -> Ingest:
    """Keep what a trigger of the digital pipeline has sent; the same within a minute folds.

    Unknown without a key of ours, or where the hook names another account. A hook of a lead that
    has left, of no lead, or with a key whose trigger is gone, is forgotten.
    """
    key = hook.settings.get(KEY, "")
    found = (
        Trigger.objects.filter(key_digest=key_digest(key), kind=Trigger.Kind.PIPELINE)
        .values_list("pk", "account_id", "account__kommo_id", "account__state")
        .first()
    )
    if found is None:
        return _without_trigger(key, hook.account_id)
    trigger_id, account_id, kommo_id, state = found
    if hook.account_id not in (0, kommo_id):
        _log.warning("trigger %s: its key came from account %s", trigger_id, hook.account_id)
        return Ingest.UNKNOWN
    if state in _GONE or not hook.is_of_lead or hook.has_left:
        return Ingest.FORGOTTEN
    version = whole(hook.settings.get(VERSION))
    payload = {
        "trigger": trigger_id,
        "lead": hook.lead_id,
        "pipeline": hook.pipeline_id,
        "status": hook.status_id,
        "card_version": version if 0 < version <= LARGEST_VERSION else 0,
        "keep": hook.settings.get(KEEP, "").lower() in TICKED,
    }
    is_new = append_event(
        account_id, InboxEvent.Kind.TRIGGER, payload, now, _fold_key(hook, trigger_id, now)
    )
    return Ingest.STORED if is_new else Ingest.FOLDED


def _without_trigger(key: str, kommo_id: int) -> Ingest:
    """A card may outlive its trigger: what fires in vain is no fault of the address."""
    if kommo_id and was_ours(key, kommo_id):
        _log.info("account %s of Kommo: a deleted trigger or an old key has fired", kommo_id)
        return Ingest.FORGOTTEN
    return Ingest.UNKNOWN


def _fold_key(hook: PipelineHook, trigger_id: int, now: datetime) -> str | None:
    """Return what makes a hook the same as another; None where it does not say when it fired.

    With the minute in which it came: the recommended second trigger says the same three minutes
    later, and it is to heal what the first one could not do (F93).
    """
    if not hook.time:
        return None
    parts = (
        trigger_id, hook.lead_id, hook.pipeline_id, hook.status_id, hook.event_type,
        hook.direction, hook.time, hook.settings.get(VERSION), int(now.timestamp()) // 60,
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def ingest_bot_call(call: BotCall, now: datetime) -> Ingest:
    """Keep the call of a bot that waits at our step; one continuation folds however often it calls.

    Unknown without Kommo's signature, or with an address that is not a waiting bot's of the
    account. A bot without a (known) trigger is kept all the same: it is to go on.
    """
    claims = _claims_of(call, now)
    if claims is None:
        return Ingest.UNKNOWN
    account = Account.objects.filter(kommo_id=claims.account_id).first()
    continuation = _continuation(call, claims, account.host) if account else None
    if account is None or continuation is None:
        return Ingest.UNKNOWN
    if account.state in _GONE:
        return Ingest.FORGOTTEN
    is_lead = claims.entity_type == LEAD
    payload = {
        "trigger": _trigger_of_bot(account, call) if is_lead else None,
        "lead": claims.entity_id if is_lead else 0,
        "bot": continuation[0],
        "continue": continuation[1],
    }
    client_key = f"bot:{continuation[0]}:{continuation[1]}"
    is_new = append_event(account, InboxEvent.Kind.BOT, payload, now, client_key)
    return Ingest.STORED if is_new else Ingest.FOLDED


def _claims_of(call: BotCall, now: datetime) -> BotClaims | None:
    try:
        return read_bot_token(
            call.token,
            secrets=signing_secrets(),
            client_id=settings.KOMMO_CLIENT_ID,
            now=int(now.timestamp()),
        )
    except BadBotToken as error:
        _log.warning("a bot's call is refused: %s", error)
        return None


def _continuation(call: BotCall, claims: BotClaims, host: str) -> tuple[int, int] | None:
    """Return which bot waits where. The token may know a newer name of the account than we do."""
    for known in (host, claims.host):
        try:
            return continuation_of(call.return_url, host=known or "")
        except ValueError:
            continue
    _log.warning("account %s of Kommo: a bot's return address is refused", claims.account_id)
    return None


def _trigger_of_bot(account: Account, call: BotCall) -> int | None:
    """Return the trigger that the step names by its key, or the first of the template it names."""
    key, template = call.data.get(KEY, ""), whole(call.data.get(TEMPLATE))
    named = Q(key_digest=key_digest(key))
    if not key and template > 0:
        named = Q(template_id=template)
    rows = Trigger.objects.for_account(account).filter(named, kind=Trigger.Kind.SALESBOT)
    found: int | None = rows.order_by("priority", "pk").values_list("pk", flat=True).first()
    return found
