"""Commands about what goes wrong and how time passes: faults, limits, webhooks' weather, the clock."""

import dataclasses

from sandbox.clock import VirtualClock
from sandbox.commands.forms import changed
from sandbox.faults import Armed, Fault
from sandbox.lookups import Form, Lookups, Refused


class WeatherCommands(Lookups):
    """Each takes a JSON object and returns one; locks by itself."""

    def faults(self, form: Form) -> Form:
        """Arm a fault; host "*" means all accounts; {"clear": true} disarms."""
        with self.world.lock:
            account_id = 0 if form.get("host", "*") == "*" else self.account_of(form).id
            if form.get("clear"):
                self.world.crm.faults.clear(account_id or None)
                self.world.crm.meter.blocked_ips.clear()
                return {"armed": len(self.world.crm.faults.armed)}
            values = {k: v for k, v in form.items() if k not in ("host", "kind", "clear")}
            self.world.crm.faults.arm(Armed(account_id, Fault(form["kind"]), **values))
            return {"armed": len(self.world.crm.faults.armed)}

    def armed(self, form: Form) -> Form:
        """Show the armed faults and their hits."""
        with self.world.lock:
            return {"faults": [dataclasses.asdict(f) for f in self.world.crm.faults.armed]}

    def weather(self, form: Form) -> Form:
        """Change how webhooks of an account travel: HookWeather's fields."""
        with self.world.lock:
            return changed(self.account_of(form).weather, form)

    def limits(self, form: Form) -> Form:
        """Change an account's limits: Limits' fields."""
        with self.world.lock:
            return changed(self.account_of(form).limits, form)

    def clock(self, form: Form) -> Form:
        """Move a virtual clock: {"advance": seconds} or {"to": unix seconds}."""
        clock = self.world.clock
        if form and not isinstance(clock, VirtualClock):
            raise Refused(400, "the clock is real: start with --virtual-clock")
        if isinstance(clock, VirtualClock) and "advance" in form:
            clock.advance(float(form["advance"]))
        if isinstance(clock, VirtualClock) and "to" in form:
            clock.move_to(float(form["to"]))
        return {"now": clock.now()}

    def reset(self, form: Form) -> Form:
        """Forget everything, integrations too."""
        with self.world.lock:
            self.world.reset()
        return {}
