"""The console's addresses: shell, board, own page, "Team", "Shift distribution"; and the widget's status."""

from django.urls import path

from distribution import api, webhooks
from distribution.views import board, me, settings, shell, team

app_name = "distribution"

urlpatterns = [
    path("", shell.home, name="home"),
    path("preferences", shell.preferences, name="preferences"),
    path("sync", shell.sync, name="sync"),
    path("board", board.board, name="board"),
    path("board/live", board.live, name="board_live"),
    path("board/managers/<int:user_id>/shift", board.shift, name="shift"),
    path("board/managers/<int:user_id>/end", board.confirm_end, name="confirm_end"),
    path("board/managers/<int:user_id>/participation", board.status, name="status"),
    path("board/managers/<int:user_id>/absent", board.absent, name="absent"),
    path("me", me.me, name="me"),
    path("me/live", me.live, name="me_live"),
    path("me/shift", me.shift, name="my_shift"),
    path("me/participation", me.participation, name="my_participation"),
    path("me/weeks", me.weeks, name="my_weeks"),
    path("team", team.team, name="team"),
    path("team/list", team.listing, name="team_list"),
    path("team/confirm", team.confirm, name="team_confirm"),
    path("team/licence/on", team.licence, {"is_on": True}, name="licence_on"),
    path("team/licence/off", team.licence, {"is_on": False}, name="licence_off"),
    path("team/supervisor/on", team.supervisor, {"is_on": True}, name="supervisor_on"),
    path("team/supervisor/off", team.supervisor, {"is_on": False}, name="supervisor_off"),
    path("team/status", team.status, name="team_status"),
    path("team/limit", team.limit, name="team_limit"),
    path("team/undo/<int:entry>", team.undo, name="team_undo"),
    path(
        "team/groups/<int:group_id>/newcomers/on",
        team.newcomers,
        {"is_on": True},
        name="newcomers_on",
    ),
    path(
        "team/groups/<int:group_id>/newcomers/off",
        team.newcomers,
        {"is_on": False},
        name="newcomers_off",
    ),
    path("team/managers/<int:user_id>", team.member, name="member"),
    path("team/managers/<int:user_id>/status", team.member_status, name="member_status"),
    path("team/managers/<int:user_id>/absent", team.absent, name="member_absent"),
    path("settings", settings.settings_page, name="settings"),
    path("settings/preview", settings.settings_preview, name="preview"),
    path("widget/v1/status", api.StatusView.as_view(), name="widget_status"),
    # Before accounts.urls, where any other name is an account's key.
    path("hooks/kommo/pipeline", webhooks.receive_pipeline_hook, name="pipeline_hook"),
    path("hooks/kommo/bot", webhooks.receive_bot_call, name="bot_call"),
]
