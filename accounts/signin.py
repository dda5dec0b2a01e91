"""What a session remembers of a sign-in that is under way: the states sent to Kommo, the code waited for."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

STATES_KEY = "signin_states"
WAITING_KEY = "signin_waits_for"
STATE_LIFE_SECONDS = 600
MOST_STATES = 5  # tabs in which sign-in was begun


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that this browser began."""

    next_path: str


def begin(session: Any, next_path: str) -> str:
    """Return a new state of 256 bits, bound to the session for ten minutes."""
    state = secrets.token_urlsafe(32)
    states = dict(session.get(STATES_KEY, {}))
    states[state] = {"at": time.time(), "next": next_path}
    newest = sorted(states.items(), key=lambda item: float(item[1]["at"]))[-MOST_STATES:]
    session[STATES_KEY] = dict(newest)
    return state


def take(session: Any, state: str) -> Begun | None:
    """Return what the state stands for and use it up; None for a foreign, used or old one."""
    states = dict(session.get(STATES_KEY, {}))
    found = states.pop(state, None)
    if found is None:
        return None
    session[STATES_KEY] = states
    is_fresh = time.time() - float(found["at"]) <= STATE_LIFE_SECONDS
    return Begun(str(found["next"])) if is_fresh else None
