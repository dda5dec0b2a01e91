"""What a body names and the account does not have (any longer): stages, fields, people, schedules."""

from __future__ import annotations

from collections.abc import Iterator

from distribution.core.policy import Body
from distribution.queries.templates import Choices


def references_gone(body: Body, has: Choices) -> Iterator[tuple[str, str]]:
    """Yield path and kind of each reference that is used but not there; members are told elsewhere."""
    accept = body.acceptance
    stages = (
        ("nobody.stage", body.nobody.then == "move_stage", body.nobody.stage),
        ("acceptance.cap_stage", bool(accept.minutes), accept.cap_stage),
    )
    for path, is_used, stage in stages:
        if is_used and stage and not has.has_place(*stage):
            yield path, "stage"
    by_field = bool(accept.minutes) and "field" in accept.accepted_by
    used_fields = (
        ("skills.field_id", body.skills.mode != "off", body.skills.field_id),
        ("acceptance.field_id", by_field, accept.field_id),
    )
    known = {row.kommo_id for row in has.catalogue.fields}
    for path, is_used, field_id in used_fields:
        if is_used and field_id is not None and field_id not in known:
            yield path, "field"
    takers = {person.kommo_id for person in has.takers}
    if body.nobody.then == "duty" and body.nobody.duty not in (None, *takers):
        yield "nobody.duty", "person"
    if body.gates.schedule == "named" and body.gates.pattern not in ("", *has.patterns):
        yield "gates.pattern", "pattern"
    if body.limits.counts == "chosen" and not all(
        has.has_place(*one) for one in body.limits.stages
    ):
        yield "limits.stages", "stages"
    if not all(user in has.by_id for user in body.sticky.always_distribute):
        yield "sticky.always_distribute", "people"
