"""Words for triggers: what each kind is, and why one cannot be saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from distribution.operations.policies import triggers as operations


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind of trigger by name, with an explanation and where to paste its key."""

    name: Any
    help: Any
    steps: tuple[Any, ...]


KINDS = {
    "watch": KindWords(
        _("Watch"),
        _("Takes every new lead of its stages by itself. Nothing is set up in Kommo."),
        (),
    ),
    "pipeline": KindWords(
        _("Digital pipeline"),
        _(
            "A card in Kommo’s digital pipeline sends the leads: with Kommo’s own conditions, such as"
            " budget, tags or source, and with a delay."
        ),
        (
            _("In Kommo open the pipeline and choose “Automate”."),
            _("In the column of the stage add the action of the widget Peresmenka."),
            _(
                "Choose when it runs, its conditions and its delay. Paste the key into the field “Key”."
            ),
            _("Save the card, then the digital pipeline."),
        ),
    ),
    "salesbot": KindWords(
        _("Salesbot"),
        _(
            "A step of a bot sends the lead and waits; then the bot goes on, with the manager’s name."
        ),
        (
            _("In Kommo open the bot in the Salesbot designer."),
            _("Add a step of the widget Peresmenka and paste the key into the field “Key”."),
            _("Lead its exits “success” and “fail” to the next steps, and save the bot."),
        ),
    ),
}
_ERRORS: dict[type[operations.TriggerError], Any] = {
    operations.BadName: _("Too long. Write at most 64 characters."),
    operations.BadDelay: _("Write whole minutes, from 0 to 10080 (seven days)."),
    operations.BadPriority: _("The order is full. Delete triggers that nobody needs."),
    operations.NoStages: _("A watch needs stages to look at. Choose at least one."),
    operations.UnknownStage: _(
        "Kommo no longer has one of these stages. Look through them and choose again."
    ),
    operations.IncomingStage: _(
        "Incoming leads cannot be distributed (%(names)s): Kommo keeps them unaccepted, nobody can own"
        " them. Choose the stage into which they are accepted."
    ),
    operations.ClosedStage: _(
        "Closed leads are not distributed (%(names)s). Choose an open stage."
    ),
    operations.ForeignRegister: _(
        "This register cannot be chosen any more. Choose “Current trigger” or another one."
    ),
    operations.NoPace: _(
        "This register keeps totals strictly equal, so its templates need a pace limit. Set one in"
        " %(names)s first, or choose another register."
    ),
    operations.ForeignTemplate: _("This template cannot be chosen any more. Choose another one."),
    operations.GroupsOwn: _(
        "This trigger belongs to a group of the page “Shift distribution”. Change it there."
    ),
    operations.KindHasNoKey: _("A watch has no key: it takes leads by itself."),
}


def error_text(error: operations.TriggerError) -> str:
    """Return what a page says when an operation refused something."""
    return str(_ERRORS[type(error)]) % {"names": ", ".join(error.names)}
