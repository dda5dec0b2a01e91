"""Who is asked, in what order and from when on: relaxed objections, tiers, the passing of time."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta

from distribution.core.facts import (
    DUTY,
    HARD,
    IGNORE_PRESENCE,
    MOVE_STAGE,
    OFF,
    PREFER,
    LeadFacts,
    Situation,
)
from distribution.core.reasons import Reason

_NOT_ONLINE = frozenset({Reason.NOT_ONLINE})
_MISSING_SKILL = frozenset({Reason.MISSING_SKILL})
_OFFLINE = frozenset({Reason.OFFLINE})
_NO_TIME = timedelta()

Relaxed = frozenset[Reason]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """People who are asked together: those of one tier to whom nothing else is objected."""

    tier: int
    relaxed: Relaxed  # objections that do not count here
    names: tuple[Reason, ...]  # the same, in order


class Levels:
    """The levels that are open to each lead at the situation's moment, in the order of asking."""

    def __init__(self, situation: Situation) -> None:
        policy = situation.policy
        self._policy, self._now = policy, situation.now
        asked = {row.tier for row in situation.candidates if row.manager_id in policy.members}
        self._tiers = sorted(asked) or [1]
        self._nobody = timedelta(seconds=policy.nobody_seconds)
        self._opens_at = {skilled: self._thresholds(skilled) for skilled in (False, True)}
        self._cache: dict[tuple[bool, int], tuple[Level, ...]] = {}
        self.ever_open = tuple(self._build(False, timedelta.max))  # for waiting long enough

    def open_to(self, lead: LeadFacts) -> tuple[Level, ...]:
        """Return the levels in their order; the first that has anybody is dealt among."""
        skilled = self._is_skilled(lead)
        opens_at = self._opens_at[skilled]
        passed = bisect_right(opens_at, self.waited(lead)) if opens_at else 0
        found = self._cache.get((skilled, passed))
        if found is None:
            found = tuple(self._build(skilled, opens_at[passed - 1] if passed else _NO_TIME))
            self._cache[skilled, passed] = found
        return found

    def opens_next(self, lead: LeadFacts) -> datetime | None:
        """Return when waiting changes who is asked; None: it does not any more."""
        opens_at = list(self._opens_at[self._is_skilled(lead)])
        if self._policy.when_nobody in (DUTY, MOVE_STAGE) and not lead.moves:
            opens_at.append(self._nobody)
        waited = self.waited(lead)
        ahead = [after for after in opens_at if after > waited]
        return (lead.waiting_since or self._now) + min(ahead) if ahead else None

    def is_nobody_over(self, lead: LeadFacts) -> bool:
        """Say whether the lead has waited so long that the policy's last resort is due."""
        return self.waited(lead) >= self._nobody

    def waited(self, lead: LeadFacts) -> timedelta:
        """Return for how long nobody has been able to take the lead."""
        since = lead.waiting_since
        return _NO_TIME if since is None else max(_NO_TIME, self._now - since)

    def _is_skilled(self, lead: LeadFacts) -> bool:
        return self._policy.skills != OFF and bool(lead.skills)

    def _thresholds(self, skilled: bool) -> list[timedelta]:
        """Return after what waits a level opens, ascending; those open at once are left out."""
        policy = self._policy
        found = {place * policy.widen_seconds for place in range(len(self._tiers))}
        if policy.when_nobody == IGNORE_PRESENCE:
            found.add(policy.nobody_seconds)
        if skilled and policy.skills == HARD:
            found.add(policy.skills_relax_seconds or 0)
        return [timedelta(seconds=after) for after in sorted(found) if after > 0]

    def _build(self, skilled: bool, waited: timedelta) -> list[Level]:
        widen = self._policy.widen_seconds
        tiers = [
            tier
            for place, tier in enumerate(self._tiers)
            if timedelta(seconds=place * widen) <= waited
        ]
        return [
            Level(tier, relaxed, tuple(sorted(relaxed)))
            for relaxed in self._sets(skilled, waited)
            for tier in tiers
        ]

    def _sets(self, skilled: bool, waited: timedelta) -> list[Relaxed]:
        """Return the sets of objections that are relaxed one after the other."""
        policy = self._policy
        sets: list[Relaxed] = [frozenset()]
        if policy.presence == PREFER:
            sets.append(_NOT_ONLINE)
        if skilled and self._is_skill_relaxed(waited):
            sets += [relaxed | _MISSING_SKILL for relaxed in sets]
        if policy.when_nobody == IGNORE_PRESENCE and self._nobody <= waited:
            shift = _OFFLINE if policy.require_shift else frozenset()
            online = _NOT_ONLINE if policy.presence != OFF else frozenset()
            sets.append(sets[-1] | shift | online)
        return sets

    def _is_skill_relaxed(self, waited: timedelta) -> bool:
        if self._policy.skills != HARD:
            return True
        after = self._policy.skills_relax_seconds
        return after is not None and timedelta(seconds=after) <= waited
