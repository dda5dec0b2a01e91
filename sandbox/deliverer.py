"""The threads that send webhooks by HTTP: the only part that waits for somebody else's server."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from sandbox.crm import Crm
from sandbox.hooks import DEADLINE_SECONDS, TIMED_OUT, Delivery
from sandbox.world import World

log = logging.getLogger(__name__)
POLL_SECONDS = 0.02
MOST_IN_FLIGHT = 64


class Deliverer:
    """Ticks the streams; takes due deliveries out of the state machine, sends and settles them.

    The world's lock is never held while a hook is on its way.
    """

    def __init__(self, world: World, threads: int = 8) -> None:
        self._world = world
        self._stopping = threading.Event()
        self._room = threading.Semaphore(MOST_IN_FLIGHT)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="hooks")
        self._local = threading.local()
        self._thread = threading.Thread(target=self._run, name="hook-dispatcher", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is on its way may finish."""
        self._stopping.set()
        self._thread.join(timeout=5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._step():
                    self._stopping.wait(POLL_SECONDS)
            except Exception:  # the loop's boundary: sending must go on
                log.exception("the hook dispatcher stumbled")
                self._stopping.wait(1.0)

    def _step(self) -> bool:
        """Do one round; return whether there was work."""
        if not self._room.acquire(timeout=POLL_SECONDS):
            return True
        with self._world.lock:
            crm = self._world.crm
            made = self._world.streams.tick(crm)
            due = crm.due_deliveries(crm.now(), limit=1)
        if due:
            self._pool.submit(self._send, crm, due[0])
        else:
            self._room.release()
        return bool(due or made)

    def _send(self, crm: Crm, delivery: Delivery) -> None:
        try:
            status = self._post(delivery)
            with self._world.lock:
                crm.settle_delivery(delivery, status)
        except Exception:  # the loop's boundary: one bad hook must not stop the rest
            log.exception("webhook %s was lost", delivery.request_id)
        finally:
            self._room.release()

    def _post(self, delivery: Delivery) -> int | None:
        try:
            answer = self._session().post(
                delivery.destination,
                data=delivery.body,
                headers=delivery.headers,
                timeout=DEADLINE_SECONDS,
                allow_redirects=False,
            )
        except requests.Timeout:
            return TIMED_OUT
        except requests.RequestException:
            return None
        return answer.status_code

    def _session(self) -> requests.Session:
        """Return this thread's session, which keeps connections alive."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        session: requests.Session = self._local.session
        return session
