"""Shifts, pauses, presence, settings; btree_gist lets a constraint compare a manager beside a period."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("widget", "page open in Kommo"),
                            ("webhook", "action in Kommo"),
                            ("console", "console"),
                        ],
                        max_length=8,
                        verbose_name="where",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "manager",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.manager",
                        verbose_name="manager",
                    ),
                ),
            ],
            options={
                "verbose_name": "presence",
                "verbose_name_plural": "presence",
            },
        ),
        migrations.CreateModel(
            name="Shift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "start_cause",
                    models.CharField(
                        choices=[
                            ("button", "by the manager"),
                            ("console", "in the console"),
                            ("api", "through the API"),
                            ("activity", "activity in Kommo"),
                            ("inactivity", "no activity"),
                            ("deactivated", "deactivated in Kommo"),
                            ("unlicensed", "no longer takes part"),
                        ],
                        max_length=12,
                        verbose_name="started by",
                    ),
                ),
                (
                    "end_cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("button", "by the manager"),
                            ("console", "in the console"),
                            ("api", "through the API"),
                            ("activity", "activity in Kommo"),
                            ("inactivity", "no activity"),
                            ("deactivated", "deactivated in Kommo"),
                            ("unlicensed", "no longer takes part"),
                        ],
                        max_length=12,
                        verbose_name="ended by",
                    ),
                ),
                ("started_by", models.BigIntegerField(blank=True, null=True)),
                ("ended_by", models.BigIntegerField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "manager",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.manager",
                        verbose_name="manager",
                    ),
                ),
            ],
            options={
                "verbose_name": "shift",
                "verbose_name_plural": "shifts",
            },
        ),
        migrations.CreateModel(
            name="ShiftPause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("button", "by the manager"),
                            ("console", "in the console"),
                            ("api", "through the API"),
                            ("activity", "activity in Kommo"),
                            ("inactivity", "no activity"),
                            ("deactivated", "deactivated in Kommo"),
                            ("unlicensed", "no longer takes part"),
                        ],
                        max_length=12,
                        verbose_name="paused by",
                    ),
                ),
                (
                    "end_cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("button", "by the manager"),
                            ("console", "in the console"),
                            ("api", "through the API"),
                            ("activity", "activity in Kommo"),
                            ("inactivity", "no activity"),
                            ("deactivated", "deactivated in Kommo"),
                            ("unlicensed", "no longer takes part"),
                        ],
                        max_length=12,
                        verbose_name="ended by",
                    ),
                ),
                ("started_by", models.BigIntegerField(blank=True, null=True)),
                ("ended_by", models.BigIntegerField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "shift",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pauses",
                        to="shifts.shift",
                        verbose_name="shift",
                    ),
                ),
            ],
            options={
                "verbose_name": "pause",
                "verbose_name_plural": "pauses",
            },
        ),
        migrations.CreateModel(
            name="ShiftSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("manual", "Manual"),
                            ("automatic", "Automatic"),
                            ("hybrid", "Hybrid"),
                        ],
                        default="manual",
                        max_length=9,
                        verbose_name="shift mode",
                    ),
                ),
                (
                    "pause_after_minutes",
                    models.PositiveIntegerField(default=15, verbose_name="paused after, minutes"),
                ),
                (
                    "offline_after_minutes",
                    models.PositiveIntegerField(default=15, verbose_name="offline after, minutes"),
                ),
                (
                    "inactivity_ends_hand_pause",
                    models.BooleanField(
                        default=False, verbose_name="inactivity also ends a pause made by hand"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "verbose_name": "shift settings",
                "verbose_name_plural": "shift settings",
            },
        ),
        migrations.AddIndex(
            model_name="shift",
            index=models.Index(fields=["manager", "-started_at", "-id"], name="shift_latest"),
        ),
        migrations.AddIndex(
            model_name="shift",
            index=models.Index(fields=["account", "started_at"], name="shift_started"),
        ),
        migrations.AddIndex(
            model_name="shift",
            index=models.Index(fields=["account", "ended_at"], name="shift_ended"),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("manager", "="),
                    (
                        models.Func(
                            "started_at",
                            "ended_at",
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="shift_no_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("manager",),
                name="shift_one_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                ),
                name="shift_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="shift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_cause", ""), ("ended_at", None)),
                    models.Q(
                        ("ended_at__isnull", False), models.Q(("end_cause", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="shift_end_has_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="shiftpause",
            index=models.Index(fields=["shift", "-started_at", "-id"], name="shift_pause_latest"),
        ),
        migrations.AddIndex(
            model_name="shiftpause",
            index=models.Index(fields=["account", "started_at"], name="shift_pause_started"),
        ),
        migrations.AddIndex(
            model_name="shiftpause",
            index=models.Index(fields=["account", "ended_at"], name="shift_pause_ended"),
        ),
        migrations.AddConstraint(
            model_name="shiftpause",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("shift", "="),
                    (
                        models.Func(
                            "started_at",
                            "ended_at",
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="shift_pause_no_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftpause",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("shift",),
                name="shift_pause_one_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftpause",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"
                ),
                name="shift_pause_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftsettings",
            constraint=models.UniqueConstraint(
                fields=("account",), name="shift_settings_one_an_account"
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("pause_after_minutes__gte", 1)),
                name="shift_settings_pause_after",
            ),
        ),
        migrations.AddConstraint(
            model_name="shiftsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("offline_after_minutes__gte", 1)),
                name="shift_settings_offline_after",
            ),
        ),
    ]
