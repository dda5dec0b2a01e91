"""Accounts with their health, and what the operator does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.kommo.errors import KommoError
from accounts.models import Account
from accounts.operations.hooks import check_hook
from accounts.operations.sync import refresh_crm_data
from distribution.operations.dead_letters import resume_account, suspend_account
from peresmenka.admin_base import OpenFilter, OperatorAdmin
from peresmenka.lib.clock import read_clock

MOST_ASKED_AT_ONCE = 5  # accounts: each is asked over the network while the operator waits
MOST_COUNTED = 1000
LINKED = (
    "accounts.inboxevent",
    "accounts.lane",
    "accounts.credential",
    "accounts.manager",
    "accounts.auditentry",
    "shifts.shift",
    "distribution.effect",
    "distribution.decision",
    "distribution.leadmirror",
    "distribution.timer",
    "distribution.deadletter",
)
# One row an account, each part through the index that the lanes use.
_HEALTH = """
SELECT a.id, business_now(), c.issued_at,
  (SELECT count(*) FROM (SELECT 1 FROM accounts_inboxevent e
    WHERE e.account_id = a.id AND e.done_at IS NULL LIMIT %(most)s) counted),
  (SELECT e.received_at FROM accounts_inboxevent e
    WHERE e.account_id = a.id AND e.done_at IS NULL ORDER BY e.id LIMIT 1),
  (SELECT count(*) FROM (SELECT 1 FROM distribution_effect f
    WHERE f.account_id = a.id AND f.state IN ('pending', 'sending', 'unknown') LIMIT %(most)s) counted),
  (SELECT f.created_at FROM distribution_effect f
    WHERE f.account_id = a.id AND f.state IN ('pending', 'sending', 'unknown') ORDER BY f.id LIMIT 1),
  (SELECT count(*) FROM distribution_deadletter d
    WHERE d.account_id = a.id AND d.replayed_at IS NULL)
FROM accounts_account a LEFT JOIN accounts_credential c ON c.account_id = a.id
WHERE a.id = ANY(%(accounts)s)
"""


@dataclass(frozen=True, slots=True)
class Health:
    """How an account does, at a glance."""

    now: datetime
    token_issued_at: datetime | None
    open_events: int  # counted up to 1000
    oldest_event_at: datetime | None
    open_effects: int  # counted up to 1000
    oldest_effect_at: datetime | None
    dead_letters: int


def health_of(account_ids: Sequence[int]) -> dict[int, Health]:
    """Return the health of the accounts, by id; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH, {"accounts": list(account_ids), "most": MOST_COUNTED})
        return {row[0]: Health(*row[1:]) for row in cursor.fetchall()}


class AccountList(ChangeList):
    """The list of accounts, which reads the health of a page's accounts at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, then its accounts' health."""
        super().get_results(request)
        found = health_of([account.pk for account in self.result_list])
        for account in self.result_list:
            account.health_read = found.get(account.pk)


class OpenAccounts(OpenFilter):
    """Accounts that have not left."""

    title = gettext_lazy("installation")
    label = gettext_lazy("Installed now")
    condition = ~Q(state=Account.State.LEFT)


