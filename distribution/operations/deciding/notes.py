"""The note that follows a change of responsible, in the account's language (F148)."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Manager
from distribution.models import Decision
from distribution.operations.deciding.bulk import DecisionRow
from distribution.queries.config import AccountConfig

NOT_ACCEPTED = "not_accepted"  # reason of a move by time (F137)
CAP_REACHED = "cap_reached"  # ... and of its end (F139)
BOT_AGAIN = "bot_again"  # reason of a move that a Salesbot asked for
REFUSED = "refused_by_kommo"  # reason of a decision that stands in for one that Kommo refused


class NoteNames:
    """Names of an account's managers for its notes, read once a turn."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._names: dict[int, str] | None = None

    def __getitem__(self, user_id: int | None) -> str:
        if self._names is None:
            rows = Manager.objects.for_account(self._account_id).values_list("kommo_id", "name")
            self._names = dict(rows)
        if user_id is None:
            return "–"
        return self._names.get(user_id) or f"#{user_id}"


def note_text(config: AccountConfig, decision: DecisionRow, names: NoteNames) -> str:
    """Return the note; its number makes it unlike every other, so that it can be read back."""
    with translation.override(config.language):
        values = {
            "manager": names[decision.chosen_id],
            "previous": names[decision.previous_owner_id],
            "number": decision.id,
        }
        is_second_try = decision.reason == REFUSED  # nobody left: Kommo did not take the first one
        if decision.reason == NOT_ACCEPTED:
            text = _in_minutes(config, decision, values)
        elif decision.reason == BOT_AGAIN:
            text = _(
                "Redistributed by a Salesbot: %(manager)s takes over from %(previous)s."
                " (Peresmenka, decision %(number)s)"
            )
        elif decision.kind == Decision.Kind.REDISTRIBUTION and not is_second_try:
            text = _(
                "Redistributed: %(previous)s went off shift, %(manager)s takes over."
                " (Peresmenka, decision %(number)s)"
            )
        elif decision.kind == Decision.Kind.LINKED:
            text = _(
                "Given to %(manager)s together with another lead of the same customer."
                " (Peresmenka, decision %(number)s)"
            )
        elif decision.kind == Decision.Kind.DISTRIBUTION and decision.lead_facts.get("sticky"):
            text = _of_customer(decision, values, names)
        elif decision.kind == Decision.Kind.RETURN:
            text = _(
                "Returned: %(manager)s is back on shift and takes over from %(previous)s."
                " (Peresmenka, decision %(number)s)"
            )
        else:
            text = _("Distributed to %(manager)s. (Peresmenka, decision %(number)s)")
        return text % values


def _of_customer(decision: DecisionRow, values: dict[str, Any], names: NoteNames) -> str:
    """Return the text about a customer's lead: its owner has it, or why not (R20)."""
    owner = decision.lead_facts["sticky"]["owner"]["id"]
    values["owner"] = names[owner]
    if owner == decision.chosen_id:
        return _("Given to %(manager)s, whose customer this is. (Peresmenka, decision %(number)s)")
    return _(
        "Distributed to %(manager)s: %(owner)s, whose customer this is, cannot take it now."
        " (Peresmenka, decision %(number)s)"
    )


def _in_minutes(config: AccountConfig, decision: DecisionRow, values: dict[str, Any]) -> str:
    """Return the text of a move by time, with the minutes that its template allows."""
    trigger = config.trigger(decision.trigger_id)
    minutes = (trigger.template.body.acceptance.minutes if trigger else None) or 0
    values["minutes"] = minutes
    return ngettext(
        "Redistributed: %(previous)s did not accept it within %(minutes)s minute, %(manager)s"
        " takes over. (Peresmenka, decision %(number)s)",
        "Redistributed: %(previous)s did not accept it within %(minutes)s minutes, %(manager)s"
        " takes over. (Peresmenka, decision %(number)s)",
        minutes,
    )


def cap_note(config: AccountConfig, decision: DecisionRow, names: NoteNames, moves: int) -> str:
    """Return the note that ends a lead's redistribution by time (F140)."""
    with translation.override(config.language):
        text = ngettext(
            "Nobody has accepted this lead: it was redistributed %(moves)s time and stays with"
            " %(manager)s. (Peresmenka, decision %(number)s)",
            "Nobody has accepted this lead: it was redistributed %(moves)s times and stays with"
            " %(manager)s. (Peresmenka, decision %(number)s)",
            moves,
        )
        owner = names[decision.previous_owner_id]
        return text % {"moves": moves, "manager": owner, "number": decision.id}
