"""Addresses of the widget's endpoints and of the schedule's pages, below the site's root."""

from django.urls import path, re_path

from shifts.api import participation
from shifts.api import shift as api
from shifts.views import coverage, schedule

app_name = "shifts"

_ACTION = r"(?P<action>start|pause|resume|end)"

urlpatterns = [
    path("coverage", coverage.coverage, name="coverage"),
    path("schedule", schedule.schedule, name="schedule"),
    path("schedule/month", schedule.month, name="month"),
    path("schedule/operations", schedule.operations, name="operations"),
    path("widget/v1/me", api.MeView.as_view(), name="me"),
    path("widget/v1/activity", api.ActivityView.as_view(), name="activity"),
    re_path(rf"^widget/v1/shift/{_ACTION}$", api.OwnShiftView.as_view(), name="shift"),
    re_path(
        rf"^widget/v1/managers/(?P<kommo_id>[0-9]{{1,18}})/shift/{_ACTION}$",
        api.ManagerShiftView.as_view(),
        name="manager-shift",
    ),
    path(
        "widget/v1/participation",
        participation.OwnParticipationView.as_view(),
        name="participation",
    ),
    re_path(
        r"^widget/v1/managers/(?P<kommo_id>[0-9]{1,18})/participation$",
        participation.ManagerParticipationView.as_view(),
        name="manager-participation",
    ),
]
