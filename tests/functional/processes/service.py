"""The service as real processes: sandbox, web and workers on ports of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from accounts.models import CallBudget, InboxEvent, Lane
from distribution.models import DeadLetter, Decision, Effect, LeadMirror
from peresmenka.demo.crm import HOST, Crm
from peresmenka.demo.report import figures
from peresmenka.demo.script import GaveUp, Script, wait_for
from peresmenka.demo.stage import CLIENT_ID, Stage, build_stage

PROJECT = Path(__file__).resolve().parents[3]
READY_SECONDS = 60.0


def run_sql(statement: str, *names: str) -> list[Any]:
    """Run a statement on the server's own database; `names` are quoted into it."""
    chosen = settings.DATABASES["default"]
    with psycopg.connect(
        host=str(chosen["HOST"]) or None,
        port=str(chosen["PORT"]) or None,
        user=str(chosen["USER"]) or None,
        password=str(chosen["PASSWORD"]) or None,
        dbname=urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/"),
        autocommit=True,
    ) as server:
        found = server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        return found.fetchall() if found.description else []


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """Yield the URL of a new migrated database; this process's Django uses it meanwhile."""
    run_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    run_sql("CREATE DATABASE {}", name)
    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
        parts = urlsplit(os.environ["DATABASE_URL"])
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        run_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run, from both sides."""

    figures: dict[str, Any]
    notes: Counter[int]  # lead -> notes
    redundant: int  # leads that were sent the owner that they had
    human: int  # owner changes taken for a person's

    def check(self, leads: int) -> None:
        """Assert that nothing was lost, doubled or unfair."""
        found = self.figures
        assert (found["leads"], found["dealt"]) == (leads, leads), found
        assert (found["lost"], found["double"], found["waiting"]) == (0, 0, 0), found
        assert found["spread"] <= 1, found
        assert self.human == 0, f"{self.human} changes of ours were taken for a person's"
        assert set(self.notes.values()) == {1}, self.notes.most_common(3)
        assert len(self.notes) == leads


class Service:
    """The processes of one run. Each has a process group, so that killing it leaves nothing."""

    def __init__(self, stage: Stage, logs: Path) -> None:
        self.stage = stage
        self.logs = logs
        self.crm = Crm(stage.sandbox_url)
        self.script = Script(self.crm, lambda text: None)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, argv: list[str], **env: str) -> subprocess.Popen[bytes]:
        """Start a process; its output goes to a log file."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.stage.env, **env},
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if name == "nursery" else log,
                stderr=log,
                start_new_session=True,
            )
        self._running[name] = process
        return process

    def start_of_stage(self, *names: str) -> None:
        """Start processes that the demo has too, each when the one before answers."""
        children = {child.name: child for child in self.stage.children(seed=1)}
        for name in names:
            child = children[name]
            self.start(name, list(child.argv))
            if child.ready is not None:
                wait_for(name, child.ready, READY_SECONDS)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process and whatever it has started."""
        process = self._running.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if number != signal.SIGKILL:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End everything."""
        for name in list(self._running):
            self.kill(name)

    def open_account(self, **weather: Any) -> None:
        """Install, switch dealing on with notes, start the shifts; webhooks travel as told."""
        self.crm.open_account(
            client_id=CLIENT_ID,
            secret=self.stage.secret,
            service=self.stage.web_url,
            managers=6,
        )
        self.crm.tell("limits", per_account=0)
        self.crm.tell("weather", retry_scale=0.002, **weather)
        self.script.prepare()

    def wait_for_rest(self, leads: int, seconds: float) -> None:
        """Wait until all leads are dealt and every change and note has arrived."""

        def rests() -> bool:
            hooks = self.crm.ask("webhooks")
            if hooks["waiting"] or hooks["in_flight"] or not self.script.is_at_rest(leads):
                return False
            return not Effect.objects.filter(state__in=Effect.OPEN).exists()

        try:
            wait_for(f"{leads} leads dealt", rests, seconds)
        except GaveUp as error:
            raise AssertionError(f"{error}: {self._state()}") from error

    def _state(self) -> dict[str, Any]:
        """Return where the work stands, for the message of a failure."""
        events = InboxEvent.objects.filter(done_at=None)
        return {
            "hooks": self.crm.ask("webhooks"),
            "mirror": Counter(LeadMirror.objects.values_list("state", flat=True)),
            "effects": Counter(Effect.objects.values_list("kind", "state")),
            "events": Counter(events.values_list("kind", "crashes")),
            "dead": list(DeadLetter.objects.values_list("reason", flat=True)),
            "lanes": list(Lane.objects.values()),
            "budget": list(CallBudget.objects.values()),
            "calls": self.crm.ask("calls", last=5),
        }

    def outcome(self) -> Outcome:
        """Compare both sides."""
        loads = self.script.open_loads(self.script.sellers)
        spread = max(loads.values()) - min(loads.values())
        leads = self.crm.leads()
        counts = self.crm.ask("state", limit=0)["counts"]
        return Outcome(
            figures(self.script.account, self.crm, spread=spread),
            Counter({lead["id"]: len(lead["notes"]) for lead in leads}),
            counts["redundant_patches"],
            Decision.objects.filter(kind=Decision.Kind.MANUAL).count(),
        )

    def mirror_differs(self) -> list[int]:
        """Return the leads whose owner in Kommo is not the mirror's."""
        rows = dict(LeadMirror.objects.values_list("lead_id", "owner_id"))
        return [lead["id"] for lead in self.crm.leads() if rows.get(lead["id"]) != lead["owner"]]


@contextmanager
def running_service(name: str, logs: Path, **env: str) -> Iterator[Service]:
    """Yield a service with a database of its own and no process yet; end what was started."""
    with own_database(f"{settings.DATABASES['default']['TEST']['NAME']}_{name}") as url:
        stage = build_stage(database_url=url, port=None)
        fast = {"KOMMO_CALLS_PER_SECOND": "0", "KOMMO_IP_CALLS_PER_SECOND": "0"}
        stage = replace(stage, env={**stage.env, **fast, **env})
        service = Service(stage, logs)
        try:
            yield service
        finally:
            service.stop()


def every(seconds: float, until: Callable[[], bool], act: Callable[[], None]) -> int:
    """Act every so many seconds until something is true; return how often."""
    times = 0
    while not until():
        act()
        times += 1
        time.sleep(seconds)
    return times


NURSERY = [sys.executable, "-m", "tests.functional.processes.nursery"]
__all__ = ["HOST", "NURSERY", "Outcome", "Service", "every", "run_sql", "running_service"]
