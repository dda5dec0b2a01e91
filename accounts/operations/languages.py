"""Our codes for Kommo's languages: Kommo's `pt` is Brazilian, Django's European."""

from __future__ import annotations

from django.conf import settings

_KOMMO_TO_OURS = {"pt": "pt-br", "br": "pt-br"}


def our_language(kommo_code: str) -> str:
    """Return our code for Kommo's, '' for a language that we do not speak."""
    code = _KOMMO_TO_OURS.get(kommo_code.lower(), kommo_code.lower())
    return code if code in dict(settings.LANGUAGES) else ""
