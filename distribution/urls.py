"""The console's addresses: the shell, the board, my page, the page "Shift distribution"."""

from django.urls import path

from distribution.views import board, me, settings, shell

app_name = "distribution"

urlpatterns = [
    path("", shell.home, name="home"),
    path("preferences", shell.preferences, name="preferences"),
    path("sync", shell.sync, name="sync"),
    path("board", board.board, name="board"),
    path("board/live", board.live, name="board_live"),
    path("board/managers/<int:user_id>/shift", board.shift, name="shift"),
    path("board/managers/<int:user_id>/end", board.confirm_end, name="confirm_end"),
    path("me", me.me, name="me"),
    path("me/live", me.live, name="me_live"),
    path("me/shift", me.shift, name="my_shift"),
    path("settings", settings.settings_page, name="settings"),
    path("settings/preview", settings.settings_preview, name="preview"),
]
