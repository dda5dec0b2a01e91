"""After a day of anything, with hooks lost: our counts are the CRM's own, manager by manager (F124)."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from accounts.models import Stage
from distribution.models import LeadMirror, ManagerLoad
from tests.functional.engine.scene import change, deal_by
from tests.functional.main_job.conftest import Team
from tests.world import HOST, World

HOUR = 3600
STEPS = 90


def in_kommo(world: World, *pipelines: int) -> Counter[int]:
    """Return how many open leads each user has in Kommo, as the report of its employees counts them."""
    account = world.sandbox.crm.account_at(HOST)
    assert account is not None
    return Counter(
        lead.responsible_user_id
        for lead in account.leads.values()
        if not lead.is_deleted
        and lead.status_id not in Stage.CLOSED
        and (not pipelines or lead.pipeline_id in pipelines)
    )


def in_mirror(team: Team, scope: int) -> Counter[int]:
    rows = ManagerLoad.objects.for_account(team.account).filter(scope=scope, number__gt=0)
    return Counter(dict(rows.values_list("user_id", "number")))


class Day:
    """A day in which people and robots do what they like with leads."""

    def __init__(self, team: Team, seed: int) -> None:
        self.team, self.world = team, team.world
        self.chance = random.Random(seed)
        self.leads: list[int] = []
        self.places = [
            (pipeline, stage)
            for place in (0, 1)
            for pipeline, stages in [self.world.stages(place)]
            for stage in stages
        ]

    def live(self) -> None:
        for _ in range(STEPS):
            what = self.chance.choice(
                (self.arrive, self.arrive, self.arrive, self.move, self.reassign, self.end)
            )
            what()
            self.world.crm("weather", is_off=self.chance.random() < 0.4)
            self.world.advance(self.chance.choice((1, 20, 300, 900)))
        self.world.crm("weather", is_off=False)

    def arrive(self) -> None:
        pipeline, stage = self.chance.choice(self.places)
        self.leads += self.world.leads(
            self.chance.randint(1, 4), pipeline_id=pipeline, status_id=stage
        )

    def some(self) -> list[int]:
        return self.chance.sample(self.leads, min(len(self.leads), 3))

    def move(self) -> None:
        pipeline, stage = self.chance.choice(self.places)
        for lead in self.some():
            self.world.edit(lead, pipeline_id=pipeline, status_id=stage)

    def reassign(self) -> None:
        for lead in self.some():
            to = self.chance.choice(self.team.everybody)
            self.world.edit(lead, responsible_user_id=to.kommo_id, by=to.kommo_id)

    def end(self) -> None:
        for lead in self.some()[:2]:
            if self.chance.random() < 0.5:
                self.world.edit(lead, status_id=self.chance.choice((142, 143)))
            else:
                self.world.delete(lead)
                self.leads.remove(lead)


@pytest.mark.feature("F124")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_a_random_day_with_lost_hooks_the_counts_are_the_crms_own(
    team: Team, world: World, seed: int
) -> None:
    support, _ = world.stages(1)
    deal_by(team, strategy="least_loaded", limits={"leads": 12})
    chosen = deal_by(
        team,
        name="Support alone",
        stages=[[world.stages(1)[0], world.stages(1)[1][0]]],
        limits={"leads": 6, "counts": "chosen", "stages": [[support, None]]},
    )
    day = Day(team, seed)
    day.live()
    for _ in range(4):  # deletions that no hook told of are found within a day
        world.advance(12 * HOUR)
    change(team, limits={"leads": None})
    change(team, name="Support alone", limits={"leads": None})
    assert not LeadMirror.objects.filter(state="waiting").exists()  # which count for nobody
    assert sum(in_kommo(world).values()) > 30
    assert in_mirror(team, ManagerLoad.ALL) == in_kommo(world)
    assert in_mirror(team, chosen.template_id) == in_kommo(world, support)
