"""The operator's site: Django admin under one AdminSite, with a second factor."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class OperatorSite(AdminSite):
    """Admin for our own operator."""

    site_header = _("Peresmenka: operator")
    site_title = _("Peresmenka: operator")
    index_title = _("All tables")

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in staff who passed the second factor (unless settings switch it off)."""
        if not super().has_permission(request):
            return False
        verified = getattr(request.user, "is_verified", lambda: False)
        return bool(verified()) or not settings.OPERATOR_SECOND_FACTOR


class OperatorAdminConfig(AdminConfig):
    default_site = "peresmenka.admin_site.OperatorSite"
