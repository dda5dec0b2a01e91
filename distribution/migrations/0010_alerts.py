"""What supervisors are mailed about, and the errand that mails them."""

import django.db.models.deletion
from django.db import migrations, models

# (name, task, every, unit)
TASKS = (("Mail supervisors about managers and leads", "distribution.tasks.tell", 1, "minutes"),)


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
        ('django_celery_beat', '0019_alter_periodictasks_options'),
        ('accounts', '0004_engine_events'),
        ('distribution', '0009_wave_taken_back_once'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('non_responder', 'Does not accept leads'), ('touch', 'A first touch is running out of time')], max_length=16)),
                ('at', models.DateTimeField()),
                ('user_id', models.BigIntegerField(verbose_name='manager')),
                ('lead_id', models.BigIntegerField(null=True, verbose_name='lead')),
                ('number', models.IntegerField(default=0)),
                ('is_off', models.BooleanField(default=False)),
                ('told_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account')),
            ],
            options={
                'verbose_name': 'alert',
                'verbose_name_plural': 'alerts',
                'indexes': [models.Index(condition=models.Q(('told_at__isnull', True)), fields=['account', 'at'], name='alert_untold')],
            },
        ),
        migrations.RunPython(create, remove),
    ]
