"""What admins do about who is at work in a history: schedules, statuses, limits, by the real operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from accounts.models import Manager
from accounts.operations.team import set_zone
from distribution.operations.policies.profiles import set_limit
from shifts.core.grid import BadOperation
from shifts.core.participation import Status
from shifts.models import Override
from shifts.operations.grid import Step, edit_month
from shifts.operations.holidays import add_holidays, remove_holiday
from shifts.operations.overrides import add_override, end_override
from shifts.operations.participation import set_participation
from shifts.operations.patterns import assign_pattern, create_pattern
from shifts.operations.period import ScheduleError
from shifts.operations.plan import zone_changed
from shifts.queries.schedule import settings_of
from tests.simulation.rota import Hours, Person, Rota

if TYPE_CHECKING:
    from tests.simulation.history import Simulation

# Auckland changes its clocks on the fourth day of a history, Lord Howe by half an hour on the eleventh.
ZONES = (
    "Europe/Madrid",
    "Asia/Kolkata",
    "America/Bogota",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
)
BEGINNINGS = (-600, -90, -5, -1, 1, 2, 6, 20, 70, 250)  # minutes from now by the person's clock
LENGTHS = (1, 3, 10, 60, 240, 700, 1440)
ENDS = (0.5, 5.0, 40.0, 300.0, 3700.0, 40_000.0)  # seconds from now
LIMITS = (1, 2, 4, 10)
FIDGETS = 8
WHOLE_DAY: Hours = ((0, 1440),)
_DAY = timedelta(days=1)


class Office:
    """Changes schedules, statuses and limits, and tells the rota of each."""

    def __init__(self, simulation: Simulation) -> None:
        self._sim = simulation
        self._random = simulation.random
        self._account = simulation.account
        people = simulation.world.managers(simulation.account)
        self._managers = {row.kommo_id: row for row in people}
        self.rota = Rota({row.kommo_id: Person(ZoneInfo("Europe/Madrid")) for row in people})
        self.acts: list[tuple[str, float, Callable[[], None]]] = [
            ("status", 3, self._set_status),
            ("hours", 3, self._set_hours),
            ("day off", 1, self._mark),
            ("pattern", 0.7, self._assign),
            ("absence", 0.7, self._send_away),
            ("holiday", 0.4, self._toggle_holiday),
            ("limit", 1.5, self._limit),
        ]

    def begin(self) -> None:
        """Put people into zones, and give most of them hours."""
        for user in self._managers:
            zone = self._random.choice(ZONES)
            self._say(f"user {user} lives in {zone}")
            self.rota.people[user].zone = ZoneInfo(zone)
            who = [self._fresh(user)]
            now = self._sim.world.now
            moved = set_zone(self._account, who, zone=zone, actor=None, now=now)
            zone_changed(self._account, moved, now=now, actor=None)
            if self._random.random() < 0.7:
                self._give(user, self._days(user), self._hours_near(user))
            if self._random.random() < 0.5:
                self._set_limit(user, self._random.choice(LIMITS))

    def fidget(self) -> None:
        """Change one thing after the other while all else is at rest: each must do all by itself."""
        for _ in range(FIDGETS):
            self._sim.world.crm("leads", count=1, contacts=0)
            self._sim.rest()
            act: Callable[[], None]
            (act,) = self._random.choices(
                [act for _, _, act in self.acts], weights=[weight for _, weight, _ in self.acts]
            )
            act()
            self._sim.rest()
            self._sim.clock.advance(self._random.choice(ENDS))
            self._sim.rest()

    def let_everybody_work(self) -> None:
        """Switch everybody on, without limit, all day long; nobody is away and no day is a holiday."""
        now = self._sim.world.now
        everybody = [self._fresh(user) for user in self._managers]
        set_limit(self._account, everybody, limit=None, actor=None, now=now)
        for manager in everybody:
            set_participation(manager, status=Status.ON, now=now, by=None)
            self.rota.set_status(manager.kommo_id, "on", None)
            self.rota.people[manager.kommo_id].limit = None
        self._clear_the_calendar()
        for user in self._managers:
            today = self.rota.today(user, now)
            self._give(user, [today + number * _DAY for number in range(5)], WHOLE_DAY)

    def _clear_the_calendar(self) -> None:
        now = self._sim.world.now
        for row in Override.objects.for_account(self._account).select_related("manager"):
            user = row.manager.kommo_id
            if row.ends_on >= self.rota.today(user, now):
                last_on = self.rota.today(user, now) - _DAY
                end_override(row, last_on=last_on, actor=None, now=now)
            self.rota.people[user].absences = []
        for on in sorted(self.rota.holidays):
            if self._done(lambda on=on: remove_holiday(self._account, on, actor=None, now=now)):
                self.rota.holidays.discard(on)
        self.rota.replan(now)

    # -- helps

    def _say(self, text: str) -> None:
        self._sim.say(text)

    def _anybody(self) -> int:
        return self._random.choice(list(self._managers))

    def _fresh(self, user: int) -> Manager:
        rows = Manager.objects.for_account(self._account).select_related("account")
        row: Manager = rows.get(kommo_id=user)
        return row

    def _days(self, user: int) -> list[date]:
        """Return a few days from the person's today or tomorrow on."""
        first = (
            self.rota.today(user, self._sim.world.now) + self._random.choice((0, 0, 0, 1)) * _DAY
        )
        return [first + number * _DAY for number in range(self._random.choice((1, 1, 2, 7)))]

    def _hours_near(self, user: int) -> Hours:
        """Return hours that begin or end about now by the person's clock; sometimes two intervals."""
        there = self._sim.world.now.astimezone(self.rota.people[user].zone)
        minute = there.hour * 60 + there.minute
        start = max(0, min(1439, minute + self._random.choice(BEGINNINGS)))
        end = start + self._random.choice(LENGTHS)
        if end + 2 < 1440 and self._random.random() < 0.4:
            again = self._random.randrange(end + 1, min(1439, end + 300) + 1)
            return (start, end), (again, min(again + self._random.choice(LENGTHS), start + 1440))
        return ((start, end),)

    def _done(self, work: Callable[[], object]) -> bool:
        """Carry something out; False where the service refuses it, and nothing has changed."""
        try:
            work()
        except (ScheduleError, BadOperation) as refused:
            self._say(f"refused: {type(refused).__name__}")
            return False
        return True

    def _edit(self, op: str, user: int, days: Iterable[date], **given: object) -> bool:
        cells = tuple((user, on) for on in days)
        step = Step(op, cells=cells, **given)  # type: ignore[arg-type]
        base, now = settings_of(self._account).version, self._sim.world.now
        return self._done(
            lambda: edit_month(self._account, actor=None, base=base, steps=[step], now=now)
        )

    def _give(self, user: int, days: list[date], hours: Hours) -> None:
        self._say(f"user {user} works {hours} on {days[0]} and {len(days) - 1} more")
        if self._edit("set_hours", user, days, hours=hours):
            for on in days:
                self.rota.set_hours[user, on] = hours
                self.rota.marks.pop((user, on), None)
            self.rota.replan(self._sim.world.now)

    # -- what happens

    def _set_hours(self) -> None:
        user = self._anybody()
        days = self._days(user)
        if self._random.random() < 0.2:
            self._say(f"user {user} works no hours on {days[0]} and {len(days) - 1} more")
            if self._edit("clear", user, days):
                for on in days:
                    self.rota.marks.pop((user, on), None)
                    self.rota.set_hours.pop((user, on), None)
                    if self.rota.follows(user, on):
                        self.rota.set_hours[user, on] = ()
                self.rota.replan(self._sim.world.now)
            return
        self._give(user, days, self._hours_near(user))

    def _mark(self) -> None:
        user = self._anybody()
        days, off = self._days(user), self._random.random() < 0.5
        self._say(f"user {user} has days off: {off}, on {days[0]} and {len(days) - 1} more")
        if self._edit("day_off", user, days, off=off):
            for on in days:
                self.rota.marks.pop((user, on), None)
                if off or on in self.rota.holidays:
                    self.rota.marks[user, on] = off
            self.rota.replan(self._sim.world.now)

    def _assign(self) -> None:
        user, now = self._anybody(), self._sim.world.now
        today = self.rota.today(user, now)
        first, own = today + self._random.choice((0, 1)) * _DAY, self._hours_near(user)
        week = {day: own for day in range(7) if self._random.random() < 0.8} or {0: own}
        name = f"Week {self._random.randrange(10**9)}"
        self._say(f"user {user} follows {week} from {first} on")
        pattern = create_pattern(
            self._account,
            name=name,
            cycle=[week.get(day, ()) for day in range(7)],
            anchor_on=today - today.weekday() * _DAY,
            actor=None,
            now=now,
        )
        who = [self._fresh(user)]
        if self._done(lambda: assign_pattern(pattern, who, starts_on=first, actor=None, now=now)):
            self.rota.assign(user, first, week)
            self.rota.replan(now)

    def _send_away(self) -> None:
        user, now = self._anybody(), self._sim.world.now
        own = Override.objects.for_account(self._account).filter(manager__kommo_id=user)
        row, today = own.order_by("-pk").first(), self.rota.today(user, now)
        if row is not None and row.ends_on >= today:
            self._say(f"user {user} is back early")
            if self._done(lambda: end_override(row, last_on=today - _DAY, actor=None, now=now)):
                self.rota.people[user].absences.remove((row.starts_on, row.ends_on))
                if row.starts_on < today:
                    past = (row.starts_on, today - _DAY)
                    self.rota.people[user].absences.append(past)
        else:
            last = today + self._random.choice((0, 0, 2)) * _DAY
            self._say(f"user {user} is absent until {last}")
            who, kind = [self._fresh(user)], Override.Kind.ABSENCE
            days = {"starts_on": today, "ends_on": last}
            if self._done(
                lambda: add_override(self._account, who, kind=kind, **days, actor=None, now=now)
            ):
                self.rota.people[user].absences.append((today, last))
        self.rota.replan(now)

    def _toggle_holiday(self) -> None:
        now = self._sim.world.now
        on = (
            now.astimezone(ZoneInfo(self._account.zone)).date() + self._random.choice((0, 1)) * _DAY
        )
        self._say(f"{on} is a holiday: {on not in self.rota.holidays}")
        if on in self.rota.holidays:
            if self._done(lambda: remove_holiday(self._account, on, actor=None, now=now)):
                self.rota.holidays.discard(on)
        elif self._done(lambda: add_holidays(self._account, {on: "Fiesta"}, actor=None, now=now)):
            self.rota.holidays.add(on)
        self.rota.replan(now)

    def _set_status(self) -> None:
        user, now = self._anybody(), self._sim.world.now
        status = self._random.choice(("on", "on", "off", "forced_on", "forced_off"))
        is_passing = self._random.random() < 0.6
        until = now + timedelta(seconds=self._random.choice(ENDS)) if is_passing else None
        self._say(f"user {user} is {status} until {until}")
        set_participation(self._fresh(user), status=Status(status), until=until, now=now, by=None)
        self.rota.set_status(user, status, until)

    def _limit(self) -> None:
        self._set_limit(self._anybody(), self._random.choice((None, None, 0, *LIMITS)))

    def _set_limit(self, user: int, limit: int | None) -> None:
        self._say(f"user {user} has at most {limit} leads")
        now = self._sim.world.now
        set_limit(self._account, [self._fresh(user)], limit=limit, actor=None, now=now)
        self.rota.people[user].limit = limit
