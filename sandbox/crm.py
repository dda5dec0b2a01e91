"""The state machine: all accounts, integrations, grants and the post. No I/O, no clock of its own."""

from collections.abc import Iterator
from random import Random
from typing import Any

from sandbox.account import Account
from sandbox.agenda import Agenda
from sandbox.clock import Clock
from sandbox.faults import FaultBook
from sandbox.hooks import Delivery, Hook, Post, announce
from sandbox.limits import Meter
from sandbox.model import Event, Integration
from sandbox.oauth import GrantBook


class Crm:
    """A whole Kommo. Not thread-safe: shells hold one lock around it."""

    def __init__(self, clock: Clock, random: Random | None = None) -> None:
        self.clock = clock
        self.random = random or Random(1)
        self.accounts: dict[int, Account] = {}
        self.hosts: dict[str, int] = {}  # host -> account id
        self.integrations: dict[str, Integration] = {}
        self.post = Post(self.random)
        self.agenda = Agenda()
        self.faults = FaultBook(self.random)
        self.meter = Meter()
        self.grants = GrantBook(self.random)
        self._last: dict[str, int] = {}

    def next_id(self, kind: str, start: int) -> int:
        """Return the next id of a kind; ids are unique over all accounts, as Kommo's are."""
        number = self._last.get(kind, start - 1) + 1
        self._last[kind] = number
        return number

    def reserve(self, kind: str, number: int) -> int:
        """Take a chosen id and move the kind's sequence past it; return it."""
        self._last[kind] = max(number, self._last.get(kind, 0))
        return number

    def now(self) -> float:
        """Return the time in unix seconds."""
        return self.clock.now()

    def account_at(self, host: str) -> Account | None:
        """Return the account that a host names now, None for strangers and old names."""
        account_id = self.hosts.get(host.lower())
        return self.accounts.get(account_id) if account_id is not None else None

    def rename(self, account: Account, host: str) -> None:
        """Give an account another host; the old one stops answering (KOMMO.md §1.4)."""
        self.hosts.pop(account.host, None)
        account.host = host.lower()
        self.hosts[account.host] = account.id

    def log_event(
        self,
        account: Account,
        kind: str,
        entity: tuple[str, int],
        actor: int,
        before: list[dict[str, Any]],
        after: list[dict[str, Any]],
    ) -> None:
        """Append an entry to /events; `entity` is (singular type, id)."""
        number = self.next_id("event", 1)
        name = f"01hx{number:022x}"
        event = Event(name, kind, entity[0], entity[1], actor, int(self.now()), before, after)
        account.events.append(event)
        account.events_of.setdefault(entity, []).append(event)

    def announce(self, account: Account, *hooks: Hook) -> None:
        """Queue webhooks for the subscriptions that asked for them."""
        announce(self.post, account, hooks, self.now())

    def due_deliveries(self, now: float, limit: int | None = None) -> list[Delivery]:
        """Take out deliveries due at `now` (unix seconds), at most `limit`; settle each of them.

        What was to happen by then happens first: delayed triggers fire, bots wake. Deliveries whose
        subscription is gone, disabled or whose account's webhooks are off vanish.
        """
        self.agenda.run(now)
        return [d for d in self.post.due(now, limit) if self._is_wanted(d)]

    def next_due_at(self) -> float | None:
        """Return when something is due next (unix seconds), None when nothing is planned."""
        times = [at for at in (self.post.next_due_at(), self.agenda.next_at()) if at is not None]
        return min(times, default=None)

    def _is_wanted(self, delivery: Delivery) -> bool:
        account = self.accounts.get(delivery.account_id)
        subscription = account.subscriptions.get(delivery.subscription_id) if account else None
        is_live = delivery.subscription_id == 0 or (subscription and not subscription.disabled)
        if account and is_live and not account.weather.is_off:
            return True
        self.post.in_flight.pop(delivery.id, None)
        self.post.dropped += 1
        return False

    def settle_delivery(self, delivery: Delivery, status_code: int | None) -> None:
        """Record how an attempt went: a status, 499 for a deadline missed, None for no answer."""
        account = self.accounts.get(delivery.account_id)
        self.post.settle(account, delivery, status_code, self.now())

    def each_account(self) -> Iterator[Account]:
        """Yield all accounts in order of creation."""
        yield from self.accounts.values()
