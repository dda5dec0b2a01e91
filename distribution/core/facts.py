"""What the engine may know: plain frozen values about managers, a lead, a policy and the moment.

Nothing here is read from a database or a clock; the shell fills these in and the rules look at
nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

PARTICIPATION = ("on", "off", "forced_on", "forced_off")
PRESENCE = ("online", "paused", "offline")
IN_SERVICE = "in_service"
SCHEDULE = (IN_SERVICE, "start_at", "completed", "day_off", "empty")
EVEN = "even"
WEIGHTED = "weighted"
LEAST_LOADED = "least_loaded"
STRATEGIES = (EVEN, WEIGHTED, LEAST_LOADED)

OFF = "off"
PREFER = "prefer"
REQUIRE = "require"
PRESENCE_GATES = (OFF, PREFER, REQUIRE)
HARD = "hard"
SOFT = "soft"
SKILL_MODES = (OFF, SOFT, HARD)

WAIT = "wait"
IGNORE_PRESENCE = "ignore_presence"
DUTY = "duty"
MOVE_STAGE = "move_stage"
WHEN_NOBODY = (WAIT, IGNORE_PRESENCE, DUTY, MOVE_STAGE)
GIVE = "give"
DISTRIBUTE = "distribute"
WHEN_OWNER_AWAY = (GIVE, WAIT, DISTRIBUTE)
LEAVE = "leave"
OFF_HOURS = (WAIT, LEAVE)
WHOLE_PIPELINE = 0
"""Stands for "every stage, also those added later" in Policy.stages (F85)."""

USUAL_LIMIT = 30


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """One manager as the rules see him; all of the account are candidates, absent or not."""

    manager_id: int  # our id of the manager; the last tie-break
    licensed: bool = True  # has a paid seat
    active_in_kommo: bool = True  # not deactivated, not deleted in Kommo
    participation: str = "on"  # one of PARTICIPATION, as it counts now
    participation_until: datetime | None = None  # when that ends by itself
    schedule: str = IN_SERVICE  # one of SCHEDULE; looked at where the policy asks for it
    works_from: datetime | None = None  # when the next hours of the schedule begin
    presence: str = "offline"  # one of PRESENCE
    shift_started_at: datetime | None = None  # start of the running shift
    open_leads: int = 0  # open leads owned, by the mirror
    reserved: int = 0  # dealt to him, not yet settled; not contained in open_leads
    limit: int | None = None  # most leads at once; None: no limit
    weight: int = 1  # his coefficient; looked at by "weighted" alone
    lag: int = 0  # millionths of a lead that the register owes him
    last_lead_at: datetime | None = None  # his latest lead from this register; None: never
    group_ids: frozenset[int] = frozenset()  # Kommo user groups he belongs to
    count: int = 0  # leads he has had from this register in this epoch
    online: bool = True  # has Kommo open or has just acted there; looked at where the policy asks
    tier: int = 1  # tiers are asked in order, the smallest first (F102)
    ramp: int = 100  # percent of his weight that counts: less in a newcomer's first weeks (B5)
    tasks: int = 0  # open tasks
    task_limit: int | None = None  # most open tasks; None: no limit (F122, F123)
    recent: tuple[datetime, ...] = ()  # leads dealt to him within the pace's period, oldest first
    skills: frozenset[str] = frozenset()  # casefolded words (B14)
    on_leave: bool = False  # absent with approval: may catch up where the register says so (B5)

    @property
    def load(self) -> int:
        """Leads that count against the limit: owned and on their way (R17)."""
        return self.open_leads + self.reserved


@dataclass(frozen=True, slots=True)
class Sticky:
    """Whose customer the lead is: the owner of its contact or company (F126, R22)."""

    owner: CandidateFacts  # also of somebody who is no candidate of the template
    through: str  # "contact" or "company"
    entity_id: int  # Kommo's id of that card


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """One lead as the rules see it."""

    lead_id: int  # Kommo's id of the lead
    pipeline_id: int = 0  # where it lies
    status_id: int = 0  # in which stage
    owner_id: int | None = None  # our id of its responsible manager, if we know him
    excluded: bool = False  # the account's exclusion field is filled (F146, R39)
    tried: frozenset[int] = frozenset()  # managers who have had it in this cycle
    arrived_at: datetime | None = None  # when it came to us; recorded, never judged
    only_groups: frozenset[int] = frozenset()  # groups that may have it; empty: any
    moves: bool = False  # redistributed, not new: the window for new leads is not its window
    waiting_since: datetime | None = None  # since when nobody can take it; None: it is new
    skills: frozenset[str] = frozenset()  # what its owner should know, casefolded (B14)
    sticky: Sticky | None = None  # set where the policy looks for recurring leads
    counted: bool = False  # is contained in its owner's open_leads
    weightless: bool = False  # lies in a stage that does not count: it fills nobody up (F120)
    is_incoming: bool = False  # lies in Kommo's Incoming leads, where nobody can be made its owner


@dataclass(frozen=True, slots=True)
class Policy:
    """What the template says, with the clock's part (is the window open?) already worked out."""

    strategy: str = EVEN  # one of STRATEGIES
    members: Collection[int] = frozenset()  # managers who take part; empty: nobody, never "all"
    require_shift: bool = True  # only people on shift receive
    require_schedule: bool = False  # only people in service by their schedule receive (F67)
    presence: str = OFF  # one of PRESENCE_GATES: whether only, or first, people online (F107)
    window_open: bool = True  # the working window is open at Situation.now
    window_opens_at: datetime | None = None  # its next opening, if it is closed
    off_hours: str = WAIT  # one of OFF_HOURS: what a new lead does while the window is closed (R6)
    start_delay_seconds: int = 0  # no new leads for so long after a shift starts (F45)
    usual_limit: int = USUAL_LIMIT  # what the load of a manager without a limit is measured by
    stages: Collection[tuple[int, int]] = frozenset()  # (pipeline, stage) dealt with; empty: any
    pace_leads: int | None = None  # at most so many leads a person ... (B6); None: no pace
    pace_seconds: int = 0  # ... in so long
    strict_totals: bool = False  # the fewest leads a weight wins, instead of the largest lag (R13)
    catch_up_percent: int = 0  # of his share, credited to whoever is on leave; 0: neutral (B5)
    catch_up_leads: int = 3  # the lag up to which that goes
    keep_owner: bool = False  # the present owner keeps it if he could take it (F108)
    skills: str = OFF  # one of SKILL_MODES (B14)
    skills_relax_seconds: int | None = None  # hard skills are waived after so long; None: never
    owner_away: str = GIVE  # one of WHEN_OWNER_AWAY: when the customer's owner cannot take it (R20)
    owner_wait_seconds: int = 0  # with WAIT: so long, then it is distributed
    sticky_counts: bool = False  # a customer's lead moves the ledger, too
    widen_seconds: int = 0  # each further tier is asked only after so long a wait (B12); 0: at once
    when_nobody: str = WAIT  # one of WHEN_NOBODY (R4)
    nobody_seconds: int = 0  # ... after so long a wait
    duty_id: int | None = None  # with DUTY: the person who gets what nobody can take (B12)

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ValueError(f"unknown strategy {self.strategy!r}: one of {', '.join(STRATEGIES)}")
        if self.usual_limit < 1:
            raise ValueError("usual_limit must be 1 or more")
        object.__setattr__(self, "members", frozenset(self.members))
        object.__setattr__(self, "stages", frozenset(tuple(stage) for stage in self.stages))


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a turn of one register starts from."""

    now: datetime  # the moment at which every gate of the turn is judged
    policy: Policy
    candidates: tuple[CandidateFacts, ...]  # in any order, each manager once
    register_id: int = 0  # whose ledger it is
    leaving: frozenset[int] = frozenset()  # managers whose leads are being moved away
