"""The widget's status: whether leads come to the caller now, and why not; one state everywhere (R32)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from distribution.labels.standing import receives_line
from distribution.queries.people import OwnStanding, own_standing
from peresmenka.lib.clock import read_clock
from shifts.api.base import WidgetView, identity_of
from shifts.core.machine import Presence
from shifts.core.participation import Status
from shifts.core.roster import State
from shifts.labels.participation import OwnChoice, own_choice
from shifts.labels.schedule import state_text


class CallerParticipationSerializer(serializers.Serializer[Any]):
    """The caller's status of participation, and what they may do about it."""

    status = serializers.ChoiceField([one.value for one in Status])
    until = serializers.DateTimeField(allow_null=True)
    can_change = serializers.BooleanField()
    why_not = serializers.CharField(allow_null=True, help_text="A code; null where it can change.")
    detail = serializers.CharField(help_text="The status, or why it cannot change, in a sentence.")
    is_shown = serializers.BooleanField(help_text="The account shows the activity block (F27).")


class CallerScheduleSerializer(serializers.Serializer[Any]):
    """Where the caller's schedule stands."""

    state = serializers.ChoiceField([one.value for one in State])
    text = serializers.CharField(help_text="By the caller's own clock.")
    ends_at = serializers.DateTimeField(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)


class CallerStatusSerializer(serializers.Serializer[Any]):
    """Whether leads come to the caller now, and the three axes from which it follows."""

    receives = serializers.BooleanField()
    because = serializers.CharField(allow_blank=True, help_text="Why not; empty when they come.")
    until = serializers.DateTimeField(
        allow_null=True, help_text="When it ends by itself; null where it does not."
    )
    presence = serializers.ChoiceField([one.value for one in Presence])
    participation = CallerParticipationSerializer()
    schedule = CallerScheduleSerializer()
    in_group = serializers.BooleanField(help_text="In a group that takes part (F51).")
    load = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)


class StatusView(WidgetView):
    """Where the caller stands."""

    @extend_schema(responses=CallerStatusSerializer)
    def get(self, request: Request) -> Response:
        manager, now = identity_of(request), read_clock()
        found = own_standing(manager, now)
        choice = own_choice(manager, found.person.stands.participation.status)
        return Response(CallerStatusSerializer(_status(found, choice)).data)


def _status(found: OwnStanding, choice: OwnChoice) -> dict[str, Any]:
    person, now = found.person, found.now
    line = receives_line(person, person.zone, now, is_enabled=found.is_enabled, to_oneself=True)
    standing, schedule = person.stands.participation, person.schedule
    return {
        "receives": line.yes,
        "because": line.because,
        "until": person.free_at if found.is_enabled else None,
        "presence": person.presence.value,
        "participation": {
            "status": standing.status.value,
            "until": standing.until,
            "can_change": choice.can_change,
            "why_not": choice.why_not,
            "detail": choice.reason,
            "is_shown": choice.is_shown,
        },
        "schedule": {
            "state": schedule.state.value,
            "text": state_text(schedule, person.zone, now),
            "ends_at": schedule.ends_at,
            "starts_at": schedule.starts_at,
        },
        "in_group": person.in_group,
        "load": person.load,
        "limit": person.limit,
    }
