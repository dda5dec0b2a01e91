"""Who takes part in a template and with what share: nested, exact, as the groups are now."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.core import members
from distribution.core.members import Member, Part, Problem, ProblemCode, parts_of

SALES, SUPPORT = 10, 20
GROUPS = {SALES: [1, 2, 3], SUPPORT: [4, 5]}


def manager(user: int, **different: Any) -> Member:
    return Member("manager", user, **different)


def group(number: int, **different: Any) -> Member:
    return Member("group", number, **different)


def weights(
    rows: list[Member], groups: Mapping[int, list[int]] = GROUPS, strategy: str = "weighted"
) -> dict[int, int]:
    return {user: part.weight for user, part in parts_of(rows, groups, strategy).items()}


@pytest.mark.feature("F97")
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 60 : 40 between a group of three and one manager is 20 : 20 : 20 : 40.
        ([group(SALES, weight=60), manager(9, weight=40)], {1: 1, 2: 1, 3: 1, 9: 2}),
        ([group(SALES, weight=60), group(SUPPORT, weight=40)], {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}),
        ([group(SALES, weight=1), group(SUPPORT, weight=1)], {1: 2, 2: 2, 3: 2, 4: 3, 5: 3}),
        ([manager(1, weight=40), manager(2, weight=60)], {1: 2, 2: 3}),
        ([group(SALES), manager(9, weight=0)], {1: 1, 2: 1, 3: 1, 9: 0}),
        ([group(SALES, weight=0), manager(9, weight=7)], {1: 0, 2: 0, 3: 0, 9: 1}),
        ([manager(1, weight=0), manager(2, weight=0)], {1: 0, 2: 0}),
        ([], {}),
        ([group(99, weight=60), manager(9, weight=40)], {9: 1}),  # an unknown group is empty
    ],
)
def test_weights_multiply_down_the_tree(rows: list[Member], expected: dict[int, int]) -> None:
    assert weights(rows) == expected


@pytest.mark.feature("F99")
@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        # The group has 60 of 100, whatever goes on inside it.
        ([manager(1, weight=2)], {1: 30, 2: 15, 3: 15, 9: 40}),
        (
            [manager(1, weight=10), manager(2, weight=20), manager(3, weight=30)],
            {1: 10, 2: 20, 3: 30, 9: 40},
        ),
        ([manager(1, weight=0)], {1: 0, 2: 30, 3: 30, 9: 40}),
        ([manager(n, weight=0) for n in (1, 2, 3)], {1: 0, 2: 0, 3: 0, 9: 100}),
    ],
)
def test_weights_inside_a_group_split_its_share_and_no_other(
    inner: list[Member], expected: dict[int, int]
) -> None:
    rows = [group(SALES, weight=60), manager(9, weight=40), *inner]
    found = weights(rows)
    assert found == weights([*inner, *rows[:2]])  # the rows' order does not matter
    sums = sum(found.values()), sum(expected.values())
    assert {user: Fraction(weight, sums[0]) for user, weight in found.items()} == {
        user: Fraction(weight, sums[1]) for user, weight in expected.items()
    }


@pytest.mark.feature("F97")
def test_a_group_is_split_anew_when_its_people_change() -> None:
    rows = [group(SALES, weight=60), manager(9, weight=40)]
    assert weights(rows, {SALES: [1, 2, 3]}) == {1: 1, 2: 1, 3: 1, 9: 2}
    assert weights(rows, {SALES: [1, 2]}) == {1: 3, 2: 3, 9: 4}
    assert weights(rows, {SALES: [1, 2, 9]}) == {1: 1, 2: 1, 9: 40}  # 9 has moved in: an inner row
    assert weights(rows, {SALES: []}) == {9: 1}


@pytest.mark.feature("F98")
@pytest.mark.parametrize("strategy", ["even", "least_loaded"])
def test_without_coefficients_every_person_counts_once(strategy: str) -> None:
    rows = [
        group(SALES, weight=60),
        manager(1, weight=5, leads=7),
        manager(9, weight=0),
        group(SUPPORT),
    ]
    parts = parts_of(rows, GROUPS, strategy)
    assert {part.weight for part in parts.values()} == {1}
    assert list(parts) == [1, 2, 3, 4, 5, 9]
    assert parts[1] == Part(1, 1, 7, None, SALES)


def test_limits_and_tier_come_from_the_own_row_and_blank_limits_from_the_group() -> None:
    rows = [
        group(SALES, tier=2, leads=20, tasks=50),
        manager(1, tier=3, leads=5),
        manager(9, tier=4, tasks=0),
    ]
    for strategy in ("even", "weighted"):
        parts = parts_of(rows, GROUPS, strategy)
        assert (parts[1].tier, parts[1].leads, parts[1].tasks) == (3, 5, 50)
        assert (parts[2].tier, parts[2].leads, parts[2].tasks) == (2, 20, 50)
        assert (parts[9].tier, parts[9].leads, parts[9].tasks) == (4, None, 0)
        assert [parts[user].through for user in (1, 2, 9)] == [SALES, SALES, None]


def test_a_person_in_two_selected_groups_belongs_to_the_first_and_a_repeated_row_is_ignored() -> (
    None
):
    rows = [
        group(SUPPORT),
        group(SALES),
        group(SUPPORT, weight=9),
        manager(1),
        manager(1, weight=8),
    ]
    parts = parts_of(rows, {SALES: [1, 2, 6], SUPPORT: [2, 3]}, "weighted")
    assert {user: (part.weight, part.through) for user, part in parts.items()} == {
        1: (1, SALES),
        2: (1, SUPPORT),
        3: (1, SUPPORT),
        6: (1, SALES),
    }


OUTER = [group(SALES, weight=60), manager(9, weight=40)]


@pytest.mark.parametrize(
    ("rows", "strategy", "expected"),
    [
        ([], "even", []),
        (OUTER, "weighted", []),
        (OUTER, "even", []),
        ([manager(9), manager(9)], "even", [("duplicate", "manager", 9)]),
        ([group(SALES), group(SALES)], "weighted", [("duplicate", "group", SALES)]),
        ([manager(20), group(20)], "even", []),  # ids of two kinds
        ([group(99)], "even", [("unknown_group", "group", 99)]),
        ([manager(77)], "even", [("unknown_manager", "manager", 77)]),
        ([group(SALES), manager(1)], "even", [("apart_from_group", "manager", 1)]),
        ([manager(1), group(SALES)], "least_loaded", [("apart_from_group", "manager", 1)]),
        ([group(SALES), manager(1)], "weighted", []),
        ([group(SALES), manager(1, leads=0)], "even", []),
        ([group(SALES), manager(1, tier=2)], "even", []),
        ([group(SALES, tier=2), manager(1, tier=2)], "even", [("apart_from_group", "manager", 1)]),
        ([group(SALES), manager(1, weight=40)], "even", []),  # kept from "weighted" (F101)
        ([manager(1, weight=1000)], "even", []),
        ([manager(1, weight=1001)], "even", [("weight_out_of_range", "manager", 1)]),
        ([manager(1, weight=-1)], "weighted", [("weight_out_of_range", "manager", 1)]),
        ([manager(1, tier=0)], "even", [("tier_out_of_range", "manager", 1)]),
        ([manager(1, tier=20)], "even", []),
        ([group(SALES, tier=21)], "even", [("tier_out_of_range", "group", SALES)]),
        ([manager(1, weight=0)], "weighted", [("all_weights_zero", None, None)]),
        ([manager(1, weight=0)], "even", []),
        (
            [group(SALES, weight=5), *[manager(n, weight=0) for n in (1, 2, 3)]],
            "weighted",
            [("all_weights_zero", None, None)],
        ),
        ([manager(1, weight=0), manager(2)], "weighted", []),
        ([group(30)], "weighted", []),  # nobody in it now: another matter
        (
            [manager(77, weight=-5, tier=99), manager(77)],
            "weighted",
            [
                ("unknown_manager", "manager", 77),
                ("weight_out_of_range", "manager", 77),
                ("tier_out_of_range", "manager", 77),
                ("duplicate", "manager", 77),
                ("unknown_manager", "manager", 77),
            ],
        ),
    ],
)
def test_a_form_is_told_what_is_wrong_with_the_list(
    rows: list[Member], strategy: str, expected: list[tuple[Any, ...]]
) -> None:
    groups = GROUPS | {30: []}
    found = members.selection_problems(rows, groups, strategy, managers=[1, 2, 3, 4, 5, 9, 20])
    assert found == [Problem(ProblemCode(code), kind, id_) for code, kind, id_ in expected]


def test_who_is_a_manager_is_asked_only_if_it_is_known() -> None:
    assert members.selection_problems([manager(77)], {}, "even") == []


ids = st.integers(1, 8)
rows_of = st.lists(
    st.builds(
        Member,
        kind=st.sampled_from(["manager", "group"]),
        id=ids,
        weight=st.integers(0, 1000),
        tier=st.integers(1, 3),
        leads=st.none() | st.integers(0, 9),
    ),
    max_size=8,
    unique_by=lambda row: (row.kind, row.id),
)
groups_of = st.dictionaries(ids, st.lists(ids, unique=True, max_size=5), max_size=4)


def shares_are_exact(rows: list[Member], groups: Mapping[int, list[int]]) -> None:
    """Outer rows share as their weights say; inside, people share as theirs do; nobody is lost."""
    parts = parts_of(rows, groups, "weighted")
    own = {row.id: row for row in rows if row.kind == "manager"}
    reached = {user for row in rows if row.kind == "group" for user in groups.get(row.id, ())}
    assert parts.keys() == own.keys() | reached
    assert gcd(*(part.weight for part in parts.values())) <= 1
    outer: list[tuple[int, int]] = []  # what a node should have, and has
    for row in rows:
        if row.kind == "manager":
            if parts[row.id].through is None:
                outer.append((row.weight, parts[row.id].weight))
            continue
        inside = {user: part.weight for user, part in parts.items() if part.through == row.id}
        inner = {user: own[user].weight if user in own else 1 for user in inside}
        if any(inner.values()):
            outer.append((row.weight, sum(inside.values())))
        else:
            assert not any(inside.values())
        for user in inside:
            assert inside[user] * sum(inner.values()) == sum(inside.values()) * inner[user]
    for due, has in outer:
        assert due * sum(one for _, one in outer) == has * sum(one for one, _ in outer)


@given(rows_of, groups_of)
def test_shares_are_exact_in_any_tree(rows: list[Member], groups: dict[int, list[int]]) -> None:
    shares_are_exact(rows, groups)


@given(rows_of, groups_of, st.sampled_from(["even", "weighted", "least_loaded"]))
def test_the_order_of_people_in_a_group_changes_nothing(
    rows: list[Member], groups: dict[int, list[int]], strategy: str
) -> None:
    turned = {number: list(reversed(users)) for number, users in groups.items()}
    parts = parts_of(rows, groups, strategy)
    assert list(parts.items()) == list(parts_of(rows, turned, strategy).items())
    assert all(isinstance(part.weight, int) and part.weight >= 0 for part in parts.values())


@given(st.integers(1, 12), st.integers(1, 1000), st.integers(1, 1000))
def test_a_group_keeps_its_share_however_many_are_in_it(size: int, ours: int, theirs: int) -> None:
    found = weights(
        [group(SALES, weight=ours), manager(99, weight=theirs)], {SALES: list(range(size))}
    )
    inside = [found[user] for user in range(size)]
    assert len(set(inside)) == 1
    assert sum(inside) * theirs == found[99] * ours


def by_heads(
    people: list[int], own: Mapping[int, Member], through: Mapping[int, Member]
) -> dict[int, Fraction]:
    """As if each member of a group had the whole group's weight."""
    return {user: Fraction((through.get(user) or own[user]).weight) for user in people}


def own_rows_only(
    people: list[int], own: Mapping[int, Member], through: Mapping[int, Member]
) -> dict[int, Fraction]:
    """As if an inner row stood beside the group instead of inside it."""
    return {user: Fraction((own.get(user) or through[user]).weight) for user in people}


@pytest.mark.parametrize("mutant", [by_heads, own_rows_only])
def test_the_law_catches_wrong_shares(
    monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., dict[int, Fraction]]
) -> None:
    rows = [group(SALES, weight=60), manager(9, weight=40), manager(1, weight=3)]
    shares_are_exact(rows, GROUPS)
    monkeypatch.setattr(members, "_shares", mutant)
    with pytest.raises(AssertionError):
        shares_are_exact(rows, GROUPS)


def test_rounding_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [group(SALES, weight=1), group(SUPPORT, weight=1)]
    monkeypatch.setattr(
        members,
        "_integers",
        lambda shares: {user: int(share * 100) for user, share in shares.items()},
    )
    with pytest.raises(AssertionError):
        shares_are_exact(rows, GROUPS)
