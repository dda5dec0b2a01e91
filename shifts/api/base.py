"""What the widget's endpoints have in common: who asks, strict bodies, errors as code and sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import (
    APIException,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.identity import Role, has_role
from accounts.models import Manager


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not list."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise ValidationError(
                {name: [_("This field is not known; leave it out.")] for name in unknown}
            )
        return attrs


class WidgetView(APIView):
    """Answers every error as {"error": code, "detail": cause and next step}."""

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, APIException):
            code = "invalid" if isinstance(exc, ValidationError) else str(exc.default_code)
            response.data = {"error": code, "detail": sentence(exc.detail)}
        return response


def identity_of(request: Request) -> Manager:
    """Return the manager whom the token names (accounts.api_identity sets it on the request)."""
    manager: Manager = request.manager  # type: ignore[attr-defined]
    return manager


def colleague_of(actor: Manager, kommo_id: int, *, denial: str) -> Manager:
    """Return the manager of the actor's account whom a supervisor's request names.

    Raises NotFound for a stranger's id, then PermissionDenied (`denial`) for who is no supervisor.
    """
    rows = Manager.objects.for_account(actor.account).select_related("account")
    colleague: Manager | None = rows.filter(kommo_id=kommo_id).first()
    if colleague is None:
        raise NotFound(_("This account has no such manager; reload the list of managers."))
    if not has_role(actor, Role.SUPERVISOR):
        raise PermissionDenied(denial)
    return colleague


def refusal(code: str, detail: str, status_code: int) -> Response:
    """Return an error's answer."""
    return Response({"error": code, "detail": detail}, status=status_code)


def sentence(detail: Any) -> str:
    """Flatten what DRF says about fields to one line: `field: message`."""
    if isinstance(detail, Mapping):
        return " ".join(
            sentence(value) if name == "non_field_errors" else f"{name}: {sentence(value)}"
            for name, value in detail.items()
        )
    if isinstance(detail, list | tuple):
        return " ".join(sentence(item) for item in detail)
    return str(detail)
