"""What Kommo's API says, as values. Tolerant of missing keys, strict about types, never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Json = Mapping[str, Any]
T = TypeVar("T")
_BIGGEST = 2**63 - 1


def whole(value: object, default: int = 0) -> int:
    """Return `value` as a whole number of 64 bits, else `default`. Digits in a string count."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value if -_BIGGEST <= value <= _BIGGEST else default
    if isinstance(value, float) and value.is_integer() and abs(value) <= _BIGGEST:
        return int(value)
    if (
        isinstance(value, str)
        and len(value) <= 20
        and value.isascii()
        and value.lstrip("-").isdigit()
    ):
        try:
            return whole(int(value), default)
        except ValueError:
            return default
    return default


def whole_or_none(value: object) -> int | None:
    """Return `value` as a whole number, or None where it is none."""
    found = whole(value, -_BIGGEST)
    return None if found == -_BIGGEST else found


def text(value: object) -> str:
    """Return a string as it is (without NUL, which PostgreSQL refuses), anything else as ''."""
    return value.replace("\x00", "") if isinstance(value, str) else ""


def mapping(value: object) -> Json:
    """Return a JSON object as it is, anything else (PHP writes [] for an empty one) as {}."""
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> list[Json]:
    """Return the objects of a JSON list; anything else is left out."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def embedded(value: object, key: str) -> list[Json]:
    """Return the objects under `_embedded.key`."""
    return rows(mapping(mapping(value).get("_embedded")).get(key))


def read_each(read: Callable[[Json], T | None], found: list[Json]) -> list[T]:
    """Return `read` of every row, without those that are nothing (no id)."""
    return [value for value in map(read, found) if value is not None]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as it was read."""

    id: int
    name: str
    pipeline_id: int
    status_id: int
    owner_id: int  # 0 = nobody
    updated_at: int  # unix seconds
    created_at: int
    closed_at: int | None
    is_deleted: bool
    field_values: Mapping[int, tuple[Any, ...]]  # field id -> its values
    contact_ids: tuple[int, ...] = ()  # with=contacts only; the main contact first
    company_ids: tuple[int, ...] = ()
    created_by: int = 0
    updated_by: int = 0  # 0 = robot
    price: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """A user group; the default one has the id 0."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account."""

    id: int
    name: str
    email: str
    language: str
    group_id: int  # 0 = the default group
    is_admin: bool
    is_active: bool
    is_free: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage; 142 and 143 stand in every pipeline."""

    id: int
    pipeline_id: int
    name: str
    sort: int
    type: int  # 1 = incoming leads
    color: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages."""

    id: int
    name: str
    sort: int
    is_main: bool
    is_archived: bool
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class LeadField:
    """A custom field of leads."""

    id: int
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account itself."""

    id: int
    name: str
    subdomain: str
    language: str
    country: str
    zone: str
    current_user_id: int
    users_groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class OwnerEvent:
    """One change of a lead's owner, as Kommo's event list has it."""

    lead_id: int
    at: int  # unix seconds
    by: int  # user id, 0 = robot
    from_id: int
    to_id: int


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a lead."""

    id: int
    lead_id: int
    text: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Linked:
    """A contact or a company: whose it is."""

    id: int
    owner_id: int
    updated_at: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Task:
    """A task on an entity: whose it is."""

    id: int
    owner_id: int
    entity_id: int
    entity_type: str
    updated_at: int
    is_completed: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook subscription of the account."""

    id: int
    destination: str
    settings: frozenset[str]
    is_disabled: bool


def read_lead(row: Json) -> Lead | None:
    """Return the lead of an API row; None without an id."""
    lead_id = whole(row.get("id"))
    if lead_id <= 0:
        return None
    contacts = sorted(embedded(row, "contacts"), key=lambda one: one.get("is_main") is not True)
    return Lead(
        id=lead_id,
        name=text(row.get("name")),
        pipeline_id=whole(row.get("pipeline_id")),
        status_id=whole(row.get("status_id")),
        owner_id=whole(row.get("responsible_user_id")),
        updated_at=whole(row.get("updated_at")),
        created_at=whole(row.get("created_at")),
        closed_at=whole_or_none(row.get("closed_at")),
        is_deleted=row.get("is_deleted") is True,
        field_values=read_field_values(row.get("custom_fields_values")),
        contact_ids=_ids(contacts),
        company_ids=_ids(embedded(row, "companies")),
        created_by=whole(row.get("created_by")),
        updated_by=whole(row.get("updated_by")),
        price=whole(row.get("price")),
    )


def read_field_values(value: object) -> dict[int, tuple[Any, ...]]:
    """Return field id -> values of `custom_fields_values` (null where there are none)."""
    found: dict[int, tuple[Any, ...]] = {}
    for row in rows(value):
        field_id = whole(row.get("field_id"))
        if field_id > 0:
            found[field_id] = tuple(one.get("value") for one in rows(row.get("values")))
    return found


def read_user(row: Json) -> User | None:
    """Return the user of an API row; None without an id. Kommo's null group is the default one, 0."""
    user_id = whole(row.get("id"))
    rights = mapping(row.get("rights"))
    if user_id <= 0:
        return None
    return User(
        id=user_id,
        name=text(row.get("name")),
        email=text(row.get("email")),
        language=text(row.get("lang"))[:8],
        group_id=whole(rights.get("group_id")),
        is_admin=rights.get("is_admin") is True,
        is_active=rights.get("is_active") is not False,
        is_free=rights.get("is_free") is True,
    )


