"""The wire between the service and the sandbox: where workers die, pause and are overtaken.

It also remembers which owner changes each worker could know of when it sent a change of owner, so
that every human's change that was written over can be judged.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest, Response

from distribution.models import Effect
from sandbox.account import Account as CrmAccount
from sandbox.adapter import SandboxAdapter
from sandbox.gateway import Gateway
from sandbox.model import Owning
from tests.simulation.virtual import SessionClock

LATENCY_SECONDS = 0.02
_LEAD_PATCH = re.compile(r"^/api/v4/leads(/\d+)?$")
# A decision's or a delivery's own read may be 5 s old when the write begins; the call of the write
# itself may wait a second for its slot and be on its way as long as a call may last.
FRESH_SECONDS = 5.0
ON_THE_WAY_SECONDS = 6.0


class WorkerDied(BaseException):
    """The process is gone: nothing that would tidy up runs, except what PostgreSQL undoes."""


@dataclass(slots=True)
class Frame:
    """One worker at work; nested ones run while the outer one waits or is paused."""

    kind: str
    began: float
    reads: dict[int, int] = field(default_factory=dict)  # lead -> owner changes it has seen
    reads_at: dict[int, float] = field(default_factory=dict)
    is_mortal: bool = True


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A human's choice of owner that a write of ours replaced without having seen it."""

    lead_id: int
    chosen: int
    at: float
    written_at: float
    read_at: float

    @property
    def is_excused(self) -> bool:
        """It fell between a read and the write that followed in time: Kommo has no If-Match."""
        return self.written_at - self.read_at <= FRESH_SECONDS + ON_THE_WAY_SECONDS


@dataclass(frozen=True, slots=True)
class Displaced:
    """A lead that a write of ours has moved from where no decision of ours had seen it."""

    lead_id: int
    stood: tuple[int, int]
    since: float
    at: float

    @property
    def is_excused(self) -> bool:
        """A person has moved it between a read and the write that followed in time."""
        return self.at - self.since <= FRESH_SECONDS + ON_THE_WAY_SECONDS


Point = Callable[[str, bool], None]


