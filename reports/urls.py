"""Addresses of the log."""

from django.urls import path

from reports import views

app_name = "reports"

urlpatterns = [
    path("log", views.log, name="log"),
    path("log/<int:decision_id>", views.decision, name="decision"),
]
