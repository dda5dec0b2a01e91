"""Rows that every turn updates get room beside them, so that an update touches no index."""

from django.db import migrations

TABLES = ("distribution_registerentry", "distribution_managerload")


class Migration(migrations.Migration):
    dependencies = [("distribution", "0002_periodic_tasks")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} SET (fillfactor = 40)", f"ALTER TABLE {table} RESET (fillfactor)"
        )
        for table in TABLES
    ]
