"""Checking what a client sends for leads, contacts and companies; writes nothing."""

from typing import Any

from sandbox.account import Account
from sandbox.api.context import Faults
from sandbox.crm import Crm
from sandbox.model import CustomField, Lead

Values = dict[int, list[dict[str, Any]] | None]
NOT_SUPPORTED = "NotSupportedChoice"


def whole_number(item: dict[str, Any], name: str, faults: Faults, key: str) -> int | None:
    """Return an integer of the item, None when absent or null; a wrong type is a fault."""
    value = item.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    faults.add(key, "InvalidType", name, "This value should be of type int.")
    return None


def words(item: dict[str, Any], name: str, faults: Faults, key: str) -> str | None:
    """Return a string of the item, None when absent or null."""
    value = item.get(name)
    if value is None or isinstance(value, str):
        return value
    faults.add(key, "InvalidType", name, "This value should be of type string.")
    return None


def known_user(
    account: Account, item: dict[str, Any], name: str, faults: Faults, key: str
) -> int | None:
    """Return a user id of the account; 0 (robot) is allowed for created_by and updated_by."""
    number = whole_number(item, name, faults, key)
    is_robot = number == 0 and name != "responsible_user_id"
    if number is None or is_robot or number in account.users:
        return number
    faults.add(key, NOT_SUPPORTED, name, "The value you selected is not a valid choice.")
    return None


def placed(
    account: Account, item: dict[str, Any], lead: Lead | None, faults: Faults, key: str
) -> dict[str, int]:
    """Return pipeline_id and status_id as they will be; a pipeline alone means its first stage."""
    pipeline_id = whole_number(item, "pipeline_id", faults, key)
    status_id = whole_number(item, "status_id", faults, key)
    if pipeline_id is None and status_id is None and lead is not None:
        return {}
    if pipeline_id is None:
        pipeline_id = lead.pipeline_id if lead else _home_of(account, status_id)
    pipeline = account.pipelines.get(pipeline_id)
    if pipeline is None:
        faults.add(key, NOT_SUPPORTED, "pipeline_id", "The pipeline does not exist.")
        return {}
    if status_id is None:
        status_id = pipeline.first_stage().id
    if status_id not in pipeline.stages:
        faults.add(key, NOT_SUPPORTED, "status_id", "The stage is not in the pipeline.")
        return {}
    return {"pipeline_id": pipeline_id, "status_id": status_id}


def _home_of(account: Account, status_id: int | None) -> int:
    """Return the first pipeline with that stage, else the main one."""
    holders = [p.id for p in account.pipelines.values() if status_id in p.stages]
    return (holders or [p.id for p in account.pipelines.values() if p.is_main])[0]


def filled_fields(
    known: dict[int, CustomField], item: dict[str, Any], faults: Faults, key: str
) -> Values:
    """Return custom_fields_values as field id -> values, None clears; faults for unknown fields."""
    checked: Values = {}
    given = item.get("custom_fields_values")
    if given is not None and not isinstance(given, list):
        faults.add(key, "InvalidType", "custom_fields_values", "This value should be an array.")
        return checked
    for index, entry in enumerate(given or ()):
        path = f"custom_fields_values.{index}"
        meta = _field_named(known, entry) if isinstance(entry, dict) else None
        if meta is None:
            faults.add(key, NOT_SUPPORTED, f"{path}.field_id", "The field does not exist.")
            continue
        values = entry.get("values")
        if values is not None and not _is_filled(meta, values):
            faults.add(key, "InvalidType", f"{path}.values", f"Not a value of type {meta.type}.")
            continue
        checked[meta.id] = values
    return checked


def _field_named(known: dict[int, CustomField], entry: dict[str, Any]) -> CustomField | None:
    code = entry.get("field_code")
    if code is not None:
        return next((meta for meta in known.values() if meta.code == code), None)
    number = entry.get("field_id")
    return known.get(number) if isinstance(number, int) else None


def _is_filled(meta: CustomField, values: object) -> bool:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        return False
    if meta.type == "checkbox":
        return all(isinstance(value.get("value"), bool) for value in values)
    return True


def tags_of(crm: Crm, item: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the full new set of tags, None when the item does not speak of them."""
    embedded = item.get("_embedded")
    if not isinstance(embedded, dict) or "tags" not in embedded:
        return None
    found = []
    for tag in embedded["tags"] or ():
        number = tag.get("id") or crm.next_id("tag", 100_001)
        found.append({"id": number, "name": str(tag.get("name", number)), "color": None})
    return found


def linked_ids(item: dict[str, Any], name: str) -> list[int]:
    """Return the ids of _embedded[name]."""
    embedded = item.get("_embedded")
    rows = embedded.get(name) if isinstance(embedded, dict) else None
    return [row["id"] for row in rows or () if isinstance(row, dict) and "id" in row]


def shown_fields(
    known: dict[int, CustomField], values: dict[int, list[dict[str, Any]]]
) -> list[dict[str, Any]] | None:
    """Return custom_fields_values of an answer: null when nothing is filled."""
    listed = []
    for field_id, filled in values.items():
        meta = known[field_id]
        listed.append(
            {
                "field_id": field_id,
                "field_name": meta.name,
                "field_code": meta.code,
                "field_type": meta.type,
                "values": filled,
            }
        )
    return listed or None
