"""Who takes part in a template, and with what share: its member rows over the groups of now. Pure.

Weights multiply down the tree (a group's share is split among its people) and come out flat, as
integers in exactly the ratios of the nested fractions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm

from distribution.core.policy.body import Member

BY_COEFFICIENT = "weighted"  # the one strategy that asks for weights; others count people
WEIGHTS = range(1001)
TIERS = range(1, 21)


@dataclass(frozen=True, slots=True)
class Part:
    """What one person takes part with."""

    weight: int  # only the ratios mean anything; 0 gets nothing
    tier: int
    leads: int | None  # own limits, the group's where a row has none
    tasks: int | None
    through: int | None  # the selected group they belong to; None: selected by themselves


class ProblemCode(StrEnum):
    """What can be wrong with a list of members."""

    DUPLICATE = "duplicate"
    UNKNOWN_GROUP = "unknown_group"
    UNKNOWN_MANAGER = "unknown_manager"
    APART_FROM_GROUP = "apart_from_group"  # F98: the group is selected, and its member once more
    WEIGHT_OUT_OF_RANGE = "weight_out_of_range"
    TIER_OUT_OF_RANGE = "tier_out_of_range"
    ALL_WEIGHTS_ZERO = "all_weights_zero"


@dataclass(frozen=True, slots=True)
class Problem:
    """One objection to a list of members; kind and id name the row, None the list as a whole."""

    code: ProblemCode
    kind: str | None = None  # as in Member
    id: int | None = None


def parts_of(
    members: Sequence[Member], groups: Mapping[int, Collection[int]], strategy: str
) -> dict[int, Part]:
    """Return what each person takes part with, by user id, ascending.

    `groups` holds the user ids of each group as of now. Of repeated rows the first counts; a person
    in several selected groups belongs to the first of them. Only the strategy "weighted" asks for
    weights: in any other everybody has weight 1 (F98, F101: the coefficients are kept, not used).
    """
    own = _first_rows(members, "manager")
    through = _groups_of_people(members, groups)
    people = sorted(own.keys() | through.keys())
    weights = (
        _integers(_shares(people, own, through))
        if strategy == BY_COEFFICIENT
        else dict.fromkeys(people, 1)
    )
    return {user: _part(weights[user], own.get(user), through.get(user)) for user in people}


def selection_problems(
    members: Sequence[Member],
    groups: Mapping[int, Collection[int]],
    strategy: str,
    managers: Collection[int] | None = None,
) -> list[Problem]:
    """Return what is wrong with the rows, in their order, then with the list as a whole.

    `managers` are the user ids of the account; None: anybody may be one.
    """
    problems = [
        Problem(code, row.kind, row.id)
        for place, row in enumerate(members)
        for code in _row_problems(row, members[:place], groups, managers)
    ]
    if strategy == BY_COEFFICIENT:
        if not problems and members:
            parts = parts_of(members, groups, strategy).values()
            if parts and not any(part.weight for part in parts):
                problems.append(Problem(ProblemCode.ALL_WEIGHTS_ZERO))
        return problems
    through = _groups_of_people(members, groups)
    apart = [
        Problem(ProblemCode.APART_FROM_GROUP, "manager", user)
        for user, row in _first_rows(members, "manager").items()
        if user in through and _carries_nothing(row, through[user])
    ]
    return problems + apart


def _first_rows(members: Sequence[Member], kind: str) -> dict[int, Member]:
    """Return the rows of the kind by id, the first of each."""
    return {row.id: row for row in reversed(members) if row.kind == kind}


def _groups_of_people(
    members: Sequence[Member], groups: Mapping[int, Collection[int]]
) -> dict[int, Member]:
    """Return, for everybody in a selected group, that group's row: the first one's."""
    return {
        user: row
        for row in reversed(members)
        if row.kind == "group"
        for user in groups.get(row.id, ())
    }


def _shares(
    people: Sequence[int], own: Mapping[int, Member], through: Mapping[int, Member]
) -> dict[int, Fraction]:
    """Return each one's part of the sum of the outer weights; an inner weight is 1 unless given."""
    inner = {user: own[user].weight if user in own else 1 for user in people}
    sums: dict[int, int] = {}
    for user, group in through.items():
        sums[group.id] = sums.get(group.id, 0) + inner[user]

    def share(user: int) -> Fraction:
        group = through.get(user)
        if group is None:
            return Fraction(inner[user])
        return Fraction(group.weight * inner[user], sums[group.id] or 1)

    return {user: share(user) for user in people}


def _integers(shares: Mapping[int, Fraction]) -> dict[int, int]:
    """Return the smallest integers in the same ratios."""
    common = lcm(*(share.denominator for share in shares.values()))
    whole = {user: int(share * common) for user, share in shares.items()}
    divisor = gcd(*whole.values()) or 1
    return {user: weight // divisor for user, weight in whole.items()}


def _part(weight: int, own: Member | None, group: Member | None) -> Part:
    """Put a part together: one's own row speaks first, blank limits are those of the group."""
    rows = [row for row in (own, group) if row is not None]
    leads = [row.leads for row in rows if row.leads is not None]
    tasks = [row.tasks for row in rows if row.tasks is not None]
    return Part(
        weight,
        rows[0].tier,
        leads[0] if leads else None,
        tasks[0] if tasks else None,
        group.id if group else None,
    )


def _row_problems(
    row: Member,
    earlier: Sequence[Member],
    groups: Mapping[int, Collection[int]],
    managers: Collection[int] | None,
) -> Iterator[ProblemCode]:
    if any((row.kind, row.id) == (other.kind, other.id) for other in earlier):
        yield ProblemCode.DUPLICATE
    if row.kind == "group" and row.id not in groups:
        yield ProblemCode.UNKNOWN_GROUP
    if row.kind == "manager" and managers is not None and row.id not in managers:
        yield ProblemCode.UNKNOWN_MANAGER
    if row.weight not in WEIGHTS:
        yield ProblemCode.WEIGHT_OUT_OF_RANGE
    if row.tier not in TIERS:
        yield ProblemCode.TIER_OUT_OF_RANGE


def _carries_nothing(row: Member, group: Member) -> bool:
    """Say whether a manager's row inside a selected group changes nothing: a second selection.

    A limit or a tier is what such a row is for; a weight is one kept from the weighted strategy.
    """
    return (row.weight, row.tier, row.leads, row.tasks) == (1, group.tier, None, None)
