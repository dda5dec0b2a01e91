"""The yardstick of ingest: a bare Django view that inserts one row and answers. No middleware."""

from __future__ import annotations

import hashlib
import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peresmenka.settings")
django.setup()
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"


def insert(request: HttpRequest, key: str) -> HttpResponse:
    """Insert the body; answer 204."""
    body = request.body
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_bare (body, digest) VALUES (%s, %s)",
            [body, hashlib.sha256(body).digest()],
        )
    return HttpResponse(status=204)


def answer(request: HttpRequest) -> HttpResponse:
    """Answer that the server is up."""
    return HttpResponse("ok")


urlpatterns = [path("hooks/kommo/<str:key>", insert), path("healthz", answer)]
application = get_wsgi_application()
