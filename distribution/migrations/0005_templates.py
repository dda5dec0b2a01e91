"""Templates, triggers, epochs and credits of registers, cycles of leads, tasks and first touches."""

import distribution.models.ledger
import distribution.models.templates
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_engine_events'),
        ('distribution', '0004_schedule_gate_and_profiles'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='decision',
            name='decision_dealt_once',
        ),
        migrations.RemoveConstraint(
            model_name='managerload',
            name='manager_load_once',
        ),
        migrations.CreateModel(
            name='FirstTouch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lead_id', models.BigIntegerField(verbose_name='lead')),
                ('user_id', models.BigIntegerField(verbose_name='manager')),
                ('template_id', models.BigIntegerField()),
                ('decision_id', models.BigIntegerField()),
                ('started_at', models.DateTimeField(verbose_name='from')),
                ('due_at', models.DateTimeField(verbose_name='until')),
                ('allowed_minutes', models.PositiveIntegerField()),
                ('warned_at', models.DateTimeField(null=True)),
                ('touched_at', models.DateTimeField(null=True, verbose_name='touched')),
                ('touched_by', models.CharField(blank=True, max_length=8)),
                ('used_seconds', models.PositiveIntegerField(null=True)),
                ('breached_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'first touch',
                'verbose_name_plural': 'first touches',
            },
        ),
        migrations.CreateModel(
            name='RegisterCredit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('epoch', models.PositiveIntegerField()),
                ('user_id', models.BigIntegerField(verbose_name='manager')),
                ('leads', models.SmallIntegerField(verbose_name='leads')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='by')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('applied_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'credit',
                'verbose_name_plural': 'credits',
            },
        ),
        migrations.CreateModel(
            name='RegisterEpoch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('epoch', models.PositiveIntegerField(verbose_name='epoch')),
                ('started_at', models.DateTimeField(null=True, verbose_name='from')),
                ('ended_at', models.DateTimeField(verbose_name='until')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='by')),
                ('entries', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'epoch of a register',
                'verbose_name_plural': 'epochs of registers',
            },
        ),
        migrations.CreateModel(
            name='TaskMirror',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('task_id', models.BigIntegerField(verbose_name='task')),
                ('owner_id', models.BigIntegerField(null=True, verbose_name='manager')),
                ('version', models.BigIntegerField(default=0)),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'task',
                'verbose_name_plural': 'tasks',
            },
        ),
        migrations.CreateModel(
            name='Template',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('body', models.JSONField(default=distribution.models.templates.empty_body, verbose_name='settings')),
                ('is_enabled', models.BooleanField(default=True, verbose_name='on')),
                ('is_shadow', models.BooleanField(default=False, verbose_name='only in shadow')),
                ('is_simple', models.BooleanField(default=False, editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                'verbose_name': 'template',
                'verbose_name_plural': 'templates',
            },
        ),
        migrations.CreateModel(
            name='TemplateVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('at', models.DateTimeField(verbose_name='saved')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='by')),
                ('document', models.JSONField(verbose_name='settings')),
            ],
            options={
                'verbose_name': 'version of a template',
                'verbose_name_plural': 'versions of templates',
            },
        ),
        migrations.CreateModel(
            name='Trigger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('watch', 'Watch: every new lead in its stages'), ('pipeline', 'Digital pipeline'), ('salesbot', 'Salesbot')], max_length=8, verbose_name='kind')),
                ('name', models.CharField(blank=True, max_length=64, verbose_name='name')),
                ('stages', models.JSONField(blank=True, default=list, verbose_name='stages')),
                ('priority', models.PositiveSmallIntegerField(default=0, verbose_name='priority')),
                ('key_digest', models.BinaryField(max_length=32, null=True)),
                ('key_version', models.PositiveIntegerField(default=1, editable=False)),
                ('delay_minutes', models.PositiveIntegerField(default=0, verbose_name='delay, minutes')),
                ('card_version', models.PositiveIntegerField(default=0, editable=False)),
            ],
            options={
                'verbose_name': 'trigger',
                'verbose_name_plural': 'triggers',
            },
        ),
        migrations.RenameField(
            model_name='leadmirror',
            old_name='rule_id',
            new_name='trigger_id',
        ),
        migrations.RenameField(
            model_name='managerload',
            old_name='open_leads',
            new_name='number',
        ),
        migrations.RenameField(
            model_name='turnrecord',
            old_name='rule_id',
            new_name='trigger_id',
        ),
        migrations.AddField(
            model_name='decision',
            name='is_shadow',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='decision',
            name='template_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='template_version',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='trigger_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='effect',
            name='entity_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='effect',
            name='payload',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name='leadmirror',
            name='cycle',
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name='managerload',
            name='number',
            field=models.IntegerField(default=0, verbose_name='number'),
        ),
        migrations.AddField(
            model_name='managerload',
            name='scope',
            field=models.BigIntegerField(default=0, verbose_name='scope'),
        ),
        migrations.AddField(
            model_name='managerprofile',
            name='tasks',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='open tasks at most'),
        ),
        migrations.AddField(
            model_name='register',
            name='catch_up_leads',
            field=models.PositiveSmallIntegerField(default=3, verbose_name='catch-up, at most'),
        ),
        migrations.AddField(
            model_name='register',
            name='catch_up_percent',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='catch-up, percent'),
        ),
        migrations.AddField(
            model_name='register',
            name='epoch',
            field=models.PositiveIntegerField(default=1, verbose_name='epoch'),
        ),
        migrations.AddField(
            model_name='register',
            name='epoch_started_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='register',
            name='ramp',
            field=models.JSONField(blank=True, default=distribution.models.ledger.no_ramp, verbose_name='newcomers’ ramp'),
        ),
        migrations.AddField(
            model_name='register',
            name='strict_totals',
            field=models.BooleanField(default=False, verbose_name='strictly equal totals'),
        ),
        migrations.AddField(
            model_name='registerentry',
            name='joined_at',
            field=models.DateTimeField(null=True, verbose_name='since'),
        ),
        migrations.AddField(
            model_name='wave',
            name='undoes_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='decision',
            name='kind',
            field=models.CharField(choices=[('distribution', 'Distribution'), ('redistribution', 'Redistribution'), ('return', 'Return'), ('manual', 'Changed by a person'), ('linked', 'Followed a lead of the same customer'), ('undo', 'A move taken back')], max_length=16),
        ),
        migrations.AlterField(
            model_name='effect',
            name='kind',
            field=models.CharField(choices=[('owner', 'Change of responsible'), ('note', 'Note'), ('stage', 'Change of stage'), ('links', 'Look for linked entities'), ('contact', 'Responsible of a contact'), ('company', 'Responsible of a company'), ('customer', 'Responsible of a customer'), ('task', 'Responsible of a task'), ('bot', 'Continuation of a Salesbot')], max_length=8),
        ),
        migrations.AlterField(
            model_name='timer',
            name='kind',
            field=models.CharField(choices=[('drain', 'Look at the waiting leads'), ('wave', 'Move the leads of a manager who left'), ('inactivity', 'See whether a manager is still active'), ('accept', 'See whether a lead was accepted in time'), ('touch', 'See whether a lead was touched in time')], max_length=12),
        ),
        migrations.AlterField(
            model_name='wave',
            name='kind',
            field=models.CharField(choices=[('redistribution', 'Redistribution'), ('return', 'Return'), ('undo', 'A wave taken back')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(condition=models.Q(('wave_id__isnull', False)), fields=['account', 'wave_id'], name='decision_of_wave'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(condition=models.Q(('is_shadow', True)), fields=['account', 'template_id', '-decided_at'], name='decision_in_shadow'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.UniqueConstraint(condition=models.Q(('chosen_id__isnull', False), ('is_shadow', False), ('kind', 'distribution')), fields=('account', 'lead_id', 'stage_entry'), name='decision_dealt_once'),
        ),
        migrations.AddConstraint(
            model_name='managerload',
            constraint=models.UniqueConstraint(fields=('account', 'user_id', 'scope'), name='manager_load_once'),
        ),
        migrations.AddField(
            model_name='firsttouch',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='registercredit',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='registercredit',
            name='register',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.register'),
        ),
        migrations.AddField(
            model_name='registerepoch',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='registerepoch',
            name='register',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.register'),
        ),
        migrations.AddField(
            model_name='taskmirror',
            name='account',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='template',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='templateversion',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='templateversion',
            name='template',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.template'),
        ),
        migrations.AddField(
            model_name='trigger',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.account'),
        ),
        migrations.AddField(
            model_name='trigger',
            name='group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.group'),
        ),
        migrations.AddField(
            model_name='trigger',
            name='register',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='distribution.register'),
        ),
        migrations.AddField(
            model_name='trigger',
            name='template',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='distribution.template'),
        ),
        migrations.AddField(
            model_name='register',
            name='own_of',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='distribution.trigger'),
        ),
        migrations.AddIndex(
            model_name='firsttouch',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), ('touched_at__isnull', True)), fields=['account', 'lead_id'], name='first_touch_open'),
        ),
        migrations.AddIndex(
            model_name='firsttouch',
            index=models.Index(fields=['account', '-started_at'], name='first_touch_latest'),
        ),
        migrations.AddConstraint(
            model_name='firsttouch',
            constraint=models.UniqueConstraint(fields=('account', 'decision_id'), name='first_touch_once'),
        ),
        migrations.AddIndex(
            model_name='registercredit',
            index=models.Index(fields=['account', 'register', '-at'], name='credit_latest'),
        ),
        migrations.AddConstraint(
            model_name='registerepoch',
            constraint=models.UniqueConstraint(fields=('register', 'epoch'), name='register_epoch_once'),
        ),
        migrations.AddConstraint(
            model_name='taskmirror',
            constraint=models.UniqueConstraint(fields=('account', 'task_id'), name='task_mirror_once'),
        ),
        migrations.AddConstraint(
            model_name='template',
            constraint=models.UniqueConstraint(condition=models.Q(('is_simple', False)), fields=('account', 'name'), name='template_name_once'),
        ),
        migrations.AddConstraint(
            model_name='template',
            constraint=models.UniqueConstraint(condition=models.Q(('is_simple', True)), fields=('account',), name='template_one_simple'),
        ),
        migrations.AddConstraint(
            model_name='templateversion',
            constraint=models.UniqueConstraint(fields=('template', 'version'), name='template_version_once'),
        ),
        migrations.AddConstraint(
            model_name='trigger',
            constraint=models.UniqueConstraint(condition=models.Q(('group__isnull', False)), fields=('account', 'group'), name='trigger_group_once'),
        ),
        migrations.AddConstraint(
            model_name='trigger',
            constraint=models.UniqueConstraint(condition=models.Q(('key_digest__isnull', False)), fields=('key_digest',), name='trigger_key_once'),
        ),
    ]
