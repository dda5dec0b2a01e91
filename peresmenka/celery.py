"""The Celery application; tasks are doorbells, the truth is in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peresmenka.settings")

app = Celery("peresmenka")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.set_default()  # for all threads, not only the one that imports this
