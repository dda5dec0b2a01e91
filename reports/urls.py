"""Addresses of the log."""

from django.urls import path

from reports import touch_views, views

app_name = "reports"

urlpatterns = [
    path("first-touch", touch_views.first_touch, name="first_touch"),
    path("first-touch.csv", touch_views.first_touch_file, name="first_touch_file"),
    path("log", views.log, name="log"),
    path("log/<int:decision_id>", views.decision, name="decision"),
]
