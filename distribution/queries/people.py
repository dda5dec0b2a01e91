"""People as board, own page and widget show them: three axes, load and limit, the engine's verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import Count
from django.utils import timezone

from accounts.models import Account, Manager
from distribution.core.decide import Turn
from distribution.core.facts import CandidateFacts, LeadFacts, Situation
from distribution.core.reasons import Reason, Refusal
from distribution.core.rules import outside_hours
from distribution.models import Decision, Timer
from distribution.queries.config import AccountConfig, config_of
from distribution.queries.situation import situations_of
from peresmenka.lib.zones import known_zone
from shifts.core.machine import Presence
from shifts.core.roster import State
from shifts.queries.availability import Availability, Schedule, availability_of
from shifts.queries.schedule import zone_of

_UNKNOWN = Availability()


@dataclass(frozen=True, slots=True)
class Person:
    """A manager with everything that says whether leads come to them."""

    user_id: int
    name: str
    group: str
    group_id: int | None  # Kommo's
    zone: tzinfo  # by which their schedule runs
    stands: Availability
    takes_part: bool  # licensed and active in Kommo
    in_group: bool  # of a group that takes part
    lacks_schedule: bool  # schedules count, and there is none for today (F68)
    load: int
    limit: int | None
    today: int  # leads received today, by the account's clock
    last_lead_at: datetime | None
    refusals: tuple[Refusal, ...]  # the engine's objections, hardest first; none: receives now
    leads_move_at: datetime | None  # when the leads of somebody offline move

    @property
    def presence(self) -> Presence:
        """Return the state of the shift."""
        return self.stands.shift.presence

    @property
    def schedule(self) -> Schedule:
        """Return where the schedule stands; empty without one."""
        return self.stands.schedule or Schedule()

    @property
    def free_at(self) -> datetime | None:
        """Return when the last objection ends by itself; None: none is left, or one needs a hand."""
        ends = [refusal.until for refusal in self.refusals if refusal.until]
        return max(ends) if ends and len(ends) == len(self.refusals) else None


@dataclass(frozen=True, slots=True)
class OwnStanding:
    """What a manager's own page and the widget show of them."""

    now: datetime
    is_enabled: bool  # distribution is on
    person: Person

    @property
    def receives(self) -> bool:
        """Say whether leads come to them now."""
        return self.is_enabled and not self.person.refusals


def own_standing(manager: Manager, now: datetime) -> OwnStanding:
    """Return where one manager stands; six queries, none of which reads a colleague."""
    account: Account = manager.account
    config, users = config_of(account.pk), [manager.kommo_id]
    availability = availability_of(account, now, with_schedule=True, users=users)
    situations = situations_of(config, now, availability=availability, users=users)
    shaped = _Shaping(account, config, availability, situations, now, users)
    return OwnStanding(now, config.is_enabled, shaped.person(manager))


def people_of(
    account: Account,
    config: AccountConfig,
    availability: Mapping[int, Availability],
    situations: Mapping[int, Situation],
    now: datetime,
) -> Iterator[Person]:
    """Yield everybody of the account, by name; three queries."""
    shaped = _Shaping(account, config, availability, situations, now)
    rows = Manager.objects.for_account(account).select_related("group").order_by("name", "pk")
    return map(shaped.person, rows)


class _Shaping:
    """Makes a Person of each manager's row, from what was read of all at once."""

    def __init__(
        self,
        account: Account,
        config: AccountConfig,
        availability: Mapping[int, Availability],
        situations: Mapping[int, Situation],
        now: datetime,
        users: Sequence[int] | None = None,
    ) -> None:
        self._account, self._config, self._availability = account, config, availability
        self._verdicts = verdicts_of(situations)
        self._facts: dict[int, CandidateFacts] = {
            row.manager_id: row for situation in situations.values() for row in situation.candidates
        }
        self._today = _received_today(account, config.zone, now, users)
        self._due = _leads_move_at(account, users)

    def person(self, row: Manager) -> Person:
        user = row.kommo_id
        facts, stands = self._facts.get(user), self._availability.get(user, _UNKNOWN)
        takes_part = row.is_licensed and row.is_active_in_kommo
        refusals = self._verdicts.get(user, (Refusal(Reason.NOT_IN_GROUP),))
        return Person(
            user_id=user,
            name=row.name,
            group=row.group.name if row.group else "",
            group_id=row.group.kommo_id if row.group else None,
            zone=zone_of(row, self._account),
            stands=stands,
            takes_part=takes_part,
            in_group=facts is not None,
            lacks_schedule=takes_part and any(map(_is_unplanned, refusals)),
            load=facts.load if facts else 0,
            limit=facts.limit if facts else None,
            today=self._today.get(user, 0),
            last_lead_at=facts.last_lead_at if facts else None,
            refusals=refusals,
            leads_move_at=self._due.get(user),
        )


def _is_unplanned(refusal: Refusal) -> bool:
    return refusal.reason is Reason.OFF_SCHEDULE and refusal.facts.get("state") == State.EMPTY


def verdicts_of(situations: Mapping[int, Situation]) -> dict[int, tuple[Refusal, ...]]:
    """Return what the engine itself objects to each manager's receiving a lead now, by Kommo user id."""
    found: dict[int, tuple[Refusal, ...]] = {}
    for situation in situations.values():
        closed = outside_hours(situation, LeadFacts(0))
        gate = (closed,) if closed else ()
        for verdict in Turn(situation).verdicts():
            refusals = verdict.refusals + gate
            best = found.get(verdict.manager_id)
            if best is None or len(refusals) < len(best):
                found[verdict.manager_id] = refusals
    return found


def _received_today(
    account: Account, zone: str, now: datetime, users: Sequence[int] | None
) -> dict[int, int]:
    """Return how many leads each manager has been dealt since midnight by the account's clock."""
    midnight = timezone.localtime(now, known_zone(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    rows = Decision.objects.for_account(account).filter(
        decided_at__gte=midnight, chosen_id__isnull=False
    )
    if users is not None:
        rows = rows.filter(chosen_id__in=users)
    dealt = rows.exclude(kind=Decision.Kind.MANUAL).order_by().values_list("chosen_id")
    return dict(dealt.annotate(number=Count("pk")))


def _leads_move_at(account: Account, users: Sequence[int] | None) -> dict[int, datetime]:
    """Return when the leads of those who have left move, by Kommo user id."""
    rows = Timer.objects.for_account(account).filter(kind=Timer.Kind.WAVE)
    if users is not None:
        rows = rows.filter(subject__in=users)
    return dict(rows.values_list("subject", "due_at"))
