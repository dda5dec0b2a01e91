"""Kommo has no conditional write: what falls into the round trip before a PATCH is counted and shown."""

from __future__ import annotations

from typing import Any

import pytest

from distribution.models import Decision
from tests.world import World


@pytest.mark.feature("B3")
def test_a_change_overwritten_between_read_and_write_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.open()
    world.configure(account)
    _, ana, max_ = world.managers(account)
    world.start_shifts([ana])
    send = world.adapter.send

    def changed_just_before(request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.method == "PATCH":
            monkeypatch.setattr(world.adapter, "send", send)
            world.crm("edit", lead_id=lead, changes={"responsible_user_id": max_.kommo_id})
        return send(request, *args, **kwargs)

    lead = world.leads(run=False)[0]
    monkeypatch.setattr(world.adapter, "send", changed_just_before)
    world.run()
    assert world.owner(lead) == ana.kommo_id
    noted = Decision.objects.for_account(account).get(reason="overwrote_person")
    assert (noted.lead_id, noted.previous_owner_id) == (lead, max_.kommo_id)


@pytest.mark.feature("B3")
def test_an_ordinary_echo_is_not_taken_for_an_overwritten_change(world: World) -> None:
    account = world.open()
    world.configure(account)
    world.start_shifts(world.managers(account))
    world.leads(10)
    assert not Decision.objects.for_account(account).filter(kind=Decision.Kind.MANUAL).exists()
