"""One running sandbox: the state machine, the lock around it, the streams, and how to start afresh."""

import threading
from collections.abc import Callable
from random import Random

import requests

from sandbox.clock import Clock, RealClock
from sandbox.crm import Crm
from sandbox.gateway import Gateway
from sandbox.outbound import Outgoing
from sandbox.stream import Streams

Reply = tuple[int | None, str]  # (status, text); status None: no answer
Send = Callable[[Outgoing], Reply]
LONGEST_REPLY = 20_000


class World:
    """Everything of one sandbox. Hold `lock` around any use of `crm` and `streams`."""

    def __init__(self, clock: Clock | None = None, seed: int = 1, send: Send | None = None) -> None:
        self.clock = clock or RealClock()
        self.seed = seed
        self.lock = threading.Lock()
        self.send: Send = send or send_over_http
        self.crm = Crm(self.clock, Random(seed))
        self.gateway = Gateway(self.crm)
        self.streams = Streams()

    def reset(self) -> None:
        """Forget everything; integrations too. Threads that hold the old state machine let go."""
        self.crm = Crm(self.clock, Random(self.seed))
        self.gateway = Gateway(self.crm)
        self.streams = Streams()


def send_over_http(outgoing: Outgoing) -> Reply:
    """Send one request within its time-out; never raise for a destination that does not answer."""
    session = requests.Session()
    session.trust_env = False
    try:
        answer = session.request(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            json=outgoing.json,
            timeout=outgoing.timeout_seconds,
            allow_redirects=False,
        )
    except requests.RequestException as failed:
        return None, type(failed).__name__
    finally:
        session.close()
    return answer.status_code, answer.text[:LONGEST_REPLY]
