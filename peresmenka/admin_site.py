"""The operator's site: Django admin under one AdminSite, with a second factor."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _


class OperatorSite(AdminSite):
    """Admin for our own operator."""

    site_header = _("Peresmenka: operator")
    site_title = _("Peresmenka: operator")
    index_title = _("All tables")
    login_template = "admin/operator_login.html"

    def __init__(self, name: str = "admin") -> None:
        # Not above: this module is read before the models of the form are there.
        from peresmenka.admin_base import OperatorLoginForm

        super().__init__(name)
        self.login_form = OperatorLoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in staff who passed the second factor (unless settings switch it off)."""
        if not super().has_permission(request):
            return False
        verified = getattr(request.user, "is_verified", lambda: False)
        return bool(verified()) or not settings.OPERATOR_SECOND_FACTOR

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, with a field for the token where a second factor is asked for."""
        context = {"second_factor": settings.OPERATOR_SECOND_FACTOR}
        return super().login(request, {**context, **(extra_context or {})})


class OperatorAdminConfig(AdminConfig):
    default_site = "peresmenka.admin_site.OperatorSite"

    def ready(self) -> None:
        """Register the tables and the project's system checks."""
        super().ready()
        from peresmenka import checks  # noqa: F401 - importing registers them
