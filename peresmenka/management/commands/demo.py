"""`manage.py demo`: the whole service with a sandbox CRM; leads arrive and are dealt."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from peresmenka.demo.crm import HOST, Crm
from peresmenka.demo.database import NoDatabase, make_database
from peresmenka.demo.operator import make_operator
from peresmenka.demo.report import figures
from peresmenka.demo.script import GaveUp, Script, wait_for
from peresmenka.demo.stage import CLIENT_ID, Stage, build_stage
from peresmenka.local.supervisor import LOG_FOLDER, ChildFailed, Supervisor

PAUSE_SECONDS = 20  # between the acts, when somebody watches


class Command(BaseCommand):
    """Starts everything, shows the main job, stops everything."""

    help = "Run the whole service with a sandbox CRM and show leads being dealt."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leads", type=int, default=60, help="leads that arrive (60)")
        parser.add_argument("--seed", type=int, default=1, help="of the stream of leads (1)")
        parser.add_argument("--per-second", type=float, help="leads a second (2; with --exit 50)")
        parser.add_argument("--port", type=int, help="of the web pages (a free one)")
        parser.add_argument("--managers", type=int, default=6, help="managers in the team (6)")
        parser.add_argument(
            "--exit", action="store_true", help="no show: print one JSON line and stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._began = time.monotonic()
        self._headless = options["exit"]
        try:
            stage = build_stage(database_url=make_database(), port=options["port"])
        except NoDatabase as error:
            raise CommandError(str(error)) from error
        settings.VALKEY_URL = stage.env["VALKEY_URL"]
        children = stage.children(options["seed"])
        with Supervisor(children, quiet=True, out=sys.stderr) as supervisor:
            try:
                supervisor.start()
                result = self._play(stage, supervisor, options)
            except (ChildFailed, GaveUp) as error:
                raise CommandError(f"{error} (logs: {_short(LOG_FOLDER)})") from error
        if result is not None:
            self.stdout.write(json.dumps(result))
            if result["lost"] or result["double"]:
                raise CommandError("leads were lost or dealt twice", returncode=1)

    def _say(self, text: str) -> None:
        since = time.monotonic() - self._began
        self.stderr.write(f"{since:6.1f} s  {text}")
        self.stderr.flush()

    def _play(
        self, stage: Stage, supervisor: Supervisor, options: dict[str, Any]
    ) -> dict[str, Any] | None:
        crm = Crm(stage.sandbox_url)
        script = Script(crm, self._say)
        crm.open_account(
            client_id=CLIENT_ID,
            secret=stage.secret,
            service=stage.web_url,
            managers=options["managers"],
        )
        script.prepare()
        self._tell_where(stage)
        per_second = options["per_second"] or (50 if self._headless else 2)
        script.stream(options["leads"], per_second, options["seed"])
        self._await(supervisor, "first lead dealt", lambda: script.is_at_rest(1))
        self._say("the first lead is dealt")
        self._await(supervisor, "all leads dealt", lambda: script.is_at_rest(options["leads"]))
        loads = script.open_loads(script.sellers)
        spread = max(loads.values()) - min(loads.values())
        self._say(f"dealt: {_named(script, loads)}")
        self._show_shift(script, supervisor)
        if self._headless:
            return figures(script.account, crm, spread=spread)
        self._say("leads go on arriving; Ctrl-C stops everything")
        script.stream(1_000_000, 0.2, options["seed"] + 1)
        supervisor.wait()
        return None

    def _show_shift(self, script: Script, supervisor: Supervisor) -> None:
        """End the first manager's shift and begin it again."""
        leaver = script.sellers[0]
        self._pause(supervisor)
        self._say(f"{leaver.name} ends the shift")
        script.crm.shift(leaver.kommo_id, "end")
        self._await(supervisor, "leads moved", lambda: _has_none(script, leaver.kommo_id))
        self._say(
            f"{script.moved()} leads moved: {_named(script, script.open_loads(script.sellers))}"
        )
        self._pause(supervisor)
        self._say(f"{leaver.name} is back on shift")
        script.crm.shift(leaver.kommo_id, "start")
        moved = script.moved()
        self._await(
            supervisor,
            "leads returned",
            lambda: script.returned() >= moved and script.is_at_rest(0),
        )
        self._say(
            f"{script.returned()} leads returned: {_named(script, script.open_loads(script.sellers))}"
        )

    def _await(self, supervisor: Supervisor, what: str, happened: Callable[[], bool]) -> None:
        def looked() -> bool:
            if supervisor.stop_asked:
                raise CommandError("stopped")
            return happened()

        wait_for(what, looked)

    def _pause(self, supervisor: Supervisor) -> None:
        if not self._headless:
            ends = time.monotonic() + PAUSE_SECONDS
            dead = supervisor.wait(until=lambda: time.monotonic() > ends)
            if dead is not None or supervisor.stop_asked:
                raise CommandError("stopped")

    def _tell_where(self, stage: Stage) -> None:
        if self._headless:
            return
        password = make_operator()
        self._say(f"open {stage.web_url}/  (sign in as Vera, Sonia, Oleg …)")
        self._say(
            f"     {stage.sandbox_url}/{HOST}/  Kommo: leads, shift buttons, a form for a new lead"
        )
        self._say(f"     {stage.web_url}/operator/  operator / {password}")


def _has_none(script: Script, user_id: int) -> bool:
    return script.is_at_rest(0) and script.open_loads(script.sellers)[user_id] == 0


def _named(script: Script, loads: dict[int, int]) -> str:
    names = {manager.kommo_id: manager.name for manager in script.managers}
    return ", ".join(f"{names[user_id]} {count}" for user_id, count in loads.items())


def _short(folder: Path) -> str:
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)
