"""What granian loads: one world, its hook threads, its WSGI shell; and the demo account if asked."""

import atexit
import gc
import os

from sandbox.clock import RealClock, VirtualClock
from sandbox.deliverer import Deliverer
from sandbox.seed import Plan, open_account
from sandbox.web import Shell
from sandbox.world import World


def build() -> Shell:
    """Build the application from SANDBOX_* variables, which `python -m sandbox` sets."""
    clock = VirtualClock() if os.environ.get("SANDBOX_VIRTUAL_CLOCK") == "1" else RealClock()
    world = World(clock, int(os.environ.get("SANDBOX_SEED", "1")))
    if os.environ.get("SANDBOX_DEMO") == "1":
        per_second = int(os.environ.get("SANDBOX_CALLS_PER_SECOND", "7"))
        open_account(world.crm, Plan(calls_per_second=per_second))
    # Rows live as long as the process: scanning them again and again is most of a slow answer.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    deliverer = Deliverer(world, int(os.environ.get("SANDBOX_HOOK_THREADS", "8")))
    deliverer.start()
    atexit.register(deliverer.stop)
    return Shell(world)