def read_pipeline(row: Json) -> Pipeline | None:
    """Return the pipeline of an API row with its stages; None without an id."""
    pipeline_id = whole(row.get("id"))
    if pipeline_id <= 0:
        return None
    stages = [
        _stage(one, pipeline_id) for one in embedded(row, "statuses") if whole(one.get("id")) > 0
    ]
    return Pipeline(
        id=pipeline_id,
        name=text(row.get("name")),
        sort=whole(row.get("sort")),
        is_main=row.get("is_main") is True,
        is_archived=row.get("is_archive") is True,
        stages=tuple(stages),
    )


def _stage(row: Json, pipeline_id: int) -> Stage:
    return Stage(
        id=whole(row.get("id")),
        pipeline_id=pipeline_id,
        name=text(row.get("name")),
        sort=whole(row.get("sort")),
        type=whole(row.get("type")),
        color=text(row.get("color"))[:16],
    )


def read_lead_field(row: Json) -> LeadField | None:
    """Return the custom field of an API row; None without an id."""
    field_id = whole(row.get("id"))
    if field_id <= 0:
        return None
    return LeadField(id=field_id, name=text(row.get("name")), type=text(row.get("type"))[:32])


def read_account(row: Json) -> AccountFacts:
    """Return the account; keys that Kommo left out are empty."""
    inner = mapping(row.get("_embedded"))
    groups = [
        Group(whole(one.get("id")), text(one.get("name"))) for one in embedded(row, "users_groups")
    ]
    return AccountFacts(
        id=whole(row.get("id")),
        name=text(row.get("name")),
        subdomain=text(row.get("subdomain")),
        language=text(row.get("language"))[:8],
        country=text(row.get("country"))[:2],
        zone=text(mapping(inner.get("datetime_settings")).get("timezone"))[:64],
        current_user_id=whole(row.get("current_user_id")),
        users_groups=tuple(groups),
    )


def read_owner_event(row: Json) -> OwnerEvent | None:
    """Return the change of owner of an event row; None when it is about something else."""
    lead_id = whole(row.get("entity_id"))
    if lead_id <= 0 or row.get("type") != "entity_responsible_changed":
        return None
    return OwnerEvent(
        lead_id=lead_id,
        at=whole(row.get("created_at")),
        by=whole(row.get("created_by")),
        from_id=_responsible(row.get("value_before")),
        to_id=_responsible(row.get("value_after")),
    )


def _responsible(value: object) -> int:
    return next((whole(mapping(row.get("responsible_user")).get("id")) for row in rows(value)), 0)


def read_note(row: Json) -> Note | None:
    """Return the note of an API row; None without an id."""
    note_id = whole(row.get("id"))
    if note_id <= 0:
        return None
    words = text(mapping(row.get("params")).get("text"))
    return Note(note_id, whole(row.get("entity_id")), words, whole(row.get("created_at")))


def read_linked(row: Json) -> Linked | None:
    """Return the contact or company of an API row; None without an id."""
    entity_id = whole(row.get("id"))
    if entity_id <= 0:
        return None
    owner_id, updated_at = whole(row.get("responsible_user_id")), whole(row.get("updated_at"))
    return Linked(entity_id, owner_id, updated_at, row.get("is_deleted") is True)


def read_task(row: Json) -> Task | None:
    """Return the task of an API row; None without an id."""
    task_id = whole(row.get("id"))
    if task_id <= 0:
        return None
    return Task(
        id=task_id,
        owner_id=whole(row.get("responsible_user_id")),
        entity_id=whole(row.get("entity_id")),
        entity_type=text(row.get("entity_type")),
        updated_at=whole(row.get("updated_at")),
        is_completed=row.get("is_completed") is True,
    )


def read_subscription(row: Json) -> Subscription | None:
    """Return the webhook subscription of an API row; None without a destination."""
    destination = text(row.get("destination"))
    settings = row.get("settings") if isinstance(row.get("settings"), list) else ()
    codes = frozenset(one for one in settings or () if isinstance(one, str))
    if not destination:
        return None
    return Subscription(whole(row.get("id")), destination, codes, row.get("disabled") is True)


def read_changed(found: list[Json]) -> Iterator[tuple[int, int]]:
    """Yield (id, updated_at) of the thin rows that answer a PATCH."""
    for row in found:
        if (entity_id := whole(row.get("id"))) > 0:
            yield entity_id, whole(row.get("updated_at"))


def _ids(found: list[Json]) -> tuple[int, ...]:
    return tuple(one for one in (whole(row.get("id")) for row in found) if one > 0)
