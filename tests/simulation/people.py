"""What people and the weather do in a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accounts.models import Account
from distribution.operations.policies.settings import save_settings
from distribution.queries.settings import settings_of
from sandbox.faults import Fault
from sandbox.model import LOST, WON
from sandbox.model import Lead as CrmLead
from tests.world import HOST

if TYPE_CHECKING:
    from tests.simulation.history import Simulation

ENDLESS_FAULTS = (
    Fault.TOO_MANY_REQUESTS,
    Fault.SERVER_ERROR,
    Fault.SERVER_ERROR_AFTER_COMMIT,
    Fault.DROP_BEFORE_COMMIT,
    Fault.DROP_AFTER_COMMIT,
    Fault.GATEWAY_TIMEOUT,
    Fault.GATEWAY_TIMEOUT_AFTER_COMMIT,
    Fault.SLOW,
    Fault.SLOW_BEFORE_COMMIT,
    Fault.HTML,
    Fault.TRUNCATED,
    Fault.EMPTY,
)
SINGLE_FAULTS = (Fault.IP_BLOCKED, Fault.PAYMENT_REQUIRED, Fault.UNAUTHORIZED)
WAITS = (
    (0.0, 0.3, 1.0, 2.0, 5.5),
    (12.0, 31.0, 65.0),
    (310.0, 910.0),
    (3700.0,),
    (14500.0,),
    (90000.0,),
)
EAGERLY = 15
WAIT_WEIGHTS = (50, 25, 10, 3, 1, 1)


class People:
    """Managers, admins, customers, and Kommo's operators."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._random = simulation.random
        self._crm = simulation.world.sandbox.crm.account_at(HOST)
        self._managers = [row.kommo_id for row in simulation.world.managers(simulation.account)]
        self._vip = next(iter(self._crm.fields["leads"]))
        plan = simulation.plan
        human = (
            ("owner", 5, self._change_owner),
            ("stage", 4, self._change_stage),
            ("exclude", 2, self._toggle_exclusion),
            ("delete", 1, self._delete),
            ("restore", 1, self._restore),
            ("rename", 1, self._rename),
            ("shift", 6, self._press_shift),
            ("user", 1, self._toggle_user),
            ("settings", 1, self._save_settings),
            *(simulation.office.acts if plan.schedules else ()),
            *(simulation.shop.acts if plan.templates else ()),
        )
        # Each history leaves out some of what may happen, so that the rest is seen in depth.
        kept = [row for row in human if self._random.random() < 0.8] if plan.people else []
        kept = [
            (name, weight * (EAGERLY if name in plan.eager else 1), act)
            for name, weight, act in kept
        ]
        self._human = kept
        self._acts = [
            ("leads", 12, self._send_leads),
            ("wait", 14, self._wait),
            *kept,
            *((("fault", 3, self._arm), ("repair", 2, self._repair)) if plan.faults else ()),
            *((("weather", 2, self._change_weather),) if plan.weather else ()),
            *((("calm", 2, simulation.rest),) if plan.schedules else ()),
        ]
        self._faults = self._random.sample(ENDLESS_FAULTS, 5)

    def begin(self) -> None:
        """Start the shifts: of everybody where nobody ever leaves, else of some."""
        if self._sim.plan.schedules:
            self._sim.office.begin()
        if self._sim.plan.templates:
            self._sim.shop.begin()
        for user_id in self._managers:
            if not self._sim.plan.people or self._random.random() < 0.7:
                self._shift(user_id, "start")
        self._sim.world.run()

    def act(self) -> None:
        """Let one thing happen."""
        self._one_of(self._acts)

    def interfere(self) -> None:
        """Let a person do something while a worker is busy."""
        if self._human:
            self._one_of(self._human)

    def bring_everybody_back(self) -> None:
        """Activate and start everyone."""
        for user_id in self._managers:
            self._crm.users[user_id].is_active = True
        Account.objects.filter(pk=self._sim.account.pk).update(synced_at=None)
        self._save({"shift_mode": "manual"})  # or else hours of silence send them home
        self._sim.world.run()
        if self._sim.plan.schedules:
            self._sim.office.let_everybody_work()
        if self._sim.plan.templates:
            self._sim.shop.open_wide()
        for user_id in self._managers:
            self._shift(user_id, "start")

    def _one_of(self, acts: Any) -> None:
        (chosen,) = self._random.choices(acts, weights=[act[1] for act in acts])
        chosen[2]()

    def _command(self, name: str, **form: Any) -> dict[str, Any]:
        self._sim.say(f"{name} {form}")
        status, answer = self._sim.world.control.run("POST", name, {"host": HOST, **form})
        assert status == 200, answer
        return answer

    # -- leads

    def _send_leads(self) -> None:
        count = self._random.choice((1, 1, 1, 2, 3, 8, 25))
        known = self._sim.shop.customer() if self._sim.plan.templates else {"contacts": 0}
        form: dict[str, Any] = {"count": count, **known}
        if self._sim.plan.people and self._random.random() < 0.4:
            pipeline = self._random.choice(list(self._crm.pipelines.values()))
            stages = [
                s.id for s in pipeline.stages.values() if s.type == 0 and s.id not in (WON, LOST)
            ]
            form |= {"pipeline_id": pipeline.id, "status_id": self._random.choice(stages)}
            form["responsible_user_id"] = self._random.choice(list(self._crm.users))
        self._command("leads", **form)

    def _lead(self, *, deleted: bool = False) -> CrmLead | None:
        rows = [lead for lead in self._crm.leads.values() if lead.is_deleted is deleted]
        recent = rows[-6:] if self._random.random() < 0.6 else rows
        return self._random.choice(recent) if recent else None

    def _edit(self, **changes: Any) -> None:
        lead = self._lead()
        if lead is not None:
            who = self._random.choice(list(self._crm.users))
            self._command("edit", lead_id=lead.id, user_id=who, changes=changes)

    def _change_owner(self) -> None:
        users = [user.id for user in self._crm.users.values() if user.is_active]
        self._edit(responsible_user_id=self._random.choice(users))

    def _change_stage(self) -> None:
        pipeline = self._random.choice(list(self._crm.pipelines.values()))
        status = self._random.choice([s.id for s in pipeline.stages.values() if s.type == 0])
        self._edit(pipeline_id=pipeline.id, status_id=status)

    def _toggle_exclusion(self) -> None:
        values = [{"value": True}] if self._random.random() < 0.5 else None
        self._edit(custom_fields_values=[{"field_id": self._vip, "values": values}])

    def _rename(self) -> None:
        self._edit(name=f"Renamed {self._random.randrange(1000)}")

    def _delete(self) -> None:
        lead = self._lead()
        # A deletion nobody tells of stays unknown: Kommo's lists do not show what is gone.
        if lead is not None and not self._crm.weather.is_off:
            self._command("delete_lead", lead_id=lead.id)

    def _restore(self) -> None:
        lead = self._lead(deleted=True)
        if lead is not None:
            self._command("restore_lead", lead_id=lead.id)

    # -- managers and admins

    def _press_shift(self) -> None:
        user_id = self._random.choice(self._managers)
        self._shift(user_id, self._random.choice(("start", "start", "pause", "resume", "end")))

    def _shift(self, user_id: int, action: str) -> None:
        answer = self._command("shift", user_id=user_id, action=action)
        assert answer["status"] < 500, answer

    def _toggle_user(self) -> None:
        user = self._crm.users[self._random.choice(self._managers)]
        user.is_active = not user.is_active
        self._sim.say(f"user {user.id} active: {user.is_active}")
        if self._random.random() < 0.7:  # somebody asks for fresh data
            Account.objects.filter(pk=self._sim.account.pk).update(synced_at=None)

    def _save_settings(self) -> None:
        random = self._random
        gate = {"schedule_gate": random.random() < 0.7} if self._sim.plan.schedules else {}
        changes = random.choice(
            (
                *([gate, gate] if gate else ()),
                {"strategy": random.choice(("even", "least_loaded"))},
                {"notes_enabled": random.random() < 0.7},
                {"return_enabled": random.random() < 0.7},
                {"return_only_untouched": random.random() < 0.5},
                {"redistribution_enabled": random.random() < 0.8},
                {"redistribution_delay_minutes": random.choice((0, 0, 5))},
                {"transfer_minutes": random.choice((None, 3))},
                {"start_delay_minutes": random.choice((0, 0, 2))},
                {"shift_mode": random.choice(("manual", "manual", "hybrid"))},
            )
        )
        self._save(changes)

    def _save(self, changes: dict[str, Any]) -> None:
        account = self._sim.account
        self._sim.say(f"settings {changes}")
        version = settings_of(account).version
        save_settings(
            account, actor=None, changes=changes, version=version, now=self._sim.world.now
        )

    # -- the world around

    def _wait(self) -> None:
        weights = WAIT_WEIGHTS if self._sim.plan.long_waits else (50, 25, 10)
        (choice,) = self._random.choices(WAITS[: len(weights)], weights=weights)
        seconds = self._random.choice(choice)
        self._sim.say(f"{seconds} s pass")
        self._sim.clock.advance(seconds)

    def _arm(self) -> None:
        if self._random.random() < 0.15:
            self._command("faults", kind=self._random.choice(SINGLE_FAULTS).value, count=1)
            return
        kind = self._random.choice(self._faults)
        seconds = self._random.choice((1.0, 3.0, 30.0))
        only = self._random.choice(("", "", "PATCH", "GET", "POST"))
        form = {"kind": kind.value, "seconds": seconds, "method": only}
        self._command("faults", probability=self._random.choice((0.1, 0.3, 0.7)), **form)

    def _repair(self) -> None:
        self._command("faults", clear=True)

    def _change_weather(self) -> None:
        random = self._random
        self._command(
            "weather",
            is_off=random.random() < 0.1 and self._sim.plan.reconciles,
            duplicate=random.choice((0.0, 0.3, 1.0)),
            delay=random.choice((0.0, 0.0, 3.0)),
            jitter=random.choice((0.0, 2.0, 60.0)),
            is_merged=random.random() < 0.3,
            items_per_body=random.choice((1, 250)),
        )
