"""What a card in Kommo's pipeline or bot designer chooses from: templates, and the keys of their triggers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_identity import IsSupervisor
from distribution.models import Trigger
from distribution.operations.policies.triggers import trigger_key
from distribution.queries.cards import TemplateCard, template_cards
from shifts.api.base import WidgetView, identity_of


class TriggerChoiceSerializer(serializers.Serializer[Any]):
    """A trigger of a template; its key goes into the card's settings, which each hook echoes."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([Trigger.Kind.PIPELINE.value, Trigger.Kind.SALESBOT.value])
    name = serializers.CharField(allow_blank=True)
    key = serializers.CharField(help_text="A secret; only admins and supervisors get it.")
    delay_minutes = serializers.IntegerField()
    register = serializers.CharField(help_text="The register whose statistics count.")
    is_own_register = serializers.BooleanField(
        help_text="The register is this trigger's alone (current trigger), not a named one."
    )


class TemplateChoiceSerializer(serializers.Serializer[Any]):
    """A template as it is called now (F170)."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    is_enabled = serializers.BooleanField()
    is_shadow = serializers.BooleanField(help_text="It decides and writes nothing to Kommo.")
    triggers = TriggerChoiceSerializer(many=True)


class TemplateChoicesSerializer(serializers.Serializer[Any]):
    """What a card can choose from."""

    templates = TemplateChoiceSerializer(many=True)


class TemplatesView(WidgetView):
    """The account's templates with the keys of their triggers; for admins and supervisors."""

    permission_classes = [IsSupervisor]

    @extend_schema(responses=TemplateChoicesSerializer)
    def get(self, request: Request) -> Response:
        found = template_cards(identity_of(request).account)
        return Response(TemplateChoicesSerializer({"templates": map(_choice, found)}).data)


def _choice(card: TemplateCard) -> dict[str, Any]:
    row = card.template
    return {
        "id": row.pk,
        "name": row.name,
        "is_enabled": row.is_enabled,
        "is_shadow": row.is_shadow,
        "triggers": [_trigger(one) for one in card.triggers],
    }


def _trigger(row: Trigger) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "name": row.name,
        "key": trigger_key(row),
        "delay_minutes": row.delay_minutes,
        "register": row.register.name if row.register else "",
        "is_own_register": row.register is not None and row.register.own_of_id == row.pk,
    }
