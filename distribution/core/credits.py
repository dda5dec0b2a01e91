"""A credit by hand: what somebody is owed more, the others of the register are owed less. Pure.

Σ lag stays exactly 0. Afterwards |lag| is bounded by (n - 1) / 2 + Σ |credits of the epoch| (each
credit lifts the bound of every set of people by at most its own size; ENGINE.md, the proof's f(k)).
"""

from collections.abc import Collection, Mapping

from distribution.core.ledger import LEAD

MOST_LEADS = 50
"""The largest credit or skip at once."""


def credited(
    lags: Mapping[int, int], user_id: int, leads: int, *, payers: Collection[int] = ()
) -> dict[int, int]:
    """Return the lags that change when somebody is credited `leads` (below 0: skips so many).

    The others of `payers` bear it in equal parts of whole millionths, the smaller ids the rest of
    the division; without any of them everybody else in the register does. With nobody else at all
    there is nothing to be owed: nothing changes.
    """
    others = sorted(other for other in lags if other != user_id)
    bearing = [other for other in others if other in payers] or others
    if not bearing or not leads:
        return {}
    sign = 1 if leads > 0 else -1
    part, rest = divmod(abs(leads) * LEAD, len(bearing))
    changed = {
        other: lags[other] - sign * (part + (place < rest)) for place, other in enumerate(bearing)
    }
    changed[user_id] = lags.get(user_id, 0) + leads * LEAD
    return changed


def bound_of(people: int, credits: Collection[int] = ()) -> float:
    """Return how many leads |lag| cannot exceed: n people, with the epoch's credits by hand."""
    return max(0, people - 1) / 2 + sum(map(abs, credits))
