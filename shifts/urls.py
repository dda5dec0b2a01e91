"""Addresses of the widget's endpoints and of the schedule's pages, below the site's root."""

from django.urls import path, re_path

from shifts.api import participation
from shifts.api import shift as api
from shifts.views import (
    coverage,
    feeds,
    holidays,
    imports,
    imports_calendar,
    overrides,
    patterns,
    schedule,
    swaps,
)

app_name = "shifts"

_ACTION = r"(?P<action>start|pause|resume|end)"

urlpatterns = [
    path("calendar/<str:token>.ics", feeds.feed, name="feed"),
    path("me/calendar", feeds.my_calendar, name="my_calendar"),
    path("me/calendar/address", feeds.my_feed, name="my_feed"),
    path("me/calendar/revoke", feeds.my_feed_revoke, name="my_feed_revoke"),
    path("schedule/calendars", feeds.calendars, name="calendars"),
    path("schedule/calendars/<int:pk>/revoke", feeds.calendar_revoke, name="calendar_revoke"),
    path("schedule/import", imports.import_page, name="import"),
    path("schedule/import/template", imports.template, name="import_template"),
    path("schedule/import/table", imports.table, name="import_table"),
    path("schedule/import/table/confirm", imports.table_confirm, name="import_table_confirm"),
    path("schedule/import/calendar", imports_calendar.calendar, name="import_calendar"),
    path(
        "schedule/import/calendar/confirm",
        imports_calendar.calendar_confirm,
        name="import_calendar_confirm",
    ),
    path("coverage", coverage.coverage, name="coverage"),
    path("schedule", schedule.schedule, name="schedule"),
    path("schedule/month", schedule.month, name="month"),
    path("schedule/operations", schedule.operations, name="operations"),
    path("schedule/patterns", patterns.patterns, name="patterns"),
    path("schedule/patterns/new", patterns.pattern_new, name="pattern_new"),
    path("schedule/patterns/days", patterns.pattern_days, name="pattern_days"),
    path("schedule/patterns/preview", patterns.pattern_preview, name="pattern_preview"),
    path("schedule/patterns/<int:pk>", patterns.pattern, name="pattern"),
    path(
        "schedule/patterns/<int:pk>/duplicate", patterns.pattern_duplicate, name="pattern_duplicate"
    ),
    path("schedule/patterns/<int:pk>/delete", patterns.pattern_delete, name="pattern_delete"),
    path("schedule/patterns/<int:pk>/follow", patterns.pattern_follow, name="pattern_follow"),
    path(
        "schedule/patterns/<int:pk>/follow/preview", patterns.follow_preview, name="follow_preview"
    ),
    path("schedule/standing/<int:pk>/end", patterns.standing_end, name="standing_end"),
    path("schedule/holidays", holidays.holidays, name="holidays"),
    path("schedule/holidays/add", holidays.holidays_add, name="holidays_add"),
    path("schedule/holidays/own", holidays.holidays_add_own, name="holidays_add_own"),
    path("schedule/holidays/undo/<int:version>", holidays.holidays_undo, name="holidays_undo"),
    path("schedule/holidays/<str:day>/remove", holidays.holidays_remove, name="holidays_remove"),
    path("schedule/absences", overrides.absences, name="absences"),
    path("schedule/absences/<int:pk>/end", overrides.absence_end, name="absence_end"),
    path("schedule/absences/<int:pk>/delete", overrides.absence_delete, name="absence_delete"),
    path("schedule/swaps", swaps.swaps, name="swaps"),
    path("schedule/swaps/settings", swaps.swap_settings, name="swap_settings"),
    path("schedule/swaps/<int:pk>", swaps.swap_decide, name="swap_decide"),
    path("me/swaps", swaps.my_swaps, name="my_swaps"),
    path("me/swaps/ask", swaps.swap_ask, name="swap_ask"),
    path("me/swaps/<int:pk>/answer", swaps.swap_answer, name="swap_answer"),
    path("me/swaps/<int:pk>/withdraw", swaps.swap_withdraw, name="swap_withdraw"),
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
