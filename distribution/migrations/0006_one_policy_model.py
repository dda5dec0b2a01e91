"""Group rules become triggers of one template an account: what the page "Shift distribution" edits."""

from django.db import migrations


def copy(apps, schema_editor):
    get = lambda name: apps.get_model("distribution", name)
    Settings, Rule, Stage = get("DistributionSettings"), get("GroupRule"), get("GroupStage")
    Template, Trigger, Register = get("Template"), get("Trigger"), get("Register")
    accounts = set(Settings.objects.values_list("account_id", flat=True))
    accounts |= set(Rule.objects.values_list("account_id", flat=True))
    for account in sorted(accounts):
        settings = Settings.objects.filter(account_id=account).first()
        rules = list(Rule.objects.filter(account_id=account).select_related("group"))
        template = Template.objects.create(
            account_id=account,
            name="Shift distribution",
            is_simple=True,
            body=_body(settings, rules),
        )
        for rule in rules:
            rows = Stage.objects.filter(rule=rule).order_by("pipeline_id", "status_id")
            trigger = Trigger.objects.create(
                id=rule.id,
                account_id=account,
                template=template,
                kind="watch",
                group=rule.group,
                priority=rule.priority,
                stages=[list(row) for row in rows.values_list("pipeline_id", "status_id")],
            )
            own = Register.objects.filter(rule=rule).first() or Register.objects.create(
                account_id=account, name=rule.group.name
            )
            Register.objects.filter(pk=own.pk).update(own_of=trigger)
            Trigger.objects.filter(pk=trigger.pk).update(register=own)
    # A register whose rule is gone belongs to nobody: its name may stand twice.
    for row in Register.objects.filter(own_of=None):
        Register.objects.filter(pk=row.pk).update(name=f"{row.name[:240]} ({row.pk})")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('distribution_trigger', 'id'),"
            " greatest((SELECT coalesce(max(id), 0) FROM distribution_trigger), 1))"
        )


def _body(settings, rules):
    members = [{"kind": "group", "id": rule.group.kommo_id} for rule in rules]
    body = {"members": members, "departure": {"moves": True}}
    body["gates"] = {"shift": "require"}
    body["limits"] = {"counts": "tracked"}
    if settings is None:
        return {**body, "strategy": "least_loaded", "hours": {"start": "09:00", "end": "18:00"}}
    body["strategy"] = settings.strategy
    body["hours"] = {
        "start": settings.hours_from.strftime("%H:%M"),
        "end": settings.hours_to.strftime("%H:%M"),
    }
    body["gates"]["schedule"] = "personal" if settings.schedule_gate else "off"
    body["gates"]["start_delay_minutes"] = settings.start_delay_minutes
    return body


class Migration(migrations.Migration):
    dependencies = [("distribution", "0005_templates")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop, elidable=False)]
