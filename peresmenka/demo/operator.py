"""The demo's operator: a superuser with a password of this run."""

from __future__ import annotations

import secrets

from django.contrib.auth import get_user_model


def make_operator() -> str:
    """Create the superuser "operator"; return the password."""
    password = secrets.token_urlsafe(9)
    get_user_model().objects.create_superuser("operator", password=password)
    return password
