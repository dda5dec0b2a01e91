"""Addresses of the accounts app, from the site's root."""

from django.urls import path

from accounts import views, webhooks

app_name = "accounts"
urlpatterns = [
    path("signin", views.begin_sign_in, name="signin"),
    path("signin/wait", views.wait_for_exchange, name="wait"),
    path("signout", views.end_sign_in, name="signout"),
    path("language", views.set_language, name="language"),
    path("oauth/kommo", views.receive_code, name="oauth"),
    path("oauth/kommo/revoked", views.receive_revocation, name="revoked"),
    path("hooks/kommo/<str:key>", webhooks.receive_hook, name="hook"),
]
