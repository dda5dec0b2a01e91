"""The widget's endpoints of participation: one's own status, and anybody's by a supervisor."""

from __future__ import annotations

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
from shifts.core.participation import Status
from shifts.labels.participation import OwnChoice, error_text, own_choice, own_status_text
from shifts.operations import participation as operations
from shifts.queries import participation as queries


class OwnStatusSerializer(StrictSerializer):
    """What one may choose for oneself; forcing is a supervisor's."""

    status = serializers.ChoiceField([Status.ON.value, Status.OFF.value])


class MomentField(serializers.DateTimeField):
    """An ISO moment that names its offset: the widget's clock is not the account's."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise serializers.ValidationError(
                _("The offset is missing. Write it as 2026-03-02T18:00:00+01:00.")
            )
        return super().enforce_timezone(value)


class StatusSerializer(StrictSerializer):
    """What a supervisor may choose for anybody."""

    status = serializers.ChoiceField([one.value for one in Status])
    until = MomentField(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)


class ParticipationSerializer(serializers.Serializer[Any]):
    """What counts now, whether the manager may change it, and what it means in a sentence."""

    status = serializers.ChoiceField([one.value for one in Status])
    until = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()
    can_change = serializers.BooleanField()
    why_not = serializers.CharField(allow_null=True)
    detail = serializers.CharField()
    is_shown = serializers.BooleanField()


class ParticipationErrors(WidgetView):
    """Answers what the manager may not do with 403, a moment that cannot be with 422."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, operations.ParticipationError):
            is_denied = isinstance(exc, operations.ParticipationDenied)
            code = status.HTTP_403_FORBIDDEN if is_denied else status.HTTP_422_UNPROCESSABLE_ENTITY
            return refusal(exc.code, error_text(exc), code)
        return super().handle_exception(exc)


class OwnParticipationView(ParticipationErrors):
    """The manager's own status: read it, switch it on or off."""

    @extend_schema(responses=ParticipationSerializer)
    def get(self, request: Request) -> Response:
        return _answer(identity_of(request), read_clock())

    @extend_schema(request=OwnStatusSerializer, responses=ParticipationSerializer)
    def post(self, request: Request) -> Response:
        manager, now = identity_of(request), read_clock()
        wish = OwnStatusSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        operations.set_own_participation(
            manager, status=Status(wish.validated_data["status"]), now=now
        )
        return _answer(manager, now)


class ManagerParticipationView(ParticipationErrors):
    """Any status for anybody of the account, by a supervisor or an admin."""

    @extend_schema(request=StatusSerializer, responses=ParticipationSerializer)
    def post(self, request: Request, kommo_id: int) -> Response:
        actor, now = identity_of(request), read_clock()
        target = colleague_of(
            actor,
            kommo_id,
            denial=_("Only supervisors and admins change a colleague’s status; ask one of them."),
        )
        wish = StatusSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        operations.set_participation(
            target,
            status=Status(wish.validated_data["status"]),
            until=wish.validated_data.get("until"),
            note=wish.validated_data.get("note", ""),
            now=now,
            by=actor,
        )
        return _answer(target, now)


def _answer(manager: Manager, now: datetime) -> Response:
    standing = queries.standing_of(manager, now)
    choice = own_choice(manager, standing.status)
    found = {
        "status": standing.status.value,
        "until": standing.until,
        "note": standing.note,
        "can_change": choice.can_change,
        "why_not": choice.why_not,
        "detail": _detail(manager, standing.status, choice),
        "is_shown": choice.is_shown,
    }
    return Response(ParticipationSerializer(found).data)


def _detail(manager: Manager, current: Status, choice: OwnChoice) -> str:
    """Return the status in a sentence, with why it cannot be changed where that says more."""
    if choice.can_change or current.is_forced or not manager.is_licensed:
        return choice.reason
    return f"{own_status_text(current)} {choice.reason}"