class Wire(SandboxAdapter):
    """The sandbox's adapter with points at which the simulation may interfere."""

    def __init__(self, gateway: Gateway, clock: SessionClock, point: Point) -> None:
        super().__init__(gateway, latency_seconds=LATENCY_SECONDS)
        self._crm = gateway.crm
        self._clock = clock
        self._point = point
        self.frames: list[Frame] = []
        self.overwrites: list[Overwrite] = []
        self.blind_writes: list[int] = []  # leads whose change the very worker had read
        self.displaced: list[Displaced] = []
        self.calls = 0
        # lead -> (when read, how many owner changes it had then), by any turn
        self._turn_reads: dict[int, list[tuple[float, int]]] = defaultdict(list)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Answer one request; before and after it anything may happen."""
        self.calls += 1
        account = self._crm.account_at(urlsplit(str(request.url)).hostname or "")
        path, is_write = urlsplit(str(request.url)).path, request.method in ("PATCH", "POST")
        self._point(f"before {request.method} {path}", is_write)
        began = self._clock.now()
        before = {} if account is None else self._owner_counts(account, request)
        stood = {} if account is None else self._places(account, request)
        try:
            response = super().send(request, *args, **kwargs)
        finally:
            if account is not None and self.frames:  # at rest nobody interferes
                self._judge_write(account, before, began)
                self._judge_moves(account, stood, began)
        if account is not None and request.method == "GET" and path == "/api/v4/leads":
            self._note_read(account, request, response, began)
        self._point(f"after {request.method} {path}", False)
        return response

    # -- who knew what

    def _note_read(
        self, account: CrmAccount, request: PreparedRequest, response: Response, began: float
    ) -> None:
        ids = [
            int(value)
            for key, value in parse_qsl(urlsplit(str(request.url)).query)
            if key.startswith("filter[id]") and value.isdigit()
        ]
        if not self.frames or not _is_sound(response):
            return
        frame = self.frames[-1]
        for lead_id in ids:
            lead = account.leads.get(lead_id)
            if lead is None:
                continue
            frame.reads[lead_id], frame.reads_at[lead_id] = len(lead.owners), self._clock.now()
            if frame.kind == "turn":
                self._turn_reads[lead_id].append((began, len(lead.owners)))

    def _changed(self, account: CrmAccount, request: PreparedRequest, field: str) -> list[int]:
        """Return the leads in which a request is to change a field."""
        if request.method != "PATCH" or not _LEAD_PATCH.match(urlsplit(str(request.url)).path):
            return []
        items = json.loads(request.body or b"[]")
        rows = items if isinstance(items, list) else [items]
        ids = [int(item["id"]) for item in rows if field in item]
        return [number for number in ids if number in account.leads]

    def _owner_counts(self, account: CrmAccount, request: PreparedRequest) -> dict[int, int]:
        ids = self._changed(account, request, "responsible_user_id")
        return {number: len(account.leads[number].owners) for number in ids}

    def _places(
        self, account: CrmAccount, request: PreparedRequest
    ) -> dict[int, tuple[tuple[int, int], float]]:
        """Return where the leads stand that a request moves, and since when."""
        found = {}
        for number in self._changed(account, request, "status_id"):
            lead, events = account.leads[number], account.events_of.get(("lead", number), ())
            moved = [one.created_at for one in events if one.type == "lead_status_changed"]
            since = max([lead.created_at, *moved])
            found[number] = ((lead.pipeline_id, lead.status_id), float(since))
        return found

    def _judge_moves(
        self,
        account: CrmAccount,
        stood: dict[int, tuple[tuple[int, int], float]],
        now: float,
    ) -> None:
        for number, (place, since) in stood.items():
            lead = account.leads[number]
            effects = Effect.objects.filter(lead_id=number, kind=Effect.Kind.STAGE)
            effect = effects.filter(state__in=Effect.OPEN).order_by("id").first()
            has_moved = (lead.pipeline_id, lead.status_id) != place
            if has_moved and effect is not None and list(place) != effect.payload["from"]:
                self.displaced.append(Displaced(number, place, since, now))

    def _judge_write(self, account: CrmAccount, before: dict[int, int], now: float) -> None:
        for lead_id, count in before.items():
            lead = account.leads[lead_id]
            if len(lead.owners) <= count:
                continue  # nothing was written
            frame = self.frames[-1]
            seen, read_at = self._known(lead_id, lead.owners[count].after)
            if self._is_blind(lead_id, lead.owners, seen, lead.owners[count].after):
                self.blind_writes.append(lead_id)
            unseen = [one for one in lead.owners[seen:count] if not one.is_api]
            if unseen:
                last = unseen[-1]
                self.overwrites.append(Overwrite(lead_id, last.after, last.at, now, read_at))
            frame.reads[lead_id], frame.reads_at[lead_id] = len(lead.owners), now

    def _is_blind(self, lead_id: int, owners: list[Owning], seen: int, target: int) -> bool:
        """Say whether the worker has read that a human chose another than the one it expected."""
        if lead_id not in self.frames[-1].reads or seen < 2 or owners[seen - 1].is_api:
            return False
        effect = self._effect(lead_id, target)
        return effect is not None and owners[seen - 1].after != effect.expected_from

    def _effect(self, lead_id: int, target: int) -> Effect | None:
        rows = Effect.objects.filter(lead_id=lead_id, target=target, kind=Effect.Kind.OWNER)
        return rows.filter(state__in=Effect.OPEN).order_by("id").first()

    def _known(self, lead_id: int, target: int) -> tuple[int, float]:
        """Return how many owner changes the sender could know of, and when it read them."""
        frame = self.frames[-1]
        if lead_id in frame.reads:
            return frame.reads[lead_id], frame.reads_at[lead_id]
        effect = self._effect(lead_id, target)
        read_at = effect.read_at.timestamp() if effect else 0.0
        later = [seen for at, seen in self._turn_reads[lead_id] if at >= read_at - 0.5]
        if later:
            return later[0], read_at
        lead = next(a.leads[lead_id] for a in self._crm.each_account() if lead_id in a.leads)
        return sum(one.at <= read_at for one in lead.owners), read_at


def _is_sound(response: Response) -> bool:
    """Say whether the worker can make sense of the answer."""
    if response.status_code == 204:
        return True
    try:
        json.loads(response.raw.getvalue())
    except ValueError:
        return False
    return response.status_code < 300
