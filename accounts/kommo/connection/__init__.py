"""The Django shell of the Kommo client: tokens, HTTP sessions and the budget of calls of an account."""

from __future__ import annotations

from accounts.kommo.client import KommoClient
from accounts.kommo.connection import budget, sessions
from accounts.kommo.connection.tokens import (
    Token,
    current_token,
    refresh_due_credentials,
    renew_token,
)
from accounts.kommo.errors import (
    AmbiguousAnswer,
    Blocked,
    ServerTrouble,
    TooLarge,
    TooManyRequests,
)
from accounts.kommo.wire import Reply, Request, error_of
from accounts.models import Account

__all__ = ["AccountTransport", "connect", "refresh_due_credentials"]

PAUSE_SECONDS = 2.0  # after a 429 that does not say how long


class AccountTransport:
    """Sends an account's calls within its budget, with its token, renewed once on a 401."""

    def __init__(self, account: Account) -> None:
        self._account_id = account.pk
        self._health = account.health

    def send(self, request: Request) -> Reply:
        """Return Kommo's answer. Raises NotSent, AmbiguousAnswer or NeedsAuthorization."""
        token = current_token(self._account_id)
        reply = self._attempt(request, token)
        if reply.status == 401:
            token = renew_token(self._account_id, token.version)
            reply = self._attempt(request, token)
        self._note_health(reply)
        return reply

    def _attempt(self, request: Request, token: Token) -> Reply:
        try:
            with budget.one_call(self._account_id) as slot:
                reply = sessions.send(token.host, request, token.access.reveal())
        except AmbiguousAnswer:
            budget.report_trouble(self._account_id)
            raise
        if not self._report(request, reply) and slot.counts_failures:
            budget.report_success(self._account_id)
        return reply

    def _report(self, request: Request, reply: Reply) -> bool:
        """Tell the budget of trouble; return whether there was any."""
        if reply.status < 400 or reply.status == 401:
            return False
        error = error_of(request, reply)
        if isinstance(error, TooManyRequests):
            budget.report_pause(self._account_id, error.retry_after or PAUSE_SECONDS)
        elif isinstance(error, Blocked):
            budget.report_block(self._account_id)
        elif isinstance(error, (ServerTrouble, TooLarge)):
            budget.report_trouble(self._account_id)
        else:
            return False
        return True

    def _note_health(self, reply: Reply) -> None:
        health = Account.Health.PAYMENT_REQUIRED if reply.status == 402 else Account.Health.OK
        is_telling = reply.status == 402 or reply.status < 300
        if is_telling and health != self._health:
            Account.objects.filter(pk=self._account_id).update(health=health)
            self._health = health


def connect(account: Account) -> KommoClient:
    """Return the API of `account`. Cheap: the HTTP session is this thread's, the token this process's."""
    return KommoClient(AccountTransport(account))
