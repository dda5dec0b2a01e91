"""Leads that arrive over time, as a source would send them. Pure: somebody else calls tick."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sandbox.account import Account
from sandbox.crm import Crm
from sandbox.leads import Actor, LeadDraft, add_leads
from sandbox.model import ROBOT, Lead
from sandbox.names import client_name, lead_name
from sandbox.people import PersonDraft, add_people

MOST_A_TICK = 250  # so that one tick never holds the shell's lock for long


@dataclass(frozen=True, slots=True)
class Place:
    """Where new leads arrive."""

    pipeline_id: int
    status_id: int
    responsible_user_id: int


@dataclass(frozen=True, slots=True)
class Linked:
    """What new leads belong to. With `contact_ids` no contacts are made: each lead has all of them."""

    contact_ids: Sequence[int] | None = None
    company_id: int | None = None
    source_id: int | None = None


@dataclass(slots=True)
class Stream:
    """`count` leads at `per_second` (0: at once) from `started_at` on (unix seconds)."""

    id: int
    account_id: int
    place: Place
    count: int
    per_second: float
    started_at: float
    random: Random
    made: int = 0

    def owed(self, now: float) -> int:
        """Return how many leads are due by `now` and not yet made."""
        due = self.count
        if self.per_second > 0:
            due = min(self.count, int((now - self.started_at) * self.per_second) + 1)
        return min(due - self.made, MOST_A_TICK)


class Streams:
    """All running streams."""

    def __init__(self) -> None:
        self.running: dict[int, Stream] = {}

    def tick(self, crm: Crm) -> int:
        """Create the leads that are due now, at most 250 a stream; return how many."""
        made = 0
        for stream in self.running.values():
            owed = stream.owed(crm.now())
            account = crm.accounts.get(stream.account_id)
            if owed > 0 and account is not None:
                new_leads(crm, account, stream.place, owed, stream.random)
                stream.made += owed
                made += owed
        return made


def usual_place(account: Account) -> Place:
    """Return the main pipeline's first stage, owned by the first admin."""
    pipeline = next(p for p in account.pipelines.values() if p.is_main)
    admin = next(user for user in account.users.values() if user.is_admin)
    return Place(pipeline.id, pipeline.first_stage().id, admin.id)


def new_leads(
    crm: Crm,
    account: Account,
    place: Place,
    count: int,
    random: Random,
    *,
    contacts: int | None = None,
    is_bulk: bool = False,
    names: Sequence[str] = (),
    linked: Linked = Linked(),
) -> list[Lead]:
    """Create leads by a robot, each with a contact of its own or spread over `contacts` new ones.

    The first leads get the `names` given, the others invented ones.
    """
    people = [
        PersonDraft(client_name(random), place.responsible_user_id)
        for _ in range(count if contacts is None else contacts)
        if linked.contact_ids is None
    ]
    made = add_people(crm, account, "contacts", people, Actor(ROBOT))
    drafts = [
        LeadDraft(
            names[index] if index < len(names) else lead_name(random),
            place.pipeline_id,
            place.status_id,
            place.responsible_user_id,
            price=random.randrange(100, 9_000),
            contact_ids=[made[index % len(made)].id] if made else list(linked.contact_ids or ()),
            company_id=linked.company_id,
            source_id=linked.source_id,
        )
        for index in range(count)
    ]
    return add_leads(crm, account, drafts, Actor(ROBOT), is_bulk=is_bulk)
