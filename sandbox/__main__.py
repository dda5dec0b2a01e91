"""`python -m sandbox`: serve a Kommo on this machine until SIGTERM or SIGINT."""

import argparse
import os
from collections.abc import Sequence

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments and serve: one process, since the state lives in its memory."""
    options = parser().parse_args(arguments)
    os.environ["SANDBOX_SEED"] = str(options.seed)
    os.environ["SANDBOX_DEMO"] = "1" if options.demo else "0"
    os.environ["SANDBOX_VIRTUAL_CLOCK"] = "1" if options.virtual_clock else "0"
    os.environ["SANDBOX_CALLS_PER_SECOND"] = str(options.calls_per_second)
    os.environ["SANDBOX_HOOK_THREADS"] = str(options.hook_threads)
    print(f"Kommo sandbox: http://{options.host}:{options.port}/", flush=True)
    Granian(
        "sandbox.serve:build",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=options.threads,
        log_level=LogLevels.error,
        workers_kill_timeout=3,
    ).serve()


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    found = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    found.add_argument("--host", default="127.0.0.1")
    found.add_argument("--port", type=int, default=8010)
    found.add_argument("--threads", type=int, default=16, help="threads that answer calls")
    found.add_argument("--hook-threads", type=int, default=8, help="threads that send webhooks")
    found.add_argument("--seed", type=int, default=1, help="of ids, tokens and probabilities")
    found.add_argument("--demo", action="store_true", help="start with acme.kommo.com")
    found.add_argument("--virtual-clock", action="store_true", help="time moves by POST clock")
    found.add_argument(
        "--calls-per-second", type=int, default=7,
        help="API calls a second of the demo account; 0: no limit",
    )  # fmt: skip
    return found


if __name__ == "__main__":
    main()
