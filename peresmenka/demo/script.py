"""What happens in the demo: leads arrive, a shift ends and its leads move, it begins and they return."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.utils import timezone

from accounts.models import Account, Manager
from accounts.operations.team import set_supervisor
from distribution.models import Decision, Effect, LeadMirror, Timer
from distribution.operations.policies.settings import save_settings, settings_for
from distribution.queries.settings import settings_of
from peresmenka.demo.crm import Crm
from peresmenka.demo.schedules import plan_schedules

Say = Callable[[str], None]
STEP_SECONDS = 0.2
PATIENCE_SECONDS = 180
NOT_SELLING = ("Vera", "Sonia")


class GaveUp(Exception):
    """Something that the demo waits for did not happen in time."""


def wait_for(what: str, happened: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something has happened; raise GaveUp when it takes too long."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise GaveUp(f"{what}: not within {seconds:.0f} s")
        time.sleep(STEP_SECONDS)


class Script:
    """The acts of the demo, for the account in the sandbox."""

    def __init__(self, crm: Crm, say: Say) -> None:
        self.crm = crm
        self.say = say
        self.account = Account()
        self.managers: list[Manager] = []

    def prepare(self) -> None:
        """Wait for installation and first sync, switch dealing on, start the shifts."""
        wait_for("installation and first sync", self._is_synced)
        self.account = Account.objects.get()
        settings_for(self.account)
        current = settings_of(self.account)
        save_settings(
            self.account,
            actor=None,
            changes=self._settings(),
            version=current.version,
            now=timezone.now(),
        )
        rows = Manager.objects.for_account(self.account).exclude(name__in=NOT_SELLING)
        self.managers = list(rows.select_related("group").order_by("kommo_id"))
        sonia = Manager.objects.for_account(self.account).filter(name="Sonia")
        set_supervisor(
            self.account, list(sonia), is_supervisor=True, actor=None, now=timezone.now()
        )
        plan_schedules(self.account, self.managers, timezone.now())
        for manager in self.managers:
            self.crm.shift(manager.kommo_id, "start")
        self.say(f"on shift: {', '.join(manager.name for manager in self.managers)}")

    def _is_synced(self) -> bool:
        done = Account.SyncState.DONE
        return Account.objects.filter(sync_state=done).exists()

    def _settings(self) -> dict[str, Any]:
        """Return settings that deal round the clock, so that the demo runs at any hour."""
        card = self.crm.ask("state", limit=1)["account"]
        pipelines = [pipeline["id"] for pipeline in card["pipelines"]]
        groups = [group["id"] for group in card["groups"]]
        places = zip(groups, pipelines, strict=False)
        return {
            "is_enabled": True,
            **dict.fromkeys(("hours_from", "hours_to"), "00:00"),
            **dict.fromkeys(("redistribution_from", "redistribution_to"), "00:00"),
            "redistribution_enabled": True,
            "return_enabled": True,
            "notes_enabled": True,
            "groups": [
                {"group": group, "pipelines": [pipeline], "stages": []}
                for group, pipeline in places
            ],
        }

    @property
    def sellers(self) -> list[Manager]:
        """Return the managers of the first group, whose pipeline the leads come to."""
        first = self.managers[0].group_id
        return [manager for manager in self.managers if manager.group_id == first]

    def stream(self, count: int, per_second: float, seed: int) -> None:
        """Let leads arrive; returns at once."""
        self.crm.tell("stream", count=count, per_second=per_second, seed=seed)

    def is_at_rest(self, leads: int) -> bool:
        """Say whether every lead is decided and every change delivered."""
        mirrored = LeadMirror.objects.for_account(self.account).exclude(state="seen").count()
        effects = Effect.objects.for_account(self.account).filter(state__in=Effect.OPEN)
        waves = Timer.objects.for_account(self.account).filter(kind=Timer.Kind.WAVE)
        return mirrored >= leads and not effects.exists() and not waves.exists()

    def open_loads(self, managers: Iterable[Manager]) -> Counter[int]:
        """Return how many leads each manager holds in Kommo."""
        held = Counter(lead["owner"] for lead in self.crm.leads())
        return Counter({manager.kommo_id: held[manager.kommo_id] for manager in managers})

    def moved(self) -> int:
        """Return how many leads were redistributed."""
        return self._count(Decision.Kind.REDISTRIBUTION)

    def returned(self) -> int:
        """Return how many leads came back."""
        return self._count(Decision.Kind.RETURN)

    def _count(self, kind: str) -> int:
        chosen = Decision.objects.for_account(self.account).exclude(chosen_id=None)
        return int(chosen.filter(kind=kind).count())
