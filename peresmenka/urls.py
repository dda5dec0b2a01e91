"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("operator/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("shifts.urls")),
]
