"""Outgoing webhooks as plain values: bodies, the queue, attempts and auto-disable (KOMMO.md §4)."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import urlencode
from uuid import UUID

from sandbox.account import Account
from sandbox.model import Subscription

Pairs = tuple[tuple[str, str], ...]
Settled = Callable[[int, int | None], float | None]  # (attempt, status) -> wait before the next
DEADLINE_SECONDS = 2.0  # a hook counts as delivered with 100-299 within this (KOMMO.md §4)
TIMED_OUT = 499
RETRY_SECONDS = {1: 300.0, 2: 900.0, 3: 900.0, 4: 3_600.0}  # attempt just failed -> wait
BAD_WINDOW_SECONDS = 7_200.0
BAD_ANSWERS_ALLOWED = 100
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept-Encoding": "gzip",
    "User-Agent": "amoCRM-Webhooks/3.0",
}


@dataclass(frozen=True, slots=True)
class Hook:
    """One action to announce: its settings codes, its key prefix and one pair list an item."""

    codes: tuple[str, ...]  # any of these in a subscription asks for it: ("add_lead",)
    prefix: str  # leads[add]
    items: list[Pairs]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver one body. `subscription_id` 0 is a trigger's or a bot's request.

    `pairs` is the flat form of the body, of a JSON body too.
    """

    id: int
    account_id: int
    subscription_id: int
    destination: str
    pairs: Pairs
    queued_at: float  # unix seconds
    due_at: float  # unix seconds
    attempt: int  # 1..5
    request_id: str
    json_body: bytes | None = None
    settled: Settled | None = None  # hears the answer instead of a subscription

    @property
    def body(self) -> bytes:
        """Return the form body with PHP's bracket keys, or the JSON body."""
        return urlencode(self.pairs).encode() if self.json_body is None else self.json_body

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the captures."""
        named = {**HEADERS, "X-Amocrm-Requestid": self.request_id}
        return named if self.json_body is None else {**named, "Content-Type": "application/json"}


class Post:
    """The queue of deliveries of all accounts, in order of due time."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._queue: list[tuple[float, int, Delivery]] = []
        self._number = 0
        self.in_flight: dict[int, Delivery] = {}
        self.dropped = 0  # deliveries whose subscription was gone or disabled

    def __len__(self) -> int:
        return len(self._queue)

    def waiting(self) -> list[tuple[float, int, Delivery]]:
        """Return what waits, in no order."""
        return list(self._queue)

    def forget(self, account_id: int | None = None) -> None:
        """Drop what waits for an account, or all."""
        kept = [e for e in self._queue if account_id not in (None, e[2].account_id)]
        heapq.heapify(kept)
        self._queue = kept

    def next_due_at(self) -> float | None:
        """Return when the earliest delivery is due (unix seconds), None when nothing waits."""
        return self._queue[0][0] if self._queue else None

    def put(
        self,
        account: Account,
        subscription_id: int,
        url: str,
        pairs: Pairs,
        now: float,
        *,
        json_body: bytes | None = None,
        settled: Settled | None = None,
    ) -> None:
        """Queue one body, bent by the account's weather: delayed, jittered, perhaps twice."""
        weather = account.weather
        copies = 1 + (weather.duplicate > 0 and self._random.random() < weather.duplicate)
        for _ in range(copies):
            late = weather.delay + (self._random.random() * weather.jitter if weather.jitter else 0)
            self._number += 1
            name = str(UUID(int=self._random.getrandbits(128), version=4))
            row = Delivery(
                self._number, account.id, subscription_id, url, pairs, now, now + late, 1, name,
                json_body, settled,
            )  # fmt: skip
            self._push(row)

    def _push(self, delivery: Delivery) -> None:
        heapq.heappush(self._queue, (delivery.due_at, delivery.id, delivery))

    def due(self, now: float, limit: int | None = None) -> Iterator[Delivery]:
        """Yield and take out deliveries with due_at <= now; they are in flight until settled."""
        taken = 0
        while self._queue and self._queue[0][0] <= now and (limit is None or taken < limit):
            delivery = heapq.heappop(self._queue)[2]
            self.in_flight[delivery.id] = delivery
            taken += 1
            yield delivery

    def settle(
        self,
        account: Account | None,
        delivery: Delivery,
        status: int | None,
        now: float,
    ) -> None:
        """Record the answer of an attempt (None: no connection) and plan the next attempt."""
        self.in_flight.pop(delivery.id, None)
        wait: float | None = None
        subscription = account.subscriptions.get(delivery.subscription_id) if account else None
        if account is None:
            return
        if delivery.settled is not None:
            wait = delivery.settled(delivery.attempt, status)
        elif subscription is not None:
            record_answer(subscription, status, now)
            wait = seconds_to_retry(delivery.attempt, status)
        if subscription is not None and subscription.disabled:
            return
        if wait is not None:
            self._number += 1
            due_at = now + wait * account.weather.retry_scale
            self._push(
                replace(delivery, id=self._number, attempt=delivery.attempt + 1, due_at=due_at)
            )


