"""The threads that send webhooks by HTTP: the only part that waits for somebody else's server."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from sandbox.crm import Crm
from sandbox.hooks import DEADLINE_SECONDS, TIMED_OUT, Delivery

log = logging.getLogger(__name__)
POLL_SECONDS = 0.02
MOST_IN_FLIGHT = 64


class Deliverer:
    """Takes due deliveries out of the state machine, sends them and settles them.

    `lock` is the one lock around `crm`; it is never held while a hook is on its way.
    """

    def __init__(self, crm: Crm, lock: threading.Lock, threads: int = 8) -> None:
        self._crm = crm
        self._lock = lock
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
            if not self._room.acquire(timeout=POLL_SECONDS):
                continue
            with self._lock:
                due = self._crm.due_deliveries(self._crm.now(), limit=1)
            if due:
                self._pool.submit(self._send, due[0])
            else:
                self._room.release()
                self._stopping.wait(POLL_SECONDS)

    def _send(self, delivery: Delivery) -> None:
        try:
            status = self._post(delivery)
            with self._lock:
                self._crm.settle_delivery(delivery, status)
        except Exception:  # the loop's boundary: one bad destination must not stop the others
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
