"""Why a layer of the schedule cannot be changed, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from peresmenka.lib.moments import day_text
from shifts.operations import holidays, overrides, patterns, period, swaps
from shifts.queries.swaps import InTheWay, Obstacle

# The docstrings of the domain errors, where the translators' tools find them.
TEXTS: dict[type[period.ScheduleError], object] = {
    period.PastIsFrozen: gettext_lazy(
        "Past days are kept as they were; choose today or a later day."
    ),
    period.TooFarAway: gettext_lazy("The day is more than ten years ahead; choose a nearer one."),
    period.EndsBeforeStart: gettext_lazy(
        "The last day lies before the first one; choose a later last day."
    ),
    period.NobodyChosen: gettext_lazy(
        "Nobody is chosen; tick at least one manager or a group with members."
    ),
    period.NotInAccount: gettext_lazy(
        "One of these managers is deactivated in Kommo or not in the account; choose again."
    ),
    patterns.NameTaken: gettext_lazy(
        "Another pattern of the account has this name; choose a different one."
    ),
    patterns.PatternGone: gettext_lazy(
        "This pattern has been deleted meanwhile; choose another one."
    ),
    patterns.PatternInUse: gettext_lazy(
        "Somebody follows this pattern. Tick that it ends for all of them, then delete it."
    ),
    patterns.TooManyPatterns: gettext_lazy(
        "The account has 200 patterns already; delete those that nobody follows."
    ),
    holidays.NoDayChosen: gettext_lazy("No day is chosen; tick at least one."),
    holidays.AlreadyHolidays: gettext_lazy("These days are holidays already; nothing was changed."),
    holidays.HolidayGone: gettext_lazy("This day is no holiday any more; nothing was changed."),
    holidays.NothingToUndo: gettext_lazy(
        "This change has been undone already, or its days are over; nothing was changed."
    ),
    overrides.AlreadyThere: gettext_lazy(
        "All of them have exactly this already; nothing was changed."
    ),
    overrides.OverrideGone: gettext_lazy("This entry is not there any more; nothing was changed."),
    overrides.HasBegun: gettext_lazy(
        "It has begun, and days that are over are kept; end it from today instead."
    ),
    overrides.BelongsToSwap: gettext_lazy("These hours come from a swap; cancel the swap instead."),
    overrides.EndsLater: gettext_lazy(
        "The new last day is not before the old one; choose an earlier day."
    ),
    swaps.SwapWithOneself: gettext_lazy("A swap needs two people; choose a colleague."),
    swaps.AlreadyAsked: gettext_lazy(
        "You have asked this colleague for the same swap already; wait for the answer."
    ),
    swaps.TooManyAsked: gettext_lazy("You have 30 open swaps; wait for answers, or withdraw some."),
    swaps.NotYours: gettext_lazy("Only those whom the swap names can do this."),
    swaps.AlreadySettled: gettext_lazy(
        "Somebody was faster: this swap has been answered, decided or withdrawn meanwhile."
    ),
    swaps.NotAgreed: gettext_lazy(
        "The colleague has not agreed yet; the swap can only be refused now."
    ),
    swaps.BegunSwap: gettext_lazy(
        "Some of the swapped hours have begun; change the days that are left in the month grid."
    ),
    swaps.LaterSwap: gettext_lazy("A later swap moves the same hours on; cancel that one first."),
    swaps.CannotSwap: gettext_lazy("The swap cannot be carried out as things are; it stays open."),
}
_OBSTACLES = {
    Obstacle.GONE: gettext_noop(
        "%(name)s is deactivated in Kommo or takes no part any more. Choose somebody else."
    ),
    Obstacle.BEGUN: gettext_noop(
        "The hours of %(name)s on %(date)s have begun or are over. Choose a later day."
    ),
    Obstacle.NO_HOURS: gettext_noop(
        "%(name)s has no working hours on %(date)s. Choose another day, or plan hours for this one first."
    ),
    Obstacle.OVERLAP: gettext_noop(
        "%(name)s works at that time already: see their hours on %(date)s. Choose another day or"
        " colleague."
    ),
    Obstacle.TOO_MANY: gettext_noop(
        "%(name)s would have more than six intervals on %(date)s. Choose another day or colleague."
    ),
}


def refusal_text(error: period.ScheduleError) -> str:
    """Return why a change was refused, and what to do."""
    if isinstance(error, swaps.CannotSwap):
        return obstacle_text(error.problem)
    return str(TEXTS.get(type(error), error))


def obstacle_text(problem: InTheWay) -> str:
    """Return what stands in a swap's way, and what to do."""
    values = {"name": problem.manager.name, "date": day_text(problem.on)}
    return _(_OBSTACLES[problem.what]) % values
