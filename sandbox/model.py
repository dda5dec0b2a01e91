"""The rows of the sandbox's accounts: plain mutable records, no behaviour beyond look-ups."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

WON, LOST = 142, 143  # the same ids in every pipeline (KOMMO.md §3.3)
UNSORTED = 1  # type of a pipeline's incoming-leads stage
ROBOT = 0  # the user id of a change made by nobody


@dataclass(slots=True)
class User:
    """A user of one account."""

    id: int
    name: str
    email: str
    lang: str = "en"
    group_id: int = 0  # 0 is the default group, which /users shows as null
    is_admin: bool = False
    is_active: bool = True
    is_free: bool = False
    title: str = "manager"  # admin, supervisor, manager; the sandbox's own, never on the wire
    rights: dict[str, str] = field(default_factory=dict)  # leads.view -> A, G, M or D


@dataclass(slots=True)
class Stage:
    """A stage; its key is (pipeline, stage), since 142 and 143 are in every pipeline."""

    id: int
    name: str
    sort: int
    color: str
    type: int = 0
    is_editable: bool = True


@dataclass(slots=True)
class Pipeline:
    """A pipeline with its stages in order."""

    id: int
    name: str
    sort: int
    is_main: bool
    stages: dict[int, Stage] = field(default_factory=dict)

    def first_stage(self) -> Stage:
        """Return the first ordinary stage."""
        return min((s for s in self.stages.values() if s.type == 0), key=lambda stage: stage.sort)


@dataclass(slots=True)
class CustomField:
    """A field of leads, contacts or companies."""

    id: int
    name: str
    type: str = "text"
    code: str | None = None
    sort: int = 500
    enums: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Owning:
    """One entry of a lead's owner history."""

    at: float  # unix seconds
    before: int | None  # None when the lead was created
    after: int
    actor: int  # user id; 0 is a robot
    is_api: bool


@dataclass(slots=True)
class Lead:
    """A lead."""

    id: int
    name: str
    pipeline_id: int
    status_id: int
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    group_id: int = 0
    price: int = 0
    loss_reason_id: int | None = None
    closed_at: int | None = None
    is_deleted: bool = False
    fields: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    contact_ids: list[int] = field(default_factory=list)
    company_id: int | None = None
    source_id: int | None = None
    entries: int = 1  # how many stages it has entered
    owners: list[Owning] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Move:
    """A lead has entered a stage; `before` is (pipeline, stage), None for a new lead."""

    lead: Lead
    before: tuple[int, int] | None
    at: float  # unix seconds


@dataclass(slots=True)
class Person:
    """A contact, a company or a customer: Kommo's API treats them alike."""

    id: int
    kind: str  # contact, company or customer
    name: str
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    group_id: int = 0
    is_deleted: bool = False
    fields: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    tags: list[dict[str, Any]] = field(default_factory=list)
    lead_ids: list[int] = field(default_factory=list)
    company_id: int | None = None  # of contacts and customers
    contact_ids: list[int] = field(default_factory=list)  # of companies and customers
    customer_ids: list[int] = field(default_factory=list)  # of contacts and companies


@dataclass(slots=True)
class Task:
    """A task; `entity_type` is leads, contacts, companies, customers or None."""

    id: int
    text: str
    complete_till: int
    responsible_user_id: int
    created_by: int
    updated_by: int
    created_at: int
    updated_at: int
    entity_id: int | None = None
    entity_type: str | None = None
    task_type_id: int = 1
    duration: int = 0
    is_completed: bool = False
    result: str = ""


