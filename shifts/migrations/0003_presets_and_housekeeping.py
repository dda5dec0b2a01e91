"""The pattern presets that every account may start from, and the task that plans days ahead."""

from django.db import migrations
from modeltranslation.utils import build_localized_fieldname

_OFFICE = [[540, 1080]]
_LUNCH = [[540, 780], [840, 1080]]
_LONG = [[540, 1260]]
_NIGHT = [[1260, 1980]]
_WHOLE = [[540, 1980]]
# (code, cycle, names: ru, en, es, pt-br, tr, id); weekly ones are anchored on a Monday
PRESETS = (
    (
        "5-2",
        [_OFFICE] * 5 + [[]] * 2,
        "5/2, с 9 до 18",
        "5/2, 9 to 18",
        "5/2, de 9 a 18",
        "5/2, das 9 às 18",
        "5/2, 9–18 arası",
        "5/2, pukul 9–18",
    ),
    (
        "5-2-lunch",
        [_LUNCH] * 5 + [[]] * 2,
        "5/2 с обедом",
        "5/2 with a lunch break",
        "5/2 con pausa de almuerzo",
        "5/2 com intervalo de almoço",
        "5/2, öğle aralı",
        "5/2 dengan istirahat siang",
    ),
    (
        "6-1",
        [_OFFICE] * 6 + [[]],
        "6/1, с 9 до 18",
        "6/1, 9 to 18",
        "6/1, de 9 a 18",
        "6/1, das 9 às 18",
        "6/1, 9–18 arası",
        "6/1, pukul 9–18",
    ),
    (
        "2-2",
        [_LONG] * 2 + [[]] * 2,
        "2/2, дневные смены",
        "2/2, days",
        "2/2, turno de día",
        "2/2, turno do dia",
        "2/2, gündüz",
        "2/2, sif siang",
    ),
    (
        "2-2-nights",
        [_NIGHT] * 2 + [[]] * 2,
        "2/2, ночные смены",
        "2/2, nights",
        "2/2, turno de noche",
        "2/2, turno da noite",
        "2/2, gece",
        "2/2, sif malam",
    ),
    (
        "day-night",
        [_LONG, _NIGHT, [], []],
        "День, ночь, два выходных",
        "Day, night, two days off",
        "Día, noche, dos libres",
        "Dia, noite, duas folgas",
        "Gündüz, gece, iki gün izin",
        "Siang, malam, dua hari libur",
    ),
    (
        "1-3",
        [_WHOLE, [], [], []],
        "Сутки через трое",
        "24 hours, three days off",
        "24 horas, tres días libres",
        "24 horas, três folgas",
        "24 saat, üç gün izin",
        "24 jam, tiga hari libur",
    ),
)
LANGUAGES = ("ru", "en", "es", "pt-br", "tr", "id")
# (name, task, every, unit)
TASKS = (
    ("Plan schedules ahead", "shifts.tasks.plan_ahead", 60, "seconds"),
    ("Warn of tomorrow's gaps in the schedule", "shifts.tasks.warn_of_gaps", 10, "minutes"),
)


def create(apps, schema_editor):
    Preset = apps.get_model("shifts", "PatternPreset")
    for sort, (code, cycle, *names) in enumerate(PRESETS):
        localized = {
            build_localized_fieldname("name", language): name
            for language, name in zip(LANGUAGES, names, strict=True)
        }
        values = {"cycle": cycle, "sort": sort, "name": names[1], **localized}
        Preset.objects.get_or_create(code=code, defaults=values)
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, every, period in TASKS:
        interval, _ = Interval.objects.get_or_create(every=every, period=period)
        Task.objects.get_or_create(
            name=name, defaults={"task": task, "interval": interval, "expire_seconds": 60}
        )


def remove(apps, schema_editor):
    apps.get_model("shifts", "PatternPreset").objects.filter(
        code__in=[code for code, *_ in PRESETS]
    ).delete()
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    Task.objects.filter(name__in=[name for name, *_ in TASKS]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("shifts", "0002_schedules"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create, remove)]
