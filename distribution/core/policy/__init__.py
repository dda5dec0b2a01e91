"""The body of a template: everything that a policy says, as one document with a schema."""

from distribution.core.policy.body import (
    Acceptance,
    Body,
    Departure,
    FirstTouch,
    Gates,
    Hours,
    Limits,
    Member,
    Nobody,
    Skills,
    StickyRules,
)
from distribution.core.policy.document import Problem, read_body, to_json

__all__ = [
    "Acceptance",
    "Body",
    "Departure",
    "FirstTouch",
    "Gates",
    "Hours",
    "Limits",
    "Member",
    "Nobody",
    "Problem",
    "Skills",
    "StickyRules",
    "read_body",
    "to_json",
]
