"""One account: its rows, the indexes over them, and its log of calls. No wire format here."""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sandbox.model import (
    Bot,
    BotRun,
    BotWait,
    CustomField,
    Event,
    HookWeather,
    Incoming,
    Lead,
    Limits,
    Move,
    Note,
    Person,
    Pipeline,
    Stage,
    Subscription,
    Task,
    Trigger,
    User,
)

KEPT_CALLS = 200_000


@dataclass(frozen=True, slots=True)
class Logged:
    """One API call as it was answered; status 0 means that the answer was dropped."""

    at: float  # unix seconds
    method: str
    path: str
    status: int


@dataclass(slots=True)
class Account:
    """All that one Kommo account holds."""

    id: int
    host: str
    name: str
    zone: str = "UTC"
    language: str = "en"
    country: str = "US"
    currency: str = "USD"
    created_at: int = 0
    is_paid: bool = True
    groups: dict[int, str] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    pipelines: dict[int, Pipeline] = field(default_factory=dict)
    fields: dict[str, dict[int, CustomField]] = field(default_factory=dict)  # leads -> id -> field
    leads: dict[int, Lead] = field(default_factory=dict)
    people: dict[str, dict[int, Person]] = field(
        default_factory=lambda: {"contacts": {}, "companies": {}, "customers": {}}
    )
    tasks: dict[int, Task] = field(default_factory=dict)
    notes: dict[int, Note] = field(default_factory=dict)
    notes_of: dict[tuple[str, int], list[Note]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)  # in order of time
    events_of: dict[tuple[str, int], list[Event]] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    triggers: dict[int, Trigger] = field(default_factory=dict)
    bots: dict[int, BotWait] = field(default_factory=dict)  # continue id -> bot
    programs: dict[int, Bot] = field(default_factory=dict)
    runs: dict[int, BotRun] = field(default_factory=dict)
    runs_of: dict[int, list[BotRun]] = field(default_factory=dict)  # lead -> its runs, oldest first
    incoming: dict[str, Incoming] = field(default_factory=dict)  # uid -> incoming lead
    incoming_of: dict[int, Incoming] = field(default_factory=dict)  # by lead
    on_move: list[Callable[[Move], None]] = field(default_factory=list)  # who reacts to a stage
    limits: Limits = field(default_factory=Limits)
    weather: HookWeather = field(default_factory=HookWeather)
    accepts_unconfirmed_hooks: bool = True
    customers_mode: str = "disabled"  # unavailable, disabled, segments, periodicity or dynamic
    customers_refusal: int = 403  # what /customers answers where the mode is off
    bots_block: bool = True  # an older running bot of the same lead holds up those after it
    incoming_adds_lead: bool = False  # an incoming lead raises leads[add] too
    accept_makes_responsible: bool = False  # user_id of accept is the owner, too
    calls: deque[Logged] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    call_count: int = 0
    owner_changes: int = 0
    redundant_patches: int = 0  # PATCHes to the owner that the lead already had
    by_stage: dict[tuple[int, int], dict[int, None]] = field(
        default_factory=dict
    )  # lists of a stage
    by_owner: dict[int, dict[int, None]] = field(default_factory=dict)  # lists of an owner's leads
    task_ids: dict[tuple[str, int], list[int]] = field(default_factory=dict)  # of a lead's card
    by_touch: dict[int, None] = field(default_factory=dict)  # ids, last touched last: updated_at
    dated_by_hand: set[int] = field(default_factory=set)  # updated_at set through the API

    @property
    def subdomain(self) -> str:
        """Return the first label of the host."""
        return self.host.split(".", 1)[0]

    @property
    def has_customers(self) -> bool:
        """Say whether customers are switched on."""
        return self.customers_mode not in ("unavailable", "disabled")

    def stage(self, pipeline_id: int, status_id: int) -> Stage | None:
        """Return the stage of a pipeline, None where there is none."""
        pipeline = self.pipelines.get(pipeline_id)
        return pipeline.stages.get(status_id) if pipeline else None

    def index(self, lead: Lead) -> None:
        """Enter a lead into the indexes as it is now."""
        self.by_stage.setdefault((lead.pipeline_id, lead.status_id), {})[lead.id] = None
        self.by_owner.setdefault(lead.responsible_user_id, {})[lead.id] = None
        self.by_touch.pop(lead.id, None)
        self.by_touch[lead.id] = None

    def unindex(self, lead: Lead) -> None:
        """Take a lead out of the indexes, before it changes."""
        self.by_stage.get((lead.pipeline_id, lead.status_id), {}).pop(lead.id, None)
        self.by_owner.get(lead.responsible_user_id, {}).pop(lead.id, None)

    def tasks_of_lead(self, lead_id: int) -> list[int]:
        """Return the ids of a lead's tasks."""
        return self.task_ids.get(("leads", lead_id), [])

    def touched_since(self, at: int) -> Iterable[int]:
        """Yield ids of leads whose updated_at may be at or after `at` (unix seconds)."""
        yield from self.dated_by_hand
        for lead_id in reversed(self.by_touch):
            if lead_id in self.dated_by_hand:
                continue
            if self.leads[lead_id].updated_at < at:
                return
            yield lead_id

    def events_between(self, start: int, end: int) -> list[Event]:
        """Return events with start <= created_at <= end; both ends count, as in Kommo's filters."""
        first = bisect_left(self.events, start, key=lambda event: event.created_at)
        last = bisect_left(self.events, end + 1, key=lambda event: event.created_at)
        return self.events[first:last]

    def most_calls_in_a_second(self) -> int:
        """Return the most calls of the log within any window of one second."""
        times = [call.at for call in self.calls]
        best = start = 0
        for end, at in enumerate(times):
            while at - times[start] >= 1.0:
                start += 1
            best = max(best, end - start + 1)
        return best
