"""The invariants: what must hold after every step, at rest, and when everybody is back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from accounts.models import InboxEvent
from distribution.core.decide import Turn
from distribution.models import DeadLetter, Decision, Effect, LeadMirror, ManagerLoad, Timer
from distribution.operations.deciding.absorb import is_filled
from distribution.queries.config import config_of
from distribution.queries.situation import situations_for
from sandbox.model import Lead as CrmLead
from tests.world import HOST

if TYPE_CHECKING:
    from tests.simulation.history import Simulation

State = LeadMirror.State
OVERWRITTEN = "overwrote_person"  # a person's choice fell into the round trip and was written over
_LAGS = """
SELECT register_id, sum(lag) FROM distribution_registerentry WHERE account_id = %s
GROUP BY register_id HAVING sum(lag) <> 0
"""
_LOADS = """
SELECT l.user_id, l.number, count(m.id) FROM distribution_managerload l
LEFT JOIN distribution_leadmirror m
  ON m.account_id = l.account_id AND m.owner_id = l.user_id AND m.is_counted
WHERE l.account_id = %s AND l.scope = 0 GROUP BY l.user_id, l.number
HAVING l.number <> count(m.id)
"""
_TWO_SENDING = """
SELECT lead_id FROM distribution_effect WHERE account_id = %s AND kind = 'owner' AND state = 'sending'
GROUP BY lead_id HAVING count(*) > 1
"""


class Checks:
    """Looks at the database and at the sandbox; changes nothing."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._account_id = simulation.account.pk
        self._crm = simulation.world.sandbox.crm.account_at(HOST)
        self._judged = 0  # the last decision that was looked at
        self._wrong: list[str] = []

    # -- at each decision

    def judge_decisions(self) -> None:
        """Look at what was just decided: who has received by the rules of now, worked out anew."""
        if self._sim.plan.templates:
            return  # each turn was judged when it was written
        dealt = Decision.objects.for_account(self._account_id).filter(
            kind__in=(Decision.Kind.DISTRIBUTION, Decision.Kind.REDISTRIBUTION),
            chosen_id__isnull=False,
            id__gt=self._judged,
        )
        rows = list(dealt.order_by("id").values_list("id", "lead_id", "chosen_id", "decided_at"))
        for number, lead_id, user_id, at in rows:
            self._judged = number
            self._sim.counts["judged"] += 1
            if why := self._why_not(user_id, at):
                self._wrong.append(f"lead {lead_id} went to {user_id}, who {why} at {at}")

    def _why_not(self, user_id: int, at: datetime) -> str:
        """Say what speaks against somebody who has just received."""
        rota = self._sim.office.rota
        if user_id not in rota.people:
            return ""
        if not rota.takes_part(user_id, at):
            return "is switched off"
        if self._sim.gate and not rota.is_in_service(user_id, at):
            return "is not in service"
        limit = rota.people[user_id].limit
        held = LeadMirror.objects.for_account(self._account_id)
        if limit is not None and held.filter(owner_id=user_id, is_counted=True).count() > limit:
            return f"has more than {limit} leads"
        return ""

    def when_idle(self) -> None:
        """The service has nothing left to do now: what waits does so with reason."""
        assert not self._wrong, self._wrong[0]
        if self._is_idle():
            self._sim.counts["idle moments"] += 1
            self._rosters_are_true()
            self._waiting_is_true(State.WAITING)

    def _is_idle(self) -> bool:
        events = InboxEvent.objects.filter(account_id=self._account_id, done_at=None)
        overdue = Timer.objects.for_account(self._account_id).filter(
            due_at__lte=self._sim.world.now
        )
        return not events.exists() and not overdue.exists()

    def _rosters_are_true(self) -> None:
        """Everybody's objections of status, schedule and limit are those of the rota."""
        rota, now = self._sim.office.rota, self._sim.world.now
        if self._sim.plan.templates:
            return  # limits are the templates'; each turn is judged
        loads = ManagerLoad.objects.for_account(self._account_id).filter(scope=ManagerLoad.TRACKED)
        held = dict(loads.values_list("user_id", "number"))
        for situation in situations_for(self._account_id, now).values():
            is_gated = situation.policy.require_schedule
            for verdict in Turn(situation).verdicts():
                user = verdict.manager_id
                if user not in rota.people:
                    continue
                limit = rota.people[user].limit
                ours = {
                    "off": not rota.takes_part(user, now),
                    "off_schedule": is_gated and not rota.is_in_service(user, now),
                    "at_limit": limit is not None and held.get(user, 0) >= limit,
                }
                found = {refusal.reason.value for refusal in verdict.refusals}
                theirs = {
                    "off": bool(found & {"forced_off", "participation_off"}),
                    "off_schedule": "off_schedule" in found,
                    "at_limit": "at_limit" in found,
                }
                assert theirs == ours, f"user {user} at {now}: {theirs}, by the rota {ours}"

    # -- always

    def after_step(self) -> None:
        """What holds at any moment."""
        sim = self._sim
        assert not sim.loud.lines, "the service logged an error"
        fine = {204, 200, 404} if sim.plan.templates else {204}  # 404: see ShopChecks
        assert set(sim.world.hook_answers) <= fine, f"hooks answered {sim.world.hook_answers}"
        assert not self._rows(_LAGS), (
            f"the lags of a register do not sum to zero: {self._rows(_LAGS)}"
        )
        if sim.plan.templates:
            sim.shop_checks.after_step()
        else:
            assert not self._rows(_LOADS), f"a load is not the mirror's: {self._rows(_LOADS)}"
        assert not self._rows(_TWO_SENDING), "two changes of one lead are on their way"
        assert not self._wrong, self._wrong[0]
        assert not sim.wire.blind_writes, f"read and written over: {sim.wire.blind_writes}"
        unexcused = [one for one in sim.wire.overwrites if not one.is_excused]
        assert not unexcused, f"a human's change was written over: {unexcused}"
        self._notes_at_most_once()
        if not sim.plan.people:
            self._even_loads()

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, [self._account_id])
            return cursor.fetchall()

    def _notes_at_most_once(self) -> None:
        texts = Counter(text for _, text in self._our_notes())
        twice = [text for text, count in texts.items() if count > 1]
        assert not twice, f"a note was written twice: {twice[:3]}"

    def _our_notes(self) -> list[tuple[int, str]]:
        """Return the notes that people have not written: each names its decision."""
        texts = [
            (note.entity_id, str(note.params.get("text"))) for note in self._crm.notes.values()
        ]
        return [row for row in texts if "Peresmenka" in row[1]]

    def _even_loads(self) -> None:
        """Nobody leaves and nobody interferes: loads in our books differ by at most one lead."""
        loads = self._loads()
        assert not loads or max(loads) - min(loads) <= 1, f"loads differ: {loads}"

    def _loads(self) -> list[int]:
        managers = [row.kommo_id for row in self._sim.world.managers(self._sim.account)]
        rows = ManagerLoad.objects.for_account(self._account_id).filter(scope=ManagerLoad.TRACKED)
        known = dict(rows.values_list("user_id", "number"))
        return [known.get(user_id, 0) for user_id in managers] if any(known.values()) else []

    # -- at rest

    def at_rest(self) -> None:
        """What holds when nothing is left to do."""
        self.after_step()
        now = self._sim.world.now
        events = InboxEvent.objects.filter(account_id=self._account_id, done_at=None)
        assert not events.exists(), (
            f"events are left: {list(events.values_list('kind', 'crashes'))}"
        )
        effects = Effect.objects.for_account(self._account_id).filter(state__in=Effect.OPEN)
        assert not effects.exists(), f"effects are left: {list(effects.values())[:3]}"
        overdue = Timer.objects.for_account(self._account_id).filter(due_at__lte=now)
        assert not overdue.exists(), f"timers are overdue: {list(overdue.values())}"
        assert not DeadLetter.objects.exists(), f"given up: {list(DeadLetter.objects.values())}"
        self._mirror_equals_kommo()
        self._every_change_is_a_decision()
        self._notes_exactly_once()
        self._waiting_is_true()
        if self._sim.plan.templates:
            self._sim.shop_checks.at_rest()

    def _tracked(self) -> dict[int, CrmLead]:
        config = config_of(self._account_id)
        return {
            lead.id: lead
            for lead in self._crm.leads.values()
            if not lead.is_deleted and config.watch_of(lead.pipeline_id, lead.status_id)
        }

    def _mirror_equals_kommo(self) -> None:
        rows = {row.lead_id: row for row in LeadMirror.objects.for_account(self._account_id)}
        tracked = self._tracked()
        for lead in tracked.values():
            row = rows.get(lead.id)
            assert row is not None, f"lead {lead.id} is lost"
            ours = (
                row.owner_id,
                row.confirmed_owner_id,
                row.pipeline_id,
                row.status_id,
                row.is_deleted,
            )
            owner = lead.responsible_user_id
            theirs = (owner, owner, lead.pipeline_id, lead.status_id, False)
            assert ours == theirs, f"lead {lead.id}: mirror {ours}, Kommo {theirs}"
            if self._sim.plan.reconciles:  # an edit between our read and our write tells nobody
                is_excluded = self._is_excluded(lead)
                assert row.is_excluded is is_excluded, f"lead {lead.id}: exclusion differs"
            if self._sim.plan.templates:
                continue
            assert row.is_counted is (row.state != State.WAITING), f"lead {lead.id}: {row.state}"
            told = Decision.objects.for_account(self._account_id).filter(lead_id=lead.id)
            assert row.state != State.SEEN or told.exists(), f"lead {lead.id} was never dealt"
        config = config_of(self._account_id)
        counted = [row for row in rows.values() if row.is_counted]
        strangers = [
            row.lead_id for row in counted if config.watches_of(row.pipeline_id, row.status_id)
        ]
        if self._sim.world.sandbox.crm.post.dropped:  # Kommo's lists do not show what is gone
            strangers = [number for number in strangers if not self._crm.leads[number].is_deleted]
        assert set(strangers) <= set(tracked), f"counted but gone: {set(strangers) - set(tracked)}"

    def _is_excluded(self, lead: CrmLead) -> bool:
        class _Read:
            field_values = {
                key: tuple(value["value"] for value in values)
                for key, values in lead.fields.items()
            }

        return is_filled(_Read(), config_of(self._account_id).exclusion_field_id)  # type: ignore[arg-type]

    def _every_change_is_a_decision(self) -> None:
        decided: dict[int, list[Decision]] = {}
        for decision in Decision.objects.for_account(self._account_id).order_by("id"):
            decided.setdefault(decision.lead_id, []).append(decision)
        for lead in self._crm.leads.values():
            ours = [one for one in lead.owners if one.is_api]
            theirs = [one for one in lead.owners[1:] if not one.is_api]
            rows = decided.get(lead.id, [])
            manual = [row for row in rows if row.kind == Decision.Kind.MANUAL]
            dealt = [row for row in rows if row not in manual and not row.is_shadow]
            chosen = [row.chosen_id for row in dealt if row.chosen_id]
            targets = Counter(one.after for one in ours)
            assert targets <= Counter(chosen), f"lead {lead.id}: {ours} without decisions {chosen}"
            people = Counter(one.after for one in theirs)
            lost = Counter(row.previous_owner_id for row in manual if row.reason == OVERWRITTEN)
            taken = Counter(row.chosen_id for row in manual if row.reason != OVERWRITTEN)
            assert taken <= people, f"lead {lead.id}: taken for a human's {taken}, truly {people}"
            assert lost <= people, f"lead {lead.id}: noted as overwritten {lost}, truly {people}"
            self._dealt_once_an_entry(lead, rows)

    def _dealt_once_an_entry(self, lead: CrmLead, rows: list[Decision]) -> None:
        kinds = [event.type for event in self._crm.events_of.get(("lead", lead.id), ())]
        entries = 1 + sum(kind in ("lead_status_changed", "lead_restored") for kind in kinds)
        dealt = sum(
            row.kind == Decision.Kind.DISTRIBUTION and row.chosen_id is not None
            for row in rows
            if not row.is_shadow
        )
        assert dealt <= entries, (
            f"lead {lead.id} was dealt {dealt} times in {entries} stage entries"
        )

    def _notes_exactly_once(self) -> None:
        done = Effect.objects.for_account(self._account_id).filter(
            kind=Effect.Kind.OWNER, state=Effect.State.DONE
        )
        wanted = {(row.lead_id, row.note) for row in done.exclude(note="")}
        notes = Effect.objects.for_account(self._account_id).filter(kind=Effect.Kind.NOTE)
        wanted |= {(row.lead_id, row.note) for row in notes.filter(state=Effect.State.DONE)}
        written = set(self._our_notes())
        deleted = {lead.id for lead in self._crm.leads.values() if self._was_deleted(lead)}
        missing = {one for one in wanted - written if one[0] not in deleted}
        assert not missing, f"notes are missing: {sorted(missing)[:3]}"
        assert written <= wanted, f"notes without a change: {sorted(written - wanted)[:3]}"

    def _was_deleted(self, lead: CrmLead) -> bool:
        events = self._crm.events_of.get(("lead", lead.id), ())
        return any(event.type == "lead_deleted" for event in events)

    def _waiting_is_true(self, *states: str) -> None:
        if self._sim.plan.templates:
            self._sim.shop_checks.waiting_is_true(states or (State.WAITING, State.PARKED))
            return
        rows = LeadMirror.objects.for_account(self._account_id).filter(
            state__in=states or (State.WAITING, State.PARKED)
        )
        turns = {
            trigger_id: Turn(situation)
            for trigger_id, situation in situations_for(
                self._account_id, self._sim.world.now
            ).items()
        }
        for row in rows:
            free = [v for v in turns[row.trigger_id].verdicts() if v.eligible]
            free = [v for v in free if row.state == State.WAITING or v.manager_id != row.owner_id]
            assert not free, (
                f"lead {row.lead_id} is {row.state} ({row.waiting_reason}) though {free}"
            )

    # -- when everybody is back

    def when_everybody_is_back(self) -> None:
        """All managers are on shift: nothing waits any more."""
        self.at_rest()
        waiting = LeadMirror.objects.for_account(self._account_id).filter(
            state__in=(State.WAITING, State.PARKED)
        )
        assert not waiting.exists(), (
            f"still waiting: {list(waiting.values_list('lead_id', 'state'))}"
        )
        if not self._sim.plan.people:
            managers = [row.kommo_id for row in self._sim.world.managers(self._sim.account)]
            held = Counter(lead.responsible_user_id for lead in self._tracked().values())
            loads = [held[user_id] for user_id in managers]
            assert sum(loads) == len(self._crm.leads), "a lead was not dealt"
            assert max(loads) - min(loads) <= 1, f"open loads differ: {loads}"
            redundant = self._crm.redundant_patches
            assert not redundant, f"{redundant} leads were sent the owner that they had"
