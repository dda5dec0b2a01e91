"""What admins do with templates in a history, and how leads get into them: triggers, cards, bots."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F

from accounts.models import Group, Manager
from distribution.models import LeadMirror, Register, Template, Trigger, Wave
from distribution.operations import registers, undo
from distribution.operations.deciding.acceptance import accept_by_click
from distribution.operations.policies import templates
from distribution.operations.policies.triggers import create_trigger, trigger_key
from sandbox.model import LOST, WON
from shifts.core.participation import Status
from shifts.operations.participation import set_participation
from tests.policies import ALL_DAY
from tests.simulation.bodies import SECTIONS, Place, draw_body
from tests.world import HOST

if TYPE_CHECKING:
    from tests.simulation.history import Simulation

Json = dict[str, Any]
PIPELINE_HOOK = "http://testserver/hooks/kommo/pipeline"
BOT_CALL = "http://testserver/hooks/kommo/bot"
PAIR_SECONDS = 180.0  # the recommended second trigger
BEFORE_THE_PAGE = 10
TOUCHES = ("message", "call", "sms", "note", "task")
WIDE_OPEN: Json = {
    "strategy": "even",
    "hours": {**ALL_DAY, "weekdays": [0, 1, 2, 3, 4, 5, 6]},
    "gates": {},
    "limits": {},
    "sticky": {},
    "nobody": {},
}
"""What leaves nobody a reason to wait."""


class Shop:
    """Sets up templates with all that sends leads into them, and changes them as a history goes on."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._random = simulation.random
        self._account = simulation.account
        self._crm = simulation.world.sandbox.crm.account_at(HOST)
        self.caps: dict[int, int] = {}  # the largest that each template has had
        self.stirred: dict[int, float] = {}  # when each template was last switched on or off
        self.contacts: list[int] = []
        self.companies: list[int] = []
        self._bots: list[int] = []
        self.acts: list[tuple[str, float, Callable[[], None]]] = [
            ("save template", 3, self._save),
            ("switch template", 0.7, self._switch),
            ("shadow", 0.4, self._shadow),
            ("credit", 0.7, self._credit),
            ("reset", 0.4, self._reset),
            ("undo", 1, self._undo),
            ("touch", 3, self._touch),
            ("click", 1, self._click),
            ("task", 2, self._add_task),
            ("task done", 1.5, self._complete_task),
            ("bot", 2, self._run_bot),
            ("here", 2, self._be_here),
        ]

    @property
    def _now(self) -> datetime:
        return self._sim.world.now

    def _place(self) -> Place:
        stages = [
            (pipeline.id, stage.id)
            for pipeline in self._crm.pipelines.values()
            for stage in pipeline.stages.values()
            if stage.type == 0 and stage.id not in (WON, LOST)
        ]
        groups = Group.objects.for_account(self._account).order_by("kommo_id")
        return Place(
            [row.kommo_id for row in self._sim.world.managers(self._account)],
            list(groups.values_list("kommo_id", flat=True)),
            stages,
            stages[-1],
            next(iter(self._crm.users)),
            self._sim.plan.schedules,
        )

    # -- the beginning

    def begin(self) -> None:
        """Make customers, templates and what sends leads into them."""
        self._sim.world.crm("account", customers_mode="segments")
        self._make_customers()
        Trigger.objects.for_account(self._account).update(priority=F("priority") + BEFORE_THE_PAGE)
        place, shared = self._place(), None
        if self._random.random() < 0.6:
            shared = registers.create_register(
                self._account, name="Shared", actor=None, now=self._now
            )
            if self._random.random() < 0.5:
                policy = registers.RegisterPolicy(catch_up_percent=50, ramp=(50, 80))
                registers.set_policy(shared, policy, actor=None, now=self._now)
        for number in range(self._random.randrange(1, 4)):
            body = self._drawn(place)
            template = templates.create_template(
                self._account, name=f"Template {number}", body=body, actor=None, now=self._now
            )
            self._note(template)
            self._sim.say(f"template {number}: {body}")
            for _ in range(self._random.choice((1, 1, 2))):
                self._add_trigger(template, place, shared)
        self._sim.world.run()

    def _drawn(self, place: Place) -> Json:
        body = draw_body(self._random, place)
        for name, fixed in self._sim.plan.body.items():
            body[name] = {**body[name], **fixed} if isinstance(fixed, dict) else fixed
        return body

    def _note(self, template: Template) -> None:
        cap = template.body["acceptance"]["cap"]
        self.caps[template.pk] = max(cap, self.caps.get(template.pk, 0))

    def _make_customers(self) -> None:
        users = self._place().users
        for _ in range(2):
            owner = self._random.choice(users)
            made = self._sim.world.crm("people", kind="companies", responsible_user_id=owner)
            self.companies += made["ids"]
        for _ in range(5):
            owner, company = self._random.choice(users), self._random.choice(self.companies)
            made = self._sim.world.crm(
                "people", kind="contacts", responsible_user_id=owner, company_id=company
            )
            self.contacts += made["ids"]
        self._sim.world.crm("customers", contact_ids=self.contacts[:2])

    def _add_trigger(self, template: Template, place: Place, shared: Register | None) -> None:
        random, name = self._random, f"Trigger {Trigger.objects.for_account(self._account).count()}"
        kind = random.choice(self._sim.plan.senders)
        free = [stage for stage in place.stages if stage != place.siding]
        stages: list[tuple[int, int | None]] = [*random.sample(free, random.choice((1, 1, 2)))]
        if kind == "watch" and random.random() < 0.3:
            stages = [(random.choice(free)[0], None)]
        row = create_trigger(
            template,
            kind=kind,
            name=name,
            stages=stages if kind == "watch" else (),
            register=shared if random.random() < 0.4 else None,
            priority=random.randrange(2 * BEFORE_THE_PAGE),
            actor=None,
            now=self._now,
        )
        self._sim.say(f"{name} of {template.name}: {kind} {stages}")
        if kind == "pipeline":
            self._put_cards(row, stages)
        elif kind == "salesbot":
            self._put_bot(row, stages)

    def _put_cards(self, row: Trigger, stages: list[tuple[int, int | None]]) -> None:
        delay = self._random.choice((0.0, 0.0, 60.0))
        encoding = self._random.choice(("form", "json"))
        pair = (delay, delay + PAIR_SECONDS) if self._random.random() < 0.5 else (delay,)
        for pipeline, status in stages:
            for seconds in pair:
                self._sim.world.crm(
                    "trigger",
                    url=PIPELINE_HOOK,
                    pipeline_id=pipeline,
                    status_id=status,
                    settings={"key": trigger_key(row)},
                    delay_seconds=seconds,
                    encoding=encoding,
                    retries=self._random.choice((0, 4)),
                )

    def _put_bot(self, row: Trigger, stages: list[tuple[int, int | None]]) -> None:
        """Make a bot that comes back twice with a lead that nobody has taken up (R23)."""
        ask = {
            "do": "widget_request",
            "url": BOT_CALL,
            "data": {"lead": "{{lead.id}}", "key": trigger_key(row)},
            "encoding": self._random.choice(("form", "json")),
        }
        steps = [ask, {"do": "wait", "minutes": 5}, ask, {"do": "wait", "minutes": 5}, ask]
        bot = self._sim.world.crm("bot", steps=steps)["bot_id"]
        self._bots.append(bot)
        if self._random.random() < 0.6:
            pipeline, status = stages[0]
            self._sim.world.crm("trigger", bot_id=bot, pipeline_id=pipeline, status_id=status)

    def customer(self) -> Json:
        """Return how a new lead knows its customer."""
        if self._random.random() < 0.4:
            return {"contacts": 0}
        count = self._random.choice((1, 1, 2))
        form: Json = {"contact_ids": self._random.sample(self.contacts, count)}
        if self._random.random() < 0.4:
            form["company_id"] = self._random.choice(self.companies)
        return form

    # -- templates

    def _templates(self) -> list[Template]:
        rows = Template.objects.for_account(self._account).filter(is_simple=False)
        return list(rows.order_by("pk"))

    def _save(self) -> None:
        template, place = self._random.choice(self._templates()), self._place()
        name = self._random.choice(sorted(SECTIONS))
        body = {**deepcopy(template.body), name: SECTIONS[name](self._random, place)}
        self._sim.say(f"{template.name}: {name} {body[name]}")
        self._write(template, body)

    def _write(self, template: Template, body: Json) -> None:
        saved = templates.save_template(
            template,
            name=template.name,
            body=body,
            version=template.version,
            actor=None,
            now=self._now,
        )
        self._note(saved)

    def _switch(self) -> None:
        template = self._random.choice(self._templates())
        self._turn(template, is_on=not template.is_enabled)

    def _turn(self, template: Template, *, is_on: bool) -> None:
        self._sim.say(f"{template.name} is on: {is_on}")
        self.stirred[template.pk] = self._sim.clock.now()
        templates.switch_template(template, is_on=is_on, actor=None, now=self._now)

    def _shadow(self) -> None:
        self._darken(self._random.choice(self._templates()))

    def _darken(self, template: Template) -> None:
        is_shadow = not template.is_shadow
        self._sim.say(f"{template.name} is in shadow: {is_shadow}")
        templates.set_shadow(
            template, is_shadow=is_shadow, reason="tried", actor=None, now=self._now
        )

    def open_wide(self) -> None:
        """Let every template deal to anybody at any time, for good."""
        for template in self._templates():
            if template.is_shadow:
                self._darken(template)
        for template in self._templates():
            if not template.is_enabled:
                self._turn(template, is_on=True)
        members = [{"kind": "manager", "id": user} for user in self._place().users]
        for template in self._templates():
            self._write(template, {**deepcopy(template.body), **WIDE_OPEN, "members": members})
        for manager in self._sim.world.managers(self._account):
            row = Manager.objects.select_related("account").get(pk=manager.pk)
            set_participation(row, status=Status.ON, now=self._now, by=None)

    # -- registers and waves

    def _register(self) -> Register:
        rows = Register.objects.for_account(self._account).order_by("pk")
        found: Register = self._random.choice(list(rows))
        return found

    def _credit(self) -> None:
        register, user = self._register(), self._random.choice(self._place().users)
        leads = self._random.choice((-3, -1, 1, 2, 5))
        self._sim.say(f"register {register.name}: {leads} leads to user {user}")
        try:
            registers.credit(register, user, leads=leads, reason="owed", actor=None, now=self._now)
        except registers.RegisterError as refused:
            self._sim.say(f"refused: {type(refused).__name__}")

    def _reset(self) -> None:
        register = self._register()
        self._sim.say(f"register {register.name} begins anew")
        registers.reset(register, reason="a new month", actor=None, now=self._now)

    def _undo(self) -> None:
        waves = list(Wave.objects.for_account(self._account).order_by("-started_at", "-pk")[:3])
        if not waves:
            return
        wave, admin = self._random.choice(waves), Manager.objects.for_account(self._account)
        self._sim.say(f"wave of user {wave.user_id} is taken back")
        try:
            actor = admin.get(kommo_id=next(iter(self._crm.users)))
            undo.undo_wave(self._account, wave.pk, actor=actor, now=self._now)
            self._sim.counts["undone waves"] += 1
        except (undo.WaveUndone, undo.NotUndoable, undo.WaveRunning) as refused:
            self._sim.say(f"refused: {type(refused).__name__}")

    # -- managers at work

    def _lead_id(self) -> int | None:
        rows = [lead.id for lead in self._crm.leads.values() if not lead.is_deleted]
        recent = rows[-8:] if self._random.random() < 0.7 else rows
        return self._random.choice(recent) if recent else None

    def _touch(self) -> None:
        lead_id = self._lead_id()
        if lead_id is None:
            return
        user = self._crm.leads[lead_id].responsible_user_id
        if self._random.random() < 0.3:
            user = self._random.choice(list(self._crm.users))
        kind = self._random.choice(TOUCHES)
        self._sim.say(f"user {user} touches lead {lead_id}: {kind}")
        self._sim.world.crm("touch", kind=kind, lead_id=lead_id, user_id=user, text="Hello")

    def _click(self) -> None:
        rows = LeadMirror.objects.for_account(self._account).filter(state="dealt")
        row = rows.order_by("-lead_id").first()
        manager = (
            row and Manager.objects.for_account(self._account).filter(kommo_id=row.owner_id).first()
        )
        if row and manager:
            self._sim.say(f"user {manager.kommo_id} accepts lead {row.lead_id}")
            accept_by_click(self._account.pk, row.lead_id, manager, self._now)

    def _add_task(self) -> None:
        lead_id = self._lead_id()
        if lead_id is not None:
            user = self._random.choice(self._place().users)
            self._sim.say(f"a task for user {user} at lead {lead_id}")
            self._sim.world.crm("task", lead_id=lead_id, responsible_user_id=user)

    def _complete_task(self) -> None:
        tasks = [task.id for task in self._crm.tasks.values() if not task.is_completed]
        if tasks:
            task = self._random.choice(tasks)
            self._sim.say(f"task {task} is done")
            self._sim.world.crm("complete_task", task_id=task)

    def _run_bot(self) -> None:
        lead_id = self._lead_id()
        if self._bots and lead_id is not None:
            bot = self._random.choice(self._bots)
            self._sim.say(f"bot {bot} runs on lead {lead_id}")
            self._sim.world.crm("run_bot", bot_id=bot, lead_ids=[lead_id])

    def _be_here(self) -> None:
        manager = self._random.choice(self._sim.world.managers(self._account))
        self._sim.say(f"user {manager.kommo_id} has Kommo open")
        status, answer = self._sim.world.ask_widget(manager, "activity", {})
        assert status < 500, answer
