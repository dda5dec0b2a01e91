"""What a card in Kommo's pipeline or bot designer offers to choose from: templates with their triggers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from accounts.models import Account
from distribution.models import Template, Trigger


@dataclass(frozen=True, slots=True)
class TemplateCard:
    """A template, under the name that it has now, with what sends leads into it on demand."""

    template: Template
    triggers: list[Trigger] = field(default_factory=list)  # by priority; watches send unasked


def template_cards(account: Account) -> list[TemplateCard]:
    """Return the account's templates by name, but for that of the page "Shift distribution" (F170)."""
    templates = Template.objects.for_account(account).filter(is_simple=False).order_by("name", "pk")
    found: dict[int, list[Trigger]] = defaultdict(list)
    triggers = Trigger.objects.for_account(account).exclude(kind=Trigger.Kind.WATCH)
    rows = triggers.select_related("account", "register", "template").order_by("priority", "pk")
    for row in rows:
        found[row.template_id].append(row)
    return [TemplateCard(one, found[one.pk]) for one in templates]
