"""What group rules and the settings of who gets leads were stored in before; see 0006."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('distribution', '0006_one_policy_model'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='grouprule',
            name='account',
        ),
        migrations.RemoveField(
            model_name='grouprule',
            name='group',
        ),
        migrations.RemoveField(
            model_name='register',
            name='rule',
        ),
        migrations.RemoveField(
            model_name='groupstage',
            name='rule',
        ),
        migrations.RemoveField(
            model_name='groupstage',
            name='account',
        ),
        migrations.RemoveField(
            model_name='distributionsettings',
            name='hours_from',
        ),
        migrations.RemoveField(
            model_name='distributionsettings',
            name='hours_to',
        ),
        migrations.RemoveField(
            model_name='distributionsettings',
            name='schedule_gate',
        ),
        migrations.RemoveField(
            model_name='distributionsettings',
            name='start_delay_minutes',
        ),
        migrations.RemoveField(
            model_name='distributionsettings',
            name='strategy',
        ),
        migrations.DeleteModel(
            name='GroupRule',
        ),
        migrations.DeleteModel(
            name='GroupStage',
        ),
        migrations.AddConstraint(
            model_name='register',
            constraint=models.UniqueConstraint(condition=models.Q(('own_of__isnull', True)), fields=('account', 'name'), name='register_name_once'),
        ),
        # One way only: what group rules were cannot be read from templates. Restore a backup instead.
        migrations.RunPython(migrations.RunPython.noop),
    ]
