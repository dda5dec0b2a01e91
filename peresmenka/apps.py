"""The project as an app: commands and system checks that belong to no domain app."""

from django.apps import AppConfig


class PeresmenkaConfig(AppConfig):
    name = "peresmenka"
    label = "peresmenka"
    verbose_name = "Peresmenka"

    def ready(self) -> None:
        # The doorbell publishes through Celery's current app from web processes too.
        import peresmenka.celery  # noqa: F401
