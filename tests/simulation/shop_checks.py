"""What must hold where templates deal: counted anew from the mirror, the records and the sandbox."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from accounts.models import Account, InboxEvent, Manager
from distribution.core import decide
from distribution.core.facts import DUTY, Situation
from distribution.core.policy.body import Member
from distribution.core.records import lead_from_json
from distribution.models import Decision, Effect, LeadMirror, ManagerLoad, Template
from distribution.models.mirror import TaskMirror
from distribution.operations.deciding.notes import BOT_AGAIN, CAP_REACHED, NOT_ACCEPTED
from distribution.queries.config import AccountConfig, TriggerConfig, config_of
from distribution.queries.records import differences, record_of
from distribution.queries.situation import situations_for
from sandbox.bots import waits_for_us
from sandbox.model import Lead as CrmLead
from shifts.queries.availability import availability_of
from tests.simulation.recount import facts_of, is_counted, is_open, was_shadow
from tests.world import HOST

if TYPE_CHECKING:
    from tests.simulation.history import Simulation

State = LeadMirror.State
Kind = Decision.Kind
DEALINGS = (Kind.DISTRIBUTION, Kind.REDISTRIBUTION)
BY_TIME = (NOT_ACCEPTED, BOT_AGAIN)
UNWEIGHED = ("sticky", "duty")  # nobody was weighed against the one who has it
SAMPLE = 25


class ShopChecks:
    """Looks at the database and at the sandbox; changes nothing."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._account_id = simulation.account.pk
        self._crm = simulation.world.sandbox.crm.account_at(HOST)
        self._judged = 0
        self.wrong: list[str] = []

    # -- at each turn

    def judge_turn(self, config: AccountConfig, now: datetime) -> None:
        """Look at what a turn has just written: who has received by the rules of now, counted anew."""
        rows = Decision.objects.for_account(self._account_id).filter(id__gt=self._judged)
        decisions = list(rows.order_by("id"))
        if not decisions:
            return
        self._judged = decisions[-1].pk
        dealt = [row for row in decisions if row.chosen_id and row.kind in DEALINGS]
        dealt = [row for row in dealt if not row.is_shadow and config.trigger(row.trigger_id)]
        self.wrong += [f"lead {row.lead_id} is dealt in shadow" for row in dealt if was_shadow(row)]
        if not dealt:
            return
        self._sim.counts["judged"] += len(dealt)
        known = availability_of(Account(pk=self._account_id), now, with_schedule=False)
        present = {user: known[user].shift.presence.value for user in known}
        for row in dealt:
            trigger = config.trigger(row.trigger_id)
            assert trigger is not None
            later = {one.lead_id for one in decisions if one.pk > row.pk}
            for why in self._objections(config, trigger, row, present, later):
                self.wrong.append(f"lead {row.lead_id} went to {row.chosen_id}, who {why} at {now}")

    def _objections(
        self,
        config: AccountConfig,
        trigger: TriggerConfig,
        row: Decision,
        present: dict[int, str],
        later: set[int],
    ) -> Iterator[str]:
        """Yield what speaks against somebody who has just received."""
        body, user, at = trigger.template.body, row.chosen_id, row.decided_at
        rota = self._sim.office.rota
        if row.kind == Kind.DISTRIBUTION and not is_open(body, at):
            yield "is given leads of a closed template"
        if row.reason == "sticky":
            return
        if user in rota.people and not rota.takes_part(user, at):
            yield "is switched off"
        if row.reason == "duty":
            if user != body.nobody.duty:
                yield "is not on duty"
            return
        if not self._is_member(trigger, user):
            yield "is no member"
        if body.gates.schedule == "personal" and not rota.is_in_service(user, at):
            yield "is not in service"
        if present.get(user) == "paused":
            yield "is paused"
        is_asked = body.gates.shift == "require" and body.nobody.then != "ignore_presence"
        if is_asked and present.get(user) != "online":
            yield "is not on shift"
        if row.reason != "kept":
            yield from self._too_much(config, trigger, row, later)

    def _too_much(
        self, config: AccountConfig, trigger: TriggerConfig, row: Decision, later: set[int]
    ) -> Iterator[str]:
        body, user = trigger.template.body, row.chosen_id
        most = self._limits(trigger, user)
        held = self._held(config, trigger, user, but=later)
        if most[0] is not None and held > most[0]:
            yield f"has {held} leads, more than {most[0]}"
        tasks = TaskMirror.objects.for_account(self._account_id).filter(owner_id=user).count()
        if most[1] is not None and tasks >= most[1]:
            yield f"has {tasks} tasks of {most[1]}"
        pace = body.limits.pace_leads
        if pace is not None and self._paced(row, body.limits.pace_minutes) > pace:
            yield f"has more than {pace} leads in {body.limits.pace_minutes} minutes"

    def _held(
        self, config: AccountConfig, trigger: TriggerConfig, user: int, *, but: set[int]
    ) -> int:
        """Count somebody's leads by the mirror, without those of which more was decided later."""
        template = trigger.template
        rows = LeadMirror.objects.for_account(self._account_id)
        rows = rows.filter(owner_id=user, is_counted=True).exclude(lead_id__in=but)
        places = rows.values_list("pipeline_id", "status_id")
        return sum(is_counted(config, template.body, place) for place in places)

    def _paced(self, row: Decision, minutes: int) -> int:
        """Count the leads that somebody has been dealt until now within the period, this one included."""
        rows = Decision.objects.for_account(self._account_id).filter(
            kind__in=DEALINGS,
            chosen_id=row.chosen_id,
            is_shadow=False,
            decided_at__gt=row.decided_at - timedelta(minutes=minutes),
            id__lte=row.pk,
        )
        return rows.exclude(reason="kept").exclude(turn_key="").count()

    def _limits(self, trigger: TriggerConfig, user: int) -> tuple[int | None, int | None]:
        """Return how many leads and tasks somebody may have: his own by the template, else his profile's."""
        limits, person = trigger.template.body.limits, self._sim.office.rota.people.get(user)
        own = [row for row in self._rows_of(trigger, user) if row.leads is not None]
        tasks = [row.tasks for row in self._rows_of(trigger, user) if row.tasks is not None]
        leads = own[0].leads if own else None
        if leads is None:
            leads = person.limit if person and person.limit is not None else limits.leads
        return leads, tasks[0] if tasks else limits.tasks

    def _rows_of(self, trigger: TriggerConfig, user: int) -> list[Member]:
        manager = Manager.objects.select_related("group").get(
            account_id=self._account_id, kommo_id=user
        )
        group = manager.group.kommo_id if manager.group else None
        named = {("manager", user), ("group", group)}
        if trigger.group is not None:
            named = {("group", group)} if group == trigger.group else set()
        return [row for row in trigger.template.body.members if (row.kind, row.id) in named]

    def _is_member(self, trigger: TriggerConfig, user: int) -> bool:
        return bool(self._rows_of(trigger, user))

    # -- always

    def after_step(self) -> None:
        """What holds at any moment."""
        assert not self.wrong, self.wrong[0]
        self._loads_equal_the_mirror()
        shadow = Decision.objects.for_account(self._account_id).filter(is_shadow=True)
        written = Effect.objects.for_account(self._account_id).filter(
            decision_id__in=shadow.values("pk")
        )
        written = written.exclude(kind=Effect.Kind.BOT)
        assert not written.exists(), f"shadow wrote: {list(written.values())[:2]}"
        moved = [one for one in self._sim.wire.displaced if not one.is_excused]
        assert not moved, f"a person's change of stage was written over: {moved}"

    def _loads_equal_the_mirror(self) -> None:
        """Each scope of loads is what the mirror holds, unless settings are still to be taken in."""
        kinds = (InboxEvent.Kind.SETTINGS, InboxEvent.Kind.SYNCED)
        events = InboxEvent.objects.filter(account_id=self._account_id, done_at=None)
        if events.filter(kind__in=kinds).exists():
            return
        config, theirs = config_of(self._account_id), Counter[tuple[int, int]]()
        rows = LeadMirror.objects.for_account(self._account_id).filter(is_counted=True)
        rows = rows.filter(owner_id__isnull=False)
        for user, *place in rows.values_list("owner_id", "pipeline_id", "status_id"):
            for scope in config.scopes_of(*place):
                theirs[user, scope] += 1
        live = {ManagerLoad.TRACKED, ManagerLoad.ALL, *(one.scope for one in config.templates)}
        loads = ManagerLoad.objects.for_account(self._account_id).filter(scope__in=live)
        ours = {
            (user, scope): number
            for user, scope, number in loads.values_list("user_id", "scope", "number")
            if number
        }
        assert ours == theirs, f"loads {ours}, by the mirror {dict(theirs)}"

    # -- at rest

    def at_rest(self) -> None:
        """What holds when nothing is left to do."""
        self.after_step()
        self._bots_went_on()
        self._only_late_bots_are_refused()
        self._sent_is_dealt()
        self._watched_is_dealt()
        self._cycles_are_sound()
        self._replays_are_identical()
        if self._sim.plan.reconciles and config_of(self._account_id).counts_tasks:
            self._tasks_equal_kommo()

    def _bots_went_on(self) -> None:
        """Of the bots whose call we have taken, none hangs (whose call was lost is not ours)."""
        for run in waits_for_us(self._crm):
            heard = [status for status in run.statuses if status and 200 <= status < 300]
            waits = run.state == "waiting" and len(heard) == len(run.statuses) > 0
            assert not waits, f"bot {run.bot_id} hangs on lead {run.lead_id}: {run.statuses}"

    def _only_late_bots_are_refused(self) -> None:
        """The token of a bot's call that arrives much later has expired; nothing else is refused."""
        statuses = [status for run in self._crm.runs.values() for status in run.statuses]
        refused = self._sim.world.hook_answers[404]
        assert statuses.count(404) == refused, f"{refused} hooks are not known"

    def _rows(self) -> dict[int, LeadMirror]:
        return {row.lead_id: row for row in LeadMirror.objects.for_account(self._account_id)}

    def _sent_is_dealt(self) -> None:
        """What a card has sent, and we have taken, was dealt, waits, or is a person's."""
        rows = self._rows()
        decisions = Decision.objects.for_account(self._account_id)
        told = set(decisions.values_list("lead_id", "stage_entry"))
        was_off = bool(self._sim.shop.stirred)
        for trigger in self._crm.triggers.values():
            for fired in trigger.fired if trigger.url and not was_off else ():
                lead = self._crm.leads[fired.lead_id]
                heard = any(status and 200 <= status < 300 for status in fired.statuses)
                is_here = (lead.pipeline_id, lead.status_id) == (
                    trigger.pipeline_id,
                    trigger.status_id,
                ) and self._entered_at(lead) <= fired.at
                if not heard or not is_here or lead.is_deleted or fired.skipped:
                    continue
                row = rows.get(lead.id)
                assert row is not None, f"lead {lead.id} was sent and is lost"
                is_done = (lead.id, row.stage_entry) in told or row.is_excluded
                assert is_done, f"lead {lead.id} was sent, but is {row.state}"
                self._sim.counts["sent"] += 1

    def _watched_is_dealt(self) -> None:
        """Whatever has entered a watched stage was dealt, waits, was left with a reason, or is a person's."""
        config, rows = config_of(self._account_id), self._rows()
        told = set(Decision.objects.for_account(self._account_id).values_list("lead_id", flat=True))
        for lead in self._crm.leads.values():
            watches = config.watches_of(lead.pipeline_id, lead.status_id)
            if lead.is_deleted or not watches or lead.id in told:
                continue
            stirred = [self._sim.shop.stirred.get(one.template.template_id, 0) for one in watches]
            was_there = self._entered_at(lead) <= max(stirred)
            state = rows[lead.id].state if lead.id in rows else "lost"
            assert was_there, f"lead {lead.id} was never dealt: {state}"

    def _entered_at(self, lead: CrmLead) -> float:
        events = self._crm.events_of.get(("lead", lead.id), ())
        moved = [event.created_at for event in events if event.type == "lead_status_changed"]
        restored = [event.created_at for event in events if event.type == "lead_restored"]
        return max([lead.created_at, *moved, *restored])

    def _tasks_equal_kommo(self) -> None:
        rows = TaskMirror.objects.for_account(self._account_id)
        ours = dict(rows.values_list("task_id", "owner_id"))
        tasks = [task for task in self._crm.tasks.values() if not task.is_completed]
        theirs = {task.id: task.responsible_user_id for task in tasks}
        assert ours == theirs, f"tasks {ours}, in Kommo {theirs}"

    def _cycles_are_sound(self) -> None:
        """Caps of redistribution hold, and nobody has a lead twice while there is anybody else."""
        histories: dict[int, list[Decision]] = defaultdict(list)
        for row in Decision.objects.for_account(self._account_id).order_by("id"):
            histories[row.lead_id].append(row)
        for rows in histories.values():
            moves, tried = 0, set[int | None]()
            for row in rows:
                if row.kind == Kind.DISTRIBUTION or row.reason == CAP_REACHED:
                    moves, tried = 0, set()
                if row.reason not in BY_TIME or row.chosen_id is None:
                    continue
                moves, tried = moves + 1, tried | {row.previous_owner_id}
                cap = self._sim.shop.caps.get(row.template_id or 0, 100)
                assert moves <= cap, f"lead {row.lead_id} moved {moves} times, cap {cap}"
                if row.chosen_id in tried:
                    assert not self._others(row, tried), (
                        f"lead {row.lead_id}: {row.chosen_id} twice"
                    )
                    tried = {row.previous_owner_id}
                self._sim.counts["moved by time"] += 1

    def _others(self, row: Decision, tried: set[int | None]) -> tuple[int, ...]:
        """Return who of those that have not had the lead could have taken it, by what is stored."""
        record = record_of(self._sim.account, row)
        turn = decide.rebuild(record.roster, record.opening)
        for one in record.turn[:-1]:
            turn.deal(lead_from_json(one.lead_facts), turn.situation.now)
        facts = lead_from_json(row.lead_facts)
        return turn.eligible_for(replace(facts, tried=frozenset(tried - {None})))

    def _replays_are_identical(self) -> None:
        rows = list(Decision.objects.for_account(self._account_id).exclude(turn_key=""))
        for row in Random(self._sim.seed).sample(rows, min(SAMPLE, len(rows))):
            found = differences(record_of(self._sim.account, row))
            assert not found, (
                f"decision {row.pk} of lead {row.lead_id} comes out otherwise: {found}"
            )
            self._sim.counts["replayed"] += found == []

    # -- what waits

    def waiting_is_true(self, states: tuple[str, ...]) -> None:
        """Nobody is free for what waits, no last resort is due, and no other trigger is open."""
        now, config = self._sim.world.now, config_of(self._account_id)
        situations = situations_for(self._account_id, now)
        shadow = Template.objects.for_account(self._account_id).filter(is_shadow=True)
        dark = set(shadow.values_list("pk", flat=True))
        rows = LeadMirror.objects.for_account(self._account_id).filter(state__in=states)
        for row in rows:
            trigger = config.trigger(row.trigger_id)
            assert trigger is not None, f"lead {row.lead_id} waits for no trigger"
            if row.state == State.PARKED and trigger.template.template_id in dark:
                continue
            if why := self._could_go(
                row, situations[trigger.trigger_id], trigger, config, situations
            ):
                raise AssertionError(
                    f"lead {row.lead_id} is {row.state} ({row.waiting_reason}) though {why}"
                )

    def _could_go(
        self,
        row: LeadMirror,
        situation: Situation,
        trigger: TriggerConfig,
        config: AccountConfig,
        situations: dict[int, Situation],
    ) -> str:
        now, policy = situation.now, situation.policy
        if row.state == State.PARKED:
            facts = replace(facts_of(row), moves=True, waiting_since=row.waiting_since)
            free = set(decide.Turn(situation).eligible_for(facts)) - {row.owner_id}
            return f"{sorted(free)} are free" if free else ""
        asked = [one for one in map(config.trigger, row.cycle.get("asked", ())) if one]
        wanted = asked or config.watches_of(row.pipeline_id, row.status_id)
        runs = [one for one in wanted if situations[one.trigger_id].policy.window_open]
        if not policy.window_open:
            return f"trigger {runs[0].trigger_id} is open" if runs else ""
        if row.waiting_reason == "owner_away":
            until = row.waiting_since + timedelta(seconds=policy.owner_wait_seconds)
            return "the wait for its owner is over" if until <= now else ""
        decision = decide.Turn(situation).deal(facts_of(row), now)
        if decision.kind is decide.Kind.WAITING:
            return ""
        if decision.because is not None and policy.when_nobody == DUTY:
            return "the duty person could have it"
        return f"it would be {decision.kind}: {decision.chosen}"
