"""What the page "Registers" and the editor of templates say about shares, lags and resets."""

from __future__ import annotations

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distribution.core.ledger import LEAD
from distribution.operations import registers as operations

SHARES_TAKE_TIME = gettext_lazy(
    "Shares count the leads that were dealt already. With few leads they can still be far from"
    " the coefficients; with every further lead they come closer."
)
RESET_WARNING = gettext_lazy(
    "Everybody begins at zero: what is owed now is forgotten, and somebody with a small share may"
    " wait for some time for the next lead. The ledger as it stands is kept with the epoch."
)
GHOSTS = {
    "gone": gettext_lazy("deactivated in Kommo"),
    "no_seat": gettext_lazy("does not take part"),
    "no_member": gettext_lazy("no longer a member"),
}
UNBOUNDED = {
    "totals": gettext_lazy("no bound: totals count"),
    "load": gettext_lazy("no bound: leads go by load"),
    "catch_up": gettext_lazy("no bound: with catch-up"),
}
_ERRORS: dict[type[operations.RegisterError], object] = {
    operations.BadName: gettext_lazy("Write a name of 1 to 64 characters."),
    operations.NameTaken: gettext_lazy("Another register has this name. Choose a different one."),
    operations.OwnRegister: gettext_lazy(
        "This is a trigger’s own register: it goes by the trigger’s name and ends with it."
    ),
    operations.InUse: gettext_lazy(
        "Triggers use this register: %(names)s. Choose another register there first."
    ),
    operations.NoPace: gettext_lazy(
        "Without a pace limit one person could get all leads until the totals are equal."
        " Set a pace limit first in: %(names)s."
    ),
    operations.BadPolicy: gettext_lazy(
        "Out of range. Catch-up: 0 to 100 percent and 1 to 50 leads."
        " Newcomers: at most 26 weeks of 1 to 100 percent."
    ),
    operations.BadCredit: gettext_lazy("Write a whole number of leads from 1 to 50."),
    operations.NoReason: gettext_lazy("Write in a few words why; the ledger shows it."),
    operations.Alone: gettext_lazy(
        "Nobody else has a place in this register yet, so there is nobody to credit it against."
        " Wait for its first leads."
    ),
    operations.OnlyTotals: gettext_lazy(
        "With strictly equal totals only the number of leads counts; a credit would do nothing."
        " Switch strict totals off first."
    ),
}


def error_text(error: operations.RegisterError) -> str:
    """Return what a page says when an operation refused something."""
    return str(_ERRORS[type(error)]) % {"names": ", ".join(error.names)}


def leads_text(millionths: int) -> str:
    """Return a number of leads with its sign, two digits after the point."""
    number = _hundredths(millionths)
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return sign + plain_leads(millionths)


def plain_leads(millionths: int) -> str:
    """Return a number of leads without sign."""
    return str(number_format(abs(_hundredths(millionths)) / 100, 2, force_grouping=False))


def meaning(millionths: int) -> str:
    """Return in words what a lag says."""
    number = _hundredths(millionths)
    if number == 0:
        return _("has had exactly the share")
    words = {"leads": plain_leads(millionths)}
    if 0 < number < 100:
        return _("is owed %(leads)s of a lead") % words
    if number > 0:
        return _("is owed %(leads)s leads") % words
    if number > -100:
        return _("is %(leads)s of a lead ahead") % words
    return _("is %(leads)s leads ahead") % words


def given_text(leads: int) -> str:
    """Return what a credit or a skip has done."""
    if leads > 0:
        said = ngettext("credited %(number)s lead", "credited %(number)s leads", leads)
    else:
        said = ngettext("skips %(number)s lead", "skips %(number)s leads", -leads)
    return said % {"number": abs(leads)}


def _hundredths(millionths: int) -> int:
    """Return leads in whole hundredths: what shows as 0.00 has no sign."""
    return round(millionths * 100 / LEAD)