@dataclass(slots=True)
class Note:
    """A note of a lead, a contact or a company (`entity_type` is the plural)."""

    id: int
    entity_type: str
    entity_id: int
    note_type: str
    params: dict[str, Any]
    created_by: int
    created_at: int
    updated_at: int
    responsible_user_id: int = 0
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of /events; `entity_type` is the singular."""

    id: str
    type: str
    entity_type: str
    entity_id: int
    created_by: int
    created_at: int
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]


@dataclass(slots=True)
class Subscription:
    """A webhook subscription of an account."""

    id: int
    destination: str
    settings: list[str]
    sort: int
    created_by: int
    created_at: int
    updated_at: int
    disabled: bool = False
    bad_answers: deque[float] = field(default_factory=lambda: deque(maxlen=1_000))
    statuses: dict[str, int] = field(default_factory=dict)  # "204" or "none" -> attempts


@dataclass(slots=True)
class Conditions:
    """When a trigger lets a lead pass; what is empty is not asked."""

    responsible_user_ids: list[int] = field(default_factory=list)
    price_from: int | None = None
    price_to: int | None = None
    tag: str = ""
    source_ids: list[int] = field(default_factory=list)
    fields: dict[int, Any] = field(default_factory=dict)  # field id -> value, None: filled at all


@dataclass(slots=True)
class Fired:
    """One time that a trigger fired, or would have: `skipped` says why it did not."""

    lead_id: int
    at: float  # of the event (unix seconds)
    due_at: float
    type: int  # 1, 14 or 15
    direction: str
    statuses: list[int | None] = field(default_factory=list)  # of the attempts
    skipped: str = ""  # condition, left or deleted


@dataclass(slots=True)
class Trigger:
    """A widget's action in the digital pipeline, or a bot's start, when a lead enters its stage."""

    id: int
    pipeline_id: int
    status_id: int
    url: str
    settings: dict[str, str]
    execution: str = "both"  # created, moved or both
    delay_seconds: float = 0.0
    encoding: str = "form"  # or json, as documented
    direction: str = "went_to_trigger"  # or went_in_trigger
    tells_leaving: bool = False  # sends went_from_trigger
    fires_after_leaving: bool = False  # delayed, though the lead has left meanwhile
    retries: int = 0  # up to 4 within an hour
    bot_id: int = 0  # starts this bot; then there is no url
    is_on: bool = True
    conditions: Conditions = field(default_factory=Conditions)
    fired: list[Fired] = field(default_factory=list)


@dataclass(slots=True)
class Bot:
    """A Salesbot: a list of steps, each an object whose "do" names it."""

    id: int
    name: str
    steps: list[dict[str, Any]]
    client_id: str = ""  # the integration whose widget it asks; empty: the first


@dataclass(slots=True)
class BotRun:
    """A bot on a lead. States: running, sleeping, waiting, blocked, done, stopped, circling."""

    id: int
    bot_id: int
    lead_id: int
    started_at: float
    state: str = "running"
    position: int = 0
    json: dict[str, Any] = field(default_factory=dict)  # what the last widget answered
    shown: list[str] = field(default_factory=list)
    statuses: list[int | None] = field(default_factory=list)  # answers to widget_request
    ended_at: float | None = None
    exit: str = ""


@dataclass(slots=True)
class BotWait:
    """A Salesbot that waits to be continued; `run_id` 0 has no program behind it."""

    bot_id: int
    continue_id: int
    lead_id: int
    answer: Any = None  # what continued it; None while it waits
    run_id: int = 0


@dataclass(slots=True)
class Incoming:
    """An incoming lead (unsorted). States: open, accepted, declined."""

    uid: str
    lead_id: int
    category: str  # sip, mail, forms or chats
    pipeline_id: int
    source_name: str
    source_id: int
    created_at: int
    state: str = "open"


@dataclass(slots=True)
class Integration:
    """An integration that an account can install. `widget_api` is the base of the widget's calls."""

    client_id: str
    client_secret: str
    redirect_uri: str
    name: str = "Integration"
    widget_api: str = ""
    revoked_hook_url: str = ""


@dataclass(slots=True)
class Limits:
    """What an account may ask. 0 switches a limit off. 7 a second: KOMMO.md §8."""

    per_account: int = 7
    per_ip: int = 0
    retry_after: int = 1  # seconds named in the 429 body; Kommo's example says 300
    block_ip_after: int = 0  # so many 429 within a minute block the IP and the webhooks


@dataclass(slots=True)
class HookWeather:
    """How webhooks of an account travel. Probabilities are 0..1, times are seconds."""

    is_off: bool = False
    duplicate: float = 0.0  # chance that a body is sent twice
    delay: float = 0.0  # added to every delivery
    jitter: float = 0.0  # up to so much more at random: bodies overtake each other
    items_per_body: int = 250
    is_merged: bool = False  # all actions of one change in one body
    retry_scale: float = 1.0  # factor on the waits between attempts
