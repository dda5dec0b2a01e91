"""The widget's status, one state everywhere (R32), and the test run: who would get a lead (B16)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.identity import Role, has_role
from accounts.models import Account
from distribution.core.decisions import Kind
from distribution.labels.rehearsal import (
    answer_text,
    error_text,
    reason_texts,
    relaxed_texts,
    why_text,
)
from distribution.labels.standing import receives_line
from distribution.operations.rehearsal import (
    NEW_LEAD,
    Chance,
    NoAnswer,
    Question,
    Rehearsal,
    UnknownLead,
    UnknownTrigger,
    would_get,
)
from distribution.queries.board import manager_names
from distribution.queries.people import OwnStanding, own_standing
from peresmenka.lib.clock import read_clock
from peresmenka.lib.zones import known_zone
from shifts.api.base import WidgetView, identity_of, refusal, sentence
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


class WouldGetQuestionSerializer(serializers.Serializer[Any]):
    """Of which lead it is asked."""

    lead = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    trigger = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    pipeline = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    stage = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    skill = serializers.ListField(child=serializers.CharField(max_length=40), required=False)


class ChanceSerializer(serializers.Serializer[Any]):
    """A candidate with the verdict."""

    manager_id = serializers.IntegerField(help_text="Kommo's id of the user.")
    name = serializers.CharField()
    is_chosen = serializers.BooleanField()
    could = serializers.BooleanField()
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="Every objection in words; the hardest first."
    )
    codes = serializers.ListField(child=serializers.CharField(), help_text="The same as codes.")
    tier = serializers.IntegerField()
    load_before = serializers.IntegerField()
    load_after = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    lag_before = serializers.IntegerField(help_text="What the register owes, millionths of a lead.")
    lag_after = serializers.IntegerField()


class WouldGetSerializer(serializers.Serializer[Any]):
    """What a turn at this moment would decide."""

    lead = serializers.IntegerField(allow_null=True, help_text="Null: a new lead.")
    trigger = serializers.IntegerField()
    template = serializers.CharField()
    template_version = serializers.IntegerField()
    is_shadow = serializers.BooleanField()
    is_enabled = serializers.BooleanField(help_text="Off: nothing is dealt until it is on.")
    outcome = serializers.ChoiceField([one.value for one in Kind])
    manager_id = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="Who would get it, or that it would wait.")
    because = serializers.CharField(help_text="Why, in words.")
    reason = serializers.CharField(allow_blank=True, help_text="A code; empty: the strategy.")
    until = serializers.DateTimeField(allow_null=True)
    ahead = serializers.IntegerField(help_text="Leads that wait and go first.")
    tier = serializers.IntegerField(allow_null=True)
    did_not_count = serializers.ListField(child=serializers.CharField())
    candidates = ChanceSerializer(many=True)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why there is no answer."""

    error = serializers.CharField(help_text="A code.")
    detail = serializers.CharField(help_text="The cause and the next step.")


class WouldGetView(WidgetView):
    """Who would get this lead now, and why; for supervisors and admins, nothing is written."""

    @extend_schema(
        parameters=[WouldGetQuestionSerializer],
        responses={
            200: WouldGetSerializer,
            403: RefusalSerializer,
            404: RefusalSerializer,
            422: RefusalSerializer,
        },
    )
    def get(self, request: Request) -> Response:
        manager, now = identity_of(request), read_clock()
        if not has_role(manager, Role.SUPERVISOR):
            raise PermissionDenied(
                _("Only supervisors and admins may make test runs. Ask one of them.")
            )
        asked = WouldGetQuestionSerializer(data=request.query_params)
        if not asked.is_valid():
            return refusal("invalid", sentence(asked.errors), 422)
        try:
            found = would_get(manager.account_id, _question(asked.validated_data), now)
        except (UnknownLead, UnknownTrigger) as error:
            return refusal(error.code, error_text(error), 404)
        except NoAnswer as error:
            return refusal(error.code, error_text(error), 422)
        return Response(WouldGetSerializer(_rehearsed(found, manager.account)).data)


def _question(asked: dict[str, Any]) -> Question:
    stage = (asked["pipeline"], asked["stage"]) if {"pipeline", "stage"} <= asked.keys() else None
    skills = tuple(asked["skill"]) if asked.get("skill") else None
    return Question(asked.get("lead"), asked.get("trigger"), stage, skills)


def _rehearsed(found: Rehearsal, account: Account) -> dict[str, Any]:
    names, template = manager_names(account), found.trigger.template
    return {
        "lead": found.lead_id if found.lead_id != NEW_LEAD else None,
        "trigger": found.trigger.trigger_id,
        "template": template.name,
        "template_version": template.version,
        "is_shadow": template.is_shadow,
        "is_enabled": found.is_enabled,
        "outcome": found.decided.kind.value,
        "manager_id": found.decided.chosen,
        "answer": answer_text(found, names),
        "because": why_text(found),
        "reason": found.recorded.reason,
        "until": found.recorded.until,
        "ahead": found.ahead,
        "tier": found.decided.tier,
        "did_not_count": relaxed_texts(found),
        "candidates": [_chance(one, found, account, names) for one in found.chances],
    }


def _chance(
    one: Chance, found: Rehearsal, account: Account, names: dict[int, str]
) -> dict[str, Any]:
    user_id = one.before.manager_id
    return {
        "manager_id": user_id,
        "name": names.get(user_id, ""),
        "is_chosen": user_id == found.decided.chosen,
        "could": user_id == found.decided.chosen or one.is_among or one.verdict.eligible,
        "reasons": reason_texts(one, known_zone(account.zone), found.now),
        "codes": [refusal.reason.value for refusal in one.verdict.refusals],
        "tier": one.before.tier,
        "load_before": one.before.load,
        "load_after": one.after.load,
        "limit": one.before.limit,
        "lag_before": one.before.lag,
        "lag_after": one.after.lag,
    }
