"""The widget's endpoints of shifts: parse, call one operation, answer where the manager stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Manager
from peresmenka.lib.clock import read_clock
from shifts.api.base import StrictSerializer, WidgetView, colleague_of, identity_of, refusal
from shifts.core.machine import (
    Action,
    Cause,
    Event,
    Mode,
    Policy,
    Presence,
    ShiftState,
    Transition,
    What,
    transition,
)
from shifts.labels.presence import error_text, shift_text
from shifts.models import Presence as PresenceRow
from shifts.operations import presence as operations
from shifts.queries import presence as queries

_OPERATIONS: Mapping[Action, Callable[..., ShiftState]] = {
    Action.START: operations.start_shift,
    Action.PAUSE: operations.pause_shift,
    Action.RESUME: operations.resume_shift,
    Action.END: operations.end_shift,
}
_GOAL_OF = {
    Action.START: What.STARTED,
    Action.PAUSE: What.PAUSED,
    Action.RESUME: What.RESUMED,
    Action.END: What.ENDED,
}


class ClickSerializer(StrictSerializer):
    """A click on a button; its key makes a repeated request count once."""

    client_key = serializers.RegexField(r"\A[\x21-\x7e]{1,40}\Z", required=False)


class ActivitySerializer(StrictSerializer):
    """A heartbeat; it has nothing to say but that it came."""


class CanSerializer(serializers.Serializer[Any]):
    start = serializers.BooleanField()
    pause = serializers.BooleanField()
    resume = serializers.BooleanField()
    end = serializers.BooleanField()


class StandingSerializer(serializers.Serializer[Any]):
    """Where a manager stands and what they may do about it."""

    state = serializers.ChoiceField([presence.value for presence in Presence])
    since = serializers.DateTimeField(allow_null=True)
    shift_started_at = serializers.DateTimeField(allow_null=True)
    mode = serializers.ChoiceField([mode.value for mode in Mode])
    can = CanSerializer()
    reason = serializers.CharField()


class ShiftView(WidgetView):
    """Answers what the machine of shifts refuses with 409."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, operations.ShiftError):
            return refusal(exc.code, error_text(exc), status.HTTP_409_CONFLICT)
        return super().handle_exception(exc)

    def answer(self, manager: Manager, state: ShiftState, now: datetime) -> Response:
        policy = queries.policy_of(manager.account)
        return Response(StandingSerializer(_standing(manager, state, policy, now)).data)


class MeView(ShiftView):
    """Where the manager stands."""

    @extend_schema(responses=StandingSerializer)
    def get(self, request: Request) -> Response:
        manager = identity_of(request)
        return self.answer(manager, queries.presence_of(manager), read_clock())


class ActivityView(ShiftView):
    """A heartbeat of an open page."""

    @extend_schema(request=ActivitySerializer, responses=StandingSerializer)
    def post(self, request: Request) -> Response:
        manager, now = identity_of(request), read_clock()
        ActivitySerializer(data=request.data).is_valid(raise_exception=True)
        operations.record_activity(
            manager.account,
            seen={manager.kommo_id: now},
            now=now,
            source=PresenceRow.Source.WIDGET.value,
        )
        return self.answer(manager, queries.presence_of(manager), now)


class OwnShiftView(ShiftView):
    """The manager's own buttons: start, pause, resume, end."""

    @extend_schema(request=ClickSerializer, responses=StandingSerializer)
    def post(self, request: Request, action: str) -> Response:
        manager, now = identity_of(request), read_clock()
        state = _click(request, action, manager, now, Cause.BUTTON, by=manager.kommo_id)
        return self.answer(manager, state, now)


class ManagerShiftView(ShiftView):
    """The same for a colleague, by a supervisor or an admin."""

    @extend_schema(request=ClickSerializer, responses=StandingSerializer)
    def post(self, request: Request, kommo_id: int, action: str) -> Response:
        actor, now = identity_of(request), read_clock()
        target = colleague_of(
            actor,
            kommo_id,
            denial=_("Only supervisors and admins change a colleague's shift; ask one of them."),
        )
        state = _click(request, action, target, now, Cause.CONSOLE, by=actor.kommo_id)
        return self.answer(target, state, now)


def _click(
    request: Request, action: str, manager: Manager, now: datetime, cause: Cause, *, by: int
) -> ShiftState:
    click = ClickSerializer(data=request.data)
    click.is_valid(raise_exception=True)
    return _OPERATIONS[Action(action)](
        manager, now=now, cause=cause, by=by, client_key=click.validated_data.get("client_key")
    )


def _standing(
    manager: Manager, state: ShiftState, policy: Policy, now: datetime
) -> dict[str, object]:
    takes_part = manager.is_active_in_kommo and manager.is_licensed
    return {
        "state": state.presence.value,
        "since": state.since,
        "shift_started_at": state.shift_started_at,
        "mode": policy.mode.value,
        "can": {
            action.value: (takes_part or goal in (What.PAUSED, What.ENDED))
            and _leads_to(goal, action, state, policy, now)
            for action, goal in _GOAL_OF.items()
        },
        "reason": shift_text(state, policy, now)
        if takes_part
        else error_text(operations.NotTakingPart()),
    }


def _leads_to(goal: What, action: Action, state: ShiftState, policy: Policy, now: datetime) -> bool:
    answer = transition(state, Event(action, Cause.BUTTON), policy, now)
    return isinstance(answer, Transition) and answer.what is goal