@admin.register(Account)
class AccountAdmin(OperatorAdmin):
    list_display = (
        "host",
        "state",
        "health",
        "waiting_events",
        "waiting_effects",
        "oldest_unserved",
        "dead_letters",
        "hook_age",
        "token_age",
    )
    list_filter = (OpenAccounts, "state", "health")
    number_fields = ("kommo_id",)
    text_fields = ("host", "name")
    search_help_text = gettext_lazy("Host, name or Kommo id")
    extra_fields = (
        "token_age",
        "waiting_events",
        "waiting_effects",
        "oldest_unserved",
        "dead_letters",
        "tables",
    )
    actions = ("refresh", "check_webhook", "suspend", "resume")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list with health."""
        return AccountList

    def _rows_of(self, word: str) -> Q:
        found = super()._rows_of(word)
        is_number = word.isascii() and word.isdigit() and len(word) < 19
        return found | Q(kommo_id=int(word)) if is_number else found

    # -- health

    def _health(self, account: Account) -> Health | None:
        if not hasattr(account, "health_read"):
            account.health_read = health_of([account.pk]).get(account.pk)  # type: ignore[attr-defined]
        found: Health | None = account.health_read  # type: ignore[attr-defined]
        return found

    @admin.display(description=gettext_lazy("webhook checked"))
    def hook_age(self, account: Account) -> str:
        """Return how long ago the subscription was looked at; every quarter of an hour it is."""
        health = self._health(account)
        if health is None or account.hook_checked_at is None:
            return _("never")
        return _("%(time)s ago") % {"time": timesince(account.hook_checked_at, health.now, depth=1)}

    @admin.display(description=gettext_lazy("token’s age"))
    def token_age(self, account: Account) -> str:
        """Return how old the token pair is; refreshed at half of its life."""
        health = self._health(account)
        if health is None or health.token_issued_at is None:
            return _("no token")
        return timesince(health.token_issued_at, health.now, depth=1)

    @admin.display(description=gettext_lazy("open events"))
    def waiting_events(self, account: Account) -> str:
        """Return how many inbox events wait for a turn."""
        health = self._health(account)
        return _counted(health.open_events) if health else ""

    @admin.display(description=gettext_lazy("open effects"))
    def waiting_effects(self, account: Account) -> str:
        """Return how many writes wait for Kommo."""
        health = self._health(account)
        return _counted(health.open_effects) if health else ""

    @admin.display(description=gettext_lazy("oldest unserved"))
    def oldest_unserved(self, account: Account) -> str:
        """Return how long the oldest event or effect has waited."""
        health = self._health(account)
        if health is None:
            return ""
        waits = [one for one in (health.oldest_event_at, health.oldest_effect_at) if one]
        return timesince(min(waits), health.now, depth=1) if waits else "–"

    @admin.display(description=gettext_lazy("dead letters"))
    def dead_letters(self, account: Account) -> str | SafeString:
        """Return how many dead letters are not replayed, with the way to them."""
        health = self._health(account)
        if health is None or not health.dead_letters:
            return "0"
        address = reverse("admin:distribution_deadletter_changelist")
        return format_html(
            '<a href="{}?account={}&amp;open=yes">{}</a>', address, account.pk, health.dead_letters
        )

    @admin.display(description=gettext_lazy("its rows"))
    def tables(self, account: Account) -> SafeString:
        """Return links to the account's rows of the tables looked at most."""
        parts = [
            format_html(
                '<a href="{}?account={}">{}</a>',
                reverse(f"admin:{name.replace('.', '_')}_changelist"),
                account.pk,
                apps.get_model(name)._meta.verbose_name_plural,
            )
            for name in LINKED
        ]
        return SafeString(" · ".join(parts))

    # -- actions

    @admin.action(
        description=gettext_lazy("Read people, stages and fields from Kommo anew"),
        permissions=["operate"],
    )
    def refresh(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Read the CRM data of the accounts now."""
        self._ask(request, queryset, _("CRM data read anew"), _refresh)

    @admin.action(
        description=gettext_lazy("Check the webhook, subscribe again if needed"),
        permissions=["operate"],
    )
    def check_webhook(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Look after the accounts' subscriptions now."""
        self._ask(request, queryset, _("Webhook checked"), _check)

    def _ask(
        self,
        request: HttpRequest,
        accounts: QuerySet[Account],
        done: str,
        work: Callable[[Account, datetime], object],
    ) -> None:
        if len(accounts) > MOST_ASKED_AT_ONCE:
            text = _(
                "At most %(number)s accounts at once: Kommo is asked about each while you wait."
            )
            self.message_user(request, text % {"number": MOST_ASKED_AT_ONCE}, messages.ERROR)
            return
        for account in accounts:
            try:
                work(account, read_clock())
            except KommoError as error:
                self.message_user(request, f"{account.host}: {error}", messages.ERROR)
            else:
                self.note(request, [account], done)
                self.message_user(request, f"{account.host}: {done}", messages.SUCCESS)

    @admin.action(
        description=gettext_lazy("Suspend: store webhooks, decide and write nothing"),
        permissions=["operate"],
    )
    def suspend(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Suspend the accounts that work."""
        by, now = request.user.get_username(), read_clock()
        changed = [one for one in queryset if suspend_account(one, by=by, now=now)]
        self._tell(request, changed, _("Suspended"))

    @admin.action(description=gettext_lazy("Resume suspended accounts"), permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Let suspended accounts go on."""
        by, now = request.user.get_username(), read_clock()
        changed = [one for one in queryset if resume_account(one, by=by, now=now)]
        self._tell(request, changed, _("Resumed"))

    def _tell(self, request: HttpRequest, changed: list[Account], what: str) -> None:
        self.note(request, changed, what)
        hosts = ", ".join(account.host for account in changed) or "–"
        self.message_user(request, f"{what}: {hosts}", messages.SUCCESS)


def _counted(number: int) -> str:
    return f"{MOST_COUNTED}+" if number >= MOST_COUNTED else str(number)


def _refresh(account: Account, now: datetime) -> object:
    return refresh_crm_data(account, now=now)


def _check(account: Account, now: datetime) -> object:
    return check_hook(account=account, now=now)