def is_delivered(status: int | None) -> bool:
    """Say whether an answer counts as delivered: 100-299 (KOMMO.md §4)."""
    return status is not None and 100 <= status < 300


def seconds_to_retry(attempt: int, status: int | None) -> float | None:
    """Return the wait before the attempt after `attempt`, None when there is none (KOMMO.md §4).

    The second and third attempts follow any bad answer, the fourth and fifth only 499 and 5xx.
    """
    if is_delivered(status) or attempt not in RETRY_SECONDS:
        return None
    if attempt >= 3 and not (status == TIMED_OUT or (status or 0) // 100 == 5):
        return None
    return RETRY_SECONDS[attempt]


def record_answer(subscription: Subscription, status: int | None, now: float) -> None:
    """Count an answer; disable after more than 100 bad ones in 2 h of which this is the last."""
    name = "none" if status is None else str(status)
    subscription.statuses[name] = subscription.statuses.get(name, 0) + 1
    if is_delivered(status):
        return
    bad = subscription.bad_answers
    bad.append(now)
    while bad and bad[0] <= now - BAD_WINDOW_SECONDS:
        bad.popleft()
    if len(bad) > BAD_ANSWERS_ALLOWED:
        subscription.disabled = True


def announce(post: Post, account: Account, hooks: Iterable[Hook], now: float) -> None:
    """Queue what each live subscription asked for, in chunks of the weather's items_per_body."""
    if account.weather.is_off:
        return
    listed = [hook for hook in hooks if hook.items]
    for subscription in account.subscriptions.values():
        asked = [hook for hook in listed if not set(hook.codes).isdisjoint(subscription.settings)]
        if subscription.disabled or not asked:
            continue
        for pairs in bodies(account, asked):
            post.put(account, subscription.id, subscription.destination, pairs, now)


def bodies(account: Account, hooks: list[Hook]) -> Iterator[Pairs]:
    """Yield the bodies of one change: one an action and chunk, or all in one when merged."""
    if account.weather.is_merged:
        merged = [pair for hook in hooks for pair in numbered(hook.prefix, hook.items)]
        yield (*account_pairs(account), *merged)
        return
    size = max(1, account.weather.items_per_body)
    for hook in hooks:
        comes_first = hook.prefix.endswith(("[add]", "[update]"))
        for start in range(0, len(hook.items), size):
            pairs = tuple(numbered(hook.prefix, hook.items[start : start + size]))
            block = account_pairs(account)
            yield (*block, *pairs) if comes_first else (*pairs, *block)


def numbered(prefix: str, items: list[Pairs]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of items under `prefix[0]`, `prefix[1]`, …"""
    for number, item in enumerate(items):
        stem = f"{prefix}[{number}]"
        for key, value in item:
            yield stem + key, value


def account_pairs(account: Account) -> Pairs:
    """Return the account block of a body."""
    return (
        ("account[subdomain]", account.subdomain),
        ("account[id]", str(account.id)),
        ("account[_links][self]", f"https://{account.host}"),
    )
