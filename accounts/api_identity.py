"""Who calls the API: the widget's one-time token."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission


class WidgetTokenAuthentication(BaseAuthentication):
    """To be filled by the widget's token check."""


class IsKnown(BasePermission):
    """Lets nobody in until the token check stands."""
