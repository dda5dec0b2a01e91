"""One seeded history: people, Kommo, the network and the workers do as a Random tells them."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.db.models import F

from accounts.models import Account, InboxEvent, Lane
from accounts.operations.housekeeping import do_housekeeping
from distribution.models import Effect
from distribution.operations import lanes
from distribution.operations.deciding import turn
from distribution.operations.deciding.agenda import MAX_DEATHS, claim_events
from distribution.operations.delivering import deliver as delivering
from distribution.operations.reconcile import reconcile_due
from tests import world as worlds
from tests.simulation.checks import Checks
from tests.simulation.office import Office
from tests.simulation.people import People
from tests.simulation.shop import Shop
from tests.simulation.shop_checks import ShopChecks
from tests.simulation.virtual import SessionClock
from tests.simulation.wire import Frame, Wire, WorkerDied
from tests.world import World

SHOWN = int(os.environ.get("SIMULATION_LINES", "60"))  # of a history that went wrong
LOUD_LOGGERS = ("accounts", "distribution", "shifts", "django.request")


class Violation(AssertionError):
    """An invariant is broken; the message names the seed that shows it again."""


@dataclass(slots=True)
class Plan:
    """What may happen in a history; the probabilities are per point at which a worker may be hit."""

    steps: int = 60
    people: bool = True  # somebody edits leads, ends shifts, saves settings
    faults: bool = True
    weather: bool = True
    dies: float = 0.03
    is_overtaken: float = 0.15  # something else happens while it waits
    is_paused: float = 0.04  # longer than its lease, or almost
    long_waits: bool = True
    reconciles: bool = True  # off: the inbox alone must lose nothing
    managers: int = 4
    groups: tuple[str, ...] = ("Sales",)
    schedules: bool = False  # they count, and admins change them, statuses and limits
    templates: bool = False  # of all kinds, besides the page's, with what sends leads into them
    body: dict[str, Any] = field(default_factory=dict)  # laid over each template that is drawn
    senders: tuple[str, ...] = ("watch", "watch", "pipeline", "salesbot")  # of leads, as drawn
    eager: tuple[str, ...] = ()  # what people do more than anything else
    settings: dict[str, Any] = field(default_factory=dict)


class _Loud(logging.Handler):
    """Collects what the service logs as errors: what no history may cause."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line with its exception."""
        self.lines.append(logging.Formatter().format(record)[-1500:])


