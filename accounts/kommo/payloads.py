"""What Kommo's API says, as values. Tolerant of missing keys, strict about types, never raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.kommo.linked import Linked as Linked
from accounts.kommo.linked import Task as Task
from accounts.kommo.linked import read_linked as read_linked
from accounts.kommo.linked import read_task as read_task
from accounts.kommo.values import Json as Json
from accounts.kommo.values import contact_ids_of, ids_of
from accounts.kommo.values import embedded as embedded
from accounts.kommo.values import mapping as mapping
from accounts.kommo.values import read_each as read_each
from accounts.kommo.values import rows as rows
from accounts.kommo.values import text as text
from accounts.kommo.values import whole as whole
from accounts.kommo.values import whole_or_none as whole_or_none


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
    tags: tuple[str, ...] = ()  # their names
    list_fields: frozenset[int] = frozenset()  # fields whose values are picked from a list

    @property
    def main_contact_id(self) -> int | None:
        """The main contact, else the first; None without contacts or without with=contacts."""
        return self.contact_ids[0] if self.contact_ids else None

    @property
    def company_id(self) -> int | None:
        """The company; a lead has one at most."""
        return self.company_ids[0] if self.company_ids else None


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
    customers_mode: str = ""  # unavailable, disabled, segments, periodicity or dynamic

    @property
    def has_customers(self) -> bool:
        """Whether customers are switched on; without, their pages are not there."""
        return self.customers_mode not in {"", "unavailable", "disabled"}


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
        contact_ids=contact_ids_of(row),
        company_ids=ids_of(embedded(row, "companies")),
        created_by=whole(row.get("created_by")),
        updated_by=whole(row.get("updated_by")),
        price=whole(row.get("price")),
        tags=tuple(name for one in embedded(row, "tags") if (name := text(one.get("name")))),
        list_fields=read_list_fields(row.get("custom_fields_values")),
    )


def read_field_values(value: object) -> dict[int, tuple[Any, ...]]:
    """Return field id -> values of `custom_fields_values` (null where there are none)."""
    found: dict[int, tuple[Any, ...]] = {}
    for row in rows(value):
        field_id = whole(row.get("field_id"))
        if field_id > 0:
            found[field_id] = tuple(one.get("value") for one in rows(row.get("values")))
    return found


def read_list_fields(value: object) -> frozenset[int]:
    """Return the ids of fields in `custom_fields_values` whose values have an `enum_id`."""
    return frozenset(
        whole(row.get("field_id"))
        for row in rows(value)
        if any(whole(one.get("enum_id")) for one in rows(row.get("values")))
    )


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
        customers_mode=text(row.get("customers_mode"))[:16],
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
