"""Who can be chosen for patterns and absences: people who take part, one by one or whole groups."""

from __future__ import annotations

import pytest

from accounts.models import Manager
from tests.functional.schedule.cast import (
    ANA,
    MONDAY,
    OLEG,
    SALES_GROUP,
    SONIA,
    VERA,
    World,
    planned,
    week,
)
from tests.functional.schedule.conftest import ClientOf


def pages(world: World) -> list[str]:
    return [f"/schedule/patterns/{week(world).pk}", "/schedule/absences", "/schedule"]


@pytest.mark.feature("F22")
def test_only_people_who_take_part_can_be_chosen(acme: World, client_of: ClientOf) -> None:
    sonia = client_of(acme[SONIA])
    found = pages(acme)
    assert all("Oleg Petrov" in sonia.get(page).content.decode() for page in found)
    Manager.objects.filter(kommo_id=OLEG).update(is_licensed=False)
    for page in found:
        text = sonia.get(page).content.decode()
        assert "Oleg Petrov" not in text, page
        assert "Ana Souza" in text, page


@pytest.mark.feature("F23")
def test_single_people_and_whole_groups_can_be_chosen(acme: World, client_of: ClientOf) -> None:
    sonia = client_of(acme[SONIA])
    away = {"kind": "absence", "cause": "vacation", "starts_on": MONDAY, "ends_on": MONDAY}
    sonia.post("/schedule/absences", {**away, "managers": [VERA]})
    assert planned(acme, VERA, MONDAY)[:2] == ("day_off", "absence")
    assert planned(acme, OLEG, MONDAY) is None
    sonia.post("/schedule/absences", {**away, "groups": [SALES_GROUP]})
    for user in (OLEG, ANA):
        assert planned(acme, user, MONDAY)[:2] == ("day_off", "absence")
    assert planned(acme, 17, MONDAY) is None  # of another group
