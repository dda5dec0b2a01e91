"""Reads the hook of the widget's action in the digital pipeline. Any bytes are read, nothing raised.

Source: Kommo's page on widgets in the digital pipeline. It prints JSON; forms were seen as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.kommo.hook_body import Fields, read_fields, settings_of
from accounts.kommo.values import whole

LEAD, CUSTOMER = 2, 12  # element types
LEFT = "went_from_trigger"  # a direction: the lead has left the trigger's stages
MOST_SETTINGS = 20
LONGEST_SETTING = 200  # characters of a key and of a value; what is longer is left out
_SETTINGS = ("action", "settings", "widget", "settings")
_LONGEST_CODE = 64
# The type of a code, for hooks that name the code alone.
_TYPES = {
    "lead_added": 1,
    "lead_status_changed": 14,
    "lead_appeared_in_status": 15,
    "mail_in": 16,
    "call_in": 17,
    "site_visit": 18,
    "chat": 19,
}


@dataclass(frozen=True, slots=True)
class PipelineHook:
    """A trigger that has fired. What the hook did not say is 0 or empty; it carries no signature."""

    account_id: int
    subdomain: str
    event_type: int  # 15: the lead is in the stage; 14: it came there; 1: it was created there
    type_code: str
    direction: str  # went_to_trigger, went_in_trigger, went_from_trigger
    lead_id: int  # the customer's id where the element is one
    element_type: int  # 2 = lead, 12 = customer
    pipeline_id: int
    status_id: int
    time: int  # unix seconds
    settings: dict[str, str] = field(default_factory=dict)  # of the trigger, by their codes

    @property
    def is_of_lead(self) -> bool:
        """Whether the element is a lead."""
        return self.element_type == LEAD

    @property
    def has_left(self) -> bool:
        """Whether the lead has left the trigger: nothing is to be done."""
        return self.direction == LEFT


def read_pipeline_hook(body: bytes, content_type: str) -> PipelineHook | None:
    """Return the hook that `body` is, as JSON or as a form, whatever `content_type` says.

    None for anything else: no element, no kind of event, or more than 1 MiB.
    """
    found = (_hook(fields) for fields in read_fields(body, content_type))
    return next((hook for hook in found if hook is not None), None)


def _hook(fields: Fields) -> PipelineHook | None:
    code = fields.get(("event", "type_code"), "")[:_LONGEST_CODE]
    event_type = _number(fields, "event", "type") or _TYPES.get(code, 0)
    lead_id = _number(fields, "event", "data", "id")
    if not lead_id or not event_type:
        return None
    has_element = ("event", "data", "element_type") in fields
    return PipelineHook(
        account_id=_number(fields, "account_id"),
        subdomain=fields.get(("subdomain",), "")[:63],
        event_type=event_type,
        type_code=code,
        direction=fields.get(("event", "data", "direction_of_movement"), "")[:_LONGEST_CODE],
        lead_id=lead_id,
        element_type=_number(fields, "event", "data", "element_type") if has_element else LEAD,
        pipeline_id=_number(fields, "event", "data", "pipeline_id"),
        status_id=_number(fields, "event", "data", "status_id"),
        time=_number(fields, "event", "time"),
        settings=settings_of(fields, _SETTINGS, most=MOST_SETTINGS, longest=LONGEST_SETTING),
    )


def _number(fields: Fields, *path: str) -> int:
    return max(whole(fields.get(path)), 0)
