"""Who takes part in a template and with what, in sentences: names, shares, tiers, limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distribution.core.policy import Body, Member
from distribution.queries.templates import Choices

MOST_NAMES = 6  # in one sentence; the rest is a number
MOST_RATIO = 4  # names whose shares stand as 60 : 40


def listed(names: Sequence[str], *, is_choice: bool = False) -> str:
    """Return names joined as the reader's language joins them: "A, B and C", or "A, B or C"."""
    shown = list(names[:MOST_NAMES])
    more = len(names) - len(shown)
    if more:
        shown.append(ngettext("%(number)s more", "%(number)s more", more) % {"number": more})
    if len(shown) < 2:
        return "".join(shown)
    parts = {"first": ", ".join(shown[:-1]), "last": shown[-1]}
    if is_choice:
        return _("%(first)s or %(last)s") % parts
    return _("%(first)s and %(last)s") % parts


def member_name(row: Member, choices: Choices) -> str:
    """Return a manager's name, or a group's in quotes."""
    if row.kind == "group":
        return _("“%(group)s”") % {"group": choices.group_name(row.id)}
    return choices.person_name(row.id)


def who_sentences(body: Body, choices: Choices) -> Iterator[str]:
    """Yield who shares the leads, then shares inside groups, then the order of tiers."""
    outer, inner = _rows(body, choices)
    if not outer:
        yield _("Nobody is chosen yet, so nobody gets leads.")
        return
    first, *later = _by_tier(outer)
    yield _shares(body, first, choices)
    if body.strategy == "weighted":
        yield from _inside(inner, choices)
    for rows in later:
        yield _next_tier(body, rows, choices)


def limit_sentences(body: Body, choices: Choices) -> Iterator[str]:
    """Yield the limits of leads, tasks and pace, and who has limits of their own."""
    limits = body.limits
    if limits.leads is not None:
        yield _most_leads(body, choices, limits.leads)
    if limits.tasks is not None:
        yield ngettext(
            "At most %(number)s open task each.",
            "At most %(number)s open tasks each.",
            limits.tasks,
        ) % {"number": limits.tasks}
    if limits.pace_leads is not None:
        yield _("At most %(leads)s in %(span)s for one person.") % {
            "leads": ngettext("%(number)s new lead", "%(number)s new leads", limits.pace_leads)
            % {"number": limits.pace_leads},
            "span": ngettext("%(minutes)s minute", "%(minutes)s minutes", limits.pace_minutes)
            % {"minutes": limits.pace_minutes},
        }
    own = [row for row in body.members if row.leads is not None or row.tasks is not None]
    if own:
        names = [_own_limit(row, choices) for row in own]
        yield _("Own limits: %(names)s.") % {"names": listed(names)}


def _most_leads(body: Body, choices: Choices, number: int) -> str:
    names = {"number": number}
    if body.limits.counts == "tracked":
        text = ngettext(
            "At most %(number)s open lead each in watched stages.",
            "At most %(number)s open leads each in watched stages.",
            number,
        )
    elif body.limits.counts == "chosen":
        places = [choices.place_name(*stage) for stage in body.limits.stages]
        text = ngettext(
            "At most %(number)s open lead each in %(stages)s.",
            "At most %(number)s open leads each in %(stages)s.",
            number,
        )
        return text % {**names, "stages": listed(places) or "…"}
    else:
        text = ngettext(
            "At most %(number)s open lead each.", "At most %(number)s open leads each.", number
        )
    return text % names


def _own_limit(row: Member, choices: Choices) -> str:
    """Return "Oleg (8 leads, 3 tasks)"."""
    parts = []
    if row.leads is not None:
        parts.append(
            ngettext("%(number)s lead", "%(number)s leads", row.leads) % {"number": row.leads}
        )
    if row.tasks is not None:
        parts.append(
            ngettext("%(number)s task", "%(number)s tasks", row.tasks) % {"number": row.tasks}
        )
    return f"{member_name(row, choices)} ({', '.join(parts)})"


def _rows(body: Body, choices: Choices) -> tuple[list[Member], dict[int, list[Member]]]:
    """Return the rows that share the leads, and those of people inside selected groups by group."""
    groups = {row.id for row in body.members if row.kind == "group"}
    outer: list[Member] = []
    inner: dict[int, list[Member]] = {}
    for row in body.members:
        person = choices.by_id.get(row.id) if row.kind == "manager" else None
        if person is not None and person.group in groups:
            inner.setdefault(int(person.group or 0), []).append(row)
        else:
            outer.append(row)
    return outer, inner


def _shares(body: Body, rows: Sequence[Member], choices: Choices) -> str:
    names = [member_name(row, choices) for row in rows]
    is_shift = body.gates.shift == "require"
    if len(rows) == 1:
        said = {"name": names[0]}
        if is_shift:
            return _("%(name)s gets all leads while on shift.") % said
        return _("%(name)s gets all leads.") % said
    if body.strategy == "weighted":
        return _ratio(rows, names, is_shift)
    said = {"names": listed(names)}
    if body.strategy == "even":
        if is_shift:
            return _("%(names)s share the leads evenly while on shift.") % said
        return _("%(names)s share the leads evenly.") % said
    if is_shift:
        return _("%(names)s share the leads by their load while on shift.") % said
    return _("%(names)s share the leads by their load.") % said


def _ratio(rows: Sequence[Member], names: Sequence[str], is_shift: bool) -> str:
    weights = [str(row.weight) for row in rows]
    if len(rows) > MOST_RATIO:
        pairs = [f"{name} {weight}" for name, weight in zip(names, weights, strict=True)]
        said = {"names": listed(pairs)}
        if is_shift:
            return _("While on shift they share the leads: %(names)s.") % said
        return _("They share the leads: %(names)s.") % said
    said = {"names": listed(names), "shares": " : ".join(weights)}
    if is_shift:
        return _("%(names)s share the leads %(shares)s while on shift.") % said
    return _("%(names)s share the leads %(shares)s.") % said


def _inside(inner: dict[int, list[Member]], choices: Choices) -> Iterator[str]:
    for group, rows in inner.items():
        if all(row.weight == 1 for row in rows):
            continue
        pairs = [f"{choices.person_name(row.id)} {row.weight}" for row in rows]
        if len(choices.groups_now.get(group, ())) > len(rows):
            pairs.append(_("everybody else 1"))
        yield _("Inside the group “%(group)s” the shares are: %(names)s.") % {
            "group": choices.group_name(group),
            "names": listed(pairs),
        }


def _by_tier(rows: Sequence[Member]) -> list[list[Member]]:
    """Return the rows tier by tier, in the order in which they are asked."""
    tiers = sorted({row.tier for row in rows})
    return [[row for row in rows if row.tier == tier] for tier in tiers]


def _next_tier(body: Body, rows: Sequence[Member], choices: Choices) -> str:
    names = [member_name(row, choices) for row in rows]
    if body.strategy == "weighted" and len(rows) > 1:
        names = [f"{name} {row.weight}" for name, row in zip(names, rows, strict=True)]
    return _("If nobody before can take a lead, it goes to %(names)s.") % {
        "names": listed(names, is_choice=True)
    }
