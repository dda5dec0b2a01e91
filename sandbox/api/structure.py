"""The account and its make-up: users, roles, pipelines, custom fields, widgets (KOMMO.md §3.1-3.3)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.api.context import Context, paged, whole
from sandbox.model import CustomField, Pipeline, Stage, User
from sandbox.wire import Answer, as_json, no_content, not_found

TASK_TYPES = [
    {"id": 1, "name": "Follow-up", "color": None, "icon_id": None, "code": "FOLLOW_UP"},
    {"id": 2, "name": "Meeting", "color": None, "icon_id": None, "code": "MEETING"},
]


def account(context: Context) -> Answer:
    """Answer GET /account."""
    home = context.account
    value: dict[str, Any] = {
        "id": home.id,
        "name": home.name,
        "subdomain": home.subdomain,
        "created_at": home.created_at,
        "created_by": 0,
        "updated_at": home.created_at,
        "updated_by": 0,
        "current_user_id": context.user.id,
        "country": home.country,
        "currency": home.currency,
        "currency_symbol": "$",
        "customers_mode": home.customers_mode,
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
        "_links": context.link("/api/v4/account"),
        "_embedded": _account_parts(context),
    }
    return as_json(200, value | _account_extras(context))


def _account_extras(context: Context) -> dict[str, Any]:
    extras = {
        "amojo_id": f"00000000-0000-4000-8000-{context.account.id:012d}",
        "uuid": f"00000000-0000-4001-8000-{context.account.id:012d}",
        "version": 19,
        "drive_url": "https://drive-c.kommo.com",
        "is_api_filter_enabled": True,
        "entity_names": {"leads": {"en": {"singular_form": {}, "plural_form": {}}}},
    }
    return {name: value for name, value in extras.items() if context.wants(name)}


def _account_parts(context: Context) -> dict[str, Any]:
    home = context.account
    parts: dict[str, Any] = {
        "amojo_rights": {"can_direct": True, "can_create_groups": True},
        "users_groups": [
            {"id": number, "name": name, "uuid": None} for number, name in home.groups.items()
        ],
        "task_types": TASK_TYPES,
        "datetime_settings": _datetime_settings(home.zone, context.crm.now()),
    }
    return {name: value for name, value in parts.items() if context.wants(name)}


def _datetime_settings(zone: str, now: float) -> dict[str, Any]:
    offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).strftime("%z")
    return {
        "date_pattern": "d.m.Y H:i",
        "short_date_pattern": "d.m.Y",
        "short_time_pattern": "H:i",
        "date_format": "d.m.Y",
        "time_format": "H:i:s",
        "timezone": zone,
        "timezone_offset": f"{offset[:3]}:{offset[3:]}",
    }


def users(context: Context) -> Answer:
    """Answer GET /users."""
    return paged(context, "users", context.account.users.values(), lambda u: _user(context, u))


def one_user(context: Context, number: int) -> Answer:
    """Answer GET /users/{id}."""
    user = context.account.users.get(number)
    return as_json(200, _user(context, user)) if user else not_found()


def _user(context: Context, user: User) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": user.lang,
        "rights": _rights(user),
        "_links": context.link(f"/api/v4/users/{user.id}"),
    }
    for name, part in (("uuid", f"00000000-0000-4002-8000-{user.id:012d}"), ("user_rank", None),
                       ("amojo_id", f"00000000-0000-4003-8000-{user.id:012d}"),
                       ("phone_number", None)):  # fmt: skip
        if context.wants(name):
            value[name] = part
    groups = [{"id": user.group_id, "name": context.account.groups.get(user.group_id, "")}]
    embedded: dict[str, Any] = {"roles": []} if context.wants("role") else {}
    if context.wants("group"):
        embedded["groups"] = groups if user.group_id else []
    return {**value, "_embedded": embedded}


def _rights(user: User) -> dict[str, Any]:
    letters = {
        entity: {
            verb: "A" if user.is_admin else user.rights.get(f"{entity}.{verb}", "A")
            for verb in ("view", "edit", "add", "delete", "export")
        }
        for entity in ("leads", "contacts", "companies")
    }
    return {
        **letters,
        "tasks": {"edit": "A", "delete": "A"},
        "mail_access": False,
        "catalog_access": True,
        "files_access": True,
        "status_rights": [],
        "is_admin": user.is_admin,
        "is_free": user.is_free,
        "is_active": user.is_active,
        "group_id": user.group_id or None,  # the default group is null here, 0 on leads
        "role_id": None,
    }


def roles(context: Context) -> Answer:
    """Answer GET /roles: the sandbox has none."""
    return no_content()


def pipelines(context: Context) -> Answer:
    """Answer GET /leads/pipelines."""
    listed = [_pipeline(context, pipeline) for pipeline in context.account.pipelines.values()]
    return whole(context, "pipelines", listed)


def one_pipeline(context: Context, number: int) -> Answer:
    """Answer GET /leads/pipelines/{id}."""
    pipeline = context.account.pipelines.get(number)
    return as_json(200, _pipeline(context, pipeline)) if pipeline else not_found()


def stages(context: Context, number: int) -> Answer:
    """Answer GET /leads/pipelines/{id}/statuses."""
    pipeline = context.account.pipelines.get(number)
    if pipeline is None:
        return not_found()
    return whole(context, "statuses", [_stage(context, pipeline, s) for s in _sorted(pipeline)])


def one_stage(context: Context, number: int, stage_id: int) -> Answer:
    """Answer GET /leads/pipelines/{id}/statuses/{id}."""
    pipeline, stage = context.account.pipelines.get(number), context.account.stage(number, stage_id)
    return as_json(200, _stage(context, pipeline, stage)) if pipeline and stage else not_found()


def _sorted(pipeline: Pipeline) -> list[Stage]:
    return sorted(pipeline.stages.values(), key=lambda stage: stage.sort)


def _pipeline(context: Context, pipeline: Pipeline) -> dict[str, Any]:
    statuses = [_stage(context, pipeline, stage) for stage in _sorted(pipeline)]
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "is_main": pipeline.is_main,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": context.account.id,
        "_links": context.link(f"/api/v4/leads/pipelines/{pipeline.id}"),
        "_embedded": {"statuses": statuses},
    }


def _stage(context: Context, pipeline: Pipeline, stage: Stage) -> dict[str, Any]:
    path = f"/api/v4/leads/pipelines/{pipeline.id}/statuses/{stage.id}"
    return {
        "id": stage.id,
        "name": stage.name,
        "sort": stage.sort,
        "is_editable": stage.is_editable,
        "pipeline_id": pipeline.id,
        "color": stage.color,
        "type": stage.type,
        "account_id": context.account.id,
        "_links": context.link(path),
    }


def fields(plural: str) -> Callable[[Context], Answer]:
    """Return the handler of GET /{entity}/custom_fields."""

    def handler(context: Context) -> Answer:
        rows = context.account.fields[plural].values()
        return paged(context, "custom_fields", rows, lambda row: _field(context, plural, row))

    return handler


def _field(context: Context, plural: str, row: CustomField) -> dict[str, Any]:
    enums = [{"id": n, "value": text, "sort": 500} for n, text in row.enums.items()]
    return {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "account_id": context.account.id,
        "code": row.code,
        "sort": row.sort,
        "is_api_only": False,
        "enums": enums or None,
        "group_id": None,
        "required_statuses": [],
        "is_deletable": True,
        "is_predefined": False,
        "entity_type": plural,
        "_links": context.link(f"/api/v4/{plural}/custom_fields/{row.id}"),
    }
