"""A wave is taken back once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("distribution", "0008_own_registers_go_with_triggers")]

    operations = [
        migrations.AddConstraint(
            model_name="wave",
            constraint=models.UniqueConstraint(
                fields=("account", "undoes_id"), name="wave_taken_back_once"
            ),
        )
    ]
