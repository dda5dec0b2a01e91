"""Housekeeping that beat rings for, editable in the operator's site; business time never depends on it."""

from django.db import migrations

# (name, task, every, unit)
TASKS = (
    ("Sweep: serve accounts that nobody rang for", "distribution.tasks.work", 5, "seconds"),
    ("Reconcile accounts with Kommo", "distribution.tasks.reconcile", 30, "seconds"),
    ("Housekeeping: codes, tokens, CRM data, webhooks", "accounts.tasks.keep_house", 15, "seconds"),
    ("Forget old events and effects", "distribution.tasks.forget", 24, "hours"),
)


def create(apps, schema_editor):
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every, period in TASKS:
        interval, _ = Interval.objects.get_or_create(every=every, period=period)
        Task.objects.get_or_create(
            name=name, defaults={"task": task, "interval": interval, "expire_seconds": 60}
        )


def remove(apps, schema_editor):
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    Task.objects.filter(name__in=[name for name, *_ in TASKS]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("distribution", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create, remove)]
