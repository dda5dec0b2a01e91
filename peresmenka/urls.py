"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from peresmenka import health

urlpatterns = [
    path("", include("distribution.urls")),
    path("", include("reports.urls")),
    path("", include("shifts.urls")),
    path("", include("accounts.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("operator/", admin.site.urls),
]

handler500 = "peresmenka.health.server_error"