class Simulation:
    """Runs one history. Everything random comes from one seed."""

    def __init__(self, seed: int, plan: Plan, clock: SessionClock) -> None:
        self.seed, self.plan, self.clock = seed, plan, clock
        self.random = Random(f"history {seed}")
        self.world = World(seed=seed, clock=clock)
        self.wire = Wire(self.world.sandbox.gateway, clock, self.point)
        worlds._current[:] = [self.wire]
        self.loud = _Loud()
        self.trace: list[str] = []
        self.counts: Counter[str] = Counter()
        self.is_quiet = True  # nothing interferes: setting up, and coming to rest
        self.account = self._open()
        self.gate = False  # whether schedules count in the turn that was begun last
        self.office = Office(self)
        self.shop = Shop(self)
        self.people = People(self)
        self.checks = Checks(self)
        self.shop_checks = ShopChecks(self)
        self._depth = len(connection.savepoint_ids)
        lane = self.account.pk
        self._workers: list[tuple[str, float, Callable[[], object]]] = [
            ("hooks", 4, self.world.post_hooks),
            ("turn", 6, lambda: turn.take_turn(before_commit=self._before_commit)),
            ("deliver", 5, delivering.deliver),
            ("house", 1, lambda: do_housekeeping(self.world.now)),
            ("reconcile", int(plan.reconciles), lambda: reconcile_due(self.world.now)),
            ("abandon", 0.15 if plan.dies else 0, lambda: self._abandon(lane)),
        ]

    def _open(self) -> Account:
        account = self.world.open(managers=self.plan.managers, groups=self.plan.groups)
        vip = next(iter(self.world.sandbox.crm.account_at(account.host).fields["leads"]))
        values = {
            "notes_enabled": True,
            "exclusion_field_id": vip,
            "schedule_gate": self.plan.schedules,
            **self.plan.settings,
        }
        self.world.configure(account, **values)
        return account

    def _before_commit(self) -> None:
        self.checks.judge_decisions()
        self.point("commit", True)

    def say(self, text: str) -> None:
        """Note what happens."""
        self.trace.append(f"{self.clock.now() - worlds.START:9.2f}  {text}")

    # -- the run

    def run(self) -> None:
        """Live through the whole history; raise Violation as soon as something is wrong."""
        with self._listening(), self._points():
            try:
                self.people.begin()
                self.is_quiet = False
                for _ in range(self.plan.steps):
                    self.people.act()
                    self._let_work()
                    self.checks.after_step()
                self.is_quiet = True
                self.come_to_rest()
                self.checks.at_rest()
                if self.plan.schedules:
                    self.office.fidget()
                self.people.bring_everybody_back()
                self.come_to_rest()
                self.checks.when_everybody_is_back()
            except WorkerDied:
                raise
            except Exception as error:
                raise Violation(self._story(error)) from error

    def _story(self, error: Exception) -> str:
        lines = "\n".join([*self.trace[-SHOWN:], *self.loud.lines[-2:]])
        return f"seed {self.seed} of plan {self.plan}:\n{lines}\n{type(error).__name__}: {error}"

    @contextmanager
    def _listening(self) -> Any:
        loggers = [logging.getLogger(name) for name in LOUD_LOGGERS]
        for logger in loggers:
            logger.addHandler(self.loud)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeHandler(self.loud)

    @contextmanager
    def _points(self) -> Any:
        """Interfere also between the parts of a turn and of a delivery that ask Kommo nothing."""
        enrich, write, claim = turn._enrich, delivering.write_settlement, delivering.claim_effects
        write_turn, configs = turn.write_turn, []

        def enriched(*args: Any) -> Any:
            found = enrich(*args)
            self.point("enriched", False)
            self.gate = args[1].has_schedule_gate
            configs[:] = [args[1]]
            return found

        def written(account_id: int, found: Any, **kwargs: Any) -> None:
            write_turn(account_id, found, **kwargs)
            if self.plan.templates:
                self.shop_checks.judge_turn(configs[0], found.now)

        def settled(*args: Any, **kwargs: Any) -> None:
            self.point("before settling", False)
            write(*args, **kwargs)

        def claimed(*args: Any) -> Any:
            found = claim(*args)
            self.point("claimed", False)
            return found

        with ExitStack() as stack:
            stack.enter_context(patch.object(turn, "_enrich", enriched))
            stack.enter_context(patch.object(turn, "write_turn", written))
            stack.enter_context(patch.object(delivering, "write_settlement", settled))
            stack.enter_context(patch.object(delivering, "claim_effects", claimed))
            if not self.plan.reconciles:
                stack.enter_context(patch.object(worlds, "reconcile_due", lambda now: False))
            yield

    # -- workers

    def _let_work(self) -> None:
        for _ in range(self.random.randrange(5)):
            self.work()

    def work(self) -> None:
        """Let some worker do one thing; it may die over it."""
        names = [worker[0] for worker in self._workers]
        (chosen,) = self.random.choices(
            range(len(names)), weights=[worker[1] for worker in self._workers]
        )
        name, _, job = self._workers[chosen]
        self.wire.frames.append(Frame(name, self.clock.now(), is_mortal=self._may_die()))
        try:
            job()
        except WorkerDied as death:
            self.counts["deaths"] += 1
            self.say(f"a worker died: {name}, {death}")
        finally:
            self.wire.frames.pop()

    def _abandon(self, account_id: int) -> None:
        """Claim a lane and its events, and never come back."""
        lease = lanes.claim_lane(kind=Lane.Kind.DECIDE, account_id=account_id)
        if lease is not None and self.wire.frames[-1].is_mortal:
            claim_events(lease)
            self.counts["abandoned"] += 1
            self.say("a worker claimed events and was gone")

    def _may_die(self) -> bool:
        """Spare what has died too often: giving it up is a rule of its own, with its own test."""
        events = InboxEvent.objects.filter(done_at=None, crashes__gte=MAX_DEATHS - 1)
        effects = Effect.objects.filter(state__in=Effect.OPEN, crashes__gte=2)
        return not events.exists() and not effects.exists()

    def point(self, where: str, is_write: bool) -> None:
        """Here the worker may die, wait while others act, or be stopped for longer than its lease."""
        if self.is_quiet or not self.wire.frames:
            return
        roll = self.random.random()
        if roll < self.plan.dies:
            if self.wire.frames[-1].is_mortal:
                raise WorkerDied(where)
            return
        is_inside = len(connection.savepoint_ids) > self._depth
        if is_inside or len(self.wire.frames) > 1:
            return
        if roll < self.plan.dies + self.plan.is_overtaken:
            self._meanwhile(where)
        elif roll < self.plan.dies + self.plan.is_overtaken + self.plan.is_paused and not is_write:
            self._pause(where)

    def _meanwhile(self, where: str) -> None:
        self.counts["overtaken"] += 1
        self.clock.advance(self.random.choice((0.0, 0.1, 0.5)))
        if self.plan.people and self.random.random() < 0.5:
            self.people.interfere()
        else:
            self.work()

    def _pause(self, where: str) -> None:
        seconds = self.random.choice(
            (7.0, 20.0, 31.0, 31.0, 45.0) if self.wire.frames[-1].is_mortal else (7.0, 20.0)
        )
        self.counts["zombies" if seconds > lanes.LEASE_SECONDS else "pauses"] += 1
        self.say(f"a worker stands still for {seconds} s: {self.wire.frames[-1].kind}, {where}")
        self.clock.advance(seconds)
        for _ in range(self.random.randrange(2, 8)):
            if self.plan.people and self.random.random() < 0.3:
                self.people.interfere()
            self.work()
        self.say("it goes on")

    # -- the end

    def come_to_rest(self) -> None:
        """Clear the sky and let time pass until everything that is left to do is done."""
        self.world.crm("faults", host="*", clear=True)
        self.world.crm("faults", clear=True)
        self.world.crm("weather", is_off=False, duplicate=0, delay=0, jitter=0)
        Account.objects.filter(pk=self.account.pk).update(synced_at=F("installed_at"))
        for seconds in (35, 65, 310, 610, 910, 910, 3600, 310, 310):
            self.clock.advance(seconds)
            self.rest()
        self.world.advance_to(worlds.time(12), run=False)
        self.rest()
        self.clock.advance(310)
        self.rest()

    def rest(self) -> None:
        """Let the service do all that it can do now; then what waits has a reason to."""
        self.world.run()
        self.checks.judge_decisions()
        self.checks.when_idle()
